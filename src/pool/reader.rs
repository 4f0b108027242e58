//! A connection for reading: whose turn it is, and who else answers where that one cannot.

use std::sync::Arc;
use std::time::Instant;

use super::lease::{Lease, Place};
use super::leasing::{Found, Patience};
use super::member::MemberKey;
use super::members::Members;
use super::pool::Core;
use super::rest::is_of_one_node;
use super::routes::{Readers, Routes};
use crate::deadline::Deadline;
use crate::error::{Attempt, Error, Result};
use crate::node::NodeAddress;
use crate::options::ReadFrom;
use crate::os::clock::coarse_millis;
use crate::topology::Kind;

/// Whom a read tries next.
pub(super) struct Pick {
    pub(super) key: MemberKey,
    /// Every candidate is at a limit, or has nothing idle for who does not dial: this was the first.
    pub(super) is_full: bool,
    /// It was resting until now: until when it does while this call finds out whether it is well.
    probe: Option<u64>,
    /// How many others could be tried instead.
    others: u32,
}

/// What a read's search for a connection goes by.
#[derive(Clone, Copy)]
struct Search {
    /// By which option. With `replica`, who rests is asked where nobody else is left.
    read_from: ReadFrom,
    /// The call does not dial.
    idle_only: bool,
    /// How many milliseconds a dial can last.
    longest_dial: u64,
}

impl Pick {
    /// What it may use of the time that is left for all.
    pub(super) fn share_of(&self, deadline: Deadline) -> Deadline {
        deadline.share(self.others as usize + 1)
    }

    /// Where this try was to find out whether the member is well: it has, or nothing was found out.
    pub(super) fn end_probe(&self, core: &Core, is_well: bool) {
        if let Some(until) = self.probe {
            core.members.lock().end_probe(self.key, until, is_well);
        }
    }
}

/// How a read's search for a connection ends, where not with one.
pub(super) enum Unread {
    /// The map is a newer one by now.
    NodeLeft,
    /// Every candidate failed, as the attempts tell; or the call's own limits ended it.
    Failed(Error),
}

impl Members {
    /// The quick way of a get for reading: an idle connection of the node whose turn it is. Where it has none,
    /// or rests, the turn stays.
    #[inline(always)]
    pub(super) fn take_idle_reader(&mut self, slot: u16, now: u64) -> Option<Box<Lease>> {
        let shard = self.routes.map.primary_of(slot)?;
        let turn = self.turns.get_mut(shard)?;
        let (index, place) = self.routes.readers.get(shard)?.first(*turn)?;
        let member = self.list.get(index as usize)?;
        if member.rests_until != 0 || member.idle.is_empty() {
            return None;
        }
        *turn = place + 1;
        self.take_idle(index as usize, now)
    }

    /// The same by any `read_from`: one call may have another than the pool.
    pub(super) fn take_idle_reader_by(
        &mut self,
        slot: u16,
        read_from: ReadFrom,
        now: u64,
    ) -> Option<Box<Lease>> {
        let shard = self.routes.map.primary_of(slot)?;
        if self.routes.own_readers(shard, read_from).is_some() {
            return self.take_idle_reader(slot, now);
        }
        let (index, place) = self.readers_by(shard, read_from).first(*self.turns.get(shard)?)?;
        let member = self.list.get(index as usize)?;
        if member.rests_until != 0 || member.idle.is_empty() {
            return None;
        }
        *self.turns.get_mut(shard)? = place + 1;
        self.take_idle(index as usize, now)
    }

    /// Whom the shard's reads may go to by another `read_from` than the pool's: worked out for each call, from
    /// the few nodes of one shard.
    fn readers_by(&self, shard: usize, read_from: ReadFrom) -> Readers {
        self.routes.readers_by(shard, read_from, |key| self.told_near(key))
    }

    pub(super) fn told_near(&self, key: MemberKey) -> Option<bool> {
        self.member(key).and_then(|member| member.told_near)
    }

