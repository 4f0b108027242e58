//! What every blocking driver of an execution does alike.

use std::time::{Duration, Instant};

use super::execution::Execution;
use super::flights::Terms;
use super::step::Step;
use crate::error::Result;
use crate::pool::{Pool, Target};
use crate::resp::Reply;

/// The next thing that takes a driver's own time.
pub(super) enum Next {
    /// As [`Step::Send`].
    Send { target: Target, asking: bool },
    /// As [`Step::Wait`].
    Wait { until: Instant },
    /// The end.
    Done(Result<Reply>),
}

impl Next {
    /// Does what the execution says, up to the next thing to send or to wait for; a fired token ends it before that.
    pub(super) fn of(execution: &mut Execution, pool: &Pool, terms: &Terms<'_>) -> Self {
        let deadline = terms.rules.deadline;
        loop {
            match execution.step() {
                Step::Done(result) => return Self::Done(result),
                _ if terms.watch.is_fired() => return Self::Done(Err(execution.cancelled())),
                Step::Send { target, asking } => return Self::Send { target, asking },
                Step::Wait { until } => return Self::Wait { until },
                Step::Patch { slot, node } => match pool.named(&node) {
                    Some(named) => pool.follow(slot, &node, &named, deadline),
                    None => {
                        execution.nowhere(&mut |bound: Duration| bound.mul_f64(fastrand::f64()))
                    }
                },
                Step::Asked => pool.count_ask(),
                Step::Refresh { suspect } => {
                    // Its failing is no end of the command: the map may still be good.
                    let _ = pool.refresh_after(suspect.as_slice(), deadline);
                }
            }
        }
    }
}
