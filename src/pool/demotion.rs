//! A primary that has lost its role, or left: what it still answers may be older than what its successor has
//! answered meanwhile, and who waits for it may wait in vain.
//!
//! Connections of before are told by their epoch when they come back ([`Standing`]). Calls of the client's that
//! are under way on them, or dial, end at once, unless the node itself has told that it lost its role; connections that
//! the program has checked out by itself are never touched.

use super::lease::{Lease, Place};
use super::member::{MemberKey, NEVER};
use super::members::Members;
use super::outbox::Outbox;
use super::pool::{Core, Pool};
use crate::connection::Interrupter;
use crate::error::{Error, Status};
use crate::node::NodeAddress;

/// What an answer is worth, once its connection is back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// As much as any.
    Good,
    /// This node was a primary when the connection was given out, and has lost that role, or left, since.
    Demoted(Box<NodeAddress>),
}

impl Members {
    /// Of these, which were primaries in the map before, those that are not in this one lose their role. `by`: one that
    /// has told so itself. It answers, and refuses what it has not run yet, which is sent to its successor then: ended,
    /// a write would be in doubt.
    pub(super) fn demote(
        &mut self,
        primaries: &[MemberKey],
        by: Option<&NodeAddress>,
        outbox: &mut Outbox,
    ) {
        for &key in primaries {
            let Some(index) = self.find(key) else { continue };
            let member = &mut self.list[index];
            if member.known && !member.readonly {
                continue;
            }
            // Its connections are retired by now: whoever has one of an earlier epoch had it before.
            member.demoted_at = member.epoch;
            if by == Some(&member.address) {
                continue;
            }
            let calls = member.checkouts.of_client().chain(&member.dials);
            calls.for_each(|interrupter| outbox.interrupt(interrupter));
            member.dials.clear();
        }
    }

    pub(super) fn standing(&self, lease: &Lease) -> Standing {
        let demoted_at = self.list.get(lease.place.member as usize).map_or(0, |it| it.demoted_at);
        let is_of_before = lease.epoch < demoted_at;
        // Dialled when the node had left, for a call that was on its way to it before.
        let is_of_none = lease.epoch == NEVER && demoted_at > 0;
        if !lease.connection.is_readonly() && (is_of_before || is_of_none) {
            return Standing::Demoted(Box::new(lease.connection.node().clone()));
        }
        Standing::Good
    }

    /// [`Members::put_back`] of a connection that has answered: its node is well.
    #[inline(always)]
    pub(super) fn put_back_answered(&mut self, lease: Box<Lease>) -> Option<Box<Lease>> {
        if let Some(member) = self.list.get_mut(lease.place.member as usize) {
            member.suspect_until = 0;
        }
        self.put_back(lease)
    }
}

impl Lease {
    /// The checkout is the client's: its calls end when its node loses the role of a primary, which it may have
    /// done already. A lease that was taken with [`FOR_CLIENT`] in its time is so from the beginning.
    ///
    /// [`FOR_CLIENT`]: super::member::FOR_CLIENT
    pub fn for_client(&self) -> Standing {
        let mut members = self.place.core.members.lock();
        if let Some(member) = members.list.get_mut(self.place.member as usize) {
            member.checkouts.give_to_client(self.place.seat);
        }
        members.standing(self)
    }

    /// What an answer on this connection is worth now.
    #[cold]
    pub fn standing(&self) -> Standing {
        self.place.core.members.lock().standing(self)
    }
}

impl Lease {
    /// Why its connection has ended: an interrupted one was ended by the call's token (`is_cancelled`), or because its node
    /// lost its role. If the node itself failed, a replica rests, and a silent primary is suspect.
    pub(crate) fn reason(&self, error: Error, is_cancelled: bool) -> Error {
        let is_demoted = self.standing() != Standing::Good;
        if !is_demoted {
            Pool::note_failure(self, &error);
        }
        if error.status() != Status::Cancelled || is_cancelled {
            return error;
        }
        let node = self.connection.node();
        let why = match is_demoted {
            true => "another node became the primary in its place",
            false => "it was interrupted",
        };
        let message = format!("{node}: the connection was ended: {why}");
        Error::new(Status::Connection, message).on_node(node)
    }
}

impl Core {
    /// A dial for the client has begun, in an epoch of its member's: it ends when the node loses the role of a primary,
    /// which it may have done already.
    pub(super) fn watch_dial(&self, place: &Place, epoch: u64, interrupter: Interrupter) {
        let mut members = self.members.lock();
        let Some(member) = members.list.get_mut(place.member as usize) else { return };
        if epoch >= member.demoted_at {
            member.dials.retain(Interrupter::is_open);
            member.dials.push(interrupter);
            return;
        }
        drop(members);
        interrupter.interrupt();
    }
}

impl Pool {
    /// Gives a connection back on which a call has just been answered in full, and tells what the answer is worth.
    /// A connection that cannot serve another call is closed.
    #[inline]
    #[must_use]
    pub fn take_back_answered(&self, lease: Box<Lease>) -> Standing {
        self.core().take_back_answered(lease)
    }
}

#[cfg(test)]
#[path = "demotion_tests.rs"]
mod tests;
