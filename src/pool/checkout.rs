//! Getting a connection: the quick way, and the long one that routes, tries again and refreshes.

use std::sync::Arc;
use std::time::Instant;

use super::anyone::Anyone;
use super::handles::Handle;
use super::lease::{Lease, Place};
use super::leasing::{Patience, closed, would_take_time};
use super::member::MemberKey;
use super::pool::{Core, Pool};
use super::reader::Unread;
use super::rest::is_of_one_node;
use crate::deadline::{Deadline, Timeout};
use crate::error::{Attempt, Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::clock::coarse_millis;
use crate::slot::{SLOT_COUNT, key_slot};
use crate::topology::{Kind, Outcome};

/// What a connection is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Access {
    /// To read: whom `read_from` says.
    Read = 1,
    /// To read and write: the primary.
    Write = 2,
}

/// What a get asks for.
#[derive(Clone, Copy)]
enum Target<'a> {
    /// The slot's primary.
    Slot(u16),
    /// Who answers reads of the slot.
    Reader(u16),
    Node(&'a str),
    Random,
}

/// How often a get follows a slot whose owner changes while it dials.
const MOST_OWNERS: usize = 3;

impl Pool {
    /// A connection to the primary of a slot; for reading, to whom `read_from` says.
    ///
    /// # Errors
    /// INVALID_ARGUMENT beyond 0 to 16383; POOL_EXHAUSTED or POOL_TIMEOUT at a limit; SLOT_NOT_COVERED;
    /// READ_ONLY to write with `readonly`; CONNECTION, TIMEOUT, AUTH and others of a dial; CLOSED.
    #[inline(always)]
    pub fn get_by_slot(&self, slot: i32, access: Access, timeout: Timeout) -> Result<Handle> {
        match u16::try_from(slot) {
            Ok(slot) if slot < SLOT_COUNT => self.get_of_slot(slot, access, timeout),
            _ => Err(Error::new(
                Status::InvalidArgument,
                format!("slot {slot} does not exist: slots go from 0 to {}", SLOT_COUNT - 1),
            )),
        }
    }

    /// The same for a key's slot. Errors as [`Pool::get_by_slot`].
    pub fn get_by_key(&self, key: &[u8], access: Access, timeout: Timeout) -> Result<Handle> {
        self.get_of_slot(key_slot(key), access, timeout)
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
    /// while another has room. With `readonly` and `read_from` not the primary, to some node. Errors as
    /// [`Pool::get_by_slot`].
    pub fn get_random(&self, timeout: Timeout) -> Result<Handle> {
        self.core().get_slowly(Target::Random, None, timeout)
    }

    /// The same for a slot that exists, out of line: not the way that is counted.
    #[inline(never)]
    pub(super) fn get_of_known_slot(
        &self,
        slot: u16,
        access: Access,
        timeout: Timeout,
    ) -> Result<Handle> {
        self.get_of_slot(slot, access, timeout)
    }

    #[inline(always)]
    fn get_of_slot(&self, slot: u16, access: Access, timeout: Timeout) -> Result<Handle> {
        let core = self.core();
        if !core.is_special(access) {
            return core.get_of_owner(slot, timeout);
        }
        match access {
            Access::Read => core.get_of_reader(slot, timeout),
            Access::Write => Err(read_only(slot)),
        }
    }
}

impl Core {
    /// The quick way: an idle connection of the slot's primary that passes the idle check.
    #[inline(always)]
    fn get_of_owner(self: &Arc<Self>, slot: u16, timeout: Timeout) -> Result<Handle> {
        let now = coarse_millis();
        let idle = self.members.lock().take_idle_of_slot(slot, now);
        self.check_out(idle, now, Target::Slot(slot), timeout)
    }

    /// The same for reading: of the node whose turn it is.
    #[inline(always)]
    fn get_of_reader(self: &Arc<Self>, slot: u16, timeout: Timeout) -> Result<Handle> {
        let now = coarse_millis();
        let idle = self.members.lock().take_idle_reader(slot, now);
        self.check_out(idle, now, Target::Reader(slot), timeout)
    }

    /// An idle connection that passes the idle check, else the long way.
    #[inline(always)]
    fn check_out(
        self: &Arc<Self>,
        idle: Option<Box<Lease>>,
        now: u64,
        target: Target<'_>,
        timeout: Timeout,
    ) -> Result<Handle> {
        let Some(mut lease) = idle else { return self.get_slowly(target, None, timeout) };
        if lease.is_fit(now) {
            return Ok(lease.check_out());
        }
        self.get_slowly(target, Some(lease), timeout)
    }

