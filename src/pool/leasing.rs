//! A lease on one node's connection: an idle one, one that is waited for, or one dialled for it.

use std::sync::Arc;
use std::time::Duration;

use super::lease::{Lease, Place};
use super::member::MemberKey;
use super::members::Acquired;
use super::outbox::Outbox;
use super::pool::Core;
use super::waiters::{Gift, Waiter};
use crate::connection::Interrupter;
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::options::PoolExhausted;
use crate::os::clock::coarse_millis;

/// How a get may wait.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    pub(super) deadline: Deadline,
    /// Timeout 0: idle connections only.
    pub(super) now: bool,
    /// At a limit it waits, where the option `pool_exhausted` says so.
    pub(super) waits: bool,
    /// A dial ends, with CANCELLED, when its node loses the role of a primary: the caller goes to its successor.
    pub(super) follows: bool,
    /// What ends it before its time.
    pub(super) stop: Option<&'a dyn Stop>,
}

/// What may end a call before its time, from another thread.
pub(crate) trait Stop {
    /// The call is to end.
    fn is_fired(&self) -> bool;
    /// The call dials: this ends it, until it has got its connection.
    fn dials(&self, interrupter: Interrupter);
}

/// How often a call that waits looks whether it is to stop.
const STOP_LATENCY: Duration = Duration::from_millis(10);

impl Patience<'_> {
    /// Of a call that starts now; `default` is the option's value.
    pub(super) fn of(timeout: Timeout, default: Duration) -> Self {
        Self {
            deadline: timeout.deadline(default),
            now: timeout == Timeout::Now,
            waits: true,
            follows: false,
            stop: None,
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(Stop::is_fired)
    }

    /// Waits for the waiter's turn; false if the time passed first, or the wait is to stop.
    fn sits_out(&self, waiter: &Waiter) -> bool {
        let until = || match self.stop {
            Some(_) => self.deadline.earlier(Deadline::after(STOP_LATENCY)),
            None => self.deadline,
        };
        while !waiter.wait(until()) {
            if self.deadline.has_passed() || self.is_stopped() {
                return false;
            }
        }
        true
    }
}

pub(super) enum Found {
    Lease(Box<Lease>),
    Full,
    NodeLeft,
}

impl Core {
    /// A connection to the member, dialled in `place` if the caller has one there; None if the node has
    /// left.
    pub(super) fn lease(
        self: &Arc<Self>,
        key: MemberKey,
        place: Option<Place>,
        patience: Patience,
    ) -> Result<Option<Box<Lease>>> {
        // A slot may have moved since the place was taken: then it is given back.
        if let Some(place) = place
            && place.member == key.index
            && !patience.now
        {
            return self.dial(place, patience).map(Some);
        }
        match self.lease_without_waiting(key, patience)? {
            Found::Lease(lease) => return Ok(Some(lease)),
            Found::NodeLeft => return Ok(None),
            Found::Full => {}
        }
        let waits = patience.waits && !patience.now;
        if self.options.pool_exhausted == PoolExhausted::Error || !waits {
            return Err(self.members.lock().full(key, Status::PoolExhausted));
        }
        self.wait(key, patience)
    }

    pub(super) fn lease_without_waiting(
        self: &Arc<Self>,
        key: MemberKey,
        patience: Patience,
    ) -> Result<Found> {
        loop {
            let now = coarse_millis();
            let mut outbox = Outbox::default();
            let mut members = self.members.lock();
            let acquired = members.acquire(self, key, now, !patience.now, &mut outbox);
            drop(members);
            outbox.deliver();
            return match acquired {
                Acquired::Connection(lease) => match self.vet(lease, patience) {
                    Ok(lease) => Ok(Found::Lease(lease)),
                    // Its place goes back: without a dial the next idle one is looked at.
                    Err(_) if patience.now => continue,
                    Err(place) => self.dial(place, patience).map(Found::Lease),
                },
                Acquired::Place(place) => self.dial(place, patience).map(Found::Lease),
                Acquired::NothingIdle => {
                    Err(would_take_time("no connection is idle, and dialing takes time"))
                }
                Acquired::Full => Ok(Found::Full),
                Acquired::NodeLeft => Ok(Found::NodeLeft),
                Acquired::Closed => Err(closed()),
            };
        }
    }

