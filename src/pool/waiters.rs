//! Who waits for a place, in order of arrival.

use std::sync::Arc;

use super::lease::{Lease, Place};
use crate::deadline::Deadline;
use crate::os::futex::{Event, Mutex};

/// What ends a wait.
pub(super) enum Gift {
    /// A connection, checked out for the waiter.
    Connection(Box<Lease>),
    /// A place to dial in.
    Place(Place),
    /// The node has left the cluster.
    NodeLeft,
    /// The pool was closed.
    Closed,
}

/// One thread that waits for a connection to one node. It holds nothing while it waits.
pub(super) struct Waiter {
    /// Its number: smaller came earlier.
    pub(super) arrival: u64,
    gift: Mutex<Option<Gift>>,
    given: Event,
}

impl Waiter {
    pub(super) fn new(arrival: u64) -> Arc<Self> {
        Arc::new(Self { arrival, gift: Mutex::new(None), given: Event::new() })
    }

    /// Leaves the gift; [`Waiter::wake`] follows once the pool's lock is open.
    pub(super) fn give(&self, gift: Gift) {
        *self.gift.lock() = Some(gift);
    }

    pub(super) fn wake(&self) {
        self.given.set();
    }

    /// Waits for [`Waiter::wake`]; false if the deadline passed first.
    pub(super) fn wait(&self, deadline: Deadline) -> bool {
        self.given.wait(deadline)
    }

    pub(super) fn take(&self) -> Option<Gift> {
        self.gift.lock().take()
    }
}
