//! The handshake on a connection, in steps that never wait: what [`Handshake`] says goes out, and what comes
//! back is handed to it.

use std::time::Duration;

use zeroize::Zeroizing;

use super::buffers::Buffers;
use super::connection::Connection;
use super::handshake::{Agreement, Handshake, Progress};
use super::trouble::Trouble;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::sockets::Readiness;
use crate::resp::{Kind, Reply};
use crate::transport::{Failure, Stream};

const DOING: &str = "the connection was being set up";
const DOING_WITHOUT_TLS: &str = "the connection was being set up (a server that wants TLS on this port does so: then set ssl=yes)";

/// So many receives a step: a server that never pauses does not keep it from returning.
const MOST_RECEIVES: usize = 64;

/// A handshake under way. It belongs to one connection, which is handed to each step.
pub(super) struct Greeting {
    handshake: Handshake,
    flight: Zeroizing<Vec<u8>>,
    /// How much of the flight has left.
    sent: usize,
    /// Why the rest of it never will. A server that turns us away (too many clients) says so and closes: its words
    /// are there though nothing can be sent any more.
    unsent: Option<Trouble>,
    deadline: Deadline,
    silence: Duration,
    /// When the server has been silent for too long.
    silent_at: Deadline,
    /// There is more to be received at once.
    goes_on: bool,
}

impl Greeting {
    pub(super) fn begin(
        connection: &mut Connection,
        mut handshake: Handshake,
        deadline: Deadline,
    ) -> Result<Self> {
        connection.buffers();
        let silence = connection.stream.socket_timeout();
        let flight = handshake.flight();
        let silent_at = Deadline::after(silence);
        Ok(Self {
            handshake,
            flight,
            sent: 0,
            unsent: None,
            deadline,
            silence,
            silent_at,
            goes_on: false,
        })
    }

    /// What to wait for.
    pub(super) fn wanted(&self, connection: &Connection) -> Readiness {
        let writable = self.sent < self.flight.len() || connection.stream.has_outgoing();
        Readiness { readable: true, writable }
    }

    /// When to step in any case.
    pub(super) fn until(&self) -> Deadline {
        match self.goes_on {
            true => Deadline::after(Duration::ZERO),
            false => self.deadline.earlier(self.silent_at),
        }
    }

    /// Goes as far as it can without waiting: what was agreed on once it is over, None to wait again.
    pub(super) fn step(&mut self, connection: &mut Connection) -> Result<Option<Agreement>> {
        if self.flight.is_empty() {
            return Ok(Some(self.handshake.agreement().clone()));
        }
        self.goes_on = false;
        let node = connection.node.clone();
        let is_tls = connection.stream.is_tls();
        let Connection { stream, buffers, .. } = connection;
        let Some(buffers) = buffers.as_deref_mut() else {
            return Err(Error::new(Status::Internal, "a connection without buffers"));
        };
        match self.go_on(stream, buffers, &node) {
            Ok(true) => Ok(Some(self.handshake.agreement().clone())),
            Ok(false) => Ok(None),
            Err(Ended::Refused(error)) => Err(error),
            Err(Ended::Met(trouble)) => {
                let trouble = self.unsent.take().unwrap_or(trouble);
                Err(match trouble.is_hang_up() && !is_tls {
                    true => trouble.error(&node, DOING_WITHOUT_TLS),
                    false => trouble.error(&node, DOING),
                })
            }
        }
    }

    /// True once it is over.
    fn go_on(
        &mut self,
        stream: &mut Stream,
        buffers: &mut Buffers,
        node: &NodeAddress,
    ) -> Result<bool, Ended> {
        for _ in 0..MOST_RECEIVES {
            self.send(stream);
            while self.is_sent()
                && let Some(reply) = buffers.decoder.next().map_err(Trouble::from)?
            {
                if self.take(&reply, buffers, node)? {
                    return Ok(true);
                }
            }
            if !self.receive(stream, buffers)? {
                return Ok(false);
            }
        }
        self.goes_on = true;
        Ok(false)
    }

    /// Nothing of the flight is left to be sent, or never can be.
    fn is_sent(&self) -> bool {
        self.sent == self.flight.len() || self.unsent.is_some()
    }

    fn send(&mut self, stream: &mut Stream) {
        if self.is_sent() {
            return;
        }
        match stream.send_now(&self.flight[self.sent..], &[]) {
            Ok(0) => {}
            Ok(count) => {
                self.sent += count;
                self.silent_at = Deadline::after(self.silence);
            }
            Err(failure) => self.unsent = Some(failure.into()),
        }
    }

    /// False: nothing has come.
    fn receive(&mut self, stream: &mut Stream, buffers: &mut Buffers) -> Result<bool, Ended> {
        match buffers.decoder.fill(|space, _| stream.receive_now(space)) {
            Ok(_) => {
                self.silent_at = Deadline::after(self.silence);
                // A peer that never pauses would otherwise keep it going beyond its end.
                if self.deadline.has_passed() { Err(Failure::Timeout.into()) } else { Ok(true) }
            }
            Err(Failure::Timeout) if self.unsent.is_some() || self.deadline.has_passed() => {
                Err(Failure::Timeout.into())
            }
            Err(Failure::Timeout) if self.silent_at.has_passed() => Err(Failure::Silence.into()),
            Err(Failure::Timeout) => Ok(false),
            // What has come before may still say why.
            Err(failure) if !self.is_sent() => {
                self.unsent = Some(failure.into());
                Ok(true)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// True once the handshake is over.
    fn take(
        &mut self,
        reply: &Reply,
        buffers: &Buffers,
        node: &NodeAddress,
    ) -> Result<bool, Ended> {
        if reply.root().kind() == Kind::Push {
            return Ok(false);
        }
        let refused = |error: Error| {
            let message = format!("{node}: {}", error.message());
            Error::new(error.status(), message).on_node(node).with_server_code(error.server_code())
        };
        let progress =
            self.handshake.take(reply.root()).map_err(|error| Ended::Refused(refused(error)))?;
        match progress {
            Progress::Receive => Ok(false),
            Progress::Send => {
                self.flight = self.handshake.flight();
                (self.sent, self.unsent) = (0, None);
                self.silent_at = Deadline::after(self.silence);
                Ok(self.flight.is_empty())
            }
            Progress::Done if buffers.decoder.is_empty() => Ok(true),
            Progress::Done => Err(Trouble::Stray.into()),
        }
    }
}

/// Why there is no agreement.
enum Ended {
    /// The server said no.
    Refused(Error),
    Met(Trouble),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Met(trouble)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Met(failure.into())
    }
}
