//! Who waits for a place, in order of arrival.

use std::sync::Arc;

use super::lease::{Lease, Place};
use super::member::MemberKey;
use super::members::Members;
use super::outbox::Outbox;
use super::pool::Core;
use crate::deadline::Deadline;
use crate::os::clock::coarse_millis;
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

impl Members {
    #[inline]
    pub(super) fn is_awaited(&self) -> bool {
        self.waiting > 0
    }

    /// Queues a new waiter for the member, last of all.
    pub(super) fn wait_for(&mut self, key: MemberKey) -> Option<Arc<Waiter>> {
        let index = self.find(key)?;
        self.arrivals += 1;
        let waiter = Waiter::new(self.arrivals);
        let member = &mut self.list[index];
        member.counters.waits += 1;
        member.queue.push_back(waiter.clone());
        self.waiting += 1;
        Some(waiter)
    }

    /// A waiter gives up at its deadline, unless it was given something meanwhile.
    pub(super) fn stop_waiting(&mut self, key: MemberKey, waiter: &Waiter) -> Option<Gift> {
        if let Some(gift) = waiter.take() {
            return Some(gift);
        }
        let index = self.find(key)?;
        let member = &mut self.list[index];
        member.queue.retain(|other| other.arrival != waiter.arrival);
        member.counters.timeouts += 1;
        self.waiting -= 1;
        self.tidy(index);
        None
    }

    /// Serves who can be served, oldest first.
    pub(super) fn settle(&mut self, core: &Arc<Core>, outbox: &mut Outbox) {
        while self.waiting > 0 {
            let next = (0..self.list.len())
                .filter_map(|index| Some((self.list[index].queue.front()?.arrival, index)))
                .filter(|&(_, index)| !self.list[index].idle.is_empty() || self.has_room(index))
                .min();
            let Some((_, index)) = next else { return };
            let gift = match self.take_idle(index, coarse_millis()) {
                Some(lease) => Gift::Connection(lease),
                None => Gift::Place(self.take_place(core, index, outbox)),
            };
            self.serve(index, gift, outbox);
        }
    }

    pub(super) fn serve(&mut self, index: usize, gift: Gift, outbox: &mut Outbox) {
        if let Some(waiter) = self.list[index].queue.pop_front() {
            self.waiting -= 1;
            waiter.give(gift);
            outbox.wake(waiter);
        }
    }

    /// Everyone who waits for the member stops: it has left, or the pool is closed.
    pub(super) fn dismiss(&mut self, index: usize, gift: impl Fn() -> Gift, outbox: &mut Outbox) {
        while !self.list[index].queue.is_empty() {
            self.serve(index, gift(), outbox);
        }
    }
}
