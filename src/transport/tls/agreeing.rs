//! A TLS handshake, in steps that never wait.

use std::sync::Arc;

use native_tls::{HandshakeError, MidHandshakeTlsStream, TlsStream};

use super::super::failure::Failure;
use super::super::wire::Wire;
use super::ciphertext::{Ciphertext, Refill};
use super::session::Session;
use super::{Connector, cause};
use crate::os::sockets::Socket;

/// A handshake under way.
pub struct Agreeing {
    socket: Arc<Socket>,
    name: String,
    has_identity: bool,
    at: At,
}

enum At {
    /// The peer is to say something.
    Middle(Box<MidHandshakeTlsStream<Ciphertext>>),
    /// Over, but for our last words, which the kernel has not taken all.
    End(Box<Session>),
}

/// How a handshake stands.
pub enum Agreed {
    /// It goes on.
    No(Agreeing),
    /// The session is there.
    Yes(Box<Session>),
}

impl Agreeing {
    /// Says the first words. `name`: what the peer's certificate has to hold, unless the options say otherwise,
    /// and what the peer is told is wanted.
    pub(in super::super) fn begin(
        connector: &Connector,
        name: &str,
        wire: Wire,
    ) -> Result<Self, Failure> {
        let socket = Arc::clone(wire.socket());
        let below = Ciphertext::new(wire, Refill::Look);
        let (name, has_identity) = (name.to_owned(), connector.has_identity);
        let native = connector.native()?;
        cause::forget();
        let answer = native.connect(&name, below);
        let at = next(answer, &socket, &name, has_identity)?;
        Ok(Self { socket, name, has_identity, at })
    }

    /// True if encrypted bytes wait for the socket.
    pub(in super::super) fn has_outgoing(&self) -> bool {
        match &self.at {
            At::Middle(half_way) => half_way.get_ref().has_outgoing(),
            At::End(session) => session.has_outgoing(),
        }
    }

    /// Takes what has come, however few bytes, and answers it.
    pub(in super::super) fn step(self) -> Result<Agreed, Failure> {
        let Self { socket, name, has_identity, at } = self;
        let at = match at {
            At::Middle(half_way) => {
                cause::forget();
                next(half_way.handshake(), &socket, &name, has_identity)?
            }
            end @ At::End(_) => end,
        };
        if let At::End(mut session) = at {
            if session.push_last()? {
                return Ok(Agreed::Yes(session));
            }
            return Ok(Agreed::No(Self { socket, name, has_identity, at: At::End(session) }));
        }
        Ok(Agreed::No(Self { socket, name, has_identity, at }))
    }
}

/// Where the handshake stands after OpenSSL has done what it could.
fn next(
    answer: Result<TlsStream<Ciphertext>, HandshakeError<Ciphertext>>,
    socket: &Socket,
    name: &str,
    has_identity: bool,
) -> Result<At, Failure> {
    match answer {
        Ok(stream) => Ok(At::End(Box::new(Session::agreed(stream, has_identity)))),
        Err(HandshakeError::WouldBlock(mut half_way)) => match half_way.get_mut().failure.take() {
            None | Some(Failure::Timeout) => Ok(At::Middle(Box::new(half_way))),
            Some(failure) => Err(failure),
        },
        Err(HandshakeError::Failure(_)) if socket.is_interrupted() => Err(Failure::Interrupted),
        Err(HandshakeError::Failure(error)) => {
            Err(Failure::Tls(cause::of_handshake(&error, name, has_identity)))
        }
    }
}
