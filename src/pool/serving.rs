//! What an event loop asks of the pool: it keeps its connections while they are good, and finds its way by the map.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::checkout::{Access, slot_not_covered, unknown_node};
use super::demotion::Standing;
use super::lease::Lease;
use super::pool::Pool;
use super::redirect::Named;
use super::routes::Routes;
use super::taking::Announced;
use crate::error::Error;
use crate::log::Level;
use crate::node::{NodeAddress, Role};
use crate::options::ReadFrom;
use crate::os::clock::coarse_millis;
use crate::topology::SlotMap;

impl Routes {
    /// The map.
    pub(crate) fn map(&self) -> &Arc<SlotMap> {
        &self.map
    }

    /// The member that is the map's node of this index.
    pub(crate) fn member_at(&self, node: usize) -> Option<u32> {
        self.members.get(node).map(|key| key.index)
    }

    /// The member that is the slot's primary.
    #[inline]
    pub(crate) fn primary_member(&self, slot: u16) -> Option<u32> {
        self.primary_of(slot).map(|key| key.index)
    }
}

impl Named {
    /// Where it is dialled.
    pub(crate) fn address(&self) -> &NodeAddress {
        &self.address
    }
}

impl Lease {
    /// It has just answered: its node is well. What that is worth, and whether the connection is to be kept.
    pub(crate) fn has_answered(&self) -> (Standing, bool) {
        let mut members = self.place.core.members.lock();
        if let Some(member) = members.list.get_mut(self.place.member as usize) {
            (member.suspect_until, member.rests_until) = (0, 0);
        }
        (members.standing(self), members.keeps(self))
    }

    /// Whether the connection is to be kept: neither retired nor outlived, and its node stands as it did.
    pub(crate) fn is_kept(&self) -> bool {
        self.place.core.members.lock().keeps(self)
    }
}

impl super::members::Members {
    #[inline]
    fn keeps(&self, lease: &Lease) -> bool {
        let member = self.list.get(lease.place.member as usize);
        !self.closed
            && member.is_some_and(|member| member.epoch == lease.epoch)
            && lease.expires_at().is_none_or(|at| coarse_millis() < at)
    }

    /// Whose turn it is among those who answer reads of the slot: the first that does not rest, else the first.
    fn turn_of(&mut self, slot: u16, read_from: ReadFrom) -> Option<u32> {
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
        let rests =
            |index: u32| self.list.get(index as usize).is_none_or(|it| it.rests_until > now);
        let found = readers.from(turn).find(|&(index, _)| !rests(index));
        let (index, next) = found.or_else(|| readers.from(turn).next())?;
        *self.turns.get_mut(shard)? = next;
        // It may have been dead: one at a time finds out whether it is well again.
        self.probe(index as usize, now, 0);
        Some(index)
    }
}

impl Pool {
    /// Who is to answer the next read of the slot, by this `read_from` or the pool's own: a member.
    pub(crate) fn next_reader(&self, slot: u16, read_from: Option<ReadFrom>) -> Option<u32> {
        let read_from = read_from.unwrap_or(self.options().read_from);
        self.core().members.lock().turn_of(slot, read_from)
    }

    /// Some node for a command that any will do for: a primary; where nobody writes, any.
    pub(crate) fn random_node(&self) -> Option<NodeAddress> {
        let core = self.core();
        let replicas = core.is_special(Access::Write) && core.is_special(Access::Read);
        let routes = core.routes();
        let nodes = routes.map.nodes().iter();
        let fit: Vec<_> = nodes.filter(|node| replicas || node.role == Role::Primary).collect();
        fit.get(fastrand::usize(..fit.len().max(1))).map(|node| node.address.clone())
    }

    /// The slot has moved there, which is `named`: patches the map. True: so many such moves have come that a
    /// refresh is due.
    pub(crate) fn has_moved(&self, slot: u16, node: &Announced, named: &Named) -> bool {
        let core = self.core();
        core.redirects.moved.fetch_add(1, Ordering::Relaxed);
        core.patch(slot, named, Some(&node.answered_by));
        let count = core.redirects.moved_since_refresh.fetch_add(1, Ordering::Relaxed) + 1;
        let steps = core.options.reinitialize_steps;
        steps > 0 && count >= u64::from(steps)
    }

    /// A replica has said that it is the slot's primary by now: patches the map, unless `primary` is not the slot's
    /// any more.
    pub(crate) fn was_promoted(&self, slot: u16, primary: &NodeAddress, node: &NodeAddress) {
        let core = self.core();
        let map = core.routes().map.clone();
        let is_as_before =
            map.primary_of(slot).is_some_and(|at| map.nodes()[at].address == *primary);
        if let Some(at) = map.find_address(node)
            && is_as_before
        {
            core.options.log.line(Level::Info, format_args!("{node} says it is a primary"));
            core.patch(slot, &Named::known(&map.nodes()[at]), None);
        }
    }

    /// Somebody waits for a connection.
    pub(crate) fn is_awaited(&self) -> bool {
        self.core().members.lock().is_awaited()
    }

    /// A line for the program's log.
    pub(crate) fn log(&self, level: Level, text: std::fmt::Arguments<'_>) {
        self.core().options.log.line(level, text);
    }
}

/// What a command is told whose slot nobody serves.
pub(crate) fn uncovered(slot: u16) -> Error {
    slot_not_covered(slot)
}

/// What a command is told whose node the map does not have.
pub(crate) fn unknown(node: &NodeAddress) -> Error {
    unknown_node(&node.to_string())
}
