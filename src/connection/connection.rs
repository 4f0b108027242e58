//! A connection: commands out, replies in, and whether it may be used again.
//!
//! Whatever might let a reply be taken for another command's ends the connection: a call that ended
//! by time after bytes had left, a second reply, a reply nobody asked for.

use std::fmt;

use super::arrivals::{Held, absorb, messages_behind, next_reply};
use super::buffers::{Buffers, limits_of};
use super::interrupt::Interrupter;
use super::session::{Arrival, Session};
use super::trouble::Trouble;
use crate::command::{Command, Effect};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::resp::{Limits, Reply};
use crate::transport::{Failure, Stream, Wait};

/// A connection to one node, used by one thread at a time.
pub struct Connection {
    pub(super) node: NodeAddress,
    pub(super) stream: Stream,
    pub(super) session: Session,
    pub(super) limits: Limits,
    pub(super) readonly: bool,
    pub(super) availability_zone: Option<Box<str>>,
    /// The generation of the credentials it logged in by.
    pub(super) login: u32,
    pub(super) buffers: Option<Box<Buffers>>,
    pub(super) held: Held,
    /// Of the replies owed, those to commands of which no byte has left.
    unsent: usize,
    /// What ended the connection.
    pub(super) broken: Option<Box<str>>,
}

impl Connection {
    pub(super) fn new(node: &NodeAddress, stream: Stream, options: &Options) -> Self {
        Self {
            node: node.clone(),
            stream,
            session: Session::new(2),
            limits: limits_of(options),
            readonly: false,
            availability_zone: None,
            login: 0,
            buffers: None,
            held: Held::default(),
            unsent: 0,
            broken: None,
        }
    }

    /// Attaches buffers; those attached before are dropped unless something is in them.
    #[inline(always)]
    pub fn attach(&mut self, mut buffers: Box<Buffers>) {
        self.stream.attach(&mut buffers.records);
        match &mut self.buffers {
            None => self.buffers = Some(buffers),
            Some(present) if present.is_empty() => *present = buffers,
            Some(_) => {}
        }
    }

    /// Takes the buffers off. None while bytes are buffered, and when there are no buffers.
    #[inline(always)]
    pub fn detach(&mut self) -> Option<Box<Buffers>> {
        let mut buffers = self.buffers.take_if(|buffers| buffers.is_empty())?;
        buffers.shrink();
        self.stream.detach(&mut buffers.records);
        self.held.shrink();
        Some(buffers)
    }

    /// True if buffers are attached. A call that needs them makes some.
    pub fn has_buffers(&self) -> bool {
        self.buffers.is_some()
    }

    /// The node it was dialled at.
    pub fn node(&self) -> &NodeAddress {
        &self.node
    }

    /// The socket's descriptor; -1 in a child of the process that dialled.
    pub fn fd(&self) -> i32 {
        self.stream.socket().fd()
    }

