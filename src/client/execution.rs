//! One command on its way to a reply: redirects, what is sent again and what never is.
//!
//! No I/O here. A driver asks [`Execution::step`] what to do, does it, and tells what came of it by
//! [`Execution::on`]:
//!
//! ```text
//!            ┌── Patch ── Refresh ── Wait ──┐
//!            v                              │
//! step ──> Send ──> on(answer or failure) ──┴──> Done
//! ```
//!
//! The rules. A command is sent again only when it cannot have run (no byte of it left, or the server refused
//! it with MOVED, ASK, TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN or READONLY), or when it only reads, or with
//! `retry_on_timeout`. Redirects are followed up to `max_redirects`; failures of connections are tried again
//! up to `max_retries`; what the server puts off is tried until the deadline and ends with its own status.
//! Pauses grow exponentially with full jitter.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::connection::{Redirect, RedirectKind};
use crate::error::{Attempt, Error, Status};
use crate::node::NodeAddress;
use crate::pool::{Announced, Target};
use crate::resp::{Kind, Reply, ReplyRef};

use super::refusal::{Refusal, refusal_of};
use super::step::{Event, Rules, Step};

/// A redirect is followed at once so often; then pauses begin, for nodes that point at each other.
const QUICK_REDIRECTS: u32 = 3;
/// The longest pause before a redirect is followed.
const REDIRECT_PAUSE: Duration = Duration::from_millis(50);

/// See the module's comment.
pub(crate) struct Execution {
    rules: Rules,
    /// Running it twice does no harm.
    replays: bool,
    /// Where it goes unless redirected.
    home: Target,
    redirects: u32,
    retries: u32,
    /// Pauses so far.
    pauses: u32,
    /// A connection that had been good has been replaced at once.
    replaced: bool,
    maybe_executed: bool,
    attempts: Vec<Attempt>,
    todo: VecDeque<Step>,
    /// With what it ends at the deadline, if something better than TIMEOUT.
    put_off: Option<Error>,
    /// Whether the last failure left a doubt that the node is up.
    troubled: bool,
}

impl Execution {
    /// A command that is to be sent to `home`. `replays`: it only reads.
    pub(crate) fn new(rules: Rules, home: Target, replays: bool) -> Self {
        let mut todo = VecDeque::with_capacity(4);
        todo.push_back(Step::Send { target: home.clone(), asking: false });
        Self {
            rules,
            replays,
            home,
            redirects: 0,
            retries: 0,
            pauses: 0,
            replaced: false,
            maybe_executed: false,
            attempts: Vec::new(),
            todo,
            put_off: None,
            troubled: false,
        }
    }

    /// A command that the driver has sent to `home` already, at its own risk: the next thing is an event.
    pub(crate) fn begun(rules: Rules, home: Target, replays: bool) -> Self {
        let mut execution = Self::new(rules, home, replays);
        execution.todo.clear();
        execution
    }

    /// The slot whose map entry may end a wait early, while its primary is in doubt.
    pub(crate) fn awaited_slot(&self) -> Option<u16> {
        if self.troubled { self.home.slot() } else { None }
    }

    /// The next thing to do. Past the deadline nothing is begun any more.
    pub(crate) fn step(&mut self) -> Step {
        if self.rules.deadline.has_passed()
            && !matches!(self.todo.front(), Some(Step::Done(_)) | None)
        {
            self.todo.clear();
            return Step::Done(Err(self.out_of_time()));
        }
        self.todo.pop_front().unwrap_or_else(|| Step::Done(Err(fault())))
    }

    /// What came of the last [`Step::Send`], which began `took` ago. `jitter` gives a random duration up to
    /// its argument.
    pub(crate) fn on(
        &mut self,
        event: Event,
        took: Duration,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        self.todo.clear();
        match event {
            Event::Answered { node, reply, by_replica, demoted } => {
                self.answered(&node, reply, by_replica, demoted, took, jitter);
            }
            Event::Failed { error, sent, had_connection } => {
                self.failed(error, sent, had_connection, took, jitter);
            }
        }
    }

