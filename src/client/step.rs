//! What an execution and its driver say to each other: the rules of a call, what is to be done, what came of it.

use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::pool::{Announced, Target};
use crate::resp::Reply;

/// What holds for every command of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// When the call ends.
    pub(crate) deadline: Deadline,
    /// How many redirects are followed.
    pub(crate) max_redirects: u32,
    /// How many failures of connections are tried again.
    pub(crate) max_retries: u32,
    /// The bound of the first pause.
    pub(crate) backoff_min: Duration,
    /// The bound of all pauses.
    pub(crate) backoff_max: Duration,
    /// What may have run is sent again, writes too.
    pub(crate) retry_on_timeout: bool,
}

impl Rules {
    /// What the options say, for a call that ends at the deadline.
    pub(crate) fn of(options: &Options, deadline: Deadline) -> Self {
        Self {
            deadline,
            max_redirects: options.max_redirects,
            max_retries: options.max_retries,
            backoff_min: options.retry_backoff_min,
            backoff_max: options.retry_backoff_max,
            retry_on_timeout: options.retry_on_timeout,
        }
    }
}

/// What the driver is to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send the command there, with ASKING in front of it in the same write if `asking`.
    Send {
        /// Where.
        target: Target,
        /// The slot is on its way to that node.
        asking: bool,
    },
    /// The slot is at that node: correct the map. The answer is [`Execution::patched`].
    Patch {
        /// The slot.
        slot: u16,
        /// The node as the server named it.
        node: Announced,
    },
    /// Count a redirect for this command alone.
    Asked,
    /// Ask the cluster for its topology, rather from another node than the suspect.
    Refresh {
        /// The node that failed.
        suspect: Option<NodeAddress>,
    },
    /// Let time pass. A change of the map may end it early.
    Wait {
        /// Until then.
        until: Instant,
    },
    /// The end; every further step is this one's error.
    Done(Result<Reply>),
}

/// What came of a [`Step::Send`].
#[derive(Debug)]
pub(crate) enum Event {
    /// A reply.
    Answered {
        /// Who answered.
        node: NodeAddress,
        /// The reply.
        reply: Reply,
        /// It is a replica, and another may answer in its place.
        by_replica: bool,
        /// The node has lost its role while it was asked: what it says of data may be out of date.
        demoted: bool,
    },
    /// No reply.
    Failed {
        /// Why, with the node.
        error: Error,
        /// Bytes of the command have left.
        sent: bool,
        /// It failed on a connection that had been good: another one may do at once.
        had_connection: bool,
    },
}
