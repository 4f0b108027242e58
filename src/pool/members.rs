//! What each node's connections are doing, and both limits, under one lock.
//!
//! The invariant that makes the order of arrival simple: whenever the lock opens, nobody waits who could
//! be served. Whatever frees something (a return, a close, a failed dial) ends with [`Members::settle`],
//! which serves waiters oldest first, each with an idle connection of its node, a free place, or the
//! place of the connection that has been idle longest elsewhere. So who arrives can take what it finds.

// Leases and buffers are boxed where they come from: moving one is moving a pointer.
#![allow(clippy::vec_box)]

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::lease::{Lease, Place, Stage};
use super::pool::Core;
use super::routes::Routes;
use super::stats::{NodeStats, Stats};
use super::waiters::{Gift, Waiter};
use crate::connection::Buffers;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::os::clock::coarse_millis;

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
    /// Connections to it are dialled READONLY: it is a replica.
    pub(super) readonly: bool,
    /// Grows when connections dialled before are not wanted any more: the node has left or changed its
    /// role, or all connections were retired.
    pub(super) epoch: u64,
    /// It stands in the present map.
    pub(super) known: bool,
    /// Newest last.
    pub(super) idle: Vec<Box<Lease>>,
    pub(super) queue: VecDeque<Arc<Waiter>>,
    dialing: usize,
    checkouts: Checkouts,
    pub(super) counters: NodeStats,
}

/// When each of a member's checkouts began. A connection keeps its seat from its dial to its close, so
/// that a checkout costs one store.
#[derive(Default)]
struct Checkouts {
    /// By seat, on the coarse clock; 0: not checked out.
    since: Vec<u64>,
    free: Vec<u32>,
}

impl Checkouts {
    fn take_seat(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.since.push(0);
            (self.since.len() - 1) as u32
        })
    }

    fn leave_seat(&mut self, seat: u32) {
        self.free.push(seat);
    }

    #[inline]
    fn begin(&mut self, seat: u32, now: u64) {
        if let Some(since) = self.since.get_mut(seat as usize) {
            *since = now;
        }
    }

    #[inline]
    fn end(&mut self, seat: u32) {
        if let Some(since) = self.since.get_mut(seat as usize) {
            *since = 0;
        }
    }

    fn seats_taken(&self) -> usize {
        self.since.len() - self.free.len()
    }

    fn oldest(&self) -> Option<u64> {
        self.since.iter().copied().filter(|&since| since != 0).min()
    }
}

impl Member {
    fn places(&self) -> usize {
        self.dialing + self.checkouts.seats_taken()
    }

    fn is_needed(&self) -> bool {
        self.known || self.places() > 0 || !self.queue.is_empty()
    }

