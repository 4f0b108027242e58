//! What ends a connection, and how it is told.

use std::io;

use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::resp::DecodeError;
use crate::transport::Failure;

/// Why a connection is of no more use.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The bytes could not be carried.
    Wire(Failure),
    /// They are not replies.
    Decode(DecodeError),
    /// A reply came that no command was owed.
    Stray,
    /// More messages than may be held came before a reply.
    TooManyMessages,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Wire(failure)
    }
}

impl From<DecodeError> for Trouble {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl Trouble {
    /// The peer ended the connection.
    pub(super) fn is_hang_up(&self) -> bool {
        match self {
            Self::Wire(Failure::Closed) => true,
            Self::Wire(Failure::Io(error)) => {
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
            }
            _ => false,
        }
    }

    /// The error for the call that met it. `doing` goes on from "while": "the reply to GET was awaited".
    pub(super) fn error(&self, node: &NodeAddress, doing: &str) -> Error {
        let (status, message) = match self {
            Self::Wire(Failure::Timeout) => (
                Status::Timeout,
                format!(
                    "{node}: the call's time ended while {doing}; allow it more, or see why the node is slow"
                ),
            ),
            Self::Wire(failure @ Failure::Silence) => {
                (Status::Timeout, format!("{node}: {failure} while {doing}"))
            }
            Self::Wire(Failure::Interrupted) => {
                (Status::Cancelled, format!("{node}: interrupted while {doing}"))
            }
            Self::Wire(Failure::Tls(cause)) => {
                (Status::Tls, format!("{node}: {cause} (while {doing})"))
            }
            Self::Wire(failure) => (Status::Connection, format!("{node}: {failure} while {doing}")),
            Self::Decode(DecodeError::Protocol(message)) => {
                (Status::Protocol, format!("{node}: {message}, while {doing}"))
            }
            Self::Decode(DecodeError::Limit(message)) => {
                (Status::Limit, format!("{node}: {message}, while {doing}"))
            }
            Self::Stray => (
                Status::Protocol,
                format!("{node}: the server sent a reply that no command asked for, while {doing}"),
            ),
            Self::TooManyMessages => (
                Status::Limit,
                format!(
                    "{node}: more than {} messages came while {doing}; read them in between",
                    super::arrivals::MAX_HELD_MESSAGES
                ),
            ),
        };
        Error::new(status, message).on_node(node)
    }
}