    /// The long way. `unfit`: a connection, checked out for this call, that did not pass the idle check.
    #[cold]
    #[inline(never)]
    fn get_slowly(
        self: &Arc<Self>,
        target: Target<'_>,
        unfit: Option<Box<Lease>>,
        timeout: Timeout,
    ) -> Result<Handle> {
        let patience = Patience::of(timeout, self.options.timeout);
        let place = match unfit.map(|unfit| self.vet(unfit, patience)) {
            Some(Ok(lease)) => return Ok(lease.check_out()),
            Some(Err(place)) => Some(place),
            None => None,
        };
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
                Target::Reader(slot) => {
                    match self.lease_reader(
                        slot,
                        self.options.read_from,
                        place.take(),
                        patience,
                        &mut attempts,
                    ) {
                        Ok(lease) => return Ok(lease),
                        Err(Unread::NodeLeft) if self.routes().primary_of(slot).is_some() => {
                            continue;
                        }
                        Err(Unread::NodeLeft) => slot_not_covered(slot),
                        Err(Unread::Failed(error)) => error.on_slot(slot),
                    }
                }
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
                let may_try_again = !patience.now && !patience.deadline.has_passed();
                let again = match target {
                    Target::Slot(slot) => {
                        attempts.push(Attempt::at(started, &error));
                        attempts.len() < MOST_OWNERS
                            && may_try_again
                            && self.owner_changes(slot, tried, patience.deadline, &mut asked_again)
                    }
                    Target::Reader(slot) => {
                        if error.status() == Status::SlotNotCovered {
                            attempts.push(Attempt::at(started, &error));
                        }
                        may_try_again
                            && !std::mem::replace(&mut asked_again, true)
                            && self.readers_change(slot, patience.deadline)
                    }
                    Target::Node(_) | Target::Random => {
                        attempts.push(Attempt::at(started, &error));
                        false
                    }
                };
                if again {
                    continue;
                }
            }
            return Err(error.with_attempts(attempts));
        }
    }

    /// After trouble with all who could answer a read of the slot: refreshes, and tells whether there is a
    /// newer map by which it may be tried again. Its primary, which was tried last or not at all, is asked
    /// after all others.
    fn readers_change(self: &Arc<Self>, slot: u16, deadline: Deadline) -> bool {
        let before = self.routes();
        let suspect = before.primary_of(slot).and_then(|key| self.address_of(key));
        let _ = self.refresh(Kind::Wanted, suspect.as_slice(), deadline);
        let after = self.routes();
        after.map.version() != before.map.version() && after.primary_of(slot).is_some()
    }

    pub(super) fn address_of(&self, key: MemberKey) -> Option<NodeAddress> {
        self.members.lock().member(key).map(|member| member.address.clone())
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
        let failed = tried.and_then(|key| self.address_of(key));
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

    /// A connection to some primary, or some node where nobody writes: first whatever costs no wait, then the
    /// wait for one. None if a node has left meanwhile, so that there are others to try.
    pub(super) fn get_any(self: &Arc<Self>, patience: Patience) -> Result<Option<Box<Lease>>> {
        let mut anyone = Anyone::begin(self);
        while let Some((key, share)) = anyone.next(patience.deadline) {
            let started = Instant::now();
            let found = self.lease_without_waiting(key, Patience { deadline: share, ..patience });
            if let Some(lease) = anyone.went((key, started), found, patience)? {
                return Ok(Some(lease));
            }
        }
        match anyone.end(patience)? {
            Some(full) => self.lease(full, None, patience),
            None => Ok(None),
        }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.members.lock().closed { Err(closed()) } else { Ok(()) }
    }
}

/// Trouble that a newer topology may end. A full pool is no such trouble, nor are wrong credentials.
pub(super) fn asks_for_refresh(error: &Error) -> bool {
    is_of_one_node(error) || error.status() == Status::SlotNotCovered
}

#[cold]
pub(super) fn slot_not_covered(slot: u16) -> Error {
    Error::new(
        Status::SlotNotCovered,
        format!("no node serves slot {slot}: assign it to a node, or wait for the failover to end"),
    )
    .on_slot(slot)
}

#[cold]
pub(super) fn read_only(slot: u16) -> Error {
    Error::new(
        Status::ReadOnly,
        "the pool is for reading alone (option \"readonly\"): ask for READ, or write by a pool with \
         readonly=no",
    )
    .on_slot(slot)
}

#[cold]
pub(super) fn unknown_node(node: &str) -> Error {
    Error::new(
        Status::UnknownNode,
        format!("the topology has no node \"{node}\": give host:port or the id of a node it shows"),
    )
}
