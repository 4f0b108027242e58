//! Why bytes could not be carried.

use std::fmt;
use std::io;

/// Why bytes could not be sent or received.
#[derive(Debug)]
pub enum Failure {
    /// The deadline passed.
    Timeout,
    /// The peer was silent (or took no byte) for `socket_timeout`.
    Silence,
    /// The peer ended the stream.
    Closed,
    /// Another thread interrupted the connection.
    Interrupted,
    /// What the operating system says.
    Io(io::Error),
    /// TLS failed: why, and what to do.
    Tls(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Silence => f.write_str("silent for longer than socket_timeout"),
            Self::Closed => f.write_str("closed by the peer"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Tls(cause) => f.write_str(cause),
            Self::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => f.write_str("connection refused"),
                io::ErrorKind::ConnectionReset => f.write_str("connection reset by the peer"),
                io::ErrorKind::BrokenPipe => f.write_str("closed by the peer"),
                io::ErrorKind::TimedOut => f.write_str("the network gave up on the connection"),
                _ => error.fmt(f),
            },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
