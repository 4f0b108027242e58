//! A connection that several callers use at once: what goes out is counted by them, what comes in is all replies.

use std::sync::Arc;

use super::connection::Connection;
use super::trouble::Trouble;
use crate::error::{Error, Result};
use crate::os::sockets::Socket;
use crate::resp::{Kind, Reply};
use crate::transport::{Failure, Wait};

/// The most that TLS seals at a time (RFC 8446, section 5.1): once begun, all of it may leave.
const RECORD: usize = 16 * 1024;

impl Connection {
    /// The socket: of a plain connection, what is sent may be sent by it.
    pub(crate) fn socket(&self) -> &Arc<Socket> {
        self.stream.socket()
    }

    /// True if bytes go through TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// Sends what the kernel takes now of the two, one behind the other.
    pub(crate) fn send_now(&mut self, first: &[u8], second: &[u8]) -> Result<usize, Failure> {
        self.stream.send_now(first, second)
    }

    /// Of bytes of which so many were reported as sent, how many may have left.
    pub(crate) fn may_have_left_of(&self, sent: usize) -> usize {
        if self.stream.has_begun() { sent + RECORD } else { sent }
    }

    /// Waits for replies and puts all that have come into `replies`, also where an error follows. False if the time
    /// passed first, which changes nothing: what has come of a reply is kept. `None`: takes what is there.
    ///
    /// # Errors
    /// CONNECTION, TIMEOUT (silence), TLS, CANCELLED (interrupted), PROTOCOL, LIMIT: the connection has ended.
    pub(crate) fn receive_all(
        &mut self,
        mut wait: Option<&mut Wait>,
        replies: &mut Vec<Reply>,
    ) -> Result<bool> {
        let before = replies.len();
        let limits = self.limits;
        let Self { stream, buffers, .. } = self;
        let decoder =
            &mut buffers.get_or_insert_with(|| super::Buffers::with_limits(limits)).decoder;
        let trouble = loop {
            let received = match &mut wait {
                Some(wait) => decoder.fill(|space, fill| stream.receive(space, fill, wait)),
                None => decoder.fill(|space, _| stream.receive_now(space)),
            };
            match received {
                Ok(_) => {}
                Err(Failure::Timeout) => return Ok(replies.len() > before),
                Err(failure) => break Trouble::from(failure),
            }
            let trouble = loop {
                match decoder.next() {
                    Ok(None) => break None,
                    // Nobody has asked for it.
                    Ok(Some(reply)) if reply.root().kind() == Kind::Push => {}
                    Ok(Some(reply)) => replies.push(reply),
                    Err(error) => break Some(Trouble::from(error)),
                }
            };
            if let Some(trouble) = trouble {
                break trouble;
            }
            // Bytes that TLS holds already wake nobody: they are asked for until there are none.
            if stream.is_tls() {
                wait = None;
            } else if replies.len() > before {
                return Ok(true);
            }
        };
        Err(self.lost_shared(&trouble))
    }

    /// The connection ends: half of something was sent, or a reply came that nobody is owed.
    pub(crate) fn end_shared(&mut self, failure: Option<Failure>) -> Error {
        self.lost_shared(&failure.map_or(Trouble::Stray, Trouble::from))
    }

    #[cold]
    fn lost_shared(&mut self, trouble: &Trouble) -> Error {
        self.break_by(trouble, "replies were awaited")
    }
}
