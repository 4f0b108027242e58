//! Connections for the client: one try at one target. What to do about a failure is the client's to decide.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::checkout::{Access, read_only, slot_not_covered, unknown_node};
use super::demotion::Standing;
use super::lease::Lease;
use super::leasing::{Patience, Stop};
use super::member::FOR_CLIENT;
use super::pool::{Core, Pool};
use super::reader::Unread;
use super::redirect::Named;
use super::rest::is_of_one_node;
use super::routes::Routes;
use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::ReadFrom;
use crate::os::clock::coarse_millis;
use crate::topology::{Kind, dialled};

/// A node as a redirect names it, and who said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Announced {
    host: String,
    port: u16,
    answered_by: NodeAddress,
}

impl Announced {
    /// `host` may be empty (the host that answered) or "?" (unknown).
    pub(crate) fn new(host: &str, port: u16, answered_by: &NodeAddress) -> Self {
        Self { host: host.to_owned(), port, answered_by: answered_by.clone() }
    }
}

#[cold]
pub(super) fn undialled(announced: &Announced) -> Error {
    let Announced { host, port, answered_by } = announced;
    let message = format!("the redirect names {host}:{port}, which cannot be dialled");
    Error::new(Status::Protocol, message).on_node(answered_by)
}

/// Whose connection a command wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// The slot's primary.
    Primary(u16),
    /// Who answers reads of the slot: as the option `read_from` says, or in its place this.
    Reader(u16, Option<ReadFrom>),
    /// A node of the map.
    Node(NodeAddress),
    /// The node that a redirect names, be it in the map or not.
    Named(Box<Announced>),
    /// Some primary; some node where nobody writes.
    Any,
}

impl Target {
    /// The slot, where it goes by one.
    pub(crate) fn slot(&self) -> Option<u16> {
        match self {
            Self::Primary(slot) | Self::Reader(slot, _) => Some(*slot),
            Self::Node(_) | Self::Named(_) | Self::Any => None,
        }
    }
}

impl Pool {
    /// The target of a command with keys in this slot. `read_from`: in place of the option's.
    ///
    /// # Errors
    /// READ_ONLY to write with `readonly`.
    #[inline]
    pub(crate) fn target_of(
        &self,
        slot: u16,
        access: Access,
        read_from: Option<ReadFrom>,
    ) -> Result<Target> {
        if !self.core().is_special(access) && read_from.is_none() {
            return Ok(Target::Primary(slot));
        }
        match access {
            Access::Read if read_from == Some(ReadFrom::Primary) => Ok(Target::Primary(slot)),
            Access::Read => Ok(Target::Reader(slot, read_from)),
            Access::Write if self.core().is_special(access) => Err(read_only(slot)),
            Access::Write => Ok(Target::Primary(slot)),
        }
    }

    /// An idle connection of the slot's primary, or of who answers its reads: what most commands get. Waits for
    /// nothing.
    #[inline(always)]
    pub(crate) fn take_idle(&self, target: &Target) -> Option<Box<Lease>> {
        let now = coarse_millis();
        let mut lease = match *target {
            Target::Primary(slot) => {
                self.core().members.lock().take_idle_of_unsuspected(slot, now | FOR_CLIENT)?
            }
            Target::Reader(slot, None) => {
                self.core().members.lock().take_idle_reader(slot, now | FOR_CLIENT)?
            }
            Target::Reader(slot, Some(read_from)) => {
                let mut members = self.core().members.lock();
                members.take_idle_reader_by(slot, read_from, now | FOR_CLIENT)?
            }
            _ => return None,
        };
        if lease.is_fit(now) { Some(lease) } else { self.core().sift(lease) }
    }

    /// A connection to the target: an idle one, or one dialled by the deadline, the caller's until it goes to
    /// [`Pool::take_back_answered`] or is dropped. Where a limit is reached it is waited for if `waits` and the option
    /// `pool_exhausted` say so; who holds other connections must not, for two callers that wait for each other's
    /// would wait for ever. `stop`, where there is one, ends wait and dial.
    ///
    /// # Errors
    /// POOL_EXHAUSTED, POOL_TIMEOUT; CANCELLED by `stop`; SLOT_NOT_COVERED; UNKNOWN_NODE; CONNECTION, TIMEOUT, AUTH and
    /// others of a dial; UNREACHABLE of a first discovery; CLOSED.
    pub(crate) fn take(
        &self,
        target: &Target,
        deadline: Deadline,
        waits: bool,
        stop: Option<&dyn Stop>,
    ) -> Result<Box<Lease>> {
        let core = self.core();
        core.check_open()?;
        core.discovered(deadline)?;
        let patience = Patience { deadline, now: false, waits, follows: true, stop };
        if let Target::Named(announced) = target {
            let named = self.named(announced).ok_or_else(|| undialled(announced))?;
            let lease = core.lease_named(&named, patience)?;
            // It may stand in no map: nobody is told that it lost a role.
            let _ = lease.for_client();
            return Ok(lease);
        }
        loop {
            let lease = match core.lease_to(target, patience) {
                // Its dial was ended, for the node has lost its role meanwhile.
                Err(error) if error.status() == Status::Cancelled && !patience.is_stopped() => None,
                lease => lease?,
            };
            // The node may have left or lost its role meanwhile: the map is a newer one.
            if let Some(lease) = lease
                && lease.for_client() == Standing::Good
            {
                return Ok(lease);
            }
            core.check_open()?;
            if deadline.has_passed() {
                let message =
                    "the nodes changed their roles until the call's time ended: try again";
                return Err(Error::new(Status::Timeout, message));
            }
        }
    }

    /// Gives a connection back on which nothing was sent.
    pub(crate) fn take_back_unused(lease: Box<Lease>) {
        Core::take_back(lease);
    }

