//! A question and its answer, without waiting.

use super::arrivals::messages_behind;
use super::connection::Connection;
use super::trouble::Trouble;
use crate::command::Command;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::os::sockets::Readiness;
use crate::resp::{Kind, Reply};
use crate::transport::Failure;

impl Connection {
    /// What to wait for while an answer to appended commands is awaited.
    pub(crate) fn wanted(&self) -> Readiness {
        let writable = self.buffers.as_ref().is_some_and(|buffers| buffers.has_output())
            || self.stream.has_outgoing();
        Readiness { readable: true, writable }
    }

    /// The answer to the oldest appended command that has none yet, which is this one, if it is there; before that
    /// what was appended is sent, as far as the kernel takes it. None: wait until the socket is ready.
    ///
    /// # Errors
    /// As [`Connection::command`], TIMEOUT once the deadline has passed.
    pub(crate) fn answer_now(
        &mut self,
        command: &Command,
        deadline: Deadline,
    ) -> Result<Option<Reply>> {
        let now = Deadline::after(std::time::Duration::ZERO);
        let doing = || format!("the reply to {} was awaited", command.name());
        if self.buffers.as_ref().is_some_and(|buffers| buffers.has_output()) {
            match self.flush(now) {
                // Nothing has left yet.
                Err(_) if !self.is_broken() && !deadline.has_passed() => return Ok(None),
                sent => sent?,
            }
        }
        loop {
            match self.receive_next(now) {
                Ok(message) if message.root().kind() == Kind::Push => {}
                Ok(reply) => {
                    return match self.nothing_behind() {
                        Ok(()) => Ok(Some(reply)),
                        Err(trouble) => Err(self.break_by(&trouble, &doing())),
                    };
                }
                Err(Trouble::Wire(Failure::Timeout)) if !deadline.has_passed() => return Ok(None),
                Err(trouble) => return Err(self.break_by(&trouble, &doing())),
            }
        }
    }

    /// Behind the last answer that is owed nothing may have come but messages: of two replies to one command nobody can
    /// tell which is its own.
    fn nothing_behind(&mut self) -> Result<(), Trouble> {
        let Self { session, held, buffers, .. } = self;
        match buffers {
            Some(buffers) if session.owed() == 0 && !buffers.decoder.is_empty() => {
                messages_behind(&mut buffers.decoder, session, held)
            }
            _ => Ok(()),
        }
    }
}
