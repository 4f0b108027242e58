//! The commands of one connection: their bytes, kept until they are answered, and what is awaited for them.
//!
//! Positions count all bytes that ever were in the queue, so that they stay what they are when answered bytes
//! leave it at the front.

use std::collections::VecDeque;
use std::mem;
use std::time::Instant;

use super::call::CallId;
use crate::command::Effect;
use crate::pool::Target;

/// Answered bytes leave the queue once there are so many, and no fewer than of the others.
const COMPACT: usize = 16 * 1024;
/// The most memory that an empty queue keeps.
const KEPT: usize = 256 * 1024;

/// Whose a reply is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// A command's of which nothing is kept but what stands here.
    Command { tag: u64 },
    /// A call's.
    Piece { call: CallId, index: u32 },
    /// A question whether the node has become the primary of this slot.
    Probe { slot: u16 },
    /// ASKING's own: the command behind it tells all.
    Asking,
    /// It is thrown away: its command has ended.
    Nobody,
}

/// A command, or its ASKING, and what is to be known of it while its reply is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    pub(super) owner: Owner,
    /// Where its bytes begin.
    pub(super) start: u64,
    pub(super) began: Instant,
    /// When it ends without a reply; of a piece its call knows.
    pub(super) deadline: Option<Instant>,
    /// Of a command its slot.
    pub(super) slot: u16,
    /// It goes to who answers reads of the slot, not to the primary.
    pub(super) to_reader: bool,
    /// Running it twice does no harm.
    pub(super) replays: bool,
}

impl Awaited {
    /// Where a command goes.
    pub(super) fn home(&self) -> Target {
        match self.to_reader {
            true => Target::Reader(self.slot, None),
            false => Target::Primary(self.slot),
        }
    }
}

/// See the module's comment.
#[derive(Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// The position of the first of `bytes`.
    base: u64,
    /// Up to which position bytes have left.
    sent: u64,
    awaited: VecDeque<Awaited>,
    /// Of those awaited, how many the connection knows of.
    told: usize,
}

/// One of those that a lost connection leaves.
pub(super) struct Lost<'a> {
    pub(super) awaited: Awaited,
    pub(super) bytes: &'a [u8],
    /// Bytes of it have left.
    pub(super) sent: bool,
}

impl Queue {
    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// A command behind all others. Its `start` is set here.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8], mut awaited: Awaited) {
        awaited.start = self.end();
        self.bytes.extend_from_slice(bytes);
        self.awaited.push_back(awaited);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.awaited.is_empty()
    }

    /// What has not left yet.
    pub(super) fn unsent(&self) -> &[u8] {
        self.bytes.get((self.sent - self.base) as usize..).unwrap_or_default()
    }

    /// So many bytes more have left.
    pub(super) fn note_sent(&mut self, count: usize) {
        self.sent += count as u64;
    }

    /// Up to which position bytes may have left, where `more` behind those that did are on their way.
    pub(super) fn left(&self, more: usize) -> u64 {
        self.sent + more as u64
    }

    /// The server owes a reply.
    #[inline]
    pub(super) fn owes(&self) -> bool {
        self.awaited.front().is_some_and(|first| first.start < self.sent)
    }

    /// The effects of what has left up to there and the connection does not know of yet.
    #[inline]
    pub(super) fn tell(&mut self, left: u64, mut expect: impl FnMut(Effect)) {
        while let Some(next) = self.awaited.get(self.told).filter(|next| next.start < left) {
            expect(if next.owner == Owner::Asking { Effect::Asking } else { Effect::None });
            self.told += 1;
        }
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&Awaited> {
        self.awaited.get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Awaited> {
        self.awaited.iter()
    }

    /// Of those awaited, the first that has not left.
    pub(super) fn first_unsent(&self, left: u64) -> usize {
        self.awaited.partition_point(|awaited| awaited.start < left)
    }

    pub(super) fn bytes_of(&self, index: usize) -> &[u8] {
        let Some(start) = self.awaited.get(index).map(|awaited| awaited.start) else { return &[] };
        let end = self.awaited.get(index + 1).map_or(self.end(), |next| next.start);
        self.bytes.get((start - self.base) as usize..(end - self.base) as usize).unwrap_or_default()
    }

    /// The first so many were answered.
    #[inline]
    pub(super) fn release(&mut self, count: usize) {
        self.awaited.drain(..count.min(self.awaited.len()));
        self.told = self.told.saturating_sub(count);
        match self.awaited.front().map(|first| first.start) {
            None => {
                self.base = self.end();
                self.sent = self.base;
                self.bytes.clear();
                if self.bytes.capacity() > KEPT {
                    self.bytes = Vec::new();
                }
            }
            Some(first) => {
                let done = (first - self.base) as usize;
                if done >= COMPACT && done * 2 >= self.bytes.len() {
                    self.bytes.drain(..done);
                    self.base = first;
                }
            }
        }
    }

    /// Those that are chosen are nobody's any more. They tell themselves to `end`, with whether bytes of them may have left.
    pub(super) fn end_some(
        &mut self,
        left: u64,
        mut is_chosen: impl FnMut(&Awaited) -> bool,
        mut end: impl FnMut(Awaited, bool),
    ) {
        let mut unsent = false;
        for awaited in &mut self.awaited {
            if is_chosen(awaited) {
                let sent = awaited.start < left;
                unsent |= !sent;
                end(*awaited, sent);
                awaited.owner = Owner::Nobody;
            }
        }
        if unsent {
            self.prune(left);
        }
    }

    /// Takes what is nobody's and has not left out of the queue.
    fn prune(&mut self, left: u64) {
        let first = self.first_unsent(left);
        let Some(cut) = self.awaited.get(first).map(|awaited| awaited.start) else { return };
        let tail = self.bytes.split_off((cut - self.base) as usize);
        let rest: Vec<Awaited> = self.awaited.drain(first..).collect();
        for (at, awaited) in rest.iter().enumerate() {
            let next = rest.get(at + 1);
            let is_idle = awaited.owner == Owner::Nobody
                || awaited.owner == Owner::Asking
                    && next.is_none_or(|next| next.owner == Owner::Nobody);
            if !is_idle {
                let start = (awaited.start - cut) as usize;
                let end = next.map_or(tail.len(), |next| (next.start - cut) as usize);
                self.push(tail.get(start..end).unwrap_or_default(), *awaited);
            }
        }
    }

    /// How many are in it.
    pub(super) fn len(&self) -> usize {
        self.awaited.len()
    }

    /// Takes out those from the `first` on, in their order; none of them may have left.
    pub(super) fn take_from(&mut self, first: usize, mut take: impl FnMut(Lost<'_>)) {
        let Some(cut) = self.awaited.get(first).map(|awaited| awaited.start) else { return };
        let bytes = self.bytes.split_off((cut - self.base) as usize);
        let awaited = self.awaited.split_off(first);
        let taken = Self { bytes, base: cut, sent: cut, awaited, told: 0 };
        taken.each(cut, &mut take);
    }

    /// The connection has ended: takes all out.
    pub(super) fn take_all(&mut self, left: u64, mut take: impl FnMut(Lost<'_>)) {
        let taken = mem::take(self);
        (self.base, self.sent) = (taken.end(), taken.end());
        taken.each(left, &mut take);
    }

    fn each(&self, left: u64, take: &mut impl FnMut(Lost<'_>)) {
        for (at, &awaited) in self.awaited.iter().enumerate() {
            // ASKING is put in front anew by who sends.
            if awaited.owner != Owner::Asking {
                take(Lost { awaited, bytes: self.bytes_of(at), sent: awaited.start < left });
            }
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
