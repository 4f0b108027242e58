//! A connection that is served beside others: what can be sent and received at this moment, without waiting.

use super::connection::Connection;
use super::session::{Arrival, Session};
use super::trouble::Trouble;
use crate::command::Effect;
use crate::error::{Error, Result};
use crate::resp::Reply;
use crate::transport::Failure;

/// ASKING as it is sent in front of a command.
pub(crate) const ASKING: &[u8] = b"*1\r\n$6\r\nASKING\r\n";
/// The most that TLS seals at a time (RFC 8446, section 5.1): once begun, all of it may leave.
const RECORD: usize = 16 * 1024;

/// A connection's queue: nothing of it is sent until [`Connection::push`]. Each of these answers where its bytes
/// begin among those queued.
pub(crate) struct Queue<'a> {
    session: &'a mut Session,
    output: &'a mut Vec<u8>,
}

impl Queue<'_> {
    /// An encoded command that has no effect on the connection (`Effect::None`).
    #[inline]
    pub(crate) fn command(&mut self, encoded: &[u8]) -> usize {
        self.session.sent(Effect::None, 0);
        let start = self.output.len();
        self.output.extend_from_slice(encoded);
        start
    }

    /// More bytes of the command queued last.
    #[inline]
    pub(crate) fn more(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.output.extend_from_slice(piece);
        }
    }

    /// ASKING, which is for the command queued next and is answered for itself.
    pub(crate) fn asking(&mut self) -> usize {
        self.session.sent(Effect::Asking, 0);
        let start = self.output.len();
        self.output.extend_from_slice(ASKING);
        start
    }
}

impl Connection {
    /// What queues several commands.
    #[inline]
    pub(crate) fn queue(&mut self) -> Queue<'_> {
        let limits = self.limits;
        let Self { session, buffers, .. } = self;
        let buffers = buffers.get_or_insert_with(|| super::Buffers::with_limits(limits));
        Queue { session, output: &mut buffers.output }
    }

    /// Queues an encoded command that does something to the connection (MULTI, WATCH); sends nothing.
    pub(crate) fn queue_with(&mut self, encoded: &[u8], effect: Effect) {
        self.session.sent(effect, 0);
        self.buffers().output.extend_from_slice(encoded);
    }

    /// How many bytes are queued, sent ones included until all of them are.
    pub(crate) fn queued(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.output.len())
    }

    /// Sends what the kernel takes now of the bytes queued and of the pieces behind them, of all of which `sent`
    /// have left already; answers how many have by now. Once all have, none is queued any more. What is begun
    /// has to be offered again as it is until it has left whole or the connection has ended.
    ///
    /// # Errors
    /// CONNECTION, TLS, CANCELLED: the connection has ended.
    pub(crate) fn push(&mut self, sent: usize, behind: &[&[u8]]) -> Result<usize> {
        let limits = self.limits;
        let Self { stream, buffers, .. } = self;
        let output = &mut buffers.get_or_insert_with(|| super::Buffers::with_limits(limits)).output;
        let total = behind.iter().fold(output.len(), |sum, piece| sum + piece.len());
        if sent >= total {
            output.clear();
            return Ok(sent);
        }
        let left = match output.get(sent..) {
            Some(rest) if behind.is_empty() => stream.send_now(rest, &[]),
            _ => stream.send_pieces(output, behind, sent),
        };
        match left {
            Ok(more) => {
                let sent = sent + more;
                if sent == total {
                    output.clear();
                }
                Ok(sent)
            }
            Err(failure) => Err(self.lost(&failure.into())),
        }
    }

    /// Sends what the kernel takes now of bytes that the caller keeps, and answers how many it took. The rest is to be
    /// what is sent next.
    ///
    /// # Errors
    /// CONNECTION, TLS, CANCELLED: the connection has ended.
    pub(crate) fn offer(&mut self, bytes: &[u8]) -> Result<usize> {
        self.stream.send_now(bytes, &[]).map_err(|failure| self.lost(&failure.into()))
    }

    /// A command of this effect may have left by [`Connection::offer`]: its reply is owed from now on.
    #[inline]
    pub(crate) fn expect(&mut self, effect: Effect) {
        self.session.sent(effect, 0);
    }

    /// Receives what is there, and hands each reply to `take`; if `shared`, small ones share memory. True if anything was
    /// there.
    ///
    /// # Errors
    /// CONNECTION, TLS, CANCELLED, PROTOCOL, LIMIT: the connection has ended. What came before was handed over.
    pub(crate) fn pull(&mut self, shared: bool, mut take: impl FnMut(Reply)) -> Result<bool> {
        let limits = self.limits;
        let Self { stream, session, held, buffers, .. } = self;
        let decoder =
            &mut buffers.get_or_insert_with(|| super::Buffers::with_limits(limits)).decoder;
        // Those that came while something was sent stand in front.
        let mut held_first = !held.is_empty();
        let mut received = false;
        let outcome = loop {
            let next = if held_first {
                held.take_reply()
            } else if received {
                match decoder.next_in(shared) {
                    Ok(next) => next,
                    Err(error) => break Err(error.into()),
                }
            } else {
                None
            };
            if let Some(reply) = next {
                let arrival = if held_first { Arrival::Owed } else { session.arrives(&reply) };
                // One call for both, so that it can be inlined.
                if arrival == Arrival::Owed {
                    take(reply);
                } else if let Err(trouble) = held.push(arrival, reply) {
                    break Err(trouble);
                }
                continue;
            }
            held_first = false;
            // Bytes that TLS holds already wake nobody: they are asked for until there are none.
            if received && !stream.is_tls() {
                break Ok(());
            }
            match decoder.fill(|space, _| stream.receive_now(space)) {
                Ok(_) => received = true,
                Err(Failure::Timeout) => break Ok(()),
                Err(failure) => break Err(failure.into()),
            }
        };
        outcome.map(|()| received).map_err(|trouble| self.lost(&trouble))
    }

    /// Of bytes queued, of which `sent` were reported as sent when the connection ended: those before this one
    /// may have left.
    pub(crate) fn may_have_left(&self, sent: usize) -> usize {
        if self.stream.has_begun() { sent + RECORD } else { sent }
    }

    /// The server owes replies and has been silent too long, or nobody will read what still comes.
    pub(crate) fn give_up(&mut self, in_time: bool) -> Error {
        let failure = if in_time { Failure::Silence } else { Failure::Timeout };
        self.lost(&failure.into())
    }

    pub(super) fn lost(&mut self, trouble: &Trouble) -> Error {
        self.break_by(trouble, "replies were awaited")
    }
}
