//! One refresh at a time, however many threads want one.
//!
//! Lock: `Refresh::state`, the last in any order: held for a few instructions, never while the topology is
//! asked for, never while a thread waits.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::refusals::Refusals;
use super::slot_map::SlotMap;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::os::futex::{Event, Mutex};

/// Longest pause between refreshes that bring nothing new.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Why a refresh is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// By the program: it begins after it was asked for, and always takes place.
    Forced,
    /// After trouble: one that is under way will do, and too soon after the last one there is none.
    Wanted,
    /// By the clock: one that is under way will do, and before so long after the last one there is none.
    Timed(Duration),
}

/// How a refresh ended well.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The topology was asked for, by this thread or by another for both.
    Refreshed(Arc<SlotMap>),
    /// The last one is too recent: go on with the map as it is.
    Suppressed,
}

/// The gate all refreshes of a pool pass.
///
/// The thread that finds the gate open leads: it runs its closure, which asks for the topology and
/// installs the map. Who comes meanwhile waits within its own deadline and shares the result. One
/// closure runs at a time and each begins after the one before has installed its map, so an older
/// view never replaces a newer one. A leader that panics, or fails because its own deadline passed,
/// gives the lead up, and one of those who wait takes it.
pub struct Refresh {
    state: Mutex<State>,
    min_interval: Duration,
    runs: AtomicU64,
    suppressed: AtomicU64,
}

struct State {
    running: Option<Running>,
    /// What the next leader runs for: those who forced a refresh while another was running, and those
    /// whose leader gave up.
    next: Option<Arc<Flight>>,
    last_began: Option<Instant>,
    /// No wanted refresh begins before.
    not_before: Option<Instant>,
    pause: Duration,
    fingerprint: Option<u64>,
    refusals: Refusals,
}

/// What several threads wait for together: empty until one of them has led it to an end.
type Flight = OnceLock<Result<Arc<SlotMap>>>;

struct Running {
    flight: Arc<Flight>,
    ended: Arc<Event>,
}

/// A caller that is to have a result of a refresh, its own or another's.
pub(crate) struct Boarded(Arc<Flight>);

/// What [`Refresh::pass`] finds.
pub(crate) enum Pass<R: Deref<Target = Refresh>> {
    /// Over.
    Ended(Result<Arc<SlotMap>>),
    /// Another asks for the topology until the event: then again.
    Wait(Arc<Event>),
    /// This caller is to ask.
    Lead(Lead<R>),
}

