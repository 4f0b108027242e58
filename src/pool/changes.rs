//! Waiting for a newer map, on a futex word that counts the maps.

use std::sync::atomic::{AtomicU32, Ordering};

use super::pool::{Core, Pool};
use crate::deadline::Deadline;
use crate::os::futex;

/// How many maps were installed, and how many threads wait for the next.
#[derive(Default)]
pub(super) struct Changes {
    installed: AtomicU32,
    waiting: AtomicU32,
}

impl Changes {
    /// Another map is there. A system call only where somebody waits.
    pub(super) fn announce(&self) {
        // Both here and below the count comes before the look at the other: one of the two is seen.
        self.installed.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            futex::wake(&self.installed, u32::MAX);
        }
    }

    fn wait(&self, seen: u32, until: Deadline) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.installed.load(Ordering::SeqCst) == seen {
            futex::wait(&self.installed, seen, until);
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Core {
    pub(super) fn map_changes(&self) -> u32 {
        self.changes.installed.load(Ordering::Acquire)
    }

    pub(super) fn wait_for_change(&self, seen: u32, until: Deadline) {
        self.changes.wait(seen, until);
    }
}

impl Pool {
    /// A number that another map changes: to be read before the map is looked at, for
    /// [`Pool::wait_for_change`].
    pub fn map_changes(&self) -> u32 {
        self.core().map_changes()
    }

    /// Sleeps until another map is installed than when the number was `seen`, the pool is closed, or the deadline
    /// passes. May return early: the caller looks again.
    pub fn wait_for_change(&self, seen: u32, until: Deadline) {
        self.core().wait_for_change(seen, until);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn who_waits_is_woken_and_who_comes_late_does_not_sleep() {
        let changes = Arc::new(Changes::default());
        let waiters: Vec<_> = (0..8)
            .map(|_| {
                let changes = changes.clone();
                thread::spawn(move || {
                    while changes.installed.load(Ordering::Acquire) == 0 {
                        changes.wait(0, Deadline::NEVER);
                    }
                })
            })
            .collect();
        while changes.waiting.load(Ordering::Relaxed) < 8 {
            thread::yield_now();
        }
        changes.announce();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        changes.wait(0, Deadline::NEVER);
        assert_eq!(changes.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let changes = Changes::default();
        let began = Instant::now();
        let until = Deadline::after(Duration::from_millis(20));
        while !until.has_passed() {
            changes.wait(0, until);
        }
        assert!(began.elapsed() >= Duration::from_millis(20));
    }
}
