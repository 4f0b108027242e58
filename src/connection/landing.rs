//! A value that is received into the caller's memory.

use std::mem::MaybeUninit;

use super::arrivals::{Held, absorb, messages_behind};
use super::buffers::Buffers;
use super::connection::Connection;
use super::session::{Arrival, Session};
use super::trouble::Trouble;
use crate::command::{Command, Effect};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::resp::{Decoder, Fill, Reply, incoming};
use crate::transport::{Stream, Wait};

/// A longer rest of a value that does not fit is not waited for: another connection costs less.
const DRAINED: usize = 64 * 1024;

/// What a command was answered whose reply is a string, if all is well.
pub(crate) enum Landed {
    /// A string of this length, which is in the caller's memory.
    Whole(usize),
    /// A longer one than there is room for. It was dropped; the connection has ended if that was much.
    TooLong(usize),
    /// Another reply, or a string that came in an unusual way.
    Other(Reply),
}

impl Connection {
    /// Sends a command that has no effect on the connection, with ASKING in front of it if `asking`, and receives
    /// the string that answers it into `room`. What stands in `room` behind the string is not defined then.
    ///
    /// # Errors
    /// As [`Connection::command`].
    pub(crate) fn command_into(
        &mut self,
        command: &Command,
        asking: bool,
        room: &mut [MaybeUninit<u8>],
        deadline: Deadline,
    ) -> Result<Landed> {
        self.check_for_command(command, Effect::None)?;
        let wait = Wait::until(deadline).with_silence(self.stream.socket_timeout());
        if wait.had_passed() {
            return Err(self.no_time(command));
        }
        let mut queue = self.queue();
        if asking {
            queue.asking();
        }
        queue.command(command.encoded());
        match self.land(asking, room, deadline, wait) {
            Ok(Landed::TooLong(length)) if !self.is_landed() => {
                // Nobody will read what still comes.
                self.broken = Some(format!("a value of {length} bytes had no room").into());
                self.stream.socket().shutdown();
                Ok(Landed::TooLong(length))
            }
            Ok(landed) => Ok(landed),
            Err((sent, trouble)) => {
                let doing = match sent {
                    true => format!("the reply to {} was awaited", command.name()),
                    false => format!("{} was being sent", command.name()),
                };
                Err(self.break_by(&trouble, &doing).with_maybe_executed(sent))
            }
        }
    }

    fn is_landed(&self) -> bool {
        self.session.owed() == 0
    }

    /// The error says whether a byte has left.
    fn land(
        &mut self,
        mut asking: bool,
        room: &mut [MaybeUninit<u8>],
        deadline: Deadline,
        mut wait: Wait,
    ) -> Result<Landed, (bool, Trouble)> {
        let limits = self.limits;
        let Self { stream, session, held, buffers, .. } = self;
        let Buffers { decoder, output, .. } =
            &mut **buffers.get_or_insert_with(|| Buffers::with_limits(limits));
        let mut begun_before = !decoder.is_empty();
        let mut waited = false;
        stream
            .send_all(output, &[], deadline, |stream| {
                waited = true;
                absorb(stream, decoder, session, held)
            })
            .map_err(|(sent, trouble)| (sent > 0, trouble))?;
        output.clear();
        if waited {
            wait.look_again();
        }
        let mut landing = Landing { stream, session, held, decoder, wait };
        let landed = loop {
            let next = landing.next(asking, &mut begun_before, room).map_err(|t| (true, t))?;
            match next {
                // What ASKING is answered tells nothing.
                Landed::Other(_) if asking => asking = false,
                landed => break landed,
            }
        };
        let Landing { session, held, decoder, .. } = landing;
        if session.owed() == 0 && !decoder.is_empty() {
            messages_behind(decoder, session, held).map_err(|trouble| (true, trouble))?;
        }
        Ok(landed)
    }
}

struct Landing<'a> {
    stream: &'a mut Stream,
    session: &'a mut Session,
    held: &'a mut Held,
    decoder: &'a mut Decoder,
    wait: Wait,
}

impl Landing<'_> {
    /// The next reply that is owed; a string goes to `room` unless something else is awaited before it.
    fn next(
        &mut self,
        asking: bool,
        begun_before: &mut bool,
        room: &mut [MaybeUninit<u8>],
    ) -> Result<Landed, Trouble> {
        loop {
            if let Some(reply) = self.held.take_reply() {
                return Ok(Landed::Other(reply));
            }
            if !(asking || *begun_before)
                && self.session.is_owed_plainly()
                && let Some(length) = self.decoder.begin_string()
            {
                return self.string(length, room);
            }
            let Some(reply) = self.decoder.next()? else {
                self.fill()?;
                continue;
            };
            match self.session.arrives(&reply) {
                Arrival::Owed if *begun_before => return Err(Trouble::Stray),
                Arrival::Owed => return Ok(Landed::Other(reply)),
                arrival => self.held.push(arrival, reply)?,
            }
            *begun_before = false;
        }
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        let Self { stream, decoder, wait, .. } = self;
        decoder.fill(|space, fill| stream.receive(space, fill, wait))?;
        Ok(())
    }

    /// The end of a string of which nothing else is left.
    fn end(&mut self) -> Result<(), Trouble> {
        while !self.decoder.take_end()? {
            self.fill()?;
        }
        Ok(())
    }

    fn string(&mut self, length: usize, room: &mut [MaybeUninit<u8>]) -> Result<Landed, Trouble> {
        if length > room.len() {
            return self.drop_string(length);
        }
        // Its end comes along where there is room for it.
        let end = length.saturating_add(incoming::END.len());
        let whole = if end <= room.len() { end } else { length };
        let mut at = self.decoder.take_into(&mut room[..length]);
        while at < whole && (at < length || self.decoder.is_empty()) {
            let received =
                self.stream.receive(&mut room[at..whole], Fill::Exact, &mut self.wait)?;
            let behind = (at + received.len()).saturating_sub(length).min(received.len());
            let from = received.len() - behind;
            incoming::check_end(&received[from..], (at + from).saturating_sub(length))?;
            at += received.len();
        }
        if at < end {
            self.end()?;
        }
        self.session.arrives_plainly();
        Ok(Landed::Whole(length))
    }

    /// A string that has no room.
    #[cold]
    fn drop_string(&mut self, length: usize) -> Result<Landed, Trouble> {
        let mut left = length - self.decoder.drop_arrived(length);
        if left > DRAINED {
            return Ok(Landed::TooLong(length));
        }
        while left > 0 {
            self.fill()?;
            left -= self.decoder.drop_arrived(left);
        }
        self.end()?;
        self.session.arrives_plainly();
        Ok(Landed::TooLong(length))
    }
}
