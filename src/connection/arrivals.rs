//! What has arrived: sorted into the reply that is awaited and what is held for a later read.

use std::collections::VecDeque;

use super::session::{Arrival, Session};
use super::trouble::Trouble;
use crate::resp::{Decoder, Reply};
use crate::transport::{Failure, Stream};

/// Messages held for a read while a reply is awaited or commands are sent.
pub(super) const MAX_HELD_MESSAGES: usize = 1024;

/// Replies and messages that have arrived and not been read.
#[derive(Default)]
pub(super) struct Held {
    queue: VecDeque<(Arrival, Reply)>,
    /// Those of the queue that are replies to commands.
    replies: usize,
}

impl Held {
    pub(super) fn push(&mut self, arrival: Arrival, reply: Reply) -> Result<(), Trouble> {
        match arrival {
            Arrival::Owed => self.replies += 1,
            Arrival::Push if self.queue.len() - self.replies < MAX_HELD_MESSAGES => {}
            Arrival::Push => return Err(Trouble::TooManyMessages),
            Arrival::Stray => return Err(Trouble::Stray),
        }
        self.queue.push_back((arrival, reply));
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Reply> {
        let (arrival, reply) = self.queue.pop_front()?;
        if arrival == Arrival::Owed {
            self.replies -= 1;
        }
        Some(reply)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many of them are replies to commands.
    #[inline]
    pub(super) fn replies(&self) -> usize {
        self.replies
    }

    /// Gives the memory of an empty queue back.
    #[inline]
    pub(super) fn shrink(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 0 {
            self.queue = VecDeque::new();
        }
    }

    /// The reply that came while its command was still being sent.
    pub(super) fn take_reply(&mut self) -> Option<Reply> {
        let index = self.queue.iter().position(|(arrival, _)| *arrival == Arrival::Owed)?;
        self.replies -= 1;
        self.queue.remove(index).map(|(_, reply)| reply)
    }
}

/// The next reply to a command among the bytes received; messages before it are held.
#[inline]
pub(super) fn next_reply(
    decoder: &mut Decoder,
    session: &mut Session,
    held: &mut Held,
    begun_before: &mut bool,
) -> Result<Option<Reply>, Trouble> {
    while let Some(reply) = decoder.next()? {
        match session.arrives(&reply) {
            Arrival::Owed if *begun_before => return Err(Trouble::Stray),
            Arrival::Owed => return Ok(Some(reply)),
            arrival => held.push(arrival, reply)?,
        }
        *begun_before = false;
    }
    Ok(None)
}

/// What came behind the reply of the only command: messages, or the start of one. Anything else means
/// that one reply too many has come, and nobody can tell which of them.
#[cold]
pub(super) fn messages_behind(
    decoder: &mut Decoder,
    session: &mut Session,
    held: &mut Held,
) -> Result<(), Trouble> {
    while let Some(reply) = decoder.next()? {
        let arrival = session.arrives(&reply);
        held.push(arrival, reply)?;
    }
    if decoder.is_empty() || session.may_get_messages() { Ok(()) } else { Err(Trouble::Stray) }
}

/// Receives and holds what has arrived while commands are being sent.
pub(super) fn absorb(
    stream: &mut Stream,
    decoder: &mut Decoder,
    session: &mut Session,
    held: &mut Held,
) -> Result<(), Trouble> {
    match decoder.fill(|space, _| stream.receive_now(space)) {
        Ok(_) => {}
        Err(Failure::Timeout) => return Ok(()),
        Err(failure) => return Err(failure.into()),
    }
    while let Some(reply) = decoder.next()? {
        let arrival = session.arrives(&reply);
        held.push(arrival, reply)?;
    }
    Ok(())
}