    fn stats(&self) -> NodeStats {
        let open = self.checkouts.seats_taken() as u64;
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

/// What the lock's holder leaves to be done once it is open: no I/O under it. Mostly nothing.
#[derive(Default)]
pub(super) struct Outbox(Option<Box<Chores>>);

#[derive(Default)]
struct Chores {
    close: Vec<Box<Lease>>,
    wake: Vec<Arc<Waiter>>,
}

impl Outbox {
    fn close(&mut self, lease: Box<Lease>) {
        self.0.get_or_insert_default().close.push(lease);
    }

    fn wake(&mut self, waiter: Arc<Waiter>) {
        self.0.get_or_insert_default().wake.push(waiter);
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
        drop(self.close);
        for waiter in self.wake {
            waiter.wake();
        }
    }
}

/// What [`Members::acquire`] found.
pub(super) enum Acquired {
    Connection(Box<Lease>),
    Place(Place),
    /// Nothing idle, and the caller would not dial.
    NothingIdle,
    /// A limit is reached.
    Full,
    /// The routes are out of date: the node has left.
    NodeLeft,
    Closed,
}

/// How many spare buffers are kept for connections that will be checked out.
const SPARE_BUFFERS: usize = 64;

/// All members, the limits and who waits.
pub(super) struct Members {
    limit: Option<usize>,
    limit_per_node: Option<usize>,
    pub(super) list: Vec<Member>,
    /// Looked up here by a checkout, which takes this lock in any case; swapped whole.
    pub(super) routes: Arc<Routes>,
    vacant: Vec<u32>,
    pub(super) by_address: HashMap<NodeAddress, u32>,
    /// Places held: idle, dialing and in use, of all members.
    total: usize,
    /// Of these, idle.
    idle: usize,
    waiting: usize,
    arrivals: u64,
    returns: u64,
    pub(super) closed: bool,
    spare: Vec<Box<Buffers>>,
    /// The counters of members that are gone.
    departed: NodeStats,
}

impl Members {
    pub(super) fn new(limit: Option<u32>, limit_per_node: Option<u32>) -> Self {
        Self {
            limit: limit.map(|limit| limit as usize),
            limit_per_node: limit_per_node.map(|limit| limit as usize),
            list: Vec::new(),
            routes: Arc::default(),
            vacant: Vec::new(),
            by_address: HashMap::new(),
            total: 0,
            idle: 0,
            waiting: 0,
            arrivals: 0,
            returns: 0,
            closed: false,
            spare: Vec::with_capacity(SPARE_BUFFERS),
            departed: NodeStats::default(),
        }
    }

    #[inline]
    fn find(&self, key: MemberKey) -> Option<usize> {
        let index = key.index as usize;
        self.list.get(index).filter(|member| member.serial == key.serial)?;
        Some(index)
    }

    pub(super) fn key(&self, index: usize) -> MemberKey {
        MemberKey { index: index as u32, serial: self.list[index].serial }
    }

    pub(super) fn member(&self, key: MemberKey) -> Option<&Member> {
        self.find(key).map(|index| &self.list[index])
    }

    /// Takes an idle connection of the member, newest first, or a place to dial in.
    #[inline]
    pub(super) fn acquire(
        &mut self,
        core: &Arc<Core>,
        key: MemberKey,
        now: u64,
        may_dial: bool,
        outbox: &mut Outbox,
    ) -> Acquired {
        if self.closed {
            return Acquired::Closed;
        }
        let Some(index) = self.find(key) else { return Acquired::NodeLeft };
        if let Some(lease) = self.take_idle(index, now) {
            return Acquired::Connection(lease);
        }
        if !self.list[index].known {
            return Acquired::NodeLeft;
        }
        if !self.has_room(index) {
            return Acquired::Full;
        }
        if !may_dial {
            return Acquired::NothingIdle;
        }
        Acquired::Place(self.take_place(core, index, outbox))
    }

    /// The quick way of a get: an idle connection of the slot's primary. A closed pool has none.
    #[inline(always)]
    pub(super) fn take_idle_of_slot(&mut self, slot: u16, now: u64) -> Option<Box<Lease>> {
        // The routes under this lock name present members alone: no need to compare serials.
        let key = self.routes.primary_of(slot)?;
        self.take_idle(key.index as usize, now)
    }

    /// The member's newest idle connection, checked out, with buffers if any are spare; without, its
    /// first use makes some.
    #[inline(always)]
    fn take_idle(&mut self, index: usize, now: u64) -> Option<Box<Lease>> {
        let member = self.list.get_mut(index)?;
        let mut lease = member.idle.pop()?;
        self.idle -= 1;
        member.checkouts.begin(lease.place.seat, now);
        lease.place.stage = Stage::InUse;
        if let Some(buffers) = self.spare.pop() {
            lease.connection.attach(buffers);
        }
        Some(lease)
    }

    /// Of the connections idle for `interval` milliseconds since they were used or checked, the one that
    /// has been for longest, checked out.
    pub(super) fn take_longest_unchecked(&mut self, now: u64, interval: u64) -> Option<Box<Lease>> {
        let (_, index, at) = (0..self.list.len())
            .flat_map(|index| {
                let idle = self.list[index].idle.iter().enumerate();
                idle.map(move |(at, lease)| (lease.checked_at, index, at))
            })
            .filter(|&(since, ..)| now.saturating_sub(since) >= interval)
            .min()?;
        let lease = self.list[index].idle.remove(at);
        self.list[index].idle.push(lease);
        self.take_idle(index, now)
    }

    /// True if the member may have one more connection, if need be in place of another's idle one.
    fn has_room(&self, index: usize) -> bool {
        let member = &self.list[index];
        self.limit_per_node.is_none_or(|limit| member.places() < limit)
            && (self.limit.is_none_or(|limit| self.total < limit)
                || self.longest_idle_elsewhere(index).is_some())
    }

    fn take_place(&mut self, core: &Arc<Core>, index: usize, outbox: &mut Outbox) -> Place {
        if self.limit.is_some_and(|limit| self.total >= limit)
            && let Some(other) = self.longest_idle_elsewhere(index)
        {
            let member = &mut self.list[other];
            member.counters.evicted += 1;
            let lease = member.idle.remove(0);
            self.close_idle(other, lease, outbox);
        }
        self.list[index].dialing += 1;
        self.total += 1;
        Place { core: core.clone(), member: index as u32, seat: 0, stage: Stage::Dialing }
    }

    fn longest_idle_elsewhere(&self, index: usize) -> Option<usize> {
        if self.idle == self.list[index].idle.len() {
            return None;
        }
        let oldest = |at: usize| self.list[at].idle.first().map(|lease| lease.idle_order);
        (0..self.list.len())
            .filter(|&at| at != index)
            .filter_map(|at| Some((oldest(at)?, at)))
            .min()
            .map(|(_, at)| at)
    }

    /// An idle connection, taken off its member's list, is closed and its place free.
    pub(super) fn close_idle(&mut self, index: usize, lease: Box<Lease>, outbox: &mut Outbox) {
        let member = &mut self.list[index];
        member.counters.closed += 1;
        member.checkouts.leave_seat(lease.place.seat);
        self.total -= 1;
        self.idle -= 1;
        outbox.close(lease);
        self.tidy(index);
    }

    /// A dial succeeded: its place is in use from here on.
    pub(super) fn dialed(&mut self, place: &mut Place, now: u64) {
        let member = &mut self.list[place.member as usize];
        member.dialing -= 1;
        member.counters.created += 1;
        place.seat = member.checkouts.take_seat();
        member.checkouts.begin(place.seat, now);
        place.stage = Stage::InUse;
    }

    /// The connection in a place in use was closed; another is dialled in the same place.
    pub(super) fn redial(&mut self, place: &mut Place) {
        let member = &mut self.list[place.member as usize];
        if place.stage == Stage::InUse {
            member.checkouts.end(place.seat);
            member.checkouts.leave_seat(place.seat);
            member.counters.closed += 1;
            member.dialing += 1;
            place.stage = Stage::Dialing;
        }
    }

    /// Takes a connection back, or answers with it where it is not wanted any more: dropping it outside
    /// the lock closes it and frees its place. [`Members::settle`] is to follow where somebody waits.
    #[inline(always)]
    pub(super) fn put_back(&mut self, mut lease: Box<Lease>) -> Option<Box<Lease>> {
        self.returns += 1;
        lease.idle_order = self.returns;
        let Some(idle) = self.idle_place(&mut lease) else { return Some(lease) };
        idle.push(lease);
        None
    }

    /// The same for a connection that was only looked at: it stays as old as it was.
    pub(super) fn put_back_unused(&mut self, mut lease: Box<Lease>) -> Option<Box<Lease>> {
        let Some(idle) = self.idle_place(&mut lease) else { return Some(lease) };
        let at = idle.partition_point(|other| other.idle_order < lease.idle_order);
        idle.insert(at, lease);
        None
    }

    /// Ends a checkout: where the connection is to be put. None: it is not wanted any more.
    #[inline(always)]
    fn idle_place(&mut self, lease: &mut Lease) -> Option<&mut Vec<Box<Lease>>> {
        let member = self.list.get_mut(lease.place.member as usize)?;
        if lease.epoch != member.epoch {
            return None;
        }
        member.checkouts.end(lease.place.seat);
        lease.place.stage = Stage::Idle;
        self.idle += 1;
        Some(&mut member.idle)
    }

    #[inline]
    pub(super) fn is_awaited(&self) -> bool {
        self.waiting > 0
    }

    /// A place is free again.
    pub(super) fn give_back(&mut self, place: &Place, outbox: &mut Outbox) {
        let index = place.member as usize;
        let member = &mut self.list[index];
        match place.stage {
            Stage::Dialing => member.dialing -= 1,
            Stage::InUse => {
                member.checkouts.end(place.seat);
                member.checkouts.leave_seat(place.seat);
                member.counters.closed += 1;
            }
            Stage::Idle => return,
        }
        self.total -= 1;
        self.tidy(index);
        self.settle(&place.core, outbox);
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

    fn serve(&mut self, index: usize, gift: Gift, outbox: &mut Outbox) {
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

    /// Closes what is idle, and makes what is in use close when it is released.
    pub(super) fn retire_all(&mut self, outbox: &mut Outbox) {
        for index in 0..self.list.len() {
            self.retire(index, outbox);
        }
    }

    /// The same for one member.
    pub(super) fn retire(&mut self, index: usize, outbox: &mut Outbox) {
        self.list[index].epoch += 1;
        while let Some(lease) = self.list[index].idle.pop() {
            self.close_idle(index, lease, outbox);
        }
    }

    /// The member of an address, made if there is none.
    pub(super) fn admit(&mut self, address: &NodeAddress) -> usize {
        if let Some(&index) = self.by_address.get(address) {
            return index as usize;
        }
        let mut member = Member {
            serial: 0,
            address: address.clone(),
            readonly: false,
            epoch: 0,
            known: true,
            idle: Vec::new(),
            queue: VecDeque::new(),
            dialing: 0,
            checkouts: Checkouts::default(),
            counters: NodeStats::default(),
        };
        let index = match self.vacant.pop() {
            Some(index) => {
                let index = index as usize;
                member.serial = self.list[index].serial.wrapping_add(1);
                self.list[index] = member;
                index
            }
            None => {
                self.list.push(member);
                self.list.len() - 1
            }
        };
        self.by_address.insert(address.clone(), index as u32);
        index
    }

    /// Forgets a member that has left and holds nothing any more.
    pub(super) fn tidy(&mut self, index: usize) {
        let member = &mut self.list[index];
        if member.is_needed() || self.by_address.get(&member.address) != Some(&(index as u32)) {
            return;
        }
        self.departed.add(&member.counters);
        member.counters = NodeStats::default();
        self.by_address.remove(&self.list[index].address);
        // Keys to the member are no good from here on, not only once its index is used again.
        self.list[index].serial = self.list[index].serial.wrapping_add(1);
        self.vacant.push(index as u32);
    }

    #[inline]
    pub(super) fn keep_buffers(&mut self, buffers: Box<Buffers>) {
        // The list never grows.
        if self.spare.len() < self.spare.capacity() {
            self.spare.push(buffers);
        }
    }

    /// What a get that meets a limit says.
    pub(super) fn full(&self, key: MemberKey, status: Status) -> Error {
        let Some(member) = self.member(key) else {
            return Error::new(status, "the pool is full");
        };
        let now = coarse_millis();
        let by_node = self.limit_per_node.filter(|&limit| member.places() >= limit);
        let (which, option) = match (by_node, self.limit) {
            (Some(limit), _) => {
                (format!("the limit of {limit} a node"), "max_connections_per_node")
            }
            (None, limit) => {
                (format!("the limit of {} in all", limit.unwrap_or(0)), "max_connections")
            }
        };
        let oldest = match by_node {
            Some(_) => member.checkouts.oldest(),
            None => self.list.iter().filter_map(|member| member.checkouts.oldest()).min(),
        };
        let oldest = oldest.map_or_else(String::new, |since| {
            format!(", oldest checkout {} ms ago", now.saturating_sub(since))
        });
        let advice = match status {
            Status::PoolTimeout => "release connections sooner, wait longer or raise the limit",
            _ => "release connections, raise the limit or set pool_exhausted=block",
        };
        let node = member.stats();
        Error::new(
            status,
            format!(
                "no connection to {}: {which} ({option}) is reached; this node: {} in use, {} idle, \
                 {} dialing, {} waiting; all nodes: {} connections, {} waiting{oldest}; {advice}",
                member.address,
                node.in_use,
                node.idle,
                node.dialing,
                node.waiting,
                self.total,
                self.waiting,
            ),
        )
        .on_node(&member.address)
    }

    pub(super) fn stats(&self) -> Stats {
        let mut total = self.departed;
        let mut nodes = Vec::with_capacity(self.by_address.len());
        for (index, member) in self.list.iter().enumerate() {
            let stats = member.stats();
            total.add(&stats);
            if self.by_address.get(&member.address) == Some(&(index as u32)) {
                nodes.push((member.address.to_string(), stats));
            }
        }
        Stats { total, nodes }
    }
}
