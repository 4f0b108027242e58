//! A connection that is served beside others: what can be sent and received at this moment, without waiting.

use super::connection::Connection;
use super::session::Arrival;
use super::trouble::Trouble;
use crate::command::Effect;
use crate::error::{Error, Result};
use crate::resp::Reply;
use crate::transport::Failure;

const ASKING: &[u8] = b"*1\r\n$6\r\nASKING\r\n";
/// The most that TLS seals at a time (RFC 8446, section 5.1): once begun, all of it may leave.
const RECORD: usize = 16 * 1024;

impl Connection {
    /// Queues an encoded command that has no effect on the connection (`Effect::None`); sends nothing. Answers
    /// where it begins among the bytes queued.
    #[inline]
    pub(crate) fn queue(&mut self, encoded: &[u8]) -> usize {
        self.session.sent(Effect::None, 0);
        let output = &mut self.buffers().output;
        let start = output.len();
        output.extend_from_slice(encoded);
        start
    }

    /// Queues an encoded command that does something to the connection (MULTI, WATCH); sends nothing.
    pub(crate) fn queue_with(&mut self, encoded: &[u8], effect: Effect) {
        self.session.sent(effect, 0);
        self.buffers().output.extend_from_slice(encoded);
    }

    /// Queues ASKING, which is for the command queued next and is answered for itself.
    pub(crate) fn queue_asking(&mut self) {
        self.session.sent(Effect::Asking, 0);
        self.buffers().output.extend_from_slice(ASKING);
    }

    /// How many bytes are queued, sent ones included until all of them are.
    pub(crate) fn queued(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.output.len())
    }

    /// Sends what the kernel takes now of the bytes queued, of which `sent` have left already; answers how many
    /// have by now. Once all have, none is queued any more.
    ///
    /// # Errors
    /// CONNECTION, TLS, CANCELLED: the connection has ended.
    pub(crate) fn push(&mut self, sent: usize) -> Result<usize> {
        let limits = self.limits;
        let Self { stream, buffers, .. } = self;
        let output = &mut buffers.get_or_insert_with(|| super::Buffers::with_limits(limits)).output;
        let Some(rest) = output.get(sent..).filter(|rest| !rest.is_empty()) else {
            output.clear();
            return Ok(sent);
        };
        match stream.send_now(rest, &[]) {
            Ok(more) => {
                let sent = sent + more;
                if sent == output.len() {
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
        while let Some(reply) = held.take_reply() {
            take(reply);
        }
        let mut came = false;
        let outcome = loop {
            match decoder.fill(|space, _| stream.receive_now(space)) {
                Ok(_) => came = true,
                Err(Failure::Timeout) => break Ok(()),
                Err(failure) => break Err(failure.into()),
            }
            let read = loop {
                match decoder.next_in(shared) {
                    Ok(None) => break Ok(()),
                    Ok(Some(reply)) => match session.arrives(&reply) {
                        Arrival::Owed => take(reply),
                        arrival => {
                            if let Err(trouble) = held.push(arrival, reply) {
                                break Err(trouble);
                            }
                        }
                    },
                    Err(error) => break Err(error.into()),
                }
            };
            // Bytes that TLS holds already wake nobody: they are asked for until there are none.
            if read.is_err() || !stream.is_tls() {
                break read;
            }
        };
        outcome.map(|()| came).map_err(|trouble| self.lost(&trouble))
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

    fn lost(&mut self, trouble: &Trouble) -> Error {
        self.break_by(trouble, "replies were awaited")
    }
}
