//! Replicas that failed rest: reads pass over them for `replica_cooldown`.
//!
//! When a rest has ended, whoever takes the replica next begins another before it dials: one call at a time
//! finds out whether the node is well, and no crowd waits for one that is silent. A primary never rests.

use std::sync::Arc;

use super::lease::Lease;
use super::member::MemberKey;
use super::members::Members;
use super::pool::Core;
use crate::error::{Error, Status};
use crate::log::Level;
use crate::os::clock::coarse_millis;
use crate::resp::{Kind, Reply};

impl Members {
    /// The member rests from now on, if it is a replica; tells whether it does. Resting again prolongs it.
    pub(super) fn rest(&mut self, index: usize, now: u64) -> bool {
        let member = &mut self.list[index];
        match self.cooldown {
            Some(cooldown) if member.readonly => {
                // 0 is who does not rest.
                member.rests_until = now.saturating_add(cooldown).max(1);
                true
            }
            _ => false,
        }
    }

    /// The member's rest has ended, and the caller finds out whether it is well: it rests on while the dial
    /// may last, and longer, so that nobody else does meanwhile. Answers until when; None if it did not rest.
    pub(super) fn probe(&mut self, index: usize, now: u64, longest_dial: u64) -> Option<u64> {
        if self.list[index].rests_until == 0 || !self.rest(index, now) {
            return None;
        }
        let until = &mut self.list[index].rests_until;
        *until = until.saturating_add(longest_dial);
        Some(*until)
    }

    /// The probe that made it rest until then has an end that its dial did not tell: the member is well, or
    /// nothing was found out, and the next one probes. A rest begun meanwhile goes on.
    pub(super) fn end_probe(&mut self, key: MemberKey, until: u64, is_well: bool) {
        if let Some(index) = self.find(key)
            && self.list[index].rests_until == until
        {
            self.list[index].rests_until = u64::from(!is_well);
        }
    }
}

/// Trouble of one node that another may not have. Wrong credentials are wrong everywhere, and a full pool is no
/// trouble of a node's.
pub(super) fn is_of_one_node(error: &Error) -> bool {
    use Status::*;
    matches!(error.status(), Connection | Timeout | Loading | Protocol | Tls)
}

impl Core {
    /// A dial of the member failed: a replica rests, a primary is suspect.
    pub(super) fn rest_after(&self, member: u32, error: &Error) {
        if is_of_one_node(error) {
            let (mut members, now) = (self.members.lock(), coarse_millis());
            members.rest(member as usize, now);
            // One that refuses connections costs nobody any time: each call may find out for itself.
            if error.status() == Status::Timeout {
                members.suspect(member as usize, now);
            }
        }
    }
}

impl Lease {
    /// To be told of each reply before the caller has it: a replica that says it cannot answer rests.
    #[inline]
    pub fn note(&self, reply: &Reply) {
        if self.connection.is_readonly() && reply.root().kind() == Kind::Error {
            self.note_refusal(reply);
        }
    }

    #[cold]
    fn note_refusal(&self, reply: &Reply) {
        let Some(code @ ("LOADING" | "MASTERDOWN")) = reply.root().error_code() else { return };
        let core = Arc::clone(&self.place.core);
        let rests = core.members.lock().rest(self.place.member as usize, coarse_millis());
        if rests {
            let node = self.connection.node();
            core.options.log.line(
                Level::Warning,
                format_args!("{node} answered {code}: reads pass over it for replica_cooldown"),
            );
        }
    }
}
