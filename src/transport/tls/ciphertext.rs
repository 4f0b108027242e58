//! What lies between OpenSSL and the socket.
//!
//! OpenSSL reads each record in two steps and writes it in one; the socket is asked for as much as there
//! is, so that a round trip costs one receive and one send as it does without TLS.

use std::io::{self, Read, Write};

use super::super::failure::Failure;
use super::super::wait::Wait;
use super::super::wire::Wire;
use crate::deadline::Deadline;
use crate::os::sockets::Readiness;

/// Room for the largest record (16 KiB, its header, and what encryption adds to it) and the head of
/// the next.
const ROOM: usize = 17 * 1024;

/// What the outgoing memory may keep between uses.
const KEPT: usize = 2 * 1024;

/// Memory for received records: attached while a connection is in use, reused by the pool.
pub struct Records(Box<[u8]>);

impl Records {
    fn new() -> Self {
        Self(vec![0; ROOM].into_boxed_slice())
    }
}

/// How a read may get more from the socket.
pub(super) enum Refill {
    /// It waits so long.
    Wait(Wait),
    /// It takes what is there.
    Look,
    /// Not at all: only what was received before.
    Never,
}

/// The socket as OpenSSL sees it. Trouble of the socket is kept in `failure` and told OpenSSL as "not
/// now", so that it stays what it was.
pub(super) struct Ciphertext {
    wire: Wire,
    pub(super) refill: Refill,
    pub(super) failure: Option<Failure>,
    incoming: Option<Records>,
    /// What of `incoming` OpenSSL has not taken yet.
    taken: usize,
    filled: usize,
    outgoing: Vec<u8>,
    /// How much of it has left.
    gone: usize,
}

impl Ciphertext {
    pub(super) fn new(wire: Wire, refill: Refill) -> Self {
        Self {
            wire,
            refill,
            failure: None,
            incoming: None,
            taken: 0,
            filled: 0,
            outgoing: Vec::new(),
            gone: 0,
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// True if received bytes wait for OpenSSL.
    #[inline]
    pub(super) fn has_incoming(&self) -> bool {
        self.taken < self.filled
    }

    /// True if encrypted bytes wait for the socket.
    #[inline]
    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    pub(super) fn attach(&mut self, records: &mut Option<Records>) {
        if self.incoming.is_none() {
            self.incoming = records.take();
        }
    }

    pub(super) fn detach(&mut self, records: &mut Option<Records>) {
        if !self.has_incoming() && records.is_none() {
            *records = self.incoming.take();
        }
        if self.outgoing.is_empty() && self.outgoing.capacity() > KEPT {
            self.outgoing = Vec::new();
        }
    }

    /// Sends what the kernel takes now; true if nothing is left.
    pub(super) fn push(&mut self) -> Result<bool, Failure> {
        while self.gone < self.outgoing.len() {
            match self.wire.send(&self.outgoing[self.gone..], &[])? {
                0 => return Ok(false),
                sent => self.gone += sent,
            }
        }
        self.outgoing.clear();
        self.gone = 0;
        Ok(true)
    }

    /// Sends what is encrypted, until all of it has left, there is something to read, or the deadline passed: a
    /// peer that waits for us to read takes nothing before. What is left over stays the next to leave.
    fn push_until_readable(&mut self, deadline: Deadline) -> Result<(), Failure> {
        let wanted = Readiness { readable: true, writable: true };
        while !self.push()? {
            match self.wire.socket().poll(wanted, deadline)? {
                Some(ready) if !ready.readable => {}
                _ => break,
            }
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), Failure> {
        // What the peer answers to may still be here: a flight of the handshake, an update of keys.
        let pushed = match &self.refill {
            Refill::Wait(wait) => {
                let silence = wait.silence.map_or(Deadline::NEVER, Deadline::after);
                let deadline = wait.deadline.earlier(silence);
                self.push_until_readable(deadline)
            }
            Refill::Look => self.push().map(drop),
            Refill::Never => return Err(Failure::Timeout),
        };
        let Records(space) = self.incoming.get_or_insert_with(Records::new);
        let received = match (pushed, &mut self.refill) {
            (Ok(()), Refill::Wait(wait)) => self.wire.receive_over(space, wait)?,
            (Ok(()), _) => self.wire.receive_over_now(space)?,
            // A peer that turns us away says why before it closes.
            (Err(failure), _) => {
                self.outgoing.clear();
                self.gone = 0;
                self.wire.receive_over_now(space).map_err(|_| failure)?
            }
        };
        (self.taken, self.filled) = (0, received);
        Ok(())
    }
}

impl Read for Ciphertext {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if !self.has_incoming()
            && let Err(failure) = self.refill()
        {
            self.failure = Some(failure);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let incoming = self.incoming.as_ref().map_or(&[][..], |records| &*records.0);
        let there = &incoming[self.taken..self.filled];
        let count = there.len().min(space.len());
        space[..count].copy_from_slice(&there[..count]);
        self.taken += count;
        Ok(count)
    }
}

/// Keeps what is written until [`Ciphertext::push`].
impl Write for Ciphertext {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
