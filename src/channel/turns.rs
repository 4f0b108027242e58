//! Who writes, who leads, who waits: many callers on one connection, without a thread of its own.
//!
//! A caller queues its commands and writes them, unless another is writing, or so many are in flight that who
//! receives next will send them soon. Then it waits. Who finds nobody leading leads: it receives, hands each caller its
//! replies, sends what gathered meanwhile, and when its own are in, the lead goes to the caller whose reply comes
//! next. Callers sleep on one futex word, each by a bit of its seat, so that one receive costs one wake.
//!
//! What is carried, and how, is a [`Carrier`]'s business: a model checker can play the other end.
//!
//! Lock: `state`; held for some hundred instructions, never over a send or a receive.

use std::mem;
use std::sync::Arc;

use super::carrier::Carrier;
use super::queue::{ALONE, Mail, Seat};
use super::state::{ALL, Commands, State};
use super::waited::{Alone, Waited};
use crate::deadline::Deadline;
use crate::os::futex::{self, AtomicU32, Mutex, MutexGuard, Ordering};

/// The lock, held.
pub(crate) type Guard<'a, L> = MutexGuard<'a, State<L>>;

/// See the module's comment.
pub(crate) struct Turns<L: Carrier> {
    /// Changes, under the lock, with whatever somebody may wait for: they sleep on it.
    word: AtomicU32,
    state: Mutex<State<L>>,
}

impl<L: Carrier> Default for Turns<L> {
    fn default() -> Self {
        Self { word: AtomicU32::new(0), state: Mutex::new(State::default()) }
    }
}

impl<L: Carrier> Turns<L> {
    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, L> {
        self.state.lock()
    }

