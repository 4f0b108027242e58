//! Connections that the client's calls share: which node a target leads to, and a lease that several calls use at
//! once. To the pool it is one connection in use, until nothing is owed on it.

use std::sync::Arc;

use super::checkout::Access;
use super::demotion::Standing;
use super::lease::Lease;
use super::leasing::{Patience, Stop};
use super::member::{FOR_CLIENT, MemberKey};
use super::members::Members;
use super::pool::{Core, Pool};
use super::taking::Target;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::options::ReadFrom;
use crate::os::clock::coarse_millis;

/// A connection that was used so lately, in milliseconds, is not looked at before it is used again: a server's
/// close while it is idle is seen before a byte of a write leaves, and a busy connection pays nothing. By the coarse
/// clock, which may be a few behind: one that has been idle for 10 is looked at for certain.
pub(crate) const LATELY: u64 = 5;

/// A member of the pool that a target leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Way {
    key: MemberKey,
    /// Connections of another epoch are not wanted as they are.
    epoch: u64,
    /// It is a primary that was silent, and has answered nobody since.
    pub(crate) is_suspect: bool,
}

impl Way {
    /// The member's number; a small one.
    #[inline]
    pub(crate) fn member(&self) -> usize {
        self.key.index as usize
    }

    /// Whether the lease is such a connection as is wanted there now.
    #[inline]
    pub(crate) fn is_that_of(&self, stamp: Stamp) -> bool {
        self.key.index == stamp.member && self.epoch == stamp.epoch
    }
}

/// Of a lease: the member it counts for, and in which of its epochs it was dialled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    member: u32,
    epoch: u64,
}

/// What the pool makes of a reply on a shared connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// The node has lost the role that it had when the connection was given out.
    pub(crate) is_demoted: bool,
    /// The connection is to come back: it is outdated, or somebody waits for a place.
    pub(crate) is_wanted_back: bool,
}

impl Members {
    #[inline]
    fn way_to(&self, key: MemberKey) -> Option<Way> {
        let member = self.member(key)?;
        Some(Way { key, epoch: member.epoch, is_suspect: member.suspect_until != 0 })
    }

    /// Who answers the next read of the slot, but none of `tried`; a resting replica only where nobody else is left and
    /// the shard's reads go to replicas alone, or when its rest is over: then nobody else takes it for `trial`
    /// milliseconds.
    fn next_reader(
        &mut self,
        slot: u16,
        read_from: ReadFrom,
        tried: &[Way],
        trial: u64,
    ) -> Option<Way> {
        let shard = self.routes.map.primary_of(slot)?;
        let routes = Arc::clone(&self.routes);
        let worked_out;
        let readers = match routes.own_readers(shard, read_from) {
            Some(readers) => readers,
            None => {
                worked_out = routes.readers_by(shard, read_from, |key| self.told_near(key));
                &worked_out
            }
        };
        let turn = *self.turns.get(shard)?;
        let now = coarse_millis();
        let mut resting: Option<(u64, u32)> = None;
        for (index, next) in readers.from(turn) {
            let at = index as usize;
            let until = self.list.get(at)?.rests_until;
            if tried.iter().any(|way| way.key.index == index) {
                continue;
            }
            if until > now {
                if resting.is_none_or(|(least, _)| until < least) {
                    resting = Some((until, index));
                }
                continue;
            }
            *self.turns.get_mut(shard)? = next;
            self.probe(at, now, trial);
            return self.way_to(self.key(at));
        }
        let takes_resting = read_from == ReadFrom::Replica || tried.is_empty();
        let (_, index) = resting.filter(|_| takes_resting)?;
        self.way_to(self.key(index as usize))
    }
}

