//! A connection that several callers use at once: what goes out is counted by them, what comes in is all replies.

use std::sync::Arc;

use super::connection::Connection;
use super::trouble::Trouble;
use crate::error::{Error, Result};
use crate::os::sockets::Socket;
use crate::resp::{Kind, Reply};
use crate::transport::{Failure, Wait};

impl Connection {
    /// The socket: of a plain connection, what is sent may be sent by it.
    pub(crate) fn socket(&self) -> &Arc<Socket> {
        self.stream.socket()
    }

    /// True if bytes go through TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// Sends what the kernel takes now of `first` and the pieces behind it, of which so many bytes have left.
    pub(crate) fn send_pieces(
        &mut self,
        first: &[u8],
        behind: &[&[u8]],
        skipped: usize,
    ) -> Result<usize, Failure> {
        self.stream.send_pieces(first, behind, skipped)
    }

    /// Waits for replies and puts all that have come into `replies`, also where an error follows. False if the time
    /// passed first, which changes nothing: what has come of a reply is kept. `None`: takes what is there. `shared`: small
    /// ones share memory.
    ///
    /// # Errors
    /// CONNECTION, TIMEOUT (silence), TLS, CANCELLED (interrupted), PROTOCOL, LIMIT: the connection has ended.
    pub(crate) fn receive_all(
        &mut self,
        mut wait: Option<&mut Wait>,
        shared: bool,
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
                match decoder.next_in(shared) {
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
        Err(self.lost(&trouble))
    }

    /// A reply came that nobody is owed: the connection ends.
    pub(crate) fn end_by_stray(&mut self) -> Error {
        self.lost(&Trouble::Stray)
    }
}