    fn answered(
        &mut self,
        node: &NodeAddress,
        reply: Reply,
        by_replica: bool,
        demoted: bool,
        took: Duration,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        let Some(refusal) = refusal_of(reply.root()) else {
            if demoted {
                self.out_of_date(node, took);
            } else {
                self.todo.push_back(Step::Done(Ok(reply)));
            }
            return;
        };
        match refusal {
            Refusal::Redirect => self.redirected(node, reply.root(), took, jitter),
            // This very node was asked for: no other will take its place.
            Refusal::PutOff { status: Status::ReadOnly, .. }
                if matches!(self.home, Target::Node(_)) =>
            {
                self.todo.push_back(Step::Done(Ok(reply)));
            }
            Refusal::PutOff { status, asks_for_refresh } => {
                let code = reply.root().error_code().unwrap_or("");
                self.note(node.to_string(), took, code.into());
                let error = Error::new(status, put_off_text(node, code, status))
                    .on_node(node)
                    .with_server_code(code);
                self.put_off = Some(self.with_slot(error));
                self.troubled = asks_for_refresh;
                if asks_for_refresh {
                    self.todo.push_back(Step::Refresh { suspect: Some(node.clone()) });
                }
                // Another replica, or the primary, answers a read that this one cannot.
                if !(by_replica && self.pauses == 0) {
                    self.pause(Duration::from_millis(1), self.rules.backoff_max, jitter);
                } else {
                    self.pauses += 1;
                }
                self.send_home();
            }
        }
    }

    fn redirected(
        &mut self,
        node: &NodeAddress,
        reply: ReplyRef<'_>,
        took: Duration,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        let redirect = match Redirect::parse(reply.bytes().unwrap_or_default()) {
            Ok(redirect) => redirect,
            Err(error) => return self.end(error.on_node(node)),
        };
        let Redirect { kind, slot, to } = redirect;
        let word = match kind {
            RedirectKind::Moved => "MOVED",
            RedirectKind::Ask => "ASK",
        };
        self.note(node.to_string(), took, format!("{word} {slot} to {}:{}", to.host, to.port));
        self.redirects += 1;
        if self.redirects > self.rules.max_redirects {
            let message = format!(
                "slot {slot}: {} redirects were followed (option \"max_redirects\"), and {node} answered with \
                 another: see whether the nodes agree on the slot's owner",
                self.rules.max_redirects
            );
            let error = Error::new(Status::TooManyRedirects, message).on_node(node).on_slot(slot);
            return self.end(error.with_server_code(word));
        }
        if self.redirects > QUICK_REDIRECTS {
            self.pause(Duration::ZERO, REDIRECT_PAUSE, jitter);
        }
        let announced = Announced::new(to.host, to.port, node);
        match kind {
            RedirectKind::Moved => {
                self.todo.push_front(Step::Patch { slot, node: announced.clone() });
                self.todo.push_back(Step::Send {
                    target: Target::Named(Box::new(announced)),
                    asking: false,
                });
            }
            RedirectKind::Ask => {
                self.todo.push_front(Step::Asked);
                self.todo.push_back(Step::Send {
                    target: Target::Named(Box::new(announced)),
                    asking: true,
                });
            }
        }
    }

    /// The primary it is to go to is silent, and another call finds out whether it is well: this one waits a
    /// moment, or for another primary, before it looks again.
    pub(crate) fn hold_back(&mut self, target: Target, asking: bool, pause: Duration) {
        self.todo.clear();
        self.troubled = true;
        self.put_off.get_or_insert_with(|| {
            let message = "the slot's primary has been silent, and answered nobody until the call's time ended; the \
                           command was not sent again meanwhile";
            Error::new(Status::Timeout, message)
        });
        self.todo.push_back(Step::Wait { until: Instant::now() + pause });
        self.todo.push_back(Step::Send { target, asking });
    }

    /// The redirect names a node that cannot be dialled ("?"): the cluster is asked where the slot is.
    pub(crate) fn nowhere(&mut self, jitter: &mut dyn FnMut(Duration) -> Duration) {
        self.todo.clear();
        self.todo.push_back(Step::Refresh { suspect: None });
        self.pause(Duration::from_millis(1), self.rules.backoff_max, jitter);
        self.send_home();
    }

    /// A reply of a node that is no primary any more, about data.
    fn out_of_date(&mut self, node: &NodeAddress, took: Duration) {
        self.note(node.to_string(), took, "lost its role as a primary meanwhile".into());
        self.maybe_executed = true;
        if self.replays && self.retry() {
            self.send_home();
            return;
        }
        let message = format!(
            "{node} answered after another node had become the primary in its place: whether the command holds \
             there is not known"
        );
        let error = Error::new(Status::Connection, message).on_node(node);
        self.end(error);
    }

