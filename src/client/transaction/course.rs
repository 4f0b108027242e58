//! The driver of one call of a transaction: a connection of its own, and what the execution says to do.

use std::mem;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::verdict::{Verdict, judge, may_have_run};
use crate::client::exchange::{Exchange, pause};
use crate::client::execute::no_outcome;
use crate::client::execution::Execution;
use crate::client::flight::loss;
use crate::client::flights::Terms;
use crate::client::next::Next;
use crate::client::refusal::refusal_of;
use crate::client::step::Event;
use crate::command::Effect;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::fork;
use crate::pool::{Lease, Pool, Standing, Stop, Target};
use crate::resp::Reply;

/// A connection on which keys are watched, or are about to be.
pub(super) struct Bound {
    lease: Option<Box<Lease>>,
    /// The slot was on its way to this node: each command is to be asked for.
    asking: bool,
    /// The process it is of.
    generation: u32,
}

impl Bound {
    fn new(lease: Box<Lease>, asking: bool) -> Self {
        Self { lease: Some(lease), asking, generation: fork::generation() }
    }

    /// False in a child of the process that watches.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.generation == fork::generation()
    }

    /// The connection, to do without the rest; None if it is the parent's.
    pub(super) fn take(mut self) -> Option<Box<Lease>> {
        if self.is_of_this_process() { self.lease.take() } else { None }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if !self.is_of_this_process() {
            // The parent's: its pool's lock is not this process's to open.
            mem::forget(self.lease.take());
        }
    }
}

/// The driver of one call of a transaction: does what its execution says.
pub(super) struct Course<'a> {
    pool: &'a Pool,
    terms: &'a Terms<'a>,
    /// The connection that watches, while no command is under way on it.
    pub(super) bound: Option<Bound>,
    /// Keys are watched, on that connection and no other: there is one try.
    is_watched: bool,
    /// What the caller is told instead of another try.
    last: Option<Error>,
}

impl<'a> Course<'a> {
    /// A call by these terms, on the connection that watches if there is one.
    pub(super) fn new(pool: &'a Pool, terms: &'a Terms<'a>, bound: Option<Bound>) -> Self {
        Self { pool, terms, is_watched: bound.is_some(), bound, last: None }
    }

    /// Takes an execution to its end; `try_once` makes one try at a target, with ASKING if that is true.
    pub(super) fn follow(
        &mut self,
        execution: &mut Execution,
        try_once: &mut dyn FnMut(&mut Self, &Target, bool) -> Event,
    ) -> Result<Reply> {
        let jitter = &mut |bound: Duration| bound.mul_f64(fastrand::f64());
        loop {
            let next = Next::of(execution, self.pool, self.terms);
            if let Next::Send { .. } | Next::Wait { .. } = next
                && self.is_watched
                && let Some(error) = self.last.take()
            {
                return Err(execution.ended_by(error));
            }
            match next {
                Next::Send { target, asking } => {
                    let began = Instant::now();
                    let event = try_once(self, &target, asking);
                    execution.on(event, began.elapsed(), jitter);
                }
                Next::Wait { until } => {
                    pause(self.pool, self.terms, execution.awaited_slot(), until);
                }
                Next::Done(result) => return result,
            }
        }
    }

    /// The connection that watches, or one to the target; whether each command is to be asked for.
    fn connection(&mut self, target: &Target, asking: bool) -> Result<(Box<Lease>, bool), Event> {
        let failed = |error| Event::Failed { error, sent: false, had_connection: false };
        let Some(mut bound) = self.bound.take() else {
            let watch = &self.terms.watch;
            let stop = watch.is_set().then_some(watch as &dyn Stop);
            let taken = self.pool.take(target, self.terms.rules.deadline, true, stop);
            watch.has_dialled();
            let lease = taken.map_err(failed)?;
            return Ok((lease, asking));
        };
        let asking = bound.asking;
        let Some(mut lease) = bound.lease.take() else {
            return Err(failed(no_outcome()));
        };
        if lease.connection().is_idle_and_open() {
            return Ok((lease, asking));
        }
        let node = lease.peer().node();
        let message = format!(
            "{node} has closed the connection on which keys were watched; nothing was sent: begin anew"
        );
        let error = Error::new(Status::Connection, message).on_node(node);
        self.last = Some(error.clone());
        Err(failed(error))
    }

