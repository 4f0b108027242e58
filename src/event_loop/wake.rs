//! What makes the descriptor readable beside the connections: a bell and a timer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::os::epoll::{Bell, Epoll, Timer};

/// Tokens that are no link's.
pub(super) const BELL: u64 = u64::MAX;
pub(super) const TIMER: u64 = u64::MAX - 1;
pub(super) const REFRESH: u64 = u64::MAX - 2;

/// A timer that fires so much early need not be set again.
const EARLY: Duration = Duration::from_millis(50);
/// A timer that fires so much late does no harm.
const LATE: Duration = Duration::from_millis(1);

/// See the module's comment. One wait tells of each and silences it.
pub(super) struct Wake {
    /// Tokens that end calls ring it, too, from other threads.
    pub(super) bell: Arc<Bell>,
    timer: Timer,
    fires_at: Option<Instant>,
    /// The program waits on the descriptor.
    is_watched: bool,
}

impl Wake {
    /// Puts both into the set.
    ///
    /// # Errors
    /// LIMIT: the process has too many descriptors open.
    pub(super) fn new(epoll: &Epoll, is_watched: bool) -> Result<Self> {
        let made = Bell::new().and_then(|bell| {
            let timer = Timer::new()?;
            epoll.add_once(bell.fd(), BELL)?;
            epoll.add_once(timer.fd(), TIMER)?;
            Ok(Self { bell: Arc::new(bell), timer, fires_at: None, is_watched })
        });
        made.map_err(|error| no_descriptor(&error))
    }

    /// The program has asked for the descriptor.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    pub(super) fn watch(&mut self) {
        self.is_watched = true;
    }

    /// Makes the descriptor readable until the next wait.
    pub(super) fn ring(&self) {
        if self.is_watched {
            self.bell.ring();
        }
    }

    /// The timer has fired.
    pub(super) fn has_fired(&mut self) {
        self.fires_at = None;
    }

    /// Makes the descriptor readable at that time: a system call only where the timer is not set for about then.
    pub(super) fn at(&mut self, at: Option<Instant>, now: Instant) {
        if !self.is_watched || !needs_setting(self.fires_at, at, now) {
            return;
        }
        let after = at.map(|at| at.saturating_duration_since(now));
        // It can only fail for a time that is none; then the next call tries again.
        self.fires_at = if self.timer.set(after).is_ok() { at } else { None };
    }
}

/// A timer that is set for a time before the one wanted fires in vain and is set then: cheaper than setting it for
/// each command, whose deadlines go up and up. But one that is about to would fire at once for nothing.
fn needs_setting(set: Option<Instant>, wanted: Option<Instant>, now: Instant) -> bool {
    match (set, wanted) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(set), Some(wanted)) => {
            set <= now || set > wanted + LATE || (set <= now + EARLY && wanted > set + EARLY)
        }
    }
}

#[cold]
pub(super) fn no_descriptor(error: &std::io::Error) -> Error {
    Error::new(
        Status::Limit,
        format!("the system gives no descriptor to wait on ({error}): close some, or allow more"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_set_again_only_where_it_has_to_be() {
        let now = Instant::now();
        let at = |millis| Some(now + Duration::from_millis(millis));
        for (set, wanted, needs) in [
            (None, None, false),
            (at(100), None, false),
            (None, at(10_000), true),
            // Deadlines of later commands.
            (at(10_000), at(10_001), false),
            (at(9_000), at(10_001), false),
            (at(10_000), at(9_000), true),
            (at(10_000), at(9_999), false),
            (at(20), at(10_000), true),
            (at(20), at(30), false),
        ] {
            assert_eq!(needs_setting(set, wanted, now), needs, "{set:?} {wanted:?}");
        }
        assert!(needs_setting(Some(now), at(5), now));
    }

    #[test]
    fn it_rings_for_who_watches() {
        let epoll = Epoll::new().expect("a set");
        let mut wake = Wake::new(&epoll, false).expect("a bell");
        let mut ready = Vec::new();
        let soon = || crate::deadline::Deadline::after(Duration::from_millis(5));
        wake.ring();
        wake.at(Some(Instant::now()), Instant::now());
        epoll.wait(soon(), &mut ready).expect("a wait");
        assert!(ready.is_empty());
        wake.watch();
        wake.ring();
        epoll.wait(soon(), &mut ready).expect("a wait");
        assert_eq!(ready, [BELL]);
        wake.at(Some(Instant::now()), Instant::now());
        epoll.wait(crate::deadline::Deadline::NEVER, &mut ready).expect("a wait");
        assert_eq!(ready, [TIMER]);
    }
}
