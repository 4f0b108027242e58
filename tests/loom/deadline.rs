//! Time as a model has it: it passes when the model says so, at any moment of the callers' doings.

use std::sync::{Arc, OnceLock};

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Condvar, Mutex};

use crate::os::futex::Sleeper;

/// Beyond this many ticks a call has ended, one for each way to end.
const ENDED: u32 = 1 << 8;

/// How a call can end before it has its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Timeout = 1,
    Cancelled = 2,
}

/// Put off, from this bit on.
const PUT_OFF: u32 = 1 << 16;

/// One call's time, and what wakes who sleeps by it.
pub struct Clock {
    now: AtomicU32,
    pub bell: Condvar,
    /// The list of sleepers that the caller may be in, once it has been. (Not the model's business, so std's.)
    pub sleepers: OnceLock<Arc<Mutex<Vec<Sleeper>>>>,
}

impl Clock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicU32::new(0), bell: Condvar::new(), sleepers: OnceLock::new() })
    }

    /// What it is now, whatever the memory model would let a load see.
    fn now(&self) -> u32 {
        self.now.fetch_add(0, Ordering::SeqCst)
    }

    /// The call ends now. Who sleeps is to be [rung](Self::ring).
    pub fn end(&self, how: End) {
        self.now.fetch_add(ENDED * how as u32, Ordering::SeqCst);
    }

    /// It is time for the caller to look again.
    pub fn tick(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
    }

    /// The caller has something else to do before it waits on.
    pub fn put_off(&self) {
        self.now.fetch_or(PUT_OFF, Ordering::SeqCst);
    }

    /// It waits again.
    pub fn put_on(&self) {
        self.now.fetch_and(!PUT_OFF, Ordering::SeqCst);
    }

    pub fn is_put_off(&self) -> bool {
        self.now() >= PUT_OFF
    }

    /// Wakes the caller if it sleeps on its word, or under this lock: it looks at its clock.
    pub fn ring<T>(&self, lock: &Mutex<T>) {
        if let Some(sleepers) = self.sleepers.get() {
            let _locked = sleepers.lock().unwrap();
            self.bell.notify_all();
        }
        let _locked = lock.lock().unwrap();
        self.bell.notify_all();
    }

    pub fn ended(&self) -> Option<End> {
        match self.now() % PUT_OFF / ENDED {
            0 => None,
            1 => Some(End::Timeout),
            _ => Some(End::Cancelled),
        }
    }
}

/// Until the call's clock moves.
#[derive(Clone)]
pub struct Deadline {
    pub clock: Arc<Clock>,
    seen: u32,
}

impl Deadline {
    pub fn next_of(clock: &Arc<Clock>) -> Self {
        Self { clock: clock.clone(), seen: clock.now() }
    }

    pub fn has_passed(&self) -> bool {
        let now = self.clock.now();
        now >= ENDED || now != self.seen
    }
}
