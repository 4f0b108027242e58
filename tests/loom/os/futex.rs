//! The futex as the kernel has it, on the model checker's primitives: who sleeps on a word is in a list with a lock,
//! under which the word is compared.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

pub use loom::sync::atomic::Ordering;

use crate::deadline::{Clock, Deadline};

/// A word, and who sleeps on it.
pub struct AtomicU32 {
    value: loom::sync::atomic::AtomicU32,
    sleepers: Arc<loom::sync::Mutex<Vec<Sleeper>>>,
}

pub struct Sleeper {
    bits: u32,
    clock: Arc<Clock>,
}

impl AtomicU32 {
    pub fn new(value: u32) -> Self {
        let value = loom::sync::atomic::AtomicU32::new(value);
        Self { value, sleepers: Arc::new(loom::sync::Mutex::new(Vec::new())) }
    }

    pub fn load(&self, ordering: Ordering) -> u32 {
        self.value.load(ordering)
    }

    pub fn fetch_add(&self, more: u32, ordering: Ordering) -> u32 {
        // Planted: who is about to sleep does not see that something has changed.
        let more = if cfg!(rediscluster_fault = "word") { 0 } else { more };
        self.value.fetch_add(more, ordering)
    }
}

/// As `os::futex::wait_bits`.
pub fn wait_bits(word: &AtomicU32, expected: u32, bits: u32, until: Deadline) {
    let clock = &until.clock;
    let _ = clock.sleepers.set(word.sleepers.clone());
    let mut sleepers = word.sleepers.lock().unwrap();
    if word.value.load(Ordering::Relaxed) != expected || until.has_passed() {
        return;
    }
    sleepers.push(Sleeper { bits, clock: clock.clone() });
    loop {
        sleepers = clock.bell.wait(sleepers).unwrap();
        let at = sleepers.iter().position(|sleeper| Arc::ptr_eq(&sleeper.clock, clock));
        match at {
            None => return,
            Some(at) if until.has_passed() => {
                sleepers.remove(at);
                return;
            }
            Some(_) => {}
        }
    }
}

/// As `os::futex::wake_bits`.
pub fn wake_bits(word: &AtomicU32, bits: u32) {
    let mut sleepers = word.sleepers.lock().unwrap();
    sleepers.retain(|sleeper| {
        let is_meant = sleeper.bits & bits != 0;
        if is_meant {
            sleeper.clock.bell.notify_all();
        }
        !is_meant
    });
}

/// As `os::futex::Mutex`, which knows no poison.
pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(self.0.lock().unwrap())
    }
}

pub struct MutexGuard<'a, T>(loom::sync::MutexGuard<'a, T>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
