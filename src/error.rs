//! The library's one error: what happened, where, what was tried, what to do.

use std::fmt;
use std::time::{Duration, Instant};

use crate::node::NodeAddress;

/// What kind of failure a call ended with. The numbers are the C API's `rediscluster_status`,
/// grouped, and never reused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Status {
    /// A parameter is out of range, NULL where it must not be, or an object is misused.
    InvalidArgument = 1,
    /// An option, or the options together, make no sense.
    Config = 2,
    /// The connection is not checked out: released already, or never was.
    NotCheckedOut = 3,
    /// No node of that address or id is known.
    UnknownNode = 4,
    /// The keys of the command cannot be found.
    Unroutable = 5,
    /// The keys of the command live in several slots.
    CrossSlot = 6,
    /// The pool is closed.
    Closed = 7,
    /// The connection was checked out before a fork, in the parent.
    Forked = 8,
    /// A write on something read-only.
    ReadOnly = 9,
    /// The call was cancelled or interrupted.
    Cancelled = 10,
    /// No startup node answered.
    Unreachable = 20,
    /// A connection could not be made, or broke.
    Connection = 21,
    /// The deadline passed.
    Timeout = 22,
    /// The server refused the credentials.
    Auth = 23,
    /// TLS failed.
    Tls = 24,
    /// The server sent what is not the protocol.
    Protocol = 25,
    /// A limit of size, depth or queue length was reached.
    Limit = 26,
    /// No node serves the slot.
    SlotNotCovered = 40,
    /// The cluster is down.
    ClusterDown = 41,
    /// More redirects than allowed.
    TooManyRedirects = 42,
    /// The slot's keys are on the move; try again.
    TryAgain = 43,
    /// The node is loading its data set.
    Loading = 44,
    /// EXEC gave nil: a watched key changed.
    Aborted = 45,
    /// The server answered with an error.
    Server = 46,
    /// A limit on connections is reached and the pool does not wait.
    PoolExhausted = 60,
    /// A limit on connections was reached and the wait timed out.
    PoolTimeout = 61,
    /// A fault of the library itself.
    Internal = 99,
}

/// One thing that was tried on the way to an error.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The node it was tried on, `host:port`.
    pub node: String,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended: a redirect or the cause of failure.
    pub cause: String,
}

impl Attempt {
    /// What began at `started` and ended just now with this error.
    pub fn at(started: Instant, error: &Error) -> Self {
        Self {
            node: error.node().to_owned(),
            elapsed: started.elapsed(),
            cause: error.message().to_owned(),
        }
    }
}

/// An error: a status, a message for people, and the details programs ask for.
///
/// Never holds a password, a key, an argument or a value.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: Status,
    message: String,
    node: String,
    slot: Option<u16>,
    server_code: String,
    maybe_executed: bool,
    attempts: Vec<Attempt>,
    keys: Vec<KeyFate>,
}

/// What became of one key of a command that was split by its keys, and did not succeed as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyFate {
    /// It was not written, for certain; of a command that only reads, not read.
    NotWritten,
    /// It was written.
    Written,
    /// It may have been.
    Unknown,
}

/// What fallible functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A new error. The message says what, where and what to do; no trailing full stop, no secrets.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            status,
            message: message.into(),
            node: String::new(),
            slot: None,
            server_code: String::new(),
            maybe_executed: false,
            attempts: Vec::new(),
            keys: Vec::new(),
        }))
    }

    /// Names the node concerned.
    #[must_use]
    pub fn on_node(mut self, node: &NodeAddress) -> Self {
        self.0.node = node.to_string();
        self
    }

    /// Names the slot concerned.
    #[must_use]
    pub fn on_slot(mut self, slot: u16) -> Self {
        self.0.slot = Some(slot);
        self
    }

    /// Records the server's error code ("WRONGTYPE").
    #[must_use]
    pub fn with_server_code(mut self, code: &str) -> Self {
        self.0.server_code = code.into();
        self
    }

    /// Says that bytes of the command left and no reply came: it may have run.
    #[must_use]
    pub fn with_maybe_executed(mut self, maybe_executed: bool) -> Self {
        self.0.maybe_executed = maybe_executed;
        self
    }

    /// Adds what was tried, oldest first.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Adds what became of each key, by its place among the command's keys, counted from 0.
    #[must_use]
    pub fn with_keys(mut self, written: &[usize], unknown: &[usize], unwritten: &[usize]) -> Self {
        let count = written.len() + unknown.len() + unwritten.len();
        self.0.keys = vec![KeyFate::NotWritten; count];
        for (places, fate) in [(written, KeyFate::Written), (unknown, KeyFate::Unknown)] {
            for &place in places {
                if let Some(key) = self.0.keys.get_mut(place) {
                    *key = fate;
                }
            }
        }
        self
    }

    /// What became of each key of a command that was split; empty otherwise.
    pub fn keys(&self) -> &[KeyFate] {
        &self.0.keys
    }

    /// The kind of failure.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The node concerned, `host:port`, or an empty string.
    pub fn node(&self) -> &str {
        &self.0.node
    }

    /// The slot concerned, if one is.
    pub fn slot(&self) -> Option<u16> {
        self.0.slot
    }

    /// The server's error code, or an empty string.
    pub fn server_code(&self) -> &str {
        &self.0.server_code
    }

    /// True if bytes of the command left and no reply came.
    pub fn maybe_executed(&self) -> bool {
        self.0.maybe_executed
    }

    /// True if the same call may well succeed later without a change of the program: the network or
    /// the cluster was at fault, or the pool was full. Says nothing about whether a write ran
    /// ([`Error::maybe_executed`] does).
    pub fn is_retryable(&self) -> bool {
        use Status::*;
        match self.0.status {
            Unreachable | Connection | Timeout | SlotNotCovered | ClusterDown
            | TooManyRedirects | TryAgain | Loading | Aborted | PoolExhausted | PoolTimeout => true,
            // The slot is elsewhere (after a refresh), on its way, or the server is not ready yet. READ_ONLY may be
            // the server's word, too, or the option's.
            Server | ReadOnly => matches!(
                &*self.0.server_code,
                "MOVED"
                    | "ASK"
                    | "TRYAGAIN"
                    | "CLUSTERDOWN"
                    | "LOADING"
                    | "MASTERDOWN"
                    | "READONLY"
            ),
            _ => false,
        }
    }

    /// What was tried, oldest first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_puts_off_may_be_tried_again() {
        for code in ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"]
        {
            assert!(Error::new(Status::Server, "").with_server_code(code).is_retryable(), "{code}");
        }
        for code in ["WRONGTYPE", "ERR", "NOPERM", ""] {
            assert!(
                !Error::new(Status::Server, "").with_server_code(code).is_retryable(),
                "{code}"
            );
        }
        assert!(Error::new(Status::Timeout, "").is_retryable());
        assert!(!Error::new(Status::Config, "").is_retryable());
        assert!(!Error::new(Status::ReadOnly, "").is_retryable());
        assert!(Error::new(Status::ReadOnly, "").with_server_code("READONLY").is_retryable());
    }
}
