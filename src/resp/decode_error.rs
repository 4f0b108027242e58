//! What can be wrong with received bytes.

use std::fmt;

use super::tree::TooMany;

/// What is wrong with the bytes. The message holds none of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// They are not RESP.
    Protocol(String),
    /// The reply is too large or too deep.
    Limit(String),
}

impl DecodeError {
    /// The message for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Protocol(message) | Self::Limit(message) => message,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for DecodeError {}

impl From<TooMany> for DecodeError {
    #[cold]
    fn from(_: TooMany) -> Self {
        Self::Limit(format!("a reply has more than {} elements", u32::MAX))
    }
}

#[cold]
pub(super) fn bad_length() -> DecodeError {
    protocol("a length or count is no number, or is negative")
}

#[cold]
pub(super) fn unknown_type() -> DecodeError {
    protocol(
        "a reply begins with a byte that is no type of RESP (no Redis server, or one that speaks TLS)",
    )
}

#[cold]
pub(super) fn protocol(what: &str) -> DecodeError {
    DecodeError::Protocol(format!("the server broke the protocol: {what}"))
}
