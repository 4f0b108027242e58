//! Commands in flight: the blocking driver of a call's executions, over as many nodes as they need.
//!
//! All that is ready for one node leaves in one write, for all nodes before any is waited for; nodes are read as
//! they answer, and while a large write is under way, so that no size of requests and replies locks up. A call
//! that holds connections never waits for a place of the pool: two such calls could wait for each other.
//! What fails or is redirected goes through its [`Execution`], whose waits do not hold up the rest.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::channel::Channels;
use crate::deadline::Deadline;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::os::poll::PollSet;
use crate::os::sockets::Readiness;
use crate::pool::{Leads, Pool, Standing, Target};
use crate::resp::Reply;

use super::cancel::Watch;
use super::execution::Execution;
use super::flight::{Commands, Flight};
use super::launch::Group;
use super::next::Next;
use super::part::Part;
use super::passage::{Passage, SLICE};
use super::step::{Event, Rules};
use super::waiting::Waiting;

/// How soon a call that only waits sees that it was cancelled.
const CANCEL_LATENCY: Duration = Duration::from_millis(10);
/// How often a call that waits for a shard's new primary looks for it.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What a call goes by.
pub(crate) struct Terms<'a> {
    /// The deadline and the limits of what is tried again.
    pub(crate) rules: Rules,
    /// The longest silence of a server that owes replies; None for commands that block.
    pub(crate) silence: Option<Duration>,
    /// The call's token.
    pub(crate) watch: Watch<'a>,
    /// Each part is to know who answered it.
    pub(crate) names_nodes: bool,
    /// Small replies share memory: they come and go together.
    pub(crate) shares_memory: bool,
}

/// Runs every part that has no outcome yet to its end. Afterwards each has one.
/// With `channels`, those go by them that may go among other calls'.
pub(crate) fn run<'p>(
    pool: &Pool,
    channels: Option<&Channels>,
    terms: &Terms<'_>,
    parts: &mut [Part<'p>],
) {
    let mut flights = Flights {
        pool,
        channels,
        terms,
        flights: Vec::new(),
        passages: Vec::new(),
        ready: Vec::new(),
        stalled: Vec::new(),
        waiting: Vec::new(),
        polls: PollSet::default(),
    };
    flights.launch_first(parts);
    flights.run(parts);
}

/// A part that is to be sent.
pub(super) struct Ready {
    pub(super) part: usize,
    pub(super) target: Target,
    pub(super) asking: bool,
}

pub(super) struct Flights<'a, 'p> {
    pub(super) pool: &'a Pool,
    pub(super) channels: Option<&'a Channels>,
    pub(super) terms: &'a Terms<'a>,
    pub(super) flights: Vec<Flight<'p>>,
    pub(super) passages: Vec<Passage<'a>>,
    pub(super) ready: Vec<Ready>,
    /// Commands for which there is no place while others are in flight.
    pub(super) stalled: Vec<Group>,
    /// Parts that wait for their time.
    waiting: Vec<Waiting<usize>>,
    polls: PollSet,
}

