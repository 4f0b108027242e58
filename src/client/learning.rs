//! What servers are asked about commands: descriptions of those that no table holds, and keys that no
//! description tells.

use std::sync::Arc;

use super::client::Client;
use super::flights::Terms;
use super::part::Part;
use super::settings::{Route, Settings};
use crate::command::{Command, Knowledge, Spec};
use crate::error::{Error, Result, Status};
use crate::pool::Target;
use crate::resp::{Kind, Reply};

impl Client {
    /// The description of a command that the table does not hold, asked of a server once.
    ///
    /// # Errors
    /// UNROUTABLE where the server does not know it either, or does not tell; those of a call.
    pub(super) fn learn(
        &self,
        command: &Command,
        settings: &Settings,
        terms: &Terms<'_>,
    ) -> Result<Arc<Spec>> {
        match self.learnt.find(command) {
            Knowledge::Known(spec) => return Ok(spec),
            // It may have been loaded since: asking again costs only who asks in vain.
            Knowledge::NoSuchCommand | Knowledge::NotAsked => {}
        }
        let reply = self.ask(&about(command), terms)?;
        self.taught(command, settings, &reply)
    }

    /// The description that was learnt before.
    pub(crate) fn learnt(&self, command: &Command) -> Option<Arc<Spec>> {
        match self.learnt.find(command) {
            Knowledge::Known(spec) => Some(spec),
            Knowledge::NoSuchCommand | Knowledge::NotAsked => None,
        }
    }

    /// What the answer to [`about`] says of the command.
    ///
    /// # Errors
    /// UNROUTABLE, as [`Client::learn`].
    pub(crate) fn taught(
        &self,
        command: &Command,
        settings: &Settings,
        reply: &Reply,
    ) -> Result<Arc<Spec>> {
        let by_hand = settings.route != Route::Auto;
        match self.learnt.learn(command, reply.root()) {
            Knowledge::Known(spec) => Ok(spec),
            // Where it goes is settled, and the server says best what it does not know.
            _ if by_hand => Ok(Arc::new(Spec::unknown(&command.name()))),
            Knowledge::NoSuchCommand => Err(Error::new(
                Status::Unroutable,
                format!(
                    "no server knows the command {}: see how it is spelled, and whether its module is loaded",
                    command.name()
                ),
            )),
            Knowledge::NotAsked => Err(not_told("COMMAND INFO", command, reply)),
        }
    }

    /// Which arguments of a command are keys, asked of a server once for each shape.
    ///
    /// # Errors
    /// UNROUTABLE where the server does not tell; those of a call.
    pub(super) fn ask_for_keys(
        &self,
        command: &Command,
        terms: &Terms<'_>,
    ) -> Result<Arc<[usize]>> {
        if let Some(keys) = self.shapes.find(command) {
            return Ok(keys);
        }
        let reply = self.ask(&keys_of(command), terms)?;
        self.keys_taught(command, &reply)
    }

    /// The keys that a server told of a command like this one.
    pub(crate) fn learnt_keys(&self, command: &Command) -> Option<Arc<[usize]>> {
        self.shapes.find(command)
    }

    /// The keys that the answer to [`keys_of`] names.
    ///
    /// # Errors
    /// UNROUTABLE, as [`Client::ask_for_keys`].
    pub(crate) fn keys_taught(&self, command: &Command, reply: &Reply) -> Result<Arc<[usize]>> {
        if let Some(keys) = self.shapes.learn(command, reply.root()) {
            return Ok(keys);
        }
        let text = reply.root().bytes().unwrap_or_default();
        // "The command has no key arguments", of both servers.
        if reply.root().kind() == Kind::Error && text.windows(6).any(|word| word == b"no key") {
            return Ok(Arc::from([]));
        }
        Err(not_told("COMMAND GETKEYS", command, reply))
    }

    fn ask(&self, question: &Command, terms: &Terms<'_>) -> Result<Reply> {
        self.run_one(terms, Part::new(question.encoded(), &Target::Any, true))
    }
}

/// The question what a command is.
pub(crate) fn about(command: &Command) -> Command {
    Command::of(&[b"COMMAND", b"INFO", command.arguments().next().unwrap_or_default()])
}

/// The question where a command's keys are.
pub(crate) fn keys_of(command: &Command) -> Command {
    let mut question = Command::of(&[b"COMMAND", b"GETKEYS"]);
    for argument in command.arguments() {
        question.append(argument);
    }
    question
}

fn not_told(question: &str, command: &Command, reply: &Reply) -> Error {
    let code = reply.root().error_code().unwrap_or("something else");
    Error::new(
        Status::Unroutable,
        format!(
            "where {} goes is not known: a server was asked by {question} and answered {code}; say where by \
             rediscluster_command_set_route",
            command.name()
        ),
    )
    .with_server_code(code)
}