    /// True if READONLY was part of the handshake.
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// True once no call can succeed any more.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some() || self.stream.socket().is_interrupted()
    }

    /// The protocol spoken: 2 or 3.
    pub fn protocol(&self) -> u8 {
        self.session.protocol()
    }

    /// The zone the server says it is in, if it says so.
    pub fn availability_zone(&self) -> Option<&str> {
        self.availability_zone.as_deref()
    }

    /// What ends the connection from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter::new(self.stream.socket())
    }

    /// May go back to a pool: whole, nothing outstanding or buffered, in no special state.
    #[inline(always)]
    pub fn is_reusable(&self) -> bool {
        !self.is_broken()
            && self.session.is_plain()
            && self.held.is_empty()
            && self.buffers.as_ref().is_none_or(|buffers| buffers.is_empty())
            && self.stream.socket().is_of_this_process()
    }

    /// The idle check: one look that does not wait; true if open and silent.
    #[inline(always)]
    pub fn is_idle_and_open(&mut self) -> bool {
        self.broken.is_none() && self.stream.is_open_and_silent()
    }

    /// Replies to commands, appended ones included, that [`Connection::read`] has not given yet.
    #[inline]
    pub fn outstanding(&self) -> usize {
        self.session.owed() + self.held.replies()
    }

    /// Sends the command and waits for its reply, until the deadline and never longer than
    /// `socket_timeout` without a byte. Messages that come before it are held for
    /// [`Connection::read`].
    ///
    /// With the deadline passed already nothing is sent, and the connection stays as it was. Any other
    /// failure ends the connection.
    ///
    /// Errors: InvalidArgument (replies outstanding, or a command that gets none), Timeout, Connection,
    /// Cancelled, Protocol, Limit, Forked.
    pub fn command(&mut self, command: &Command, deadline: Deadline) -> Result<Reply> {
        self.command_within(command, command.effect(), deadline, Wait::until(deadline))
    }

    /// [`Connection::command`] where the caller knows the command's effect, and has made a wait for the deadline.
    #[inline]
    pub(crate) fn command_within(
        &mut self,
        command: &Command,
        effect: Effect,
        deadline: Deadline,
        wait: Wait,
    ) -> Result<Reply> {
        self.check_for_command(command, effect)?;
        let mut wait = wait.with_silence(self.stream.socket_timeout());
        if wait.had_passed() {
            return Err(self.no_time(command));
        }
        match self.exchange(command, effect, deadline, &mut wait) {
            Ok(reply) => Ok(reply),
            Err((sent, trouble)) => {
                let doing = match sent {
                    true => format!("the reply to {} was awaited", command.name()),
                    false => format!("{} was being sent", command.name()),
                };
                Err(self.break_by(&trouble, &doing).with_maybe_executed(sent))
            }
        }
    }

    /// One send, one receive. The error says whether any byte of the command has left.
    #[inline]
    fn exchange(
        &mut self,
        command: &Command,
        effect: Effect,
        deadline: Deadline,
        wait: &mut Wait,
    ) -> Result<Reply, (bool, Trouble)> {
        let limits = self.limits;
        let Self { stream, session, held, buffers, .. } = self;
        let Buffers { decoder, output, .. } =
            &mut **buffers.get_or_insert_with(|| Buffers::with_limits(limits));
        // Bytes that came before the command went out cannot be its reply: only a message that is
        // not all there yet.
        let mut begun_before = !decoder.is_empty();
        session.sent(effect, command.argument_count() - 1);
        let mut waited = false;
        stream
            .send_all(output, command.encoded(), deadline, |stream| {
                waited = true;
                absorb(stream, decoder, session, held)
            })
            .map_err(|(sent, trouble)| (sent > output.len(), trouble))?;
        output.clear();
        let mut reply = None;
        if waited {
            wait.look_again();
            reply = held.take_reply();
        }
        let reply = match reply {
            Some(reply) => reply,
            None => loop {
                decoder
                    .fill(|space, fill| stream.receive(space, fill, wait))
                    .map_err(|failure| (true, failure.into()))?;
                if let Some(reply) = next_reply(decoder, session, held, &mut begun_before)
                    .map_err(|trouble| (true, trouble))?
                {
                    break reply;
                }
            },
        };
        if !decoder.is_empty() {
            messages_behind(decoder, session, held).map_err(|trouble| (true, trouble))?;
        }
        Ok(reply)
    }

    /// Queues a command; sends nothing. Its reply comes with [`Connection::read`] after
    /// [`Connection::flush`], unless CLIENT REPLY keeps it back.
    pub fn append(&mut self, command: &Command) -> Result<()> {
        self.check_usable()?;
        self.check_sendable(command)?;
        let owed = self.session.owed();
        self.session.sent(command.effect(), command.argument_count() - 1);
        self.unsent += self.session.owed() - owed;
        self.buffers().output.extend_from_slice(command.encoded());
        Ok(())
    }

    /// Sends what was appended. Replies that arrive meanwhile are held for [`Connection::read`], so
    /// that a pipeline of any size goes through.
    ///
    /// If the deadline passes before the first byte left, the call can be made again; later, the
    /// connection ends, for the server has half a command.
    pub fn flush(&mut self, deadline: Deadline) -> Result<()> {
        self.check_usable()?;
        let limits = self.limits;
        let Self { stream, session, held, buffers, .. } = self;
        let Buffers { decoder, output, .. } =
            &mut **buffers.get_or_insert_with(|| Buffers::with_limits(limits));
        if output.is_empty() {
            return Ok(());
        }
        let sent =
            stream.send_all(output, &[], deadline, |stream| absorb(stream, decoder, session, held));
        let doing = "appended commands were being sent";
        match sent {
            Ok(()) => {
                output.clear();
                self.unsent = 0;
                Ok(())
            }
            Err((0, trouble @ Trouble::Wire(Failure::Timeout))) => {
                if self.stream.has_begun() {
                    self.unsent = 0;
                }
                Err(trouble.error(&self.node, doing))
            }
            Err((sent, trouble)) => {
                if sent > 0 {
                    self.unsent = 0;
                }
                Err(self.break_by(&trouble, doing).with_maybe_executed(sent > 0))
            }
        }
    }

    /// The next reply or message, after sending what was appended. None if the deadline passed first:
    /// the connection stays usable, and nothing was allocated. A deadline in the past takes only what
    /// is there. A deadline that passes with a command half sent ends the connection, as in
    /// [`Connection::flush`].
    ///
    /// While replies are owed, `socket_timeout` without a byte ends the connection (Timeout).
    pub fn read(&mut self, deadline: Deadline) -> Result<Option<Reply>> {
        self.check_usable().map_err(|error| error.with_maybe_executed(self.may_have_run()))?;
        if self.buffers.as_ref().is_some_and(|buffers| buffers.has_output()) {
            // Waiting for the reply to a command that was never sent would be waiting for ever.
            match self.flush(deadline) {
                Err(error) if error.status() == Status::Timeout && !self.is_broken() => {}
                sent => sent.map_err(|error| error.with_maybe_executed(self.may_have_run()))?,
            }
        }
        if let Some(reply) = self.held.pop() {
            return Ok(Some(reply));
        }
        match self.receive_next(deadline) {
            Ok(reply) => Ok(Some(reply)),
            Err(Trouble::Wire(Failure::Timeout)) => Ok(None),
            Err(trouble) => {
                let owed = self.session.owed() > 0;
                let doing = if owed { "replies were awaited" } else { "messages were awaited" };
                Err(self.break_by(&trouble, doing).with_maybe_executed(self.may_have_run()))
            }
        }
    }

    /// True if bytes of a command left whose reply was not read, and, once the connection has ended, will
    /// never be.
    fn may_have_run(&self) -> bool {
        self.outstanding() > self.unsent
    }

    pub(super) fn receive_next(&mut self, deadline: Deadline) -> Result<Reply, Trouble> {
        let mut wait = None;
        loop {
            let Self { stream, session, buffers, limits, .. } = self;
            let Buffers { decoder, output, .. } =
                &mut **buffers.get_or_insert_with(|| Buffers::with_limits(*limits));
            if let Some(reply) = decoder.next()? {
                return match session.arrives(&reply) {
                    Arrival::Owed | Arrival::Push => Ok(reply),
                    Arrival::Stray => Err(Trouble::Stray),
                };
            }
            let wait = wait.get_or_insert_with(|| {
                let wait = Wait::until(deadline);
                let owed = session.owed() > 0 && output.is_empty();
                if owed { wait.with_silence(stream.socket_timeout()) } else { wait }
            });
            decoder.fill(|space, fill| stream.receive(space, fill, wait))?;
        }
    }

    pub(super) fn buffers(&mut self) -> &mut Buffers {
        let limits = self.limits;
        self.buffers.get_or_insert_with(|| Buffers::with_limits(limits))
    }

    /// Ends the connection: nobody will read what still comes.
    #[cold]
    pub(super) fn break_by(&mut self, trouble: &Trouble, doing: &str) -> Error {
        let error = trouble.error(&self.node, doing);
        self.broken = Some(error.message().into());
        self.stream.socket().shutdown();
        error
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("node", &self.node.to_string())
            .field("protocol", &self.protocol())
            .field("readonly", &self.readonly)
            .field("outstanding", &self.outstanding())
            .field("broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}
