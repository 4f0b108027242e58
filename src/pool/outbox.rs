//! What is put off until the pool's lock is open.

// Leases are boxed where they come from: moving one is moving a pointer.
#![allow(clippy::vec_box)]

use std::sync::Arc;

use super::lease::Lease;
use super::waiters::Waiter;
use crate::connection::Interrupter;

/// What the lock's holder leaves to be done once it is open: no I/O under it. Mostly nothing.
#[derive(Default)]
pub(super) struct Outbox(Option<Box<Chores>>);

#[derive(Default)]
struct Chores {
    close: Vec<Box<Lease>>,
    wake: Vec<Arc<Waiter>>,
    interrupt: Vec<Interrupter>,
}

impl Outbox {
    pub(super) fn close(&mut self, lease: Box<Lease>) {
        self.0.get_or_insert_default().close.push(lease);
    }

    pub(super) fn wake(&mut self, waiter: Arc<Waiter>) {
        self.0.get_or_insert_default().wake.push(waiter);
    }

    pub(super) fn interrupt(&mut self, interrupter: &Interrupter) {
        self.0.get_or_insert_default().interrupt.push(interrupter.clone());
    }

    /// Closes first: who is woken dials in the place of what was closed.
    #[inline]
    pub(super) fn deliver(self) {
        if let Some(chores) = self.0 {
            chores.run();
        }
    }
}

impl Chores {
    #[cold]
    fn run(self) {
        for interrupter in self.interrupt {
            interrupter.interrupt();
        }
        drop(self.close);
        for waiter in self.wake {
            waiter.wake();
        }
    }
}