    /// Sleeps until something changes that is no reply, or it is time to look again.
    #[cold]
    pub(crate) fn await_change<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        call: &L::Call<'_>,
    ) -> Guard<'a, L> {
        state.is_awaited = true;
        self.sleep(state, ALL, L::sleeps_until(call))
    }

    /// Something has changed that is no reply.
    #[inline]
    pub(crate) fn announce<'a>(&'a self, mut state: Guard<'a, L>) -> Guard<'a, L> {
        if !mem::take(&mut state.is_awaited) {
            return state;
        }
        self.wake(state, ALL);
        self.lock()
    }

    fn sleep<'a>(&'a self, state: Guard<'a, L>, bits: u32, until: Deadline) -> Guard<'a, L> {
        // It changes under the lock alone: nothing that happens from here on is missed.
        let seen = self.word.load(Ordering::Relaxed);
        drop(state);
        futex::wait_bits(&self.word, seen, bits, until);
        self.lock()
    }

    /// Opens the lock and wakes who sleeps by these bits.
    fn wake(&self, state: Guard<'_, L>, bits: u32) {
        if bits == 0 {
            return;
        }
        self.word.fetch_add(1, Ordering::Relaxed);
        drop(state);
        futex::wake_bits(&self.word, bits);
    }

    /// Queues a caller's commands behind those that are there, and sends them, or leaves them to who will. There is a
    /// connection.
    #[inline]
    pub(crate) fn submit<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        line: &Arc<L>,
        commands: &Commands<'_>,
        mail: Mail<L::Reply>,
        call: &L::Call<'_>,
    ) -> (Guard<'a, L>, Seat) {
        let leads = state.queue.lead().is_none();
        let seat = match commands.lengths {
            [length] if leads && matches!(mail, Mail::One(_)) && state.queue.has_place_alone() => {
                state.queue.push(ALONE, false, *length);
                ALONE
            }
            lengths => {
                let replies = lengths.len() - usize::from(commands.is_asking);
                let seat = state.queue.sit_down(replies, mail);
                for (index, &length) in lengths.iter().enumerate() {
                    let is_asking = commands.is_asking && index == 0;
                    state.queue.push(seat, is_asking, length);
                }
                seat
            }
        };
        if leads {
            state.queue.take_lead(seat);
        }
        let is_left_to_others = state.is_writing
            || state.broken.is_some()
            || (!leads && state.queue.len() > L::FEW && !line.is_stale());
        if is_left_to_others && commands.behind.is_empty() {
            state.queue.gather(commands.bytes);
            return (state, seat);
        }
        (self.write(state, line, commands.bytes, commands.behind, seat, call), seat)
    }

    /// A caller that has submitted does something else before it waits: somebody else leads meanwhile.
    pub(crate) fn step_aside(&self, mut state: Guard<'_, L>, seat: Seat) {
        state.queue.set_away(seat, true);
        let bits = state.pass_on(seat);
        self.wake(state, bits);
    }

    /// Sends what has gathered and then these pieces, and what gathers meanwhile.
    #[inline]
    fn write<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        line: &Arc<L>,
        mut bytes: &[u8],
        mut behind: &[&[u8]],
        seat: Seat,
        call: &L::Call<'_>,
    ) -> Guard<'a, L> {
        let number = state.number;
        state.is_writing = true;
        loop {
            let mut gathered = state.queue.take_gathered();
            let end = state.queue.offered();
            drop(state);
            let last = [bytes];
            let (first, behind_it): (&[u8], &[&[u8]]) = if gathered.is_empty() {
                (bytes, behind)
            } else if behind.is_empty() {
                (&gathered, &last)
            } else {
                // What is not behind is small.
                gathered.extend_from_slice(bytes);
                (&gathered, behind)
            };
            let mut take = || self.take_what_is_there(line, number, seat);
            let sent = line.send(first, behind_it, call, &mut take);
            state = self.lock();
            if state.number != number {
                return state;
            }
            if let Err((sent, error)) = sent {
                state.is_writing = false;
                // That a call ended in the midst of its command is no end of the others'.
                let error = if line.ended(call).is_some() { line.cut_off() } else { error };
                let total = behind_it.iter().fold(first.len(), |sum, piece| sum + piece.len());
                return self.break_off(state, line, end - (total - sent) as u64, error);
            }
            state.queue.reuse(gathered);
            if !state.queue.has_gathered() {
                state.is_writing = false;
                return self.announce(state);
            }
            (bytes, behind) = (&[], &[]);
        }
    }

    /// The connection takes no more bytes. Who leads will tell everybody.
    #[cold]
    fn break_off<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        line: &Arc<L>,
        left: u64,
        error: L::Error,
    ) -> Guard<'a, L> {
        state.broken = Some((left, error));
        drop(state);
        line.end();
        self.lock()
    }

    /// The connection has ended: all callers learn it.
    #[cold]
    fn fail<'a>(&'a self, mut state: Guard<'a, L>, left: u64, error: &L::Error) -> Guard<'a, L> {
        let (left, error) = match &state.broken {
            Some((left, error)) => (*left, error.clone()),
            None => (left, error.clone()),
        };
        state.queue.fail(left, &error);
        self.close(state)
    }

    /// Nobody uses the connection any more.
    #[cold]
    fn close<'a>(&'a self, mut state: Guard<'a, L>) -> Guard<'a, L> {
        state.is_writing = false;
        state.broken = None;
        state.number = state.number.wrapping_add(1);
        if let Some(line) = state.line.take() {
            // Before there is another one: the node never sees a command of both at once.
            state.is_opening = true;
            drop(state);
            line.close();
            state = self.lock();
            state.is_opening = false;
        }
        state.is_awaited = true;
        self.announce(state)
    }

    /// Takes what has arrived and hands it out, if the caller leads; false if it does not.
    #[cold]
    fn take_what_is_there(&self, line: &L, number: u32, seat: Seat) -> Result<bool, L::Error> {
        let state = self.lock();
        let leads = state.number == number && state.queue.lead() == Some(seat);
        drop(state);
        if !leads {
            return Ok(false);
        }
        let mut arrived = Vec::new();
        let received = line.receive(None, &mut arrived);
        let mut state = self.lock();
        if state.number != number {
            return Ok(false);
        }
        let (bits, stray) = state.hand_out(&mut arrived, received.is_demoted, Seat::MAX);
        self.wake(state, bits);
        received.outcome?;
        if stray { Err(line.stray()) } else { Ok(true) }
    }

    /// Waits for the reply of a caller that is [`ALONE`], or was when it submitted.
    #[inline]
    pub(crate) fn wait_alone<'a>(
        &'a self,
        state: Guard<'a, L>,
        line: &Arc<L>,
        call: &L::Call<'_>,
    ) -> Alone<L> {
        let (mut state, bits, ended) = self.lead(state, line, ALONE, call);
        match state.queue.take_alone() {
            Some((reply, is_demoted)) => {
                let free = self.stand_up(state, ALONE, bits);
                Alone::Reply { reply, is_demoted, free }
            }
            None => Alone::Other(self.leave(state, ALONE, bits, ended)),
        }
    }

    /// Waits for the caller's replies, and leads where nobody does. None: the wait is put off, and the caller keeps its
    /// place.
    pub(crate) fn wait<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        line: &Arc<L>,
        seat: Seat,
        call: &L::Call<'_>,
    ) -> Option<Waited<L>> {
        let (mut bits, mut ended) = (0, None);
        state.queue.set_away(seat, false);
        while ended.is_none() && !state.queue.is_over(seat) {
            if state.queue.lead().is_none_or(|lead| lead == seat) {
                state.queue.take_lead(seat);
                let more;
                (state, more, ended) = self.lead(state, line, seat, call);
                bits |= more;
            } else {
                state = self.sleep(state, 1 << (seat % 32), L::sleeps_until(call));
                if !state.queue.is_over(seat) {
                    ended = line.ended(call);
                }
            }
            if ended.is_none() && !state.queue.is_over(seat) && L::is_put_off(call) {
                state.queue.set_away(seat, true);
                bits |= state.pass_on(seat);
                self.wake(state, bits);
                return None;
            }
        }
        Some(self.leave(state, seat, bits, ended))
    }

    /// The caller takes what it has, and is not waited for any more.
    fn leave<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        seat: Seat,
        bits: u32,
        ended: Option<L::Error>,
    ) -> Waited<L> {
        let outcome = state.queue.leave(seat, ended);
        Waited { outcome, free: self.stand_up(state, seat, bits) }
    }

    /// The caller's place is free: passes the lead on, and wakes whom it has to.
    #[inline]
    fn stand_up<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        seat: Seat,
        mut bits: u32,
    ) -> Option<Arc<L>> {
        // Before the lock is opened: the seat may be another's then.
        bits |= state.pass_on(seat);
        if state.is_of_no_use() {
            state.queue.forget();
            state = self.close(state);
        }
        let goes = state.is_idle()
            && (state.is_closing || state.line.as_ref().is_some_and(|line| !line.stays()));
        let free = if goes { state.release() } else { None };
        if goes && mem::take(&mut state.is_awaited) {
            bits = ALL;
        }
        if bits != 0 {
            self.wake(state, bits);
        }
        free
    }

    /// Receives for all until the caller's own replies are in, or its call has ended. Answers whom to wake, and why it
    /// has ended.
    #[inline]
    fn lead<'a>(
        &'a self,
        mut state: Guard<'a, L>,
        line: &Arc<L>,
        seat: Seat,
        call: &L::Call<'_>,
    ) -> (Guard<'a, L>, u32, Option<L::Error>) {
        let number = state.number;
        let mut arrived = mem::take(&mut state.arrived);
        let mut bits = 0;
        let ended = loop {
            // What has gathered leaves first: the server works on it while the callers wake.
            if state.queue.has_gathered() && !state.is_writing && state.broken.is_none() {
                state = self.write(state, line, &[], &[], seat, call);
                if state.number != number {
                    break None;
                }
            }
            if state.queue.is_over(seat) {
                break None;
            }
            if bits == 0 {
                drop(state);
            } else {
                self.wake(state, mem::take(&mut bits));
            }
            let received = line.receive(Some(call), &mut arrived);
            state = self.lock();
            let stray;
            (bits, stray) = state.hand_out(&mut arrived, received.is_demoted, seat);
            let error = match received.outcome {
                _ if stray => line.stray(),
                Ok(true) => continue,
                Ok(false) => match line.ended(call) {
                    None if L::is_put_off(call) => break None,
                    None => continue,
                    ended => break ended,
                },
                Err(error) => error,
            };
            let left = state.queue.offered();
            state = self.fail(state, left, &error);
            break None;
        };
        state.arrived = arrived;
        (state, bits, ended)
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
