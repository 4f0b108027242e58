//! Getting a connection: the quick way, and the long one that routes, tries again and refreshes.

use std::sync::Arc;
use std::time::Instant;

use super::handles::Handle;
use super::lease::{Lease, Place};
use super::leasing::{Found, Patience, closed, would_take_time};
use super::member::MemberKey;
use super::pool::{Core, Pool};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Attempt, Error, Result, Status};
use crate::node::Role;
use crate::os::clock::coarse_millis;
use crate::slot::{SLOT_COUNT, key_slot};
use crate::topology::{Kind, Outcome};

/// What a get asks for.
#[derive(Clone, Copy)]
enum Target<'a> {
    Slot(u16),
    Node(&'a str),
    Random,
}

/// How often a get follows a slot whose owner changes while it dials.
const MOST_OWNERS: usize = 3;

impl Pool {
    /// A connection to the primary of a slot.
    ///
    /// # Errors
    /// INVALID_ARGUMENT beyond 0 to 16383; POOL_EXHAUSTED or POOL_TIMEOUT at a limit; SLOT_NOT_COVERED;
    /// CONNECTION, TIMEOUT, AUTH and others of a dial; CLOSED.
    #[inline]
    pub fn get_by_slot(&self, slot: i32, timeout: Timeout) -> Result<Handle> {
        match u16::try_from(slot) {
            Ok(slot) if slot < SLOT_COUNT => self.get_of_owner(slot, timeout),
            _ => Err(Error::new(
                Status::InvalidArgument,
                format!("slot {slot} does not exist: slots go from 0 to {}", SLOT_COUNT - 1),
            )),
        }
    }

    /// A connection to the primary of a key's slot. Errors as [`Pool::get_by_slot`].
    pub fn get_by_key(&self, key: &[u8], timeout: Timeout) -> Result<Handle> {
        self.get_of_owner(key_slot(key), timeout)
    }

    /// A connection to one node, by "host:port" (as dialled or as announced) or node id. A full node is
    /// never answered with another's connection.
    ///
    /// # Errors
    /// UNKNOWN_NODE; the rest as [`Pool::get_by_slot`].
    pub fn get_by_node(&self, node: &str, timeout: Timeout) -> Result<Handle> {
        self.core().get_slowly(Target::Node(node), None, timeout)
    }

    /// A connection to some primary, each as likely; one that cannot be reached or is full is passed over
    /// while another has room. Errors as [`Pool::get_by_slot`].
    pub fn get_random(&self, timeout: Timeout) -> Result<Handle> {
        self.core().get_slowly(Target::Random, None, timeout)
    }

    /// The quick way: an idle connection of the slot's primary that passes the idle check.
    #[inline(always)]
    fn get_of_owner(&self, slot: u16, timeout: Timeout) -> Result<Handle> {
        let core = self.core();
        let now = coarse_millis();
        let mut idle = core.members.lock().take_idle_of_slot(slot, now);
        let fit = idle.as_mut().is_some_and(|lease| lease.is_fit(now));
        match idle {
            Some(lease) if fit => Ok(lease.check_out()),
            unfit => core.get_slowly(Target::Slot(slot), unfit, timeout),
        }
    }
}

impl Core {
    /// The long way. `unfit`: a connection, checked out for this call, that did not pass the idle check.
    #[cold]
    #[inline(never)]
    fn get_slowly(
        self: &Arc<Self>,
        target: Target<'_>,
        unfit: Option<Box<Lease>>,
        timeout: Timeout,
    ) -> Result<Handle> {
        let patience = Patience {
            deadline: timeout.deadline(self.options.timeout),
            now: timeout == Timeout::Now,
        };
        let place = unfit.map(|unfit| self.close_for_another(unfit));
        self.get(target, place, patience).map(Lease::check_out)
    }

