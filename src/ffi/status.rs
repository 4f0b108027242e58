//! What a call answers.

use std::ffi::c_char;

use crate::error::Status;

/// What a fallible function answers. The numbers are grouped and never change or return with
/// another meaning; later versions may add some: treat an unknown one by its group.
///
/// 1 to 19: the caller's mistakes. 20 to 39: the network and the protocol. 40 to 59: the cluster.
/// 60 to 69: the pool. 99: the library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_status {
    /// The call did what it says.
    REDISCLUSTER_OK = 0,
    /// A parameter is out of range, NULL where it must not be, or an object is misused.
    REDISCLUSTER_ERROR_INVALID_ARGUMENT = 1,
    /// An option is unknown, or its value, or the options together, make no sense.
    REDISCLUSTER_ERROR_CONFIG = 2,
    /// The connection is not checked out: it was released already, or never was one.
    REDISCLUSTER_ERROR_NOT_CHECKED_OUT = 3,
    /// No node of that address or id is known.
    REDISCLUSTER_ERROR_UNKNOWN_NODE = 4,
    /// The keys of the command cannot be found.
    REDISCLUSTER_ERROR_UNROUTABLE = 5,
    /// The keys of the command live in several slots.
    REDISCLUSTER_ERROR_CROSS_SLOT = 6,
    /// The pool is closed.
    REDISCLUSTER_ERROR_CLOSED = 7,
    /// The connection was checked out before a fork, in the parent.
    REDISCLUSTER_ERROR_FORKED = 8,
    /// A write on something read-only.
    REDISCLUSTER_ERROR_READ_ONLY = 9,
    /// The call was cancelled or interrupted.
    REDISCLUSTER_ERROR_CANCELLED = 10,
    /// No startup node answered; the message names each with its cause.
    REDISCLUSTER_ERROR_UNREACHABLE = 20,
    /// A connection could not be made, or broke.
    REDISCLUSTER_ERROR_CONNECTION = 21,
    /// The time was up.
    REDISCLUSTER_ERROR_TIMEOUT = 22,
    /// The server refused the credentials.
    REDISCLUSTER_ERROR_AUTH = 23,
    /// TLS failed.
    REDISCLUSTER_ERROR_TLS = 24,
    /// The server sent what is not the protocol.
    REDISCLUSTER_ERROR_PROTOCOL = 25,
    /// A limit of size, depth or queue length was reached.
    REDISCLUSTER_ERROR_LIMIT = 26,
    /// No node serves the slot.
    REDISCLUSTER_ERROR_SLOT_NOT_COVERED = 40,
    /// The cluster is down.
    REDISCLUSTER_ERROR_CLUSTER_DOWN = 41,
    /// More redirects than allowed.
    REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS = 42,
    /// The slot's keys are on the move: try again.
    REDISCLUSTER_ERROR_TRY_AGAIN = 43,
    /// The node is loading its data set.
    REDISCLUSTER_ERROR_LOADING = 44,
    /// EXEC gave nil: a watched key changed.
    REDISCLUSTER_ERROR_ABORTED = 45,
    /// The server answered with an error (rediscluster_reply_check).
    REDISCLUSTER_ERROR_SERVER = 46,
    /// A limit on connections is reached, and the pool does not wait.
    REDISCLUSTER_ERROR_POOL_EXHAUSTED = 60,
    /// A limit on connections was reached, and none came free in time.
    REDISCLUSTER_ERROR_POOL_TIMEOUT = 61,
    /// A fault of the library itself: please report it.
    REDISCLUSTER_ERROR_INTERNAL = 99,
}

use rediscluster_status::*;

