//! One node as the pool sees it: what its connections are doing, and who waits for one.

// Leases are boxed where they come from: moving one is moving a pointer.
#![allow(clippy::vec_box)]

use std::collections::VecDeque;
use std::sync::Arc;

use super::lease::Lease;
use super::stats::NodeStats;
use super::waiters::Waiter;
use crate::connection::Interrupter;
use crate::node::NodeAddress;

/// Names a member; a member that was removed and its index reused is told apart by the serial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MemberKey {
    pub(super) index: u32,
    pub(super) serial: u32,
}

/// One node as the pool sees it.
pub(super) struct Member {
    pub(super) serial: u32,
    pub(super) address: NodeAddress,
    /// The host name the cluster tells of it.
    pub(super) hostname: Option<Arc<str>>,
    /// Connections to it are dialled READONLY: it is a replica.
    pub(super) readonly: bool,
    /// Reads pass over it until then, on the coarse clock; 0: it does not rest. When the time has come it is
    /// tried, and only then is this 0 again.
    pub(super) rests_until: u64,
    /// Whether it is in `client_az`, as the node itself told when it was dialled; None before that.
    pub(super) told_near: Option<bool>,
    /// Grows when connections dialled before are not wanted as they are: the node has left or changed its
    /// role, all connections were retired, or the credentials were replaced.
    pub(super) epoch: u64,
    /// The epoch before which connections are not wanted at all. Between it and the present one they only
    /// have to log in anew.
    pub(super) retired_at: u64,
    /// The epoch that began when it last ceased to be the primary of its slots; 0: never. What it answers on
    /// connections of epochs before may be older than what its successor has answered since.
    pub(super) demoted_at: u64,
    /// Its primary's calls go wrong: until then nobody but the one who finds out queues on it, on the coarse clock;
    /// 0: it is well. See `suspicion`.
    pub(super) suspect_until: u64,
    /// It stands in the present map.
    pub(super) known: bool,
    /// Newest last.
    pub(super) idle: Vec<Box<Lease>>,
    pub(super) queue: VecDeque<Arc<Waiter>>,
    pub(super) dialing: usize,
    /// What ends the dials of callers who then go where its slots are by now. Some may be over already.
    pub(super) dials: Vec<Interrupter>,
    /// Evicted and not closed yet: they still hold a place of the node, and none in all.
    pub(super) leaving: usize,
    pub(super) checkouts: Checkouts,
    pub(super) counters: NodeStats,
}

/// When each of a member's checkouts began. A connection keeps its seat from its dial to its close, so
/// that a checkout costs one store.
#[derive(Default)]
pub(super) struct Checkouts {
    /// By seat, on the coarse clock, with [`FOR_CLIENT`] or without; 0: not checked out.
    since: Vec<u64>,
    /// By seat: what ends the connection's call.
    interrupters: Vec<Option<Interrupter>>,
    free: Vec<u32>,
}

/// In the time a checkout began: the connection is the client's, whose calls the pool may end, and not the
/// program's own. It costs a checkout nothing.
pub(super) const FOR_CLIENT: u64 = 1 << 63;

impl Checkouts {
    pub(super) fn take_seat(&mut self, interrupter: Interrupter) -> u32 {
        let interrupter = Some(interrupter);
        match self.free.pop() {
            Some(seat) => {
                self.interrupters[seat as usize] = interrupter;
                seat
            }
            None => {
                self.since.push(0);
                self.interrupters.push(interrupter);
                (self.since.len() - 1) as u32
            }
        }
    }

    pub(super) fn leave_seat(&mut self, seat: u32) {
        self.interrupters[seat as usize] = None;
        self.free.push(seat);
    }

    /// The checkout is the client's from here on.
    pub(super) fn give_to_client(&mut self, seat: u32) {
        if let Some(since) = self.since.get_mut(seat as usize) {
            *since |= FOR_CLIENT;
        }
    }

    /// What ends the calls on connections that the client has.
    pub(super) fn of_client(&self) -> impl Iterator<Item = &Interrupter> {
        let seats = self.since.iter().zip(&self.interrupters);
        seats.filter(|(since, _)| **since & FOR_CLIENT != 0).filter_map(|(_, it)| it.as_ref())
    }

    #[inline]
    pub(super) fn begin(&mut self, seat: u32, now: u64) {
        if let Some(since) = self.since.get_mut(seat as usize) {
            *since = now;
        }
    }

    #[inline]
    pub(super) fn end(&mut self, seat: u32) {
        if let Some(since) = self.since.get_mut(seat as usize) {
            *since = 0;
        }
    }

    pub(super) fn seats_taken(&self) -> usize {
        self.since.len() - self.free.len()
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        self.since.iter().map(|since| since & !FOR_CLIENT).filter(|&since| since != 0).min()
    }
}

/// The epoch of a connection that no member takes back.
pub(super) const NEVER: u64 = u64::MAX;

impl Member {
    /// Whether it takes back a connection of another epoch: one that only has to log in anew, which is noted.
    #[cold]
    pub(super) fn takes_outdated(&self, lease: &mut Lease) -> bool {
        if lease.epoch == NEVER || lease.epoch < self.retired_at {
            return false;
        }
        lease.epoch = self.epoch;
        lease.retire_login();
        true
    }

    pub(super) fn places(&self) -> usize {
        self.dialing + self.checkouts.seats_taken()
    }

    pub(super) fn is_needed(&self) -> bool {
        self.known || self.places() > 0 || !self.queue.is_empty()
    }

    pub(super) fn stats(&self) -> NodeStats {
        let open = (self.checkouts.seats_taken() - self.leaving) as u64;
        let idle = self.idle.len() as u64;
        NodeStats {
            open,
            idle,
            in_use: open - idle,
            dialing: self.dialing as u64,
            waiting: self.queue.len() as u64,
            ..self.counters
        }
    }
}
