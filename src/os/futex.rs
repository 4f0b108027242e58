//! Locks and waits on futex words of our own (futex(2)).
//!
//! parking_lot's locks share one process-wide table of parked threads, which a fork can leave locked
//! in the child for good; a word of our own belongs to one object, and a forked child simply never
//! touches the parent's.

#![allow(unsafe_code)]

pub(crate) use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::deadline::Deadline;

/// A mutex whose lock is one futex word; 40 instructions to lock and unlock without contention.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// What [`Mutex::lock`] gives.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and someone may sleep on the word.
const CONTENDED: u32 = 2;

/// How often a locker looks again before it sleeps: the library's sections are a few hundred
/// instructions, shorter than going to sleep and being woken.
const SPINS: u32 = 100;

/// The lock under [`Mutex`].
pub struct RawMutex(AtomicU32);

// SAFETY: `lock` returns, and `try_lock` answers true, only after this thread moved the word away
// from UNLOCKED with Acquire ordering; `unlock` moves it back with Release.
unsafe impl lock_api::RawMutex for RawMutex {
    // The constant is how lock_api asks for a fresh lock; each use makes a new one.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self(AtomicU32::new(UNLOCKED));
    type GuardMarker = lock_api::GuardSend;

    #[inline]
    fn lock(&self) {
        if !self.try_lock() {
            self.lock_slowly();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.0.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[inline]
    unsafe fn unlock(&self) {
        if self.0.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            wake(&self.0, 1);
        }
    }
}

impl RawMutex {
    #[cold]
    fn lock_slowly(&self) {
        for _ in 0..SPINS {
            std::hint::spin_loop();
            if self.0.load(Ordering::Relaxed) == UNLOCKED
                && self
                    .0
                    .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return;
            }
        }
        while self.0.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            wait(&self.0, CONTENDED, Deadline::NEVER);
        }
    }
}

/// Sleeps while `word` holds `expected`, until it is woken or the deadline passes. May return early
/// for no reason: the caller looks at its word and its deadline again.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Deadline) {
    let remaining = deadline.remaining();
    if remaining == Some(Duration::ZERO) {
        return;
    }
    let timeout = remaining.map(|left| libc::timespec {
        tv_sec: left.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the timeout live through the call; FUTEX_WAIT only reads them. The
    // timeout is relative and on the monotonic clock.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            timeout,
        );
    }
}

/// Wakes up to `count` threads that sleep on `word`.
pub fn wake(word: &AtomicU32, count: u32) {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    // SAFETY: FUTEX_WAKE uses the address alone.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            count,
        );
    }
}

/// Sleeps while `word` holds `expected`, until it is woken by one of its `bits` or the deadline passes. May return
/// early for no reason, as [`wait`]. (FUTEX_WAIT_BITSET, futex(2): its timeout is a point in time.)
pub fn wait_bits(word: &AtomicU32, expected: u32, bits: u32, deadline: Deadline) {
    let remaining = deadline.remaining();
    if remaining == Some(Duration::ZERO) {
        return;
    }
    let timeout = remaining.map(|left| after(monotonic(), left));
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the timeout live through the call, which only reads them; the second address is not
    // used by this operation.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
            expected,
            timeout,
            std::ptr::null::<u32>(),
            bits,
        );
    }
}

/// Wakes all threads that sleep on `word` by one of these `bits`, in one system call.
pub fn wake_bits(word: &AtomicU32, bits: u32) {
    // SAFETY: FUTEX_WAKE_BITSET uses the first address alone.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE_BITSET | libc::FUTEX_PRIVATE_FLAG,
            i32::MAX,
            std::ptr::null::<libc::timespec>(),
            std::ptr::null::<u32>(),
            bits,
        );
    }
}

fn monotonic() -> libc::timespec {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now
}

fn after(now: libc::timespec, left: Duration) -> libc::timespec {
    let nanos = now.tv_nsec + libc::c_long::from(left.subsec_nanos());
    let seconds = libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX);
    libc::timespec {
        tv_sec: now.tv_sec.saturating_add(seconds).saturating_add(nanos / 1_000_000_000),
        tv_nsec: nanos % 1_000_000_000,
    }
}

/// A word that goes from "not yet" to "done" once, and threads that wait for it.
pub struct Event(AtomicU32);

impl Event {
    /// An event that has not happened.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// It has happened; everyone who waits wakes.
    pub fn set(&self) {
        self.0.store(1, Ordering::Release);
        wake(&self.0, u32::MAX);
    }

    /// True once it has happened; what was written before [`Event::set`] is visible then.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) == 1
    }

    /// Waits until it has happened; false if the deadline passed first.
    pub fn wait(&self, deadline: Deadline) -> bool {
        loop {
            if self.is_set() {
                return true;
            }
            if deadline.has_passed() {
                return false;
            }
            wait(&self.0, 0, deadline);
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_lock_excludes() {
        let count = Arc::new(Mutex::new(0u64));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let count = count.clone();
                std::thread::spawn(move || {
                    for _ in 0..20_000 {
                        *count.lock() += 1;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*count.lock(), 160_000);
    }

    #[test]
    fn bits_wake_whom_they_name_and_a_deadline_ends_the_wait() {
        let word = Arc::new(AtomicU32::new(0));
        let sleepers: Vec<_> = (0..4)
            .map(|bit| {
                let word = word.clone();
                std::thread::spawn(move || {
                    while word.load(Ordering::Acquire) == 0 {
                        wait_bits(&word, 0, 1 << bit, Deadline::NEVER);
                    }
                })
            })
            .collect();
        word.store(1, Ordering::Release);
        wake_bits(&word, 0b1111);
        for sleeper in sleepers {
            sleeper.join().unwrap();
        }
        let until = Deadline::after(Duration::from_millis(10));
        let began = std::time::Instant::now();
        while !until.has_passed() {
            wait_bits(&word, 1, 1, until);
        }
        assert!(began.elapsed() >= Duration::from_millis(10));
        wait_bits(&word, 0, 1, Deadline::NEVER);
    }

    #[test]
    fn an_event_wakes_all_and_a_deadline_ends_the_wait() {
        let event = Arc::new(Event::new());
        assert!(!event.wait(Deadline::after(Duration::from_millis(5))));
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let event = event.clone();
                std::thread::spawn(move || event.wait(Deadline::NEVER))
            })
            .collect();
        event.set();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    }
}