/// Each status and its name.
const NAMES: [(rediscluster_status, &std::ffi::CStr); 28] = [
    (REDISCLUSTER_OK, c"OK"),
    (REDISCLUSTER_ERROR_INVALID_ARGUMENT, c"INVALID_ARGUMENT"),
    (REDISCLUSTER_ERROR_CONFIG, c"CONFIG"),
    (REDISCLUSTER_ERROR_NOT_CHECKED_OUT, c"NOT_CHECKED_OUT"),
    (REDISCLUSTER_ERROR_UNKNOWN_NODE, c"UNKNOWN_NODE"),
    (REDISCLUSTER_ERROR_UNROUTABLE, c"UNROUTABLE"),
    (REDISCLUSTER_ERROR_CROSS_SLOT, c"CROSS_SLOT"),
    (REDISCLUSTER_ERROR_CLOSED, c"CLOSED"),
    (REDISCLUSTER_ERROR_FORKED, c"FORKED"),
    (REDISCLUSTER_ERROR_READ_ONLY, c"READ_ONLY"),
    (REDISCLUSTER_ERROR_CANCELLED, c"CANCELLED"),
    (REDISCLUSTER_ERROR_UNREACHABLE, c"UNREACHABLE"),
    (REDISCLUSTER_ERROR_CONNECTION, c"CONNECTION"),
    (REDISCLUSTER_ERROR_TIMEOUT, c"TIMEOUT"),
    (REDISCLUSTER_ERROR_AUTH, c"AUTH"),
    (REDISCLUSTER_ERROR_TLS, c"TLS"),
    (REDISCLUSTER_ERROR_PROTOCOL, c"PROTOCOL"),
    (REDISCLUSTER_ERROR_LIMIT, c"LIMIT"),
    (REDISCLUSTER_ERROR_SLOT_NOT_COVERED, c"SLOT_NOT_COVERED"),
    (REDISCLUSTER_ERROR_CLUSTER_DOWN, c"CLUSTER_DOWN"),
    (REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS, c"TOO_MANY_REDIRECTS"),
    (REDISCLUSTER_ERROR_TRY_AGAIN, c"TRY_AGAIN"),
    (REDISCLUSTER_ERROR_LOADING, c"LOADING"),
    (REDISCLUSTER_ERROR_ABORTED, c"ABORTED"),
    (REDISCLUSTER_ERROR_SERVER, c"SERVER"),
    (REDISCLUSTER_ERROR_POOL_EXHAUSTED, c"POOL_EXHAUSTED"),
    (REDISCLUSTER_ERROR_POOL_TIMEOUT, c"POOL_TIMEOUT"),
    (REDISCLUSTER_ERROR_INTERNAL, c"INTERNAL"),
];

impl From<Status> for rediscluster_status {
    fn from(status: Status) -> Self {
        match status {
            Status::InvalidArgument => REDISCLUSTER_ERROR_INVALID_ARGUMENT,
            Status::Config => REDISCLUSTER_ERROR_CONFIG,
            Status::NotCheckedOut => REDISCLUSTER_ERROR_NOT_CHECKED_OUT,
            Status::UnknownNode => REDISCLUSTER_ERROR_UNKNOWN_NODE,
            Status::Unroutable => REDISCLUSTER_ERROR_UNROUTABLE,
            Status::CrossSlot => REDISCLUSTER_ERROR_CROSS_SLOT,
            Status::Closed => REDISCLUSTER_ERROR_CLOSED,
            Status::Forked => REDISCLUSTER_ERROR_FORKED,
            Status::ReadOnly => REDISCLUSTER_ERROR_READ_ONLY,
            Status::Cancelled => REDISCLUSTER_ERROR_CANCELLED,
            Status::Unreachable => REDISCLUSTER_ERROR_UNREACHABLE,
            Status::Connection => REDISCLUSTER_ERROR_CONNECTION,
            Status::Timeout => REDISCLUSTER_ERROR_TIMEOUT,
            Status::Auth => REDISCLUSTER_ERROR_AUTH,
            Status::Tls => REDISCLUSTER_ERROR_TLS,
            Status::Protocol => REDISCLUSTER_ERROR_PROTOCOL,
            Status::Limit => REDISCLUSTER_ERROR_LIMIT,
            Status::SlotNotCovered => REDISCLUSTER_ERROR_SLOT_NOT_COVERED,
            Status::ClusterDown => REDISCLUSTER_ERROR_CLUSTER_DOWN,
            Status::TooManyRedirects => REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS,
            Status::TryAgain => REDISCLUSTER_ERROR_TRY_AGAIN,
            Status::Loading => REDISCLUSTER_ERROR_LOADING,
            Status::Aborted => REDISCLUSTER_ERROR_ABORTED,
            Status::Server => REDISCLUSTER_ERROR_SERVER,
            Status::PoolExhausted => REDISCLUSTER_ERROR_POOL_EXHAUSTED,
            Status::PoolTimeout => REDISCLUSTER_ERROR_POOL_TIMEOUT,
            Status::Internal => REDISCLUSTER_ERROR_INTERNAL,
        }
    }
}

/// A status by its name: "OK", "TIMEOUT".
///
/// Returns: the name, "UNKNOWN" for a number this version does not know; never NULL.
/// Ownership: the text is the library's, for ever.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_status_name(status: i32) -> *const c_char {
    let found = NAMES.iter().find(|(known, _)| *known as i32 == status);
    found.map_or(c"UNKNOWN", |(_, name)| name).as_ptr()
}