    /// Makes sure that there is a map.
    ///
    /// # Errors
    /// Those of a first discovery; CLOSED.
    pub(crate) fn discover(&self, deadline: Deadline) -> Result<()> {
        self.core().check_open()?;
        self.core().discovered(deadline)
    }

    /// The present routes, to look several targets up by.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        self.core().routes()
    }

    /// A node as it is dialled; None if it cannot be.
    pub(crate) fn named(&self, announced: &Announced) -> Option<Named> {
        let Announced { host, port, answered_by } = announced;
        let translation = &self.options().translation;
        let address = dialled(host, *port, answered_by, translation)?;
        let host = if host.is_empty() { &*answered_by.host } else { host };
        Some(Named { address, announced: NodeAddress::new(host, *port) })
    }

    /// The slot has moved there, which is `named`: patches the map, and refreshes it where `reinitialize_steps` such
    /// moves have come since the last refresh.
    pub(crate) fn follow(&self, slot: u16, node: &Announced, named: &Named, deadline: Deadline) {
        self.core().moved(slot, named, Some(&node.answered_by), deadline);
    }

    /// A command was redirected for once.
    pub(crate) fn count_ask(&self) {
        self.core().redirects.ask.fetch_add(1, Ordering::Relaxed);
    }

    /// A command failed on this lease's node: a replica rests, a primary is suspect.
    pub(crate) fn note_failure(lease: &Lease, error: &Error) {
        if is_of_one_node(error) {
            let member = lease.place.member as usize;
            lease.place.core.members.lock().rest(member, coarse_millis());
            if error.status() == Status::Timeout {
                lease.suspect();
            }
        }
    }
}

impl Core {
    /// Makes sure that there is a map.
    fn discovered(self: &Arc<Self>, deadline: Deadline) -> Result<()> {
        if self.routes().map.version() == 0 {
            self.refresh(Kind::Wanted, &[], deadline)?;
            if self.routes().map.version() == 0 {
                // Suppressed: the discovery before this one failed a moment ago.
                self.refresh(Kind::Forced, &[], deadline)?;
            }
        }
        Ok(())
    }

    /// An idle connection that did not pass the quick check, if it is fit all the same. One that is to log in anew
    /// goes back, for [`Pool::take`], which has time; any other is closed.
    #[cold]
    fn sift(&self, mut lease: Box<Lease>) -> Option<Box<Lease>> {
        lease.restore_login();
        if !lease.is_fit(coarse_millis()) {
            return None;
        }
        if !self.dialer.is_outdated(&lease.connection) {
            return Some(lease);
        }
        lease.retire_login();
        Self::take_back_checked(lease);
        None
    }

    /// A connection to a target that a map leads to; None: the map was an older one.
    fn lease_to(
        self: &Arc<Self>,
        target: &Target,
        patience: Patience,
    ) -> Result<Option<Box<Lease>>> {
        match target {
            Target::Primary(slot) => {
                let key = self.routes().primary_of(*slot);
                self.lease(key.ok_or_else(|| slot_not_covered(*slot))?, None, patience)
            }
            Target::Node(node) => {
                let unknown = || unknown_node(&node.to_string());
                let routes = self.routes();
                let at = routes.map.find_address(node).ok_or_else(unknown)?;
                self.lease(routes.members[at], None, patience)?.ok_or_else(unknown).map(Some)
            }
            Target::Reader(slot, read_from) => self.lease_reader_of(*slot, *read_from, patience),
            Target::Any | Target::Named(_) => self.get_any(patience),
        }
    }

    /// None: the slot's shard has left, and another serves the slot.
    fn lease_reader_of(
        self: &Arc<Self>,
        slot: u16,
        read_from: Option<ReadFrom>,
        patience: Patience,
    ) -> Result<Option<Box<Lease>>> {
        let read_from = read_from.unwrap_or(self.options.read_from);
        match self.lease_reader(slot, read_from, None, patience, &mut Vec::new()) {
            Ok(lease) => Ok(Some(lease)),
            Err(Unread::Failed(error)) => Err(error),
            Err(Unread::NodeLeft) if self.routes().primary_of(slot).is_some() => Ok(None),
            Err(Unread::NodeLeft) => Err(slot_not_covered(slot)),
        }
    }
}

/// Which member of the pool a target leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leads {
    member: u32,
    is_certain: bool,
}

impl Leads {
    /// A small number that is the same for targets that are served together.
    pub(crate) fn index(self) -> usize {
        self.member as usize * 2 + usize::from(!self.is_certain)
    }

    /// The member itself, where no turn among replicas is taken.
    pub(crate) fn certain(self) -> Option<u32> {
        self.is_certain.then_some(self.member)
    }
}

impl Routes {
    /// The member that the target leads to; of reads, their shard's primary, for one of the shard's nodes
    /// answers them together. None where it is not known beforehand.
    #[inline]
    pub(crate) fn member_of(&self, target: &Target) -> Option<Leads> {
        match target {
            Target::Primary(slot) => {
                Some(Leads { member: self.primary_of(*slot)?.index, is_certain: true })
            }
            Target::Reader(slot, _) => {
                Some(Leads { member: self.primary_of(*slot)?.index, is_certain: false })
            }
            Target::Node(node) => {
                let key = self.members.get(self.map.find_address(node)?)?;
                Some(Leads { member: key.index, is_certain: true })
            }
            Target::Named(_) | Target::Any => None,
        }
    }
}

impl Lease {
    /// The member of the pool whose connection it is.
    pub(crate) fn member(&self) -> u32 {
        self.place.member
    }

    /// The connection, to read of it.
    pub(crate) fn peer(&self) -> &Connection {
        &self.connection
    }
}