    /// The next candidate of the slot's reads that was not tried yet; None if nobody is left. `own`: the
    /// member in whose place the call may dial, which comes first.
    fn pick_reader(
        &mut self,
        slot: u16,
        tried: &[MemberKey],
        own: Option<u32>,
        search: Search,
    ) -> Option<Pick> {
        let shard = self.routes.map.primary_of(slot)?;
        let routes = Arc::clone(&self.routes);
        let Search { read_from, idle_only, longest_dial } = search;
        let takes_resting = read_from == ReadFrom::Replica;
        let worked_out;
        let readers = match routes.own_readers(shard, read_from) {
            Some(readers) => readers,
            None => {
                worked_out = self.readers_by(shard, read_from);
                &worked_out
            }
        };
        let turn = *self.turns.get(shard)?;
        let now = coarse_millis();

        let (mut best, mut full, mut resting) = (None, None, None::<(u64, u32, u32)>);
        let mut left = 0;
        for (index, next) in readers.from(turn) {
            let at = index as usize;
            if tried.contains(&self.key(at)) {
                continue;
            }
            let until = self.list[at].rests_until;
            if until > now && own != Some(index) {
                if resting.is_none_or(|(least, ..)| until < least) {
                    resting = Some((until, index, next));
                }
                left += u32::from(takes_resting);
                continue;
            }
            left += 1;
            let has_room = own == Some(index)
                || !self.list[at].idle.is_empty()
                || (!idle_only && self.has_room(at));
            if own == Some(index) {
                best = Some((index, None));
            } else if has_room {
                best = best.or(Some((index, Some(next))));
            } else {
                full = full.or(Some((index, Some(next))));
            }
        }
        // Somebody is always asked, whatever a strange map says of who is a replica.
        let resting = resting.filter(|_| full.is_none() && (takes_resting || tried.is_empty()));
        let ((index, next), is_full) = match (best, full, resting) {
            (Some(best), ..) => (best, false),
            (None, None, Some((_, index, next))) => ((index, Some(next)), false),
            (None, Some(full), _) => (full, true),
            (None, None, None) => return None,
        };
        if let Some(next) = next {
            self.turns[shard] = next;
        }
        let at = index as usize;
        let probe = if is_full { None } else { self.probe(at, now, longest_dial) };
        Some(Pick { key: self.key(at), is_full, probe, others: left.saturating_sub(1) })
    }

    /// There are so many shards now: new ones begin anywhere, so that many processes do not begin with the
    /// same replica, and the others go on where they were.
    pub(super) fn turn_for(&mut self, shards: usize) {
        self.turns.resize_with(shards, || fastrand::u32(..64));
    }

    /// A node told its zone when it was dialled. Answers with the routes that were made anew for it, if the pool
    /// itself reads by zones, for the lock's holder to drop.
    pub(super) fn learn_zone(
        &mut self,
        member: u32,
        is_near: bool,
        read_from: ReadFrom,
    ) -> Option<Arc<Routes>> {
        let known = &mut self.list.get_mut(member as usize)?.told_near;
        if known.replace(is_near) == Some(is_near) || read_from != ReadFrom::Az {
            return None;
        }
        let routes = Arc::new(self.routes.with_zones_told(|key| self.told_near(key)));
        Some(std::mem::replace(&mut self.routes, routes))
    }

    /// Of the members, those that rest stand last.
    pub(super) fn put_resting_last(&self, keys: &mut [MemberKey]) {
        let now = coarse_millis();
        keys.sort_by_key(|&key| self.member(key).is_some_and(|member| member.rests_until > now));
    }
}

/// A read's search for a connection: among those that may answer, one after the other.
pub(super) struct Reading {
    slot: u16,
    search: Search,
    tried: Vec<MemberKey>,
    failure: Option<Error>,
}

/// How a read's search goes on after a try.
pub(super) enum Onward {
    Lease(Box<Lease>),
    /// With whoever is next.
    Next,
    /// Likewise, after a refresh. This one failed before and after its rest: has it left? Else nobody would ever ask.
    Refresh {
        suspect: Option<NodeAddress>,
        share: Deadline,
    },
}

impl Reading {
    pub(super) fn begin(core: &Core, slot: u16, read_from: ReadFrom, patience: Patience) -> Self {
        let longest_dial = core.options.socket_connect_timeout;
        let longest_dial =
            patience.deadline.remaining().map_or(longest_dial, |left| left.min(longest_dial));
        let search = Search {
            read_from,
            idle_only: patience.now,
            longest_dial: u64::try_from(longest_dial.as_millis()).unwrap_or(u64::MAX),
        };
        Self { slot, search, tried: Vec::new(), failure: None }
    }

