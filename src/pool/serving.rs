//! What an event loop asks of the pool: it keeps its connections while they are good, and finds its way by the map.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::checkout::{Access, slot_not_covered, unknown_node};
use super::lease::Lease;
use super::pool::Pool;
use super::redirect::Named;
use super::routes::Routes;
use super::taking::{Announced, Target};
use crate::error::{Error, Result};
use crate::log::Level;
use crate::node::NodeAddress;
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
}

impl Pool {
    /// Whether a command of the slot goes to who answers its reads, and not to its primary.
    ///
    /// # Errors
    /// READ_ONLY to write with `readonly`.
    #[inline]
    pub(crate) fn is_for_readers(&self, slot: u16, access: Access) -> Result<bool> {
        if !self.core().is_special(access) {
            return Ok(false);
        }
        self.target_of(slot, access, None).map(|target| matches!(target, Target::Reader(..)))
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
