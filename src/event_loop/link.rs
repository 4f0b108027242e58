//! A link: the commands for one node, and the connection they go over, if there is one.

use std::time::{Duration, Instant};

use super::queue::Queue;
use crate::error::Error;
use crate::node::NodeAddress;
use crate::pool::{DialFor, Lease, Target};

/// Where a link's connection is.
pub(super) enum Door {
    /// There is none.
    Closed,
    /// It is being made.
    Dialing(Box<DialFor>),
    /// The pool has no place for it; it is asked again then.
    Full { error: Error, again: Instant },
    /// It is there.
    Open(Box<Lease>),
}

/// See the module's comment.
pub(super) struct Link {
    /// Tells links apart that have the same place one after the other.
    pub(super) serial: u32,
    /// What the connection is taken for.
    pub(super) target: Target,
    /// The node, where that is certain beforehand.
    pub(super) address: Option<NodeAddress>,
    pub(super) door: Door,
    pub(super) queue: Queue,
    /// No command ends by its deadline before this.
    pub(super) due: Option<Instant>,
    /// When something was received last, or sent where nothing was owed.
    pub(super) moved: Instant,
    /// The longest silence while a reply is owed.
    pub(super) silence: Option<Duration>,
    /// It is one blocking command's own.
    pub(super) is_own: bool,
    /// It is listed as having something to send.
    pub(super) is_dirty: bool,
    /// The connection is watched for taking more.
    pub(super) writes: bool,
    /// So many of its commands may go to a node that was silent: they find out whether it is well.
    pub(super) admitted: usize,
    /// Nothing more is sent on the connection; it is given back once all is answered.
    pub(super) retires: bool,
}

impl Link {
    pub(super) fn new(
        serial: u32,
        target: Target,
        address: Option<NodeAddress>,
        now: Instant,
    ) -> Self {
        Self {
            serial,
            target,
            address,
            door: Door::Closed,
            queue: Queue::default(),
            due: None,
            moved: now,
            silence: None,
            is_own: false,
            is_dirty: false,
            writes: false,
            admitted: 0,
            retires: false,
        }
    }

    /// The node that what has left went to.
    pub(super) fn node(&self) -> Option<&NodeAddress> {
        match &self.door {
            Door::Open(lease) => Some(lease.peer().node()),
            _ => self.address.as_ref(),
        }
    }

    /// Up to which position of the queue bytes may have left.
    pub(super) fn left(&self) -> u64 {
        match &self.door {
            Door::Open(lease) => self.queue.left(lease.peer().may_have_left(0)),
            _ => self.queue.left(0),
        }
    }

    /// When it has been silent for too long.
    pub(super) fn silent_at(&self) -> Option<Instant> {
        if self.queue.owes() { self.moved.checked_add(self.silence?) } else { None }
    }

    /// Nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && matches!(self.door, Door::Open(_))
    }

    /// A command is to be queued that ends then.
    pub(super) fn is_due_by(&mut self, deadline: Option<Instant>) {
        if self.queue.is_empty() {
            self.due = deadline;
        } else if let Some(deadline) = deadline
            && self.due.is_none_or(|due| deadline < due)
        {
            self.due = Some(deadline);
        }
    }

    /// No command ends by its deadline before this.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.queue.is_empty())
    }
}
