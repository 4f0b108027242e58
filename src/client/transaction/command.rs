//! Commands that are to be part of a transaction: what they are, and whether they fit.

use std::sync::Arc;
use std::time::Instant;

use crate::client::client::Client;
use crate::client::settings::Settings;
use crate::client::unsuited;
use crate::command::{Command, Effect, Spec, Unfound, find, find_keys};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::slot::key_slot;

/// A command that may be part of a transaction.
pub(super) struct Admitted {
    spec: Described,
    /// The transaction's slot from now on.
    pub(super) slot: Option<u16>,
    pub(super) has_keys: bool,
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

impl Admitted {
    /// A command for a transaction of this slot, if it has one yet. A server is asked where no table tells.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, CROSS_SLOT, UNROUTABLE; those of a call.
    pub(super) fn of(client: &Client, command: &Command, slot: Option<u16>) -> Result<Self> {
        if command.argument_count() == 0 {
            return Err(Error::new(
                Status::InvalidArgument,
                "the command has no name: append its arguments first",
            ));
        }
        let settings = Settings::default();
        let deadline = client.deadline(Instant::now(), Timeout::Default, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let spec = match find(command) {
            Some(spec) => Described::Known(spec),
            None => Described::Learnt(client.learn(command, &settings, &terms)?),
        };
        check(spec.get(), command)?;
        let mut admitted = Self { spec, slot, has_keys: false };
        match find_keys(admitted.spec.get(), command) {
            Ok(keys) => admitted.join(keys.of(command))?,
            Err(Unfound::Incomplete) => {
                let keys = client.ask_for_keys(command, &terms)?;
                admitted.join(keys.iter().filter_map(|&key| command.argument(key)))?;
            }
            // The server says best what is wrong with it.
            Err(Unfound::Malformed) => {}
        }
        Ok(admitted)
    }

    /// What is known of it.
    pub(super) fn spec(&self) -> &Spec {
        self.spec.get()
    }

    fn join<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        for key in keys {
            self.slot = Some(joins(self.slot, key_slot(key))?);
            self.has_keys = true;
        }
        Ok(())
    }
}

/// The slot of a transaction that a key of this slot is to join.
///
/// # Errors
/// CROSS_SLOT.
pub(super) fn joins(present: Option<u16>, slot: u16) -> Result<u16> {
    match present {
        Some(one) if one != slot => Err(Error::new(
            Status::CrossSlot,
            format!(
                "the keys of a transaction are in one slot, and these are in two ({one} and {slot}): give them a common \
                 hash tag, as in {{user}}:a and {{user}}:b"
            ),
        )
        .on_slot(one)),
        _ => Ok(slot),
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
