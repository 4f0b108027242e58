//! Transactions: WATCH, then MULTI, commands and EXEC of one slot, on a connection that nobody else uses.
//!
//! Without WATCH a transaction is sent as one, and is to its [`Execution`] what a command is to others: redirects
//! are followed, and what cannot have run is begun again. What was watched is known to one connection alone: what
//! would be begun again elsewhere ends the transaction instead, for its caller to begin anew.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::cancel::Cancel;
use super::client::Client;
use super::exchange::{Exchange, pause};
use super::execution::{Event, Execution, Step};
use super::flights::{Terms, loss};
use super::settings::Settings;
use super::transaction_batch::Batch;
use super::transaction_verdict::{Verdict, judge, may_have_run};
use super::unsuited;
use crate::command::{Command, Effect, Flags, Spec, Unfound, find, find_keys};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::fork;
use crate::pool::{Access, Lease, Pool, Standing, Target};
use crate::resp::{Builder, Reply};
use crate::slot::key_slot;

use super::refusal::refusal_of;

/// A transaction of one slot. Used by one thread at a time; it may be used again when it has ended.
pub struct Transaction {
    client: Arc<Client>,
    cancel: Option<Arc<Cancel>>,
    work: Work,
}

/// What has been asked of it since it began. EXEC and DISCARD begin anew.
#[derive(Default)]
struct Work {
    /// Where its keys are, once there is one.
    slot: Option<u16>,
    batch: Batch,
    /// The connection that watches.
    bound: Option<Bound>,
    /// What was watched is so no more.
    void: Option<Error>,
}

/// A connection on which keys are watched.
struct Bound {
    lease: Option<Box<Lease>>,
    /// The slot was on its way to this node: each command is to be asked for.
    asking: bool,
    /// The process it is of.
    generation: u32,
}

impl Bound {
    fn take(mut self) -> Option<Box<Lease>> {
        self.lease.take()
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            // The parent's: its pool's lock is not this process's to open.
            mem::forget(self.lease.take());
        }
    }
}

