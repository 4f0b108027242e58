//! What the callers of a channel share: whose reply comes next, what waits to be sent, who leads. No I/O, no
//! lock: [`turns`](super::turns) has it under one.

use std::collections::VecDeque;
use std::mem;

/// A caller's place among those that wait for replies.
pub(crate) type Seat = u32;

/// In the place of a caller that has left: the reply, when it comes, is dropped.
const LEFT: Seat = Seat::MAX;

/// The seat of a caller with one command who found nobody else, and so leads until it has its reply: the most
/// ordinary case, and the cheapest.
pub(crate) const ALONE: Seat = Seat::MAX - 1;

/// A command that is owed a reply.
struct Entry {
    seat: Seat,
    /// It is ASKING, which is answered for itself: what that says tells nothing.
    is_asking: bool,
    /// Where its bytes begin in the stream of all that were ever queued.
    start: u64,
}

/// Replies as they come: the one of most calls, or many.
#[derive(Debug)]
pub(crate) enum Mail<R> {
    /// Of one command.
    One(Option<R>),
    /// Of several, in their order.
    Many(Vec<R>),
}

/// Why replies will not come any more.
#[derive(Debug)]
pub(crate) struct Lost<E> {
    /// What ended the connection, or the call.
    pub(crate) error: E,
    /// Of the commands without a reply, so many may have left: the first ones.
    pub(crate) sent: usize,
}

/// What became of a caller's commands.
#[derive(Debug)]
pub(crate) struct Outcome<R, E> {
    /// The replies that have come.
    pub(crate) mail: Mail<R>,
    /// Some of them came from a node that had lost its role.
    pub(crate) is_demoted: bool,
    /// Why some have not.
    pub(crate) lost: Option<Lost<E>>,
}

struct Place<R, E> {
    /// Replies that are still to come.
    missing: usize,
    /// The caller does something else before it waits.
    is_away: bool,
    outcome: Outcome<R, E>,
}

/// Where a reply has gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Delivered {
    /// To this caller, who has all of its replies now.
    Completed(Seat),
    /// To a caller that waits for more, or has left.
    Kept,
    /// Nobody is owed one.
    Stray,
}

/// See the module's comment.
pub(crate) struct Queue<R, E> {
    entries: VecDeque<Entry>,
    places: Vec<Option<Place<R, E>>>,
    vacant: Vec<Seat>,
    /// What has come for the caller in the seat [`ALONE`], and whether its node had lost its role.
    alone: Option<(R, bool)>,
    /// Why nothing will.
    alone_lost: Option<Lost<E>>,
    /// Bytes that were queued and are left to whoever writes next: always the end of the stream.
    outgoing: Vec<u8>,
    /// How many bytes were ever queued.
    queued: u64,
    lead: Option<Seat>,
}

impl<R, E> Default for Queue<R, E> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            places: Vec::new(),
            vacant: Vec::new(),
            alone: None,
            alone_lost: None,
            outgoing: Vec::new(),
            queued: 0,
            lead: None,
        }
    }
}

impl<R, E: Clone> Queue<R, E> {
    /// How many commands are owed a reply.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// No reply is owed.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Replies are owed, and their callers have left.
    pub(crate) fn is_deserted(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(|entry| entry.seat == LEFT)
    }

    /// A place for a caller of so many commands, whose replies go into `mail`.
    #[inline]
    pub(crate) fn sit_down(&mut self, missing: usize, mail: Mail<R>) -> Seat {
        let outcome = Outcome { mail, is_demoted: false, lost: None };
        let place = Place { missing, is_away: false, outcome };
        if let Some(seat) = self.vacant.pop()
            && let Some(vacant) = self.places.get_mut(seat as usize)
        {
            *vacant = Some(place);
            return seat;
        }
        self.places.push(Some(place));
        (self.places.len() - 1) as Seat
    }

    /// Queues a command of so many bytes, which the caller is about to send or to [leave](Queue::gather).
    #[inline]
    pub(crate) fn push(&mut self, seat: Seat, is_asking: bool, length: usize) {
        self.entries.push_back(Entry { seat, is_asking, start: self.queued });
        self.queued += length as u64;
    }

