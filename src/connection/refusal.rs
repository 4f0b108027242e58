//! What a connection does not take, and why.

use super::connection::Connection;
use crate::command::{Command, Effect};
use crate::error::{Error, Result, Status};

impl Connection {
    #[inline]
    pub(super) fn check_usable(&self) -> Result<()> {
        if self.broken.is_none() && self.stream.socket().is_of_this_process() {
            return Ok(());
        }
        Err(self.unusable())
    }

    #[cold]
    fn unusable(&self) -> Error {
        let node = &self.node;
        match &self.broken {
            Some(cause) => Error::new(
                Status::Connection,
                format!(
                    "{node}: this connection ended before ({cause}); release it and take another"
                ),
            ),
            None => Error::new(
                Status::Forked,
                format!("{node}: this connection was made before a fork; take one in this process"),
            ),
        }
        .on_node(node)
    }

    #[inline]
    pub(super) fn check_for_command(&self, command: &Command, effect: Effect) -> Result<()> {
        self.check_usable()?;
        self.check_sendable(command)?;
        if self.outstanding() == 0 && self.session.answers(effect) {
            return Ok(());
        }
        let message = match self.outstanding() {
            0 => "CLIENT REPLY keeps the reply to this command back: append and flush it".into(),
            count => format!("{count} replies to appended commands are to be read first"),
        };
        Err(Error::new(Status::InvalidArgument, message).on_node(&self.node))
    }

    #[inline]
    pub(super) fn check_sendable(&self, command: &Command) -> Result<()> {
        if command.argument_count() > 0 && !self.session.is_monitor() {
            return Ok(());
        }
        let message = match command.argument_count() {
            0 => "the command has no name: append its arguments first",
            _ => "MONITOR shows commands among the replies: this connection can only be read",
        };
        Err(Error::new(Status::InvalidArgument, message).on_node(&self.node))
    }

    #[cold]
    pub(super) fn no_time(&self, command: &Command) -> Error {
        let message =
            format!("{}: no time was left to send {}; it was not sent", self.node, command.name());
        Error::new(Status::Timeout, message).on_node(&self.node)
    }
}
