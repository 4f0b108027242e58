//! Transactions: WATCH, then MULTI, commands and EXEC of one slot, on a connection that nobody else uses.
//!
//! Without WATCH a transaction is sent as one, and is to its [`Execution`] what a command is to others: redirects
//! are followed, and what cannot have run is begun again. What was watched is known to one connection alone: what
//! would be begun again elsewhere ends the transaction instead, for its caller to begin anew.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::batch::Batch;
use super::command::{Admitted, joins};
use super::course::{Bound, Course};
use crate::client::cancel::Cancel;
use crate::client::client::Client;
use crate::client::exchange::Exchange;
use crate::client::execute::no_outcome;
use crate::client::execution::Execution;
use crate::client::flights::Terms;
use crate::client::plan::replays;
use crate::client::settings::Settings;
use crate::command::{Command, Effect, Flags};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::pool::{Access, Pool, Target};
use crate::resp::{Builder, Kind, Reply};
use crate::slot::key_slot;

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
        let slot = joins(self.work.slot, key_slot(key))?;
        let command = Command::of(&[b"WATCH", key]);
        let settings = Settings { cancel: self.cancel.clone(), ..Settings::default() };
        let client = self.client.clone();
        let deadline = client.deadline(Instant::now(), timeout, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let was_bound = self.work.bound.is_some();
        let target = Target::Primary(slot);
        let reply = self.talk(command.encoded(), Effect::Watch, target, true, &terms)?;
        if let Some(error) = error_of("WATCH", &reply) {
            if !was_bound && let Some(lease) = self.work.bound.take().and_then(Bound::take) {
                // What an error says holds, whatever the node is by now.
                let _ = client.pool().take_back_answered(lease);
            }
            return Err(error);
        }
        self.work.slot = Some(slot);
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
        let admitted = Admitted::of(&self.client, command, self.work.slot)?;
        let client = self.client.clone();
        let block = admitted.spec().blocks_for(command);
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let own = Settings { cancel: self.cancel.clone(), ..Settings::default() };
        let settings = if settings.cancel.is_some() { settings } else { &own };
        let deadline = client.deadline(Instant::now(), timeout, block);
        let terms = client.terms(deadline, client.silence(block), settings);
        let home = self.work.slot.map_or(Target::Any, Target::Primary);
        let replays = replays(admitted.spec());
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
        let admitted = Admitted::of(&self.client, command, self.work.slot)?;
        let spec = admitted.spec();
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
            return builder.finish().ok_or_else(no_outcome);
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
        let Some(mut lease) = work.bound.and_then(Bound::take) else { return };
        let settings = Settings::default();
        let deadline = self.client.deadline(Instant::now(), Timeout::Default, None);
        let terms = self.client.terms(deadline, self.client.silence(None), &settings);
        lease.connection().queue_with(b"*1\r\n$7\r\nUNWATCH\r\n", Effect::Unwatch);
        if Exchange::run(&mut lease, 1, &terms).failure.is_none() {
            let _ = self.client.pool().take_back_answered(lease);
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

    /// What a fork has left is as new after the first call that meets it.
    fn check_process(&mut self) -> Result<()> {
        match &self.work.bound {
            Some(bound) if !bound.is_of_this_process() => {
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
    if reply.root().kind() != Kind::Error {
        return None;
    }
    let code = reply.root().error_code().unwrap_or("ERR");
    let message = format!("{name} was refused with {code}");
    Some(Error::new(Status::Server, message).with_server_code(code))
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