impl<'p> Flights<'_, 'p> {
    fn run(&mut self, parts: &mut [Part<'p>]) {
        loop {
            self.launch(parts);
            if !self.ready.is_empty() {
                continue;
            }
            if self.flights.is_empty() && self.passages.is_empty() && self.waiting.is_empty() {
                match self.stalled.is_empty() {
                    true => return,
                    // What held them up has ended while others were sent.
                    false => continue,
                }
            }
            if self.terms.watch.is_fired() {
                return self.cancel(parts);
            }
            match (self.flights.is_empty(), self.passages.is_empty()) {
                (true, true) => self.pass_time(parts),
                (true, false) => self.collect(parts),
                (false, true) => self.serve(parts),
                (false, false) => {
                    self.serve(parts);
                    self.collect(parts);
                }
            }
            self.wake(parts);
        }
    }

    /// There is something to do but to wait for what was sent on channels.
    pub(super) fn has_more_to_do(&self) -> bool {
        !(self.flights.is_empty()
            && self.passages.is_empty()
            && self.waiting.is_empty()
            && self.ready.is_empty()
            && self.stalled.is_empty())
    }

    /// Waits for the flights, and receives and sends what can be.
    fn serve(&mut self, parts: &mut [Part<'p>]) {
        self.polls.clear();
        for flight in &self.flights {
            self.polls.add(flight.lease.peer().fd(), flight.wanted());
        }
        let until = self.next_moment();
        let failed = self.polls.wait(until).is_err();
        let looked = Instant::now();
        // From the last on: the end of one moves none that is still to be looked at.
        for at in (0..self.flights.len()).rev() {
            let mut ready = self.polls.ready(at);
            if failed {
                ready = Readiness { readable: true, writable: true };
            }
            if ready.readable || ready.writable {
                let outcome = self.flights[at].attend(parts, ready, self.terms.shares_memory);
                // What came in front of a failure counts.
                self.deliver(parts, at);
                match outcome {
                    Err(error) => self.crash(parts, at, &error),
                    Ok(()) if self.flights[at].is_over() => self.land(parts, at),
                    Ok(()) => {}
                }
            }
        }
        self.end_late(parts, looked);
    }

    /// Looks at the replies that are not the end of their commands.
    #[inline]
    fn deliver(&mut self, parts: &mut [Part<'p>], at: usize) {
        for (index, reply) in mem::take(&mut self.flights[at].refused) {
            self.refused(parts, at, index, reply);
        }
    }

    /// A reply that is not the end of its command.
    #[cold]
    fn refused(&mut self, parts: &mut [Part<'p>], at: usize, index: usize, reply: Reply) {
        let part = &mut parts[index];
        if part.lacks_script(&reply)
            && let Some(script) = part.special.take().and_then(|special| special.script)
        {
            part.encoded = script.in_full;
            let target = part.home.target();
            return self.ready.push(Ready { part: index, target, asking: false });
        }
        let flight = &self.flights[at];
        flight.lease.note(&reply);
        let (node, took) = (flight.lease.peer().node().clone(), flight.began.elapsed());
        let by_replica = flight.lease.peer().is_readonly();
        let event = Event::Answered { node, reply, by_replica, demoted: false };
        self.tell(parts, index, event, took, fastrand::f64());
    }

    /// All of a flight has been answered.
    fn land(&mut self, parts: &mut [Part<'p>], at: usize) {
        let Flight { lease, watched, commands, began, .. } = self.flights.swap_remove(at);
        self.terms.watch.remove(watched);
        let node = self.terms.names_nodes.then(|| Arc::new(lease.peer().node().clone()));
        match self.pool.take_back_answered(lease) {
            Standing::Good => Self::hold(parts, &commands, node.as_ref()),
            Standing::Demoted(node) => self.doubt(parts, &commands, &node, began.elapsed()),
        }
    }

    /// A flight's connection has ended before all was answered.
    #[cold]
    pub(super) fn crash(&mut self, parts: &mut [Part<'p>], at: usize, error: &Error) {
        let mut flight = self.flights.swap_remove(at);
        self.terms.watch.remove(flight.watched.take());
        let demoted = flight.lease.standing() != Standing::Good;
        let error = flight.lease.reason(error.clone(), self.terms.watch.is_fired());
        let (took, lost) = (flight.began.elapsed(), flight.lost());
        let Flight { lease, commands, .. } = flight;
        let node = Arc::new(lease.peer().node().clone());
        // Closed before anything is sent again: a node never sees a command of both at once.
        drop(lease);
        match demoted {
            false => Self::hold(parts, &commands, self.terms.names_nodes.then_some(&node)),
            true => self.doubt(parts, &commands, &node, took),
        }
        let fraction = fastrand::f64();
        for (part, sent) in lost {
            let event = Event::Failed { error: error.clone(), sent, had_connection: true };
            self.tell(parts, part, event, took, fraction);
        }
    }

    /// Answers that hold.
    fn hold(parts: &mut [Part<'p>], commands: &Commands, node: Option<&Arc<NodeAddress>>) {
        let Some(node) = node else { return };
        for part in commands.answered() {
            parts[part].node = Some(Arc::clone(node));
        }
    }

    /// Answers of a node that has lost its role meanwhile.
    #[cold]
    fn doubt(
        &mut self,
        parts: &mut [Part<'p>],
        commands: &Commands,
        node: &NodeAddress,
        took: Duration,
    ) {
        let fraction = fastrand::f64();
        for part in commands.answered() {
            let Some(Ok(reply)) = parts[part].outcome.take() else { continue };
            let (node, by_replica) = (node.clone(), false);
            let event = Event::Answered { node, reply, by_replica, demoted: true };
            self.tell(parts, part, event, took, fraction);
        }
    }

    /// Tells a part's execution what happened, and does what it says.
    #[cold]
    pub(super) fn tell(
        &mut self,
        parts: &mut [Part<'p>],
        index: usize,
        event: Event,
        took: Duration,
        fraction: f64,
    ) {
        let part = &mut parts[index];
        let execution = part.execution.get_or_insert_with(|| {
            Box::new(Execution::begun(self.terms.rules, part.home.target(), part.replays))
        });
        // Commands of one connection that failed together go on together: each has the same part of its bound.
        execution.on(event, took, &mut |bound| bound.mul_f64(fraction));
        self.advance(parts, index);
    }

    /// Does what a part's execution says, up to the next thing that takes time.
    pub(super) fn advance(&mut self, parts: &mut [Part<'p>], index: usize) {
        let Part { execution: Some(execution), outcome, .. } = &mut parts[index] else { return };
        match Next::of(execution, self.pool, self.terms) {
            Next::Send { target, asking } => {
                self.ready.push(Ready { part: index, target, asking });
            }
            Next::Wait { until } => {
                let seen = self.pool.map_changes();
                self.waiting.push(Waiting { until, seen, what: index });
            }
            Next::Done(result) => *outcome = Some(result),
        }
    }

    /// Nothing is in flight: lets time pass until something is due, and looks for a new primary meanwhile.
    fn pass_time(&mut self, parts: &[Part<'_>]) {
        let mut until = self.next_moment();
        let seen = self.pool.map_changes();
        if self.waiting.iter().any(|waiting| waiting.seen != seen) {
            return;
        }
        let awaited = self
            .waiting
            .iter()
            .filter_map(|waiting| parts[waiting.what].execution.as_ref()?.awaited_slot());
        // One of each shard: the others are promoted with it.
        let routes = self.pool.routes();
        let shard = |slot: &mut u16| routes.member_of(&Target::Primary(*slot)).map(Leads::index);
        let mut slots: Vec<u16> = awaited.collect();
        slots.sort_by_cached_key(|slot| shard(&mut { *slot }));
        slots.dedup_by_key(shard);
        for &slot in &slots {
            if self.pool.hurry(slot, until) {
                return;
            }
        }
        if !slots.is_empty() {
            until = until.earlier(Deadline::after(LOOK_INTERVAL));
        }
        if self.terms.watch.is_set() {
            until = until.earlier(Deadline::after(CANCEL_LATENCY));
        }
        self.pool.wait_for_change(seen, until);
    }

    /// When something is due if nothing comes before.
    fn next_moment(&self) -> Deadline {
        let due = self.waiting.iter().map(|waiting| Deadline::at(waiting.until));
        let silent = self.flights.iter().filter_map(|flight| {
            Some(Deadline::at(flight.moved.checked_add(self.terms.silence?)?))
        });
        // What comes by channels has its turn soon.
        let soon = (!self.passages.is_empty()).then(|| Deadline::after(SLICE));
        due.chain(silent).chain(soon).fold(self.terms.rules.deadline, Deadline::earlier)
    }

    /// Executions whose wait is over go on: their time has come, or the map is a newer one.
    fn wake(&mut self, parts: &mut [Part<'p>]) {
        if self.waiting.is_empty() {
            return;
        }
        let (now, changes) = (Instant::now(), self.pool.map_changes());
        let mut due = Waiting::take_due(&mut self.waiting, now, changes);
        due.sort_unstable();
        for part in due {
            self.advance(parts, part);
        }
    }

    /// Ends flights that had been silent too long when they were looked at, or all of them at the deadline, after a
    /// last look at what has come.
    fn end_late(&mut self, parts: &mut [Part<'p>], looked: Instant) {
        let is_over = self.terms.rules.deadline.has_passed();
        for at in (0..self.flights.len()).rev() {
            let is_silent = (self.terms.silence)
                .is_some_and(|silence| looked.duration_since(self.flights[at].moved) >= silence);
            if !(is_over || is_silent) {
                continue;
            }
            let ready = Readiness { readable: true, writable: false };
            let outcome = self.flights[at].attend(parts, ready, self.terms.shares_memory);
            self.deliver(parts, at);
            if self.flights[at].is_over() {
                self.land(parts, at);
                continue;
            }
            let error = match outcome {
                Err(error) => error,
                Ok(()) => self.flights[at].give_up(!is_over),
            };
            self.crash(parts, at, &error);
        }
    }

    /// The call was cancelled: what has not been answered ends so.
    fn cancel(&mut self, parts: &mut [Part<'p>]) {
        // They see by themselves that the call was cancelled.
        self.collect(parts);
        for at in (0..self.flights.len()).rev() {
            let mut flight = self.flights.swap_remove(at);
            self.terms.watch.remove(flight.watched.take());
            for (part, sent) in flight.lost() {
                let error = Error::new(Status::Cancelled, "the call was cancelled by its token")
                    .on_node(flight.lease.peer().node())
                    .with_maybe_executed(sent);
                let part = &mut parts[part];
                part.outcome = Some(Err(match &mut part.execution {
                    // An earlier try may have left.
                    Some(execution) => execution.ended_by(error),
                    None => error,
                }));
            }
        }
        for part in parts.iter_mut().filter(|part| part.outcome.is_none()) {
            let error = match &mut part.execution {
                Some(execution) => execution.cancelled(),
                None => Error::new(Status::Cancelled, "the call was cancelled before it was sent"),
            };
            part.outcome = Some(Err(error));
        }
    }
}