impl Pool {
    /// Which member the target leads to by the present map. `tried`: not these, where several may answer. None: the map
    /// does not tell.
    #[inline]
    pub(crate) fn way(&self, target: &Target, tried: &[Way]) -> Option<Way> {
        let core = self.core();
        let mut members = core.members.lock();
        if members.closed {
            return None;
        }
        match target {
            Target::Primary(slot) => members.way_to(members.routes.primary_of(*slot)?),
            Target::Reader(slot, read_from) => {
                let read_from = read_from.unwrap_or(core.options.read_from);
                let trial = core.options.socket_connect_timeout.as_millis();
                members.next_reader(*slot, read_from, tried, trial.try_into().unwrap_or(u64::MAX))
            }
            Target::Node(node) => {
                let at = members.routes.map.find_address(node)?;
                let key = *members.routes.members.get(at)?;
                members.way_to(key)
            }
            Target::Named(announced) => {
                drop(members);
                let named = self.named(announced)?;
                let members = core.members.lock();
                let at = members.routes.map.find_address(&named.address)?;
                let key = *members.routes.members.get(at)?;
                members.way_to(key)
            }
            Target::Any => {
                let replicas = core.is_special(Access::Write) && core.is_special(Access::Read);
                let mut keys = members.routes.members_of(replicas);
                keys.retain(|key| tried.iter().all(|way| way.key != *key));
                fastrand::shuffle(&mut keys);
                members.put_resting_last(&mut keys);
                members.way_to(*keys.first()?)
            }
        }
    }

    /// An idle connection that was used lately, and needs no look.
    #[inline]
    pub(crate) fn take_fresh(&self, way: &Way) -> Option<Box<Lease>> {
        let now = coarse_millis();
        let mut members = self.core().members.lock();
        let newest = members.list.get(way.member())?.idle.last()?;
        if now.saturating_sub(newest.shared_at) > LATELY || newest.has_expired(now) {
            return None;
        }
        members.take_idle(way.member(), now | FOR_CLIENT)
    }

    /// A connection there, as [`Pool::take`] gives one. None: the node has left, or lost its role.
    ///
    /// # Errors
    /// As [`Pool::take`].
    pub(crate) fn take_of(
        &self,
        way: &Way,
        deadline: Deadline,
        waits: bool,
        stop: Option<&dyn Stop>,
    ) -> Result<Option<Box<Lease>>> {
        let core = self.core();
        core.check_open()?;
        let patience = Patience { deadline, now: false, waits, follows: true, stop };
        let lease = core.lease(way.key, None, patience)?;
        Ok(lease.filter(|lease| lease.for_client() == Standing::Good))
    }

    /// A call on a shared connection ended without an answer in time: a replica rests, a primary is suspect.
    pub(crate) fn note_silence(&self, stamp: Stamp) {
        let mut members = self.core().members.lock();
        let now = coarse_millis();
        let index = stamp.member as usize;
        if members.list.get(index).is_some_and(|member| member.epoch == stamp.epoch) {
            members.rest(index, now);
            members.suspect(index, now);
        }
    }

    /// A replica said on a shared connection that it cannot answer: it rests.
    pub(crate) fn note_refusal(&self, stamp: Stamp) {
        self.core().members.lock().rest(stamp.member as usize, coarse_millis());
    }
}

impl Lease {
    /// See [`Stamp`].
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { member: self.place.member, epoch: self.epoch }
    }

    /// Replies have just come on it: its node is well.
    pub(crate) fn has_answered(&self) -> Answered {
        self.answered(true)
    }

    /// Nothing but its role was told on it, as a node may that cannot answer reads: one that rests goes on to.
    pub(crate) fn has_told_role(&self) -> Answered {
        self.answered(false)
    }

    fn answered(&self, is_well: bool) -> Answered {
        let mut members = self.place.core.members.lock();
        let is_demoted = members.standing(self) != Standing::Good;
        let is_awaited = members.is_awaited();
        let mut is_wanted_back = is_awaited;
        if let Some(member) = members.list.get_mut(self.place.member as usize) {
            if is_well {
                (member.suspect_until, member.rests_until) = (0, 0);
            }
            is_wanted_back |= member.epoch != self.epoch;
        }
        Answered { is_demoted, is_wanted_back }
    }

    /// Nothing is owed on it any more: it goes back. `heard`: when something last came, on the coarse clock.
    #[inline]
    pub(crate) fn give_back(mut self: Box<Self>, heard: u64) {
        self.shared_at = heard;
        Core::take_back(self);
    }
}