    fn failed(
        &mut self,
        error: Error,
        sent: bool,
        had_connection: bool,
        took: Duration,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        self.note(error.node().to_owned(), took, error.message().to_owned());
        self.maybe_executed |= sent;
        let may_run_again = !sent || self.replays || self.rules.retry_on_timeout;
        let is_passing = matches!(
            error.status(),
            Status::Connection | Status::Timeout | Status::SlotNotCovered | Status::Loading
        );
        if !may_run_again || !is_passing || self.rules.deadline.has_passed() || !self.retry() {
            // What the server said before tells more than that time ran out.
            if error.status() == Status::Timeout && !sent && self.put_off.is_some() {
                let error = self.out_of_time();
                return self.todo.push_back(Step::Done(Err(error)));
            }
            return self.end(error);
        }
        // A connection may have died while idle: the next one is as good as any.
        if had_connection && !sent && !std::mem::replace(&mut self.replaced, true) {
            return self.send_home();
        }
        self.troubled = true;
        let suspect = NodeAddress::parse(error.node()).ok();
        self.todo.push_back(Step::Refresh { suspect });
        self.pause(Duration::ZERO, self.rules.backoff_max, jitter);
        self.send_home();
    }

    /// Whether a failed connection may be tried again, which counts.
    fn retry(&mut self) -> bool {
        self.retries += 1;
        self.retries <= self.rules.max_retries
    }

    fn send_home(&mut self) {
        self.todo.push_back(Step::Send { target: self.home.clone(), asking: false });
    }

    /// A pause of random length: at least `least`, and up to a bound that doubles each time.
    fn pause(
        &mut self,
        least: Duration,
        longest: Duration,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        let doubled = self.rules.backoff_min.saturating_mul(1 << self.pauses.min(20));
        self.pauses += 1;
        let mut pause = jitter(doubled.min(longest)).max(least);
        if let Some(left) = self.rules.deadline.remaining() {
            pause = pause.min(left);
        }
        if pause > Duration::ZERO {
            self.todo.push_back(Step::Wait { until: Instant::now() + pause });
        }
    }

    fn note(&mut self, node: String, elapsed: Duration, cause: String) {
        // The first and the latest tell the story; a server that puts off for hours tells no more.
        const MOST: usize = 64;
        if self.attempts.len() == MOST {
            self.attempts.remove(MOST / 2);
        }
        self.attempts.push(Attempt { node, elapsed, cause });
    }

    fn end(&mut self, error: Error) {
        let error = self.finished(error);
        self.todo.clear();
        self.todo.push_back(Step::Done(Err(error)));
    }

    fn finished(&mut self, error: Error) -> Error {
        let maybe = self.maybe_executed;
        let error = self.with_slot(error).with_maybe_executed(maybe);
        error.with_attempts(std::mem::take(&mut self.attempts))
    }

    fn with_slot(&self, error: Error) -> Error {
        match self.home.slot() {
            Some(slot) if error.slot().is_none() => error.on_slot(slot),
            _ => error,
        }
    }

    /// What the call ends with at its deadline, or when it was cancelled.
    fn out_of_time(&mut self) -> Error {
        let error = self.put_off.take().unwrap_or_else(|| {
            let last = self.attempts.last().map_or("nothing was tried", |last| &last.cause);
            Error::new(
                Status::Timeout,
                format!(
                    "the call's time ended before the command could be answered (last: {last})"
                ),
            )
        });
        self.finished(error)
    }

    /// An error of the command's own, with what was tried before it.
    pub(crate) fn ended_by(&mut self, error: Error) -> Error {
        self.todo.clear();
        self.maybe_executed |= error.maybe_executed();
        self.finished(error)
    }

    /// The call was cancelled between two sends.
    pub(crate) fn cancelled(&mut self) -> Error {
        self.todo.clear();
        let error = Error::new(Status::Cancelled, "the call was cancelled by its token");
        self.finished(error)
    }
}

fn put_off_text(node: &NodeAddress, code: &str, status: Status) -> String {
    let why = match status {
        Status::TryAgain => "the slot's keys are on the move between two nodes",
        Status::ClusterDown => "the cluster does not serve the slot",
        Status::Loading => "the node is not ready to answer",
        _ => "the node is a replica, and no primary takes its place yet",
    };
    format!("{node} answered {code} until the call's time ended: {why}; try again later")
}

#[cold]
fn fault() -> Error {
    Error::new(Status::Internal, "an execution was asked to go on after its end")
}

/// Whether a reply ends a command as far as this file is concerned: nearly every one does.
#[inline]
pub(crate) fn is_final(reply: ReplyRef<'_>) -> bool {
    !reply.is(Kind::Error) || refusal_of(reply).is_none()
}

#[cfg(test)]
#[path = "execution_tests.rs"]
mod tests;