    pub(super) fn wait(
        self: &Arc<Self>,
        key: MemberKey,
        patience: Patience,
    ) -> Result<Option<Box<Lease>>> {
        let waiter = {
            let mut outbox = Outbox::default();
            let mut members = self.members.lock();
            if members.closed {
                return Err(closed());
            }
            let Some(waiter) = members.wait_for(key) else { return Ok(None) };
            // A place may have come free since the caller looked.
            members.settle(self, &mut outbox);
            drop(members);
            outbox.deliver();
            waiter
        };
        let gift = if patience.sits_out(&waiter) {
            waiter.take()
        } else {
            // Given at the last moment is given all the same. Who gave it wakes its waiter once what made
            // room is closed: not before is the place free, or a server would see one connection too many.
            let gift = self.members.lock().stop_waiting(key, &waiter);
            if gift.is_some() {
                waiter.wait(Deadline::NEVER);
            }
            gift
        };
        match gift {
            Some(Gift::Connection(lease)) => match self.vet(lease, patience) {
                Ok(lease) => Ok(Some(lease)),
                Err(place) => self.dial(place, patience).map(Some),
            },
            // A place at the last moment leaves no time to dial: the wait was in vain all the same.
            Some(Gift::Place(place)) if patience.deadline.has_passed() => {
                drop(place);
                Err(self.members.lock().full(key, Status::PoolTimeout))
            }
            Some(Gift::Place(place)) => self.dial(place, patience).map(Some),
            Some(Gift::NodeLeft) => Ok(None),
            Some(Gift::Closed) => Err(closed()),
            None if patience.is_stopped() => {
                Err(Error::new(Status::Cancelled, "the wait for a connection was cancelled"))
            }
            None => Err(self.members.lock().full(key, Status::PoolTimeout)),
        }
    }

    /// The idle check of a get that has time. A connection that logged in by credentials since replaced logs
    /// in anew; one that is closed, not silent or expired is closed, and its place is for a new one.
    pub(super) fn vet(
        &self,
        mut lease: Box<Lease>,
        patience: Patience,
    ) -> std::result::Result<Box<Lease>, Place> {
        lease.restore_login();
        let is_outdated = self.dialer.is_outdated(&lease.connection);
        let is_fit = lease.is_fit(coarse_millis());
        let mut log_in = || {
            !patience.now
                && self.dialer.log_in_again(&mut lease.connection, patience.deadline).is_ok()
        };
        if is_fit && (!is_outdated || log_in()) {
            return Ok(lease);
        }
        Err(self.close_for_another(lease))
    }

    #[cold]
    pub(super) fn close_for_another(&self, lease: Box<Lease>) -> Place {
        let mut place = lease.close();
        self.members.lock().redial(&mut place);
        place
    }

    pub(super) fn dial(self: &Arc<Self>, place: Place, patience: Patience) -> Result<Box<Lease>> {
        let mut dial = self.begin_dial(place, patience.deadline, patience.follows)?;
        let mut told = None;
        loop {
            if let Some(stop) = patience.stop
                && let Some(interrupter) = dial.interrupter_other_than(&told)
            {
                stop.dials(interrupter.clone());
                told = Some(interrupter);
            }
            if let Some(lease) = dial.step()? {
                return Ok(lease);
            }
            dial.sit_out();
        }
    }
}

#[cold]
pub(super) fn would_take_time(why: &str) -> Error {
    Error::new(Status::Timeout, format!("{why}; a timeout of 0 waits for nothing"))
}

#[cold]
pub(super) fn closed() -> Error {
    Error::new(Status::Closed, "the pool is closed")
}
