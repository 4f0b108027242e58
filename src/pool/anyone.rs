//! A connection to some node: whom a command goes to that any may answer.

use std::time::Instant;

use super::checkout::{Access, asks_for_refresh};
use super::lease::Lease;
use super::leasing::{Found, Patience};
use super::member::MemberKey;
use super::pool::Core;
use crate::deadline::Deadline;
use crate::error::{Attempt, Error, Result, Status};

/// The search for a connection to some primary, or some node where nobody writes: first whatever costs no wait.
pub(super) struct Anyone {
    /// Those not tried yet, the next one last.
    keys: Vec<MemberKey>,
    failures: Vec<(Attempt, Error)>,
    full: Option<MemberKey>,
    left: bool,
}

impl Anyone {
    pub(super) fn begin(core: &Core) -> Self {
        let replicas = core.is_special(Access::Write) && core.is_special(Access::Read);
        let mut keys = core.routes().members_of(replicas);
        fastrand::shuffle(&mut keys);
        if replicas {
            core.members.lock().put_resting_last(&mut keys);
        }
        keys.reverse();
        Self { keys, failures: Vec::new(), full: None, left: false }
    }

    /// Whom to try now, and until when: one that is silent leaves time for the others.
    pub(super) fn next(&mut self, deadline: Deadline) -> Option<(MemberKey, Deadline)> {
        let share = deadline.share(self.keys.len());
        Some((self.keys.pop()?, share))
    }

    /// What came of the try that began then. None: on to the next.
    pub(super) fn went(
        &mut self,
        (key, started): (MemberKey, Instant),
        found: Result<Found>,
        patience: Patience,
    ) -> Result<Option<Box<Lease>>> {
        match found {
            Ok(Found::Lease(lease)) => return Ok(Some(lease)),
            Ok(Found::Full) => self.full = self.full.or(Some(key)),
            Ok(Found::NodeLeft) => self.left = true,
            Err(error)
                if asks_for_refresh(&error)
                    && (patience.now || !patience.deadline.has_passed()) =>
            {
                self.failures.push((Attempt::at(started, &error), error));
            }
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// Nobody is left: who is full and may be waited for; None if a node has left meanwhile, so that there are
    /// others to try.
    pub(super) fn end(&mut self, patience: Patience) -> Result<Option<MemberKey>> {
        // A node with room would have to be dialled: the full ones say nothing to who does not wait.
        let waits_in_vain = patience.now && !self.failures.is_empty();
        if self.full.is_some() && !waits_in_vain {
            return Ok(self.full);
        }
        let (attempts, mut errors): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.failures).into_iter().unzip();
        match errors.pop() {
            Some(error) => Err(error.with_attempts(attempts)),
            None if self.left => Ok(None),
            None => {
                let message = "the cluster has no primary that is known";
                Err(Error::new(Status::UnknownNode, message))
            }
        }
    }
}
