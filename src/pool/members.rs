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
use super::member::{Checkouts, Member, MemberKey};
use super::outbox::Outbox;
use super::pool::Core;
use super::routes::Routes;
use super::stats::{NodeStats, Stats};
use crate::connection::{Buffers, Dialer, Interrupter};
use crate::node::NodeAddress;
use crate::options::Options;

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
    pub(super) limit: Option<usize>,
    pub(super) limit_per_node: Option<usize>,
    pub(super) list: Vec<Member>,
    /// Looked up here by a checkout, which takes this lock in any case; swapped whole.
    pub(super) routes: Arc<Routes>,
    /// By shard: where its next read begins among its readers.
    pub(super) turns: Vec<u32>,
    /// `replica_cooldown` in milliseconds.
    pub(super) cooldown: Option<u64>,
    pub(super) vacant: Vec<u32>,
    pub(super) by_address: HashMap<NodeAddress, u32>,
    /// Places held: idle, dialing and in use, of all members.
    pub(super) total: usize,
    /// Of these, idle.
    pub(super) idle: usize,
    pub(super) waiting: usize,
    pub(super) arrivals: u64,
    pub(super) returns: u64,
    pub(super) closed: bool,
    pub(super) spare: Vec<Box<Buffers>>,
    /// The counters of members that are gone.
    pub(super) departed: NodeStats,
}

impl Members {
    pub(super) fn new(options: &Options) -> Self {
        let cooldown = options.replica_cooldown;
        Self {
            limit: options.connection_limit().map(|limit| limit as usize),
            limit_per_node: options.max_connections_per_node.map(|limit| limit as usize),
            list: Vec::new(),
            routes: Arc::default(),
            turns: Vec::new(),
            cooldown: cooldown.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
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
    pub(super) fn find(&self, key: MemberKey) -> Option<usize> {
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

    /// The same, unless the primary is suspect.
    #[inline(always)]
    pub(super) fn take_idle_of_unsuspected(&mut self, slot: u16, now: u64) -> Option<Box<Lease>> {
        let index = self.routes.primary_of(slot)?.index as usize;
        if self.list.get(index)?.suspect_until != 0 {
            return None;
        }
        self.take_idle(index, now)
    }

    /// The member's newest idle connection, checked out, with buffers if any are spare; without, its
    /// first use makes some.
    #[inline(always)]
    pub(super) fn take_idle(&mut self, index: usize, now: u64) -> Option<Box<Lease>> {
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
        self.take_idle_at(index, at, now)
    }

    fn take_idle_at(&mut self, index: usize, at: usize, now: u64) -> Option<Box<Lease>> {
        let lease = self.list[index].idle.remove(at);
        self.list[index].idle.push(lease);
        self.take_idle(index, now)
    }

    /// An idle connection that logged in by credentials since replaced, checked out.
    pub(super) fn take_outdated(&mut self, dialer: &Dialer, now: u64) -> Option<Box<Lease>> {
        let (index, at) = self.list.iter().enumerate().find_map(|(index, member)| {
            let mut idle = member.idle.iter();
            Some((index, idle.position(|lease| dialer.is_outdated(&lease.connection))?))
        })?;
        self.take_idle_at(index, at, now)
    }

    /// An idle connection, taken off its member's list, is closed. It keeps its place until it is: a
    /// server never sees one connection too many.
    pub(super) fn close_idle(&mut self, mut lease: Box<Lease>, outbox: &mut Outbox) {
        lease.place.stage = Stage::InUse;
        self.idle -= 1;
        outbox.close(lease);
    }

    /// A dial succeeded: its place is in use from here on.
    pub(super) fn dialed(&mut self, place: &mut Place, interrupter: Interrupter, now: u64) {
        let member = &mut self.list[place.member as usize];
        member.dialing -= 1;
        member.counters.created += 1;
        member.dials.retain(|dial| dial.is_open() && !dial.is_same(&interrupter));
        place.seat = member.checkouts.take_seat(interrupter);
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
        let Some(member) = self.list.get_mut(lease.place.member as usize) else {
            return Some(lease);
        };
        if lease.epoch != member.epoch && !member.takes_outdated(&mut lease) {
            return Some(lease);
        }
        member.checkouts.end(lease.place.seat);
        self.returns += 1;
        lease.idle_order = self.returns;
        lease.place.stage = Stage::Idle;
        member.idle.push(lease);
        self.idle += 1;
        None
    }

    /// The same for a connection that was only looked at: it stays as old as it was.
    pub(super) fn put_back_checked(&mut self, lease: Box<Lease>) -> Option<Box<Lease>> {
        let (member, order) = (lease.place.member as usize, lease.idle_order);
        let unwanted = self.put_back(lease);
        let idle = &mut self.list[member].idle;
        if unwanted.is_none()
            && let Some(mut lease) = idle.pop()
        {
            lease.idle_order = order;
            let at = idle.partition_point(|other| other.idle_order < order);
            idle.insert(at, lease);
        }
        unwanted
    }

    /// A place is free again.
    pub(super) fn give_back(&mut self, place: &Place, outbox: &mut Outbox) {
        let index = place.member as usize;
        let member = &mut self.list[index];
        match place.stage {
            Stage::Idle => return,
            Stage::Dialing => member.dialing -= 1,
            Stage::InUse | Stage::Evicted => {
                member.checkouts.end(place.seat);
                member.checkouts.leave_seat(place.seat);
                member.counters.closed += 1;
            }
        }
        match place.stage {
            Stage::Evicted => member.leaving -= 1,
            _ => self.total -= 1,
        }
        self.tidy(index);
        self.settle(&place.core, outbox);
    }

    /// Closes what is idle, and makes what is in use close when it is released.
    pub(super) fn retire_all(&mut self, outbox: &mut Outbox) {
        for index in 0..self.list.len() {
            self.retire(index, outbox);
        }
    }

    /// Connections made before are to log in anew before they are given out again.
    pub(super) fn retire_logins(&mut self) {
        for member in &mut self.list {
            member.epoch += 1;
            for lease in &mut member.idle {
                lease.epoch = member.epoch;
                lease.retire_login();
            }
        }
    }

    /// The same for one member.
    pub(super) fn retire(&mut self, index: usize, outbox: &mut Outbox) {
        self.list[index].epoch += 1;
        self.list[index].retired_at = self.list[index].epoch;
        while let Some(lease) = self.list[index].idle.pop() {
            self.close_idle(lease, outbox);
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
            hostname: None,
            readonly: false,
            rests_until: 0,
            told_near: None,
            epoch: 0,
            retired_at: 0,
            demoted_at: 0,
            suspect_until: 0,
            known: false,
            idle: Vec::new(),
            queue: VecDeque::new(),
            dialing: 0,
            dials: Vec::new(),
            leaving: 0,
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