impl Refresh {
    /// A gate that lets wanted refreshes pass at most once in `min_interval`
    /// (`topology_refresh_min_interval`), give or take a fifth.
    pub fn new(min_interval: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                running: None,
                last_began: None,
                next: None,
                not_before: None,
                pause: min_interval,
                fingerprint: None,
                refusals: Refusals::default(),
            }),
            min_interval,
            runs: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    /// How many refreshes were begun.
    pub fn refreshes(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// How many were asked for and left out because the last one was too recent.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// How long ago the last one began; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        self.state.lock().last_began.map(|began| began.elapsed())
    }

    /// True while one is under way.
    pub fn is_running(&self) -> bool {
        self.state.lock().running.is_some()
    }

    /// Passes the gate: runs `discover`, or waits for the thread that does, or does neither.
    ///
    /// `discover` asks for the topology by `deadline` and installs the map before it returns. It must
    /// not come back to this gate.
    pub fn run(
        &self,
        kind: Kind,
        deadline: Deadline,
        discover: impl FnOnce() -> Result<Arc<SlotMap>>,
    ) -> Result<Outcome> {
        let Some(mut boarded) = self.board(kind) else { return Ok(Outcome::Suppressed) };
        loop {
            match Self::pass(self, &mut boarded) {
                Pass::Ended(result) => return result.map(Outcome::Refreshed),
                Pass::Lead(lead) => {
                    return lead.end(discover(), deadline).map(Outcome::Refreshed);
                }
                Pass::Wait(ended) => {
                    if !ended.wait(deadline) {
                        return Err(out_of_time());
                    }
                }
            }
        }
    }

    /// For `discover`: it found nothing but views that are older than the `present` map. True if they are to be
    /// left out, with what `discover` was to bring: it answers with the present map, which is no news. They win
    /// in the end, where they go on for long enough.
    pub fn refuses_older(&self, present: &SlotMap) -> bool {
        let mut state = self.state.lock();
        let refuses = state.refusals.refuse(Instant::now());
        if refuses {
            state.fingerprint = Some(present.fingerprint());
        }
        refuses
    }

    /// For `discover`: it has installed a view.
    pub fn installed(&self) {
        self.state.lock().refusals.end();
    }

    /// The first half of [`Refresh::run`], for who must not wait: then [`Refresh::pass`]. None: there is to be no
    /// refresh.
    pub(crate) fn board(&self, kind: Kind) -> Option<Boarded> {
        let flight = self.flight(kind);
        if flight.is_none() {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
        }
        flight.map(Boarded)
    }

    /// The flight a caller's result will come from; `None`: there is to be none.
    fn flight(&self, kind: Kind) -> Option<Arc<Flight>> {
        let mut state = self.state.lock();
        // Those for whom it was made may all have left it at their deadlines.
        if state.next.as_ref().is_some_and(|next| Arc::strong_count(next) == 1) {
            state.next = None;
        }
        match (kind, &state.running, &state.next) {
            (Kind::Wanted | Kind::Timed(_), Some(running), _) => Some(Arc::clone(&running.flight)),
            (_, _, Some(next)) => Some(Arc::clone(next)),
            (Kind::Wanted, None, None)
                if state.not_before.is_some_and(|instant| Instant::now() < instant) =>
            {
                None
            }
            (Kind::Timed(interval), None, None)
                if state.last_began.is_some_and(|began| began.elapsed() < interval) =>
            {
                None
            }
            (_, _, None) => Some(Arc::clone(state.next.insert(Arc::new(Flight::new())))),
        }
    }

    /// How it stands with the caller that has boarded: it has its result, waits for another's, or asks itself.
    pub(crate) fn pass<R: Deref<Target = Self>>(refresh: R, boarded: &mut Boarded) -> Pass<R> {
        let Boarded(flight) = boarded;
        let mut state = refresh.state.lock();
        if let Some(result) = flight.get() {
            return Pass::Ended(result.clone());
        }
        let is_next = state.next.as_ref().is_some_and(|next| Arc::ptr_eq(next, flight));
        if let Some(running) = &state.running {
            if !is_next {
                // Either this very flight, or one begun after the leader of this one gave up.
                *flight = Arc::clone(&running.flight);
            }
            return Pass::Wait(Arc::clone(&running.ended));
        }
        if let Some(next) = state.next.take() {
            *flight = next;
        }
        let ended = Arc::new(Event::new());
        let started = Instant::now();
        state.running = Some(Running { flight: Arc::clone(flight), ended: Arc::clone(&ended) });
        state.last_began = Some(started);
        drop(state);
        refresh.runs.fetch_add(1, Ordering::Relaxed);
        Pass::Lead(Lead { flight: Arc::clone(flight), refresh, ended, started })
    }
}

#[cold]
pub(crate) fn out_of_time() -> Error {
    Error::new(
        Status::Timeout,
        "the deadline passed while another thread was asking for the topology",
    )
}

/// The right to ask for the topology, given back when dropped: also by a panic.
pub(crate) struct Lead<R: Deref<Target = Refresh>> {
    refresh: R,
    flight: Arc<Flight>,
    ended: Arc<Event>,
    started: Instant,
}

impl<R: Deref<Target = Refresh>> Lead<R> {
    /// This came of it, for all who wait.
    pub(crate) fn end(
        self,
        result: Result<Arc<SlotMap>>,
        deadline: Deadline,
    ) -> Result<Arc<SlotMap>> {
        // This caller's time being over says nothing to those who have more.
        if result.is_ok() || !deadline.has_passed() {
            let _ = self.flight.set(result.clone());
        }
        result
    }
}

impl<R: Deref<Target = Refresh>> Drop for Lead<R> {
    fn drop(&mut self) {
        let mut state = self.refresh.state.lock();
        state.running = None;
        let fingerprint = match self.flight.get() {
            Some(Ok(map)) => Some(map.fingerprint()),
            _ => None,
        };
        let brought_news = fingerprint.is_some() && fingerprint != state.fingerprint;
        if brought_news {
            state.fingerprint = fingerprint;
            state.pause = self.refresh.min_interval;
        } else {
            let longest = LONGEST_PAUSE.max(self.refresh.min_interval);
            state.pause = state.pause.saturating_mul(2).min(longest);
        }
        let fifth = state.pause / 5;
        let jittered = (state.pause - fifth).saturating_add(fifth.mul_f64(fastrand::f64() * 2.0));
        state.not_before = self.started.checked_add(jittered);
        if self.flight.get().is_none() && state.next.is_none() {
            state.next = Some(Arc::clone(&self.flight));
        }
        drop(state);
        self.ended.set();
    }
}