impl Transaction {
    /// A transaction that nothing has been asked of. It holds no connection until a key is watched.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, cancel: None, work: Work::default() }
    }

    /// The token that ends its calls; None: none any more.
    pub fn set_cancel(&mut self, cancel: Option<Arc<Cancel>>) {
        self.cancel = cancel;
    }

    /// Watches a key: EXEC does nothing if it changes before. Takes a connection for the first one.
    ///
    /// # Errors
    /// CROSS_SLOT, FORKED: nothing was sent. ABORTED: what was watched before is so no more. Those of a command.
    pub fn watch(&mut self, key: &[u8], timeout: Timeout) -> Result<()> {
        self.check_usable()?;
        let slot = self.joins(Some(key_slot(key)))?;
        let command = Command::of(&[b"WATCH", key]);
        let settings = Settings { cancel: self.cancel.clone(), ..Settings::default() };
        let client = self.client.clone();
        let deadline = client.deadline(Instant::now(), timeout, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let target = Target::Primary(key_slot(key));
        let reply = self.talk(command.encoded(), Effect::Watch, target, true, &terms)?;
        if let Some(error) = error_of("WATCH", &reply) {
            return Err(error);
        }
        self.work.slot = slot;
        Ok(())
    }

    /// Runs a command now, on the connection that watches: what is read so and then watched over is what EXEC
    /// depends on.
    ///
    /// # Errors
    /// INVALID_ARGUMENT while nothing is watched, and for commands of a connection's state; CROSS_SLOT; FORKED:
    /// nothing was sent. ABORTED: what was watched is so no more. Those of a command.
    pub fn execute(&mut self, command: &Command, settings: &Settings) -> Result<Reply> {
        self.check_usable()?;
        if self.work.bound.is_none() {
            return Err(Error::new(
                Status::InvalidArgument,
                "nothing is watched yet: watch a key first, or send the command by the client itself",
            ));
        }
        let admitted = self.admit(command)?;
        let client = self.client.clone();
        let own = Settings { cancel: self.cancel.clone(), ..Settings::default() };
        let settings = if settings.cancel.is_some() { settings } else { &own };
        let block = admitted.spec.get().blocks_for(command);
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = client.deadline(Instant::now(), timeout, block);
        let terms = client.terms(deadline, client.silence(block), settings);
        let home = self.work.slot.map_or(Target::Any, Target::Primary);
        let replays = super::plan::replays(admitted.spec.get());
        let reply = self.talk(command.encoded(), Effect::None, home, replays, &terms)?;
        self.work.slot = admitted.slot;
        Ok(reply)
    }

    /// Adds a command. A server is asked only about one that no table knows.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a wrong number of arguments and for commands that have no place in a transaction;
    /// CROSS_SLOT; UNROUTABLE; FORKED; ABORTED as in [`Transaction::execute`]. Nothing is added.
    pub fn append(&mut self, command: &Command) -> Result<()> {
        self.check_usable()?;
        let admitted = self.admit(command)?;
        let spec = admitted.spec.get();
        if spec.flags.has(Flags::NO_MULTI) {
            let message = format!("{} is not for transactions", spec.name);
            return Err(Error::new(Status::InvalidArgument, message));
        }
        self.work.batch.add(spec, command, admitted.has_keys);
        self.work.slot = admitted.slot;
        Ok(())
    }

    /// How many commands have been added.
    pub fn len(&self) -> usize {
        self.work.batch.len()
    }

    /// No command has been added.
    pub fn is_empty(&self) -> bool {
        self.work.batch.is_empty()
    }

    /// Runs the commands as one, and gives their replies as an array. Whatever comes of it, the transaction is as
    /// new afterwards.
    ///
    /// # Errors
    /// ABORTED: a watched key has changed, or is watched no more; nothing was done. SERVER with the code EXECABORT: a
    /// command was refused when it was queued; nothing was done. READ_ONLY, FORKED. Those of a command.
    pub fn exec(&mut self, timeout: Timeout) -> Result<Reply> {
        self.check_process()?;
        let work = mem::take(&mut self.work);
        if let Some(error) = work.void {
            return Err(error);
        }
        if work.batch.is_empty() && work.bound.is_none() {
            let mut builder = Builder::new();
            builder.array(0);
            return builder.finish().ok_or_else(super::execute::no_outcome);
        }
        let client = &*self.client;
        let home = home(client.pool(), &work)?;
        let settings = Settings { cancel: self.cancel.clone(), ..Settings::default() };
        let deadline = client.deadline(Instant::now(), timeout, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let mut execution = Execution::new(terms.rules, home, work.batch.replays());
        let mut course = Course::new(client.pool(), &terms, work.bound);
        let mut end = None;
        let result = course.follow(&mut execution, &mut |course, target, asking| {
            course.try_all(&work.batch, target, asking, &mut end)
        });
        match end {
            Some(error) if result.is_ok() => Err(execution.ended_by(error)),
            _ => result,
        }
    }

    /// Drops the commands, and what is watched: by UNWATCH, or where that fails with the connection. The
    /// transaction is as new afterwards.
    pub fn discard(&mut self) {
        let work = mem::take(&mut self.work);
        let of_this_process = |bound: &Bound| bound.generation == fork::generation();
        let Some(mut lease) = work.bound.filter(of_this_process).and_then(Bound::take) else {
            return;
        };
        let settings = Settings::default();
        let deadline = self.client.deadline(Instant::now(), Timeout::Default, None);
        let terms = self.client.terms(deadline, self.client.silence(None), &settings);
        lease.connection().queue_with(b"*1\r\n$7\r\nUNWATCH\r\n", Effect::Unwatch);
        if Exchange::run(&mut lease, 1, &terms).failure.is_none() {
            Pool::give_back(lease);
        }
    }

    /// Sends one command now: on the connection that watches, or on one that will.
    fn talk(
        &mut self,
        encoded: &[u8],
        effect: Effect,
        home: Target,
        replays: bool,
        terms: &Terms<'_>,
    ) -> Result<Reply> {
        let client = self.client.clone();
        let was_bound = self.work.bound.is_some();
        let mut execution = Execution::new(terms.rules, home, replays);
        let mut course = Course::new(client.pool(), terms, self.work.bound.take());
        let result = course.follow(&mut execution, &mut |course, target, asking| {
            course.try_one(encoded, effect, target, asking)
        });
        self.work.bound = course.bound;
        if result.is_err() && !was_bound {
            // A connection that was about to watch, and is not to.
            self.work.bound = None;
        }
        if let Err(error) = &result
            && was_bound
            && self.work.bound.is_none()
        {
            self.work.void = Some(error.clone());
        }
        result
    }

    /// What is known of a command that is to be part of the transaction.
    fn admit(&self, command: &Command) -> Result<Admitted> {
        if command.argument_count() == 0 {
            return Err(Error::new(
                Status::InvalidArgument,
                "the command has no name: append its arguments first",
            ));
        }
        let (client, settings) = (&*self.client, Settings::default());
        let deadline = client.deadline(Instant::now(), Timeout::Default, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let spec = match find(command) {
            Some(spec) => Described::Known(spec),
            None => Described::Learnt(client.learn(command, &settings, &terms)?),
        };
        check(spec.get(), command)?;
        let slots: Vec<u16> = match find_keys(spec.get(), command) {
            Ok(keys) => keys.of(command).map(key_slot).collect(),
            Err(Unfound::Incomplete) => {
                let keys = client.ask_for_keys(command, &terms)?;
                keys.iter().filter_map(|&key| command.argument(key)).map(key_slot).collect()
            }
            // The server says best what is wrong with it.
            Err(Unfound::Malformed) => Vec::new(),
        };
        let mut slot = self.work.slot;
        for &other in &slots {
            slot = joins(slot, Some(other))?;
        }
        Ok(Admitted { spec, slot, has_keys: !slots.is_empty() })
    }

    fn joins(&self, slot: Option<u16>) -> Result<Option<u16>> {
        joins(self.work.slot, slot)
    }

    /// What a fork has left is as new after the first call that meets it.
    fn check_process(&mut self) -> Result<()> {
        match &self.work.bound {
            Some(bound) if bound.generation != fork::generation() => {
                self.work = Work::default();
                Err(Error::new(
                    Status::Forked,
                    "the keys were watched before a fork, by the parent's connection: begin anew in this process",
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_usable(&mut self) -> Result<()> {
        self.check_process()?;
        match &self.work.void {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

/// A command that may be part of a transaction.
struct Admitted {
    spec: Described,
    /// The transaction's slot from now on.
    slot: Option<u16>,
    has_keys: bool,
}

/// What is known of a command, from the table or from a server.
enum Described {
    Known(&'static Spec),
    Learnt(Arc<Spec>),
}

impl Described {
    fn get(&self) -> &Spec {
        match self {
            Self::Known(spec) => spec,
            Self::Learnt(spec) => spec,
        }
    }
}

/// The slot of a transaction that a key of another slot, or none, is to join.
fn joins(present: Option<u16>, slot: Option<u16>) -> Result<Option<u16>> {
    match (present, slot) {
        (Some(one), Some(other)) if one != other => Err(Error::new(
            Status::CrossSlot,
            format!(
                "the keys of a transaction are in one slot, and these are in two ({one} and {other}): give them a common \
                 hash tag, as in {{user}}:a and {{user}}:b"
            ),
        )
        .on_slot(one)),
        (present, slot) => Ok(present.or(slot)),
    }
}

/// Refuses what is refused by a client, in the words of a transaction.
fn check(spec: &Spec, command: &Command) -> Result<()> {
    match command.effect() {
        Effect::Multi | Effect::EndMulti | Effect::Watch | Effect::Unwatch => Err(Error::new(
            Status::InvalidArgument,
            format!(
                "{}: a transaction is watched, run and ended by functions of its own: rediscluster_transaction_watch, \
                 rediscluster_transaction_exec, rediscluster_transaction_discard",
                spec.name
            ),
        )),
        _ => unsuited::check(spec, command),
    }
}

/// Where a transaction goes unless redirected.
fn home(pool: &Pool, work: &Work) -> Result<Target> {
    if work.batch.writes() {
        // A read-only pool's own check.
        pool.target_of(work.slot.unwrap_or(0), Access::Write, None)?;
    }
    Ok(work.slot.map_or(Target::Any, Target::Primary))
}

/// An error reply as an error. Its text may quote arguments: the code alone is told.
fn error_of(name: &str, reply: &Reply) -> Option<Error> {
    let code = reply.root().error_code()?;
    let message = format!("{name} was refused with {code}");
    Some(Error::new(Status::Server, message).with_server_code(code))
}

/// The driver of one call of a transaction: does what its execution says.
struct Course<'a> {
    pool: &'a Pool,
    terms: &'a Terms<'a>,
    bound: Option<Bound>,
    /// Keys are watched, on that connection and no other: there is one try.
    is_watched: bool,
    /// What the caller is told instead of another try.
    last: Option<Error>,
}

impl<'a> Course<'a> {
    fn new(pool: &'a Pool, terms: &'a Terms<'a>, bound: Option<Bound>) -> Self {
        Self { pool, terms, is_watched: bound.is_some(), bound, last: None }
    }

    fn follow(
        &mut self,
        execution: &mut Execution,
        try_once: &mut dyn FnMut(&mut Self, &Target, bool) -> Event,
    ) -> Result<Reply> {
        let jitter = &mut |bound: std::time::Duration| bound.mul_f64(fastrand::f64());
        let deadline = self.terms.rules.deadline;
        loop {
            if self.terms.watch.is_fired() {
                return Err(execution.cancelled());
            }
            let step = execution.step();
            if let Step::Send { .. } | Step::Wait { .. } = step
                && self.is_watched
                && let Some(error) = self.last.take()
            {
                return Err(execution.ended_by(error));
            }
            match step {
                Step::Send { target, asking } => {
                    let began = Instant::now();
                    let event = try_once(self, &target, asking);
                    execution.on(event, began.elapsed(), jitter);
                }
                Step::Patch { slot, node } => match self.pool.named(&node) {
                    Some(named) => self.pool.follow(slot, &named, deadline),
                    None => execution.nowhere(jitter),
                },
                Step::Asked => self.pool.count_ask(),
                Step::Refresh { suspect } => self.pool.refresh_after(suspect.as_ref(), deadline),
                Step::Wait { until } => {
                    pause(self.pool, self.terms, execution.awaited_slot(), until);
                }
                Step::Done(result) => return result,
            }
        }
    }

    /// The connection that watches, or one to the target; whether each command is to be asked for.
    fn connection(&mut self, target: &Target, asking: bool) -> Result<(Box<Lease>, bool), Event> {
        let failed = |error| Event::Failed { error, sent: false, had_connection: false };
        let Some(mut bound) = self.bound.take() else {
            let lease = self.pool.take(target, self.terms.rules.deadline, true).map_err(failed)?;
            return Ok((lease, asking));
        };
        let asking = bound.asking;
        let Some(mut lease) = bound.lease.take() else {
            return Err(failed(super::execute::no_outcome()));
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
    fn try_one(&mut self, encoded: &[u8], effect: Effect, target: &Target, asking: bool) -> Event {
        let (mut lease, asking) = match self.connection(target, asking) {
            Ok(found) => found,
            Err(event) => return event,
        };
        if asking {
            lease.connection().queue_asking();
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
            Pool::give_back(lease);
            return Event::Answered { node, reply, by_replica: false, demoted: false };
        }
        let demoted = Pool::is_demoted(&lease);
        if demoted {
            self.last = Some(aborted(&node, "is no primary any more", ""));
        } else {
            let generation = fork::generation();
            self.bound = Some(Bound { lease: Some(lease), asking, generation });
        }
        Event::Answered { node, reply, by_replica: false, demoted }
    }

    /// MULTI, the commands and EXEC. `end`: with what the call ends, whatever the execution makes of it.
    fn try_all(
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
        let demoted = matches!(Pool::give_back(lease), Standing::Demoted(_)) && ran;
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