    fn get(
        self: &Arc<Self>,
        target: Target<'_>,
        mut place: Option<Place>,
        patience: Patience,
    ) -> Result<Box<Lease>> {
        let mut attempts = Vec::new();
        let mut asked_again = false;
        loop {
            self.check_open()?;
            if self.routes().map.version() == 0 {
                if patience.now {
                    return Err(would_take_time("the topology is not discovered yet"));
                }
                self.refresh(Kind::Wanted, &[], patience.deadline)?;
                if self.routes().map.version() == 0 {
                    // Suppressed: the discovery before this one failed a moment ago.
                    self.refresh(Kind::Forced, &[], patience.deadline)?;
                }
                continue;
            }
            let started = Instant::now();
            let mut tried = None;
            let error = match target {
                Target::Random => match self.get_any(patience)? {
                    Some(lease) => return Ok(lease),
                    // The map is a newer one by now.
                    None => continue,
                },
                Target::Slot(slot) => match self.routes().primary_of(slot) {
                    Some(key) => match self.lease(key, place.take(), patience) {
                        Ok(Some(lease)) => return Ok(lease),
                        // The node left while the call waited: the slot has another owner.
                        Ok(None) => continue,
                        Err(error) => {
                            tried = Some(key);
                            error.on_slot(slot)
                        }
                    },
                    None => slot_not_covered(slot),
                },
                Target::Node(node) => match self.routes().find(node) {
                    Some(key) => match self.lease(key, None, patience)? {
                        Some(lease) => return Ok(lease),
                        None => return Err(unknown_node(node)),
                    },
                    None => return Err(unknown_node(node)),
                },
            };
            // A full pool is told by the error itself: nothing was tried on a node.
            if asks_for_refresh(&error) {
                attempts.push(Attempt {
                    node: error.node().to_owned(),
                    elapsed: started.elapsed(),
                    cause: error.message().to_owned(),
                });
                if let Target::Slot(slot) = target
                    && !patience.now
                    && attempts.len() < MOST_OWNERS
                    && !patience.deadline.has_passed()
                    && self.owner_changes(slot, tried, patience.deadline, &mut asked_again)
                {
                    continue;
                }
            }
            return Err(error.with_attempts(attempts));
        }
    }

    /// After trouble with a slot on the member `tried`, if it had one: refreshes, and tells whether the
    /// slot is another node's now.
    fn owner_changes(
        self: &Arc<Self>,
        slot: u16,
        tried: Option<MemberKey>,
        deadline: Deadline,
        asked_again: &mut bool,
    ) -> bool {
        let failed = tried.and_then(|key| {
            let members = self.members.lock();
            members.member(key).map(|member| member.address.clone())
        });
        // Another node is asked than the one that failed, where another answers.
        let refreshed = self.refresh(Kind::Wanted, failed.as_slice(), deadline);
        let after = self.routes().primary_of(slot);
        if after != tried && after.is_some() {
            return true;
        }
        // What failed may have been an old connection's end: the owner itself is dialled once more.
        matches!(refreshed, Ok(Outcome::Refreshed(_)))
            && after.is_some()
            && !std::mem::replace(asked_again, true)
    }

    /// A connection to some primary: first whatever costs no wait, then the wait for one. None if a node
    /// has left meanwhile, so that there are others to try.
    fn get_any(self: &Arc<Self>, patience: Patience) -> Result<Option<Box<Lease>>> {
        let mut keys: Vec<MemberKey> = {
            let routes = self.routes();
            let nodes = routes.map.nodes().iter().zip(&routes.members);
            nodes.filter(|(node, _)| node.role == Role::Primary).map(|(_, &key)| key).collect()
        };
        fastrand::shuffle(&mut keys);
        let mut failures: Vec<(Attempt, Error)> = Vec::new();
        let (mut full, mut left) = (None, false);
        for &key in &keys {
            let started = Instant::now();
            match self.lease_without_waiting(key, patience) {
                Ok(Found::Lease(lease)) => return Ok(Some(lease)),
                Ok(Found::Full) => full = full.or(Some(key)),
                Ok(Found::NodeLeft) => left = true,
                Err(error)
                    if asks_for_refresh(&error)
                        && (patience.now || !patience.deadline.has_passed()) =>
                {
                    let attempt = Attempt {
                        node: error.node().to_owned(),
                        elapsed: started.elapsed(),
                        cause: error.message().to_owned(),
                    };
                    failures.push((attempt, error));
                }
                Err(error) => return Err(error),
            }
        }
        // A node with room would have to be dialled: the full ones say nothing to who does not wait.
        let waits_in_vain = patience.now && !failures.is_empty();
        if let Some(key) = full
            && !waits_in_vain
        {
            return self.lease(key, None, patience);
        }
        let (attempts, mut errors): (Vec<_>, Vec<_>) = failures.into_iter().unzip();
        match errors.pop() {
            Some(error) => Err(error.with_attempts(attempts)),
            None if left => Ok(None),
            None => {
                let message = "the cluster has no primary that is known";
                Err(Error::new(Status::UnknownNode, message))
            }
        }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.members.lock().closed { Err(closed()) } else { Ok(()) }
    }
}

/// Trouble that a newer topology may end. A full pool is no such trouble, nor are wrong credentials.
fn asks_for_refresh(error: &Error) -> bool {
    use Status::*;
    matches!(error.status(), Connection | Timeout | Protocol | Loading | SlotNotCovered)
}

#[cold]
fn slot_not_covered(slot: u16) -> Error {
    Error::new(
        Status::SlotNotCovered,
        format!("no node serves slot {slot}: assign it to a node, or wait for the failover to end"),
    )
    .on_slot(slot)
}

#[cold]
fn unknown_node(node: &str) -> Error {
    Error::new(
        Status::UnknownNode,
        format!("the topology has no node \"{node}\": give host:port or the id of a node it shows"),
    )
}