    /// One command, after which the connection is bound.
    pub(super) fn try_one(
        &mut self,
        encoded: &[u8],
        effect: Effect,
        target: &Target,
        asking: bool,
    ) -> Event {
        let (mut lease, asking) = match self.connection(target, asking) {
            Ok(found) => found,
            Err(event) => return event,
        };
        if asking {
            lease.connection().queue().asking();
        }
        lease.connection().queue_with(encoded, effect);
        let mut exchange = Exchange::run(&mut lease, usize::from(asking) + 1, self.terms);
        if let Some(error) = exchange.failure.take() {
            // WATCH does nothing that lasts.
            let sent = exchange.any_left && effect != Effect::Watch;
            return self.lost(lease, error, sent);
        }
        let Some(reply) = exchange.replies.pop() else { return nonsense(&lease) };
        let node = lease.peer().node().clone();
        if refusal_of(reply.root()).is_some() {
            self.refused(&lease, &reply);
            let _ = self.pool.take_back_answered(lease);
            return Event::Answered { node, reply, by_replica: false, demoted: false };
        }
        let demoted = lease.standing() != Standing::Good;
        if demoted {
            self.last = Some(aborted(&node, "is no primary any more", ""));
        } else {
            self.bound = Some(Bound::new(lease, asking));
        }
        Event::Answered { node, reply, by_replica: false, demoted }
    }

    /// MULTI, the commands and EXEC. `end`: with what the call ends, whatever the execution makes of it.
    pub(super) fn try_all(
        &mut self,
        batch: &Batch,
        target: &Target,
        asking: bool,
        end: &mut Option<Error>,
    ) -> Event {
        let (mut lease, asking) = match self.connection(target, asking) {
            Ok(found) => found,
            Err(event) => return event,
        };
        let count = batch.queue(lease.connection(), asking);
        let mut exchange = Exchange::run(&mut lease, count, self.terms);
        let asked = usize::from(asking).min(exchange.replies.len());
        exchange.replies.drain(..asked);
        if let Some(error) = exchange.failure.take() {
            let sent = may_have_run(&exchange.replies, exchange.any_left, exchange.all_left);
            return self.lost(lease, error, sent);
        }
        let node = lease.peer().node().clone();
        let (reply, ran) = match judge(exchange.replies, batch) {
            Verdict::Ran(reply) => (reply, true),
            Verdict::Refused(reply) => {
                self.refused(&lease, &reply);
                (reply, false)
            }
            Verdict::Failed(reply, error) => {
                *end = Some(error.on_node(&node));
                (reply, false)
            }
            Verdict::Nonsense => return nonsense(&lease),
        };
        let demoted = self.pool.take_back_answered(lease) != Standing::Good && ran;
        Event::Answered { node, reply, by_replica: false, demoted }
    }

    fn lost(&mut self, lease: Box<Lease>, error: Error, sent: bool) -> Event {
        let (error, _) = loss(lease, error, self.terms.watch.is_fired());
        self.last = Some(error.clone().with_maybe_executed(sent));
        Event::Failed { error, sent, had_connection: true }
    }

    /// What was watched is worth nothing now.
    fn refused(&mut self, lease: &Lease, reply: &Reply) {
        lease.note(reply);
        let code = reply.root().error_code().unwrap_or("");
        self.last = Some(aborted(lease.peer().node(), &format!("answered {code}"), code));
    }
}

fn aborted(node: &NodeAddress, what: &str, code: &str) -> Error {
    let message = format!(
        "{node} {what}: what was watched there is watched no more, and nothing was done; begin anew with the watch"
    );
    Error::new(Status::Aborted, message).on_node(node).with_server_code(code)
}

#[cold]
fn nonsense(lease: &Lease) -> Event {
    let node = lease.peer().node();
    let message = format!("{node} answered a transaction with something else");
    let error = Error::new(Status::Protocol, message).on_node(node);
    Event::Failed { error, sent: true, had_connection: true }
}