    /// Leaves bytes to whoever writes next.
    #[inline]
    pub(crate) fn gather(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// True if bytes were left.
    #[inline]
    pub(crate) fn has_gathered(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// The bytes that were left, for who writes now.
    #[inline]
    pub(crate) fn take_gathered(&mut self) -> Vec<u8> {
        mem::take(&mut self.outgoing)
    }

    /// The memory of what was sent, for the next.
    #[inline]
    pub(crate) fn reuse(&mut self, mut memory: Vec<u8>) {
        /// What is kept between uses.
        const KEPT: usize = 64 * 1024;
        if self.outgoing.capacity() == 0 && memory.capacity() <= KEPT {
            memory.clear();
            self.outgoing = memory;
        }
    }

    /// Bytes of the stream before this one were handed to the kernel, or are about to be.
    #[inline]
    pub(crate) fn offered(&self) -> u64 {
        self.queued - self.outgoing.len() as u64
    }

    /// Whose reply comes next.
    #[inline]
    pub(crate) fn next(&self) -> Option<Seat> {
        self.entries.front().map(|entry| entry.seat)
    }

    /// A reply has come, from a node that has lost its role if `is_demoted`.
    #[inline]
    pub(crate) fn deliver(&mut self, reply: R, is_demoted: bool) -> Delivered {
        let Some(entry) = self.entries.pop_front() else { return Delivered::Stray };
        if entry.is_asking {
            return Delivered::Kept;
        }
        if entry.seat == ALONE {
            self.alone = Some((reply, is_demoted));
            return Delivered::Completed(ALONE);
        }
        // None: it was LEFT.
        let Some(Some(place)) = self.places.get_mut(entry.seat as usize) else {
            return Delivered::Kept;
        };
        place.missing -= 1;
        place.outcome.is_demoted |= is_demoted;
        match &mut place.outcome.mail {
            Mail::One(one) => *one = Some(reply),
            Mail::Many(many) => many.push(reply),
        }
        if place.missing == 0 { Delivered::Completed(entry.seat) } else { Delivered::Kept }
    }

    /// All of the caller's replies have come, or will not come any more.
    #[inline]
    pub(crate) fn is_over(&self, seat: Seat) -> bool {
        if seat == ALONE {
            return self.alone.is_some() || self.alone_lost.is_some();
        }
        match self.places.get(seat as usize) {
            Some(Some(place)) => place.missing == 0 || place.outcome.lost.is_some(),
            _ => true,
        }
    }

    /// Who was in the seat [`ALONE`] has taken what came.
    #[inline]
    pub(crate) fn has_place_alone(&self) -> bool {
        self.alone.is_none() && self.alone_lost.is_none()
    }

    /// The reply for the caller in the seat [`ALONE`], which gives its place up, if it has come.
    #[inline]
    pub(crate) fn take_alone(&mut self) -> Option<(R, bool)> {
        self.alone.take()
    }

    /// The caller takes what it has and gives its place up. Late replies are dropped; commands of which no byte
    /// was handed to the kernel are taken back. `ended`: why it leaves, if it is not over.
    #[inline]
    pub(crate) fn leave(&mut self, seat: Seat, ended: Option<E>) -> Option<Outcome<R, E>> {
        if seat == ALONE {
            return Some(self.leave_alone(ended));
        }
        let place = self.places.get_mut(seat as usize)?.take()?;
        self.vacant.push(seat);
        let mut outcome = place.outcome;
        if place.missing > 0 && outcome.lost.is_none() {
            let sent = self.withdraw(seat);
            outcome.lost = ended.map(|error| Lost { error, sent });
        }
        Some(outcome)
    }

    #[cold]
    fn leave_alone(&mut self, ended: Option<E>) -> Outcome<R, E> {
        let (reply, is_demoted) = self.alone.take().unzip();
        let mut lost = self.alone_lost.take();
        if reply.is_none() && lost.is_none() {
            let sent = self.withdraw(ALONE);
            lost = ended.map(|error| Lost { error, sent });
        }
        Outcome { mail: Mail::One(reply), is_demoted: is_demoted.unwrap_or(false), lost }
    }

    /// Nobody waits for the replies to the caller's commands any more. Answers how many of them may have left.
    #[cold]
    fn withdraw(&mut self, seat: Seat) -> usize {
        let offered = self.offered();
        let mut sent = 0;
        for entry in self.entries.iter_mut().filter(|entry| entry.seat == seat) {
            if entry.start < offered {
                entry.seat = LEFT;
                sent += usize::from(!entry.is_asking);
            }
        }
        if cfg!(rediscluster_fault = "late") {
            // Planted: late replies are not dropped.
            self.entries.retain(|entry| entry.seat != LEFT);
        }
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            if entry.seat != seat {
                at += 1;
                continue;
            }
            let start = entry.start;
            let end = self.entries.get(at + 1).map_or(self.queued, |next| next.start);
            let (from, to) = ((start - offered) as usize, (end - offered) as usize);
            self.outgoing.drain(from..to);
            self.queued -= end - start;
            self.entries.remove(at);
            for behind in self.entries.iter_mut().skip(at) {
                behind.start -= end - start;
            }
        }
        sent
    }

    /// The connection has ended: of the stream, the bytes before `left` may have left.
    pub(crate) fn fail(&mut self, left: u64, error: &E) {
        for entry in mem::take(&mut self.entries) {
            if entry.seat == ALONE {
                let sent = usize::from(entry.start < left);
                self.alone_lost = Some(Lost { error: error.clone(), sent });
            }
            let Some(Some(place)) = self.places.get_mut(entry.seat as usize) else { continue };
            let lost =
                place.outcome.lost.get_or_insert_with(|| Lost { error: error.clone(), sent: 0 });
            lost.sent += usize::from(!entry.is_asking && entry.start < left);
        }
        self.outgoing.clear();
        self.lead = None;
    }

    /// Nobody waits for what is owed, and nobody will.
    pub(crate) fn forget(&mut self) {
        self.entries.clear();
        self.outgoing.clear();
        self.lead = None;
    }

    /// Whether the caller does something else before it waits.
    #[inline]
    pub(crate) fn set_away(&mut self, seat: Seat, is_away: bool) {
        if let Some(Some(place)) = self.places.get_mut(seat as usize) {
            place.is_away = is_away;
        }
    }

    /// Who leads, or is to.
    #[inline]
    pub(crate) fn lead(&self) -> Option<Seat> {
        self.lead
    }

    /// The caller leads from now on.
    #[inline]
    pub(crate) fn take_lead(&mut self, seat: Seat) {
        self.lead = Some(seat);
    }

    /// The caller leads no more: the lead goes to the other caller whose reply comes next, of those that wait.
    #[inline]
    pub(crate) fn pass_lead(&mut self, from: Seat) -> Option<Seat> {
        let waits = |&seat: &Seat| {
            let place = self.places.get(seat as usize);
            seat != from
                && place.is_some_and(|place| place.as_ref().is_some_and(|place| !place.is_away))
        };
        // LEFT has no place.
        let lead = self.entries.iter().map(|entry| entry.seat).find(waits);
        // Planted: nobody else leads.
        self.lead = if cfg!(rediscluster_fault = "lead") { None } else { lead };
        self.lead
    }
}

#[cfg(test)]
#[path = "queue_stories_tests.rs"]
mod stories;

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
