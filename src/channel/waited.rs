//! How a caller's wait has ended.

use std::sync::Arc;

use super::carrier::Carrier;
use super::queue::Outcome;

/// How a wait has ended of a caller that was [`ALONE`](super::queue::ALONE).
pub(crate) enum Alone<L: Carrier> {
    /// With its reply.
    Reply {
        /// It.
        reply: L::Reply,
        /// The node had lost its role.
        is_demoted: bool,
        /// As in [`Waited`].
        free: Option<Arc<L>>,
    },
    /// With something else.
    Other(Waited<L>),
}

/// How a caller's wait has ended.
pub(crate) struct Waited<L: Carrier> {
    /// What became of its commands.
    pub(crate) outcome: Option<Outcome<L::Reply, L::Error>>,
    /// The connection, where nothing is owed on it any more: it is the caller's to give back.
    pub(crate) free: Option<Arc<L>>,
}
