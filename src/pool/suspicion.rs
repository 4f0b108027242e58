//! A primary that is silent is suspect until it does: it is probed, and not queued on. One call at a time
//! finds out whether it is well again.

use super::demotion::Standing;
use super::lease::Lease;
use super::members::Members;
use super::pool::{Core, Pool};
use super::taking::Target;
use crate::os::clock::coarse_millis;

/// How long, in milliseconds, the one who finds out has before another may try.
const TRIAL: u64 = 100;

impl Members {
    /// A call or dial of the member timed out. Of replicas [`rest`](super::rest) takes care.
    pub(super) fn suspect(&mut self, index: usize, now: u64) {
        if let Some(member) = self.list.get_mut(index).filter(|member| !member.readonly) {
            // It may have been the call's own time that was short: after the first the next one finds out at once.
            let pause = if member.suspect_until == 0 { 0 } else { TRIAL };
            member.suspect_until = now.saturating_add(pause).max(1);
        }
    }

    /// The slot's primary is suspect.
    #[inline]
    pub(super) fn is_suspect(&self, slot: u16) -> bool {
        let primary = self.routes.primary_of(slot);
        primary.is_some_and(|key| self.list[key.index as usize].suspect_until != 0)
    }

    /// Whether a call may go to the slot's primary: it is not suspect, or this is the call that finds out.
    fn admits(&mut self, slot: u16, now: u64) -> bool {
        let Some(index) = self.routes.primary_of(slot).and_then(|key| self.find(key)) else {
            return false;
        };
        match self.list[index].suspect_until {
            0 => true,
            until if now < until => false,
            _ => {
                self.suspect(index, now);
                true
            }
        }
    }
}

impl Lease {
    /// A call on it has timed out: its node is suspect.
    pub fn suspect(&self) {
        let mut members = self.place.core.members.lock();
        // What went wrong before a node lost its role says nothing of it since.
        if members.standing(self) == Standing::Good {
            members.suspect(self.place.member as usize, coarse_millis());
        }
    }
}

impl Core {
    pub(super) fn is_suspect(&self, slot: u16) -> bool {
        self.members.lock().is_suspect(slot)
    }
}

impl Pool {
    /// True while the slot's primary has answered no call since a dial of it timed out, or a call did
    /// ([`Lease::suspect`]).
    pub fn is_suspect(&self, slot: u16) -> bool {
        self.core().is_suspect(slot)
    }

    /// Whether a call may go to the slot's primary: true where it is not suspect, and for one call each tenth of a
    /// second where it is; the others wait for a change of the map, or for their turn.
    pub fn admits(&self, slot: u16) -> bool {
        self.core().members.lock().admits(slot, coarse_millis())
    }

    /// The target is silent, and it is not this call's turn to find out whether it is well.
    pub(crate) fn holds_back(&self, target: &Target) -> bool {
        match *target {
            Target::Primary(slot) => self.is_suspect(slot) && !self.admits(slot),
            _ => false,
        }
    }
}