    /// Whom to try now. `own`: in whose place the call may dial.
    pub(super) fn pick(
        &mut self,
        core: &Core,
        own: Option<u32>,
    ) -> std::result::Result<Pick, Unread> {
        let pick = core.members.lock().pick_reader(self.slot, &self.tried, own, self.search);
        // Without a failure there was no candidate: the slot's shard has left.
        pick.ok_or_else(|| self.failure.take().map_or(Unread::NodeLeft, Unread::Failed))
    }

    /// What came of the try that began then. What failed is added to `attempts`.
    pub(super) fn went(
        &mut self,
        core: &Core,
        (pick, started): (&Pick, Instant),
        found: Result<Found>,
        patience: Patience,
        attempts: &mut Vec<Attempt>,
    ) -> std::result::Result<Onward, Unread> {
        // A dial that failed has begun a rest by itself.
        let dial_failed = !patience.now && found.as_ref().is_err_and(is_of_one_node);
        if !dial_failed {
            pick.end_probe(core, matches!(found, Ok(Found::Lease(_))));
        }
        let error = match found {
            Ok(Found::Lease(lease)) => return Ok(Onward::Lease(lease)),
            // Another call was quicker: whose turn it is now is looked up again.
            Ok(Found::Full) => return Ok(Onward::Next),
            Ok(Found::NodeLeft) => return Err(Unread::NodeLeft),
            Err(error) => error,
        };
        if !is_of_one_node(&error) {
            return Err(Unread::Failed(error));
        }
        self.tried.push(pick.key);
        attempts.push(Attempt::at(started, &error));
        if !patience.now && patience.deadline.has_passed() {
            return Err(Unread::Failed(error));
        }
        self.failure = Some(error);
        if pick.probe.is_none() {
            return Ok(Onward::Next);
        }
        let suspect = core.address_of(pick.key);
        Ok(Onward::Refresh { suspect, share: pick.share_of(patience.deadline) })
    }
}

impl Core {
    /// A connection to a node that may answer reads of the slot by this `read_from`: the one whose turn it is, else the next of
    /// them, all within the call's deadline. `place`: one of the call's own to dial in. What failed on the
    /// way is added to `attempts`.
    pub(super) fn lease_reader(
        self: &Arc<Self>,
        slot: u16,
        read_from: ReadFrom,
        mut place: Option<Place>,
        patience: Patience,
        attempts: &mut Vec<Attempt>,
    ) -> std::result::Result<Box<Lease>, Unread> {
        let mut reading = Reading::begin(self, slot, read_from, patience);
        loop {
            let pick = reading.pick(self, place.as_ref().map(|place| place.member))?;
            let started = Instant::now();
            let found = self.lease_picked(&pick, place.take(), patience);
            match reading.went(self, (&pick, started), found, patience, attempts)? {
                Onward::Lease(lease) => return Ok(lease),
                Onward::Next => {}
                Onward::Refresh { suspect, share } => {
                    let _ = self.refresh(Kind::Wanted, suspect.as_slice(), share);
                }
            }
        }
    }

    /// A connection to the one that was picked. Where others are left, its dial takes no more than its share
    /// of the time.
    fn lease_picked(
        self: &Arc<Self>,
        pick: &Pick,
        place: Option<Place>,
        mut patience: Patience,
    ) -> Result<Found> {
        if pick.is_full {
            // It may be at a node that does not answer these reads any more: who waits holds nothing.
            drop(place);
            let lease = self.lease(pick.key, None, patience)?;
            return Ok(lease.map_or(Found::NodeLeft, Found::Lease));
        }
        if !patience.now {
            patience.deadline = pick.share_of(patience.deadline);
        }
        match place {
            Some(place) if place.member == pick.key.index && !patience.now => {
                self.dial(place, patience).map(Found::Lease)
            }
            place => {
                drop(place);
                self.lease_without_waiting(pick.key, patience)
            }
        }
    }
}
