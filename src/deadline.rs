//! The one point in time by which a call must end.

use std::time::{Duration, Instant};

/// When a call must have ended, on the monotonic clock; possibly never.
///
/// A call makes one deadline when it starts and hands it to everything it does (waiting in the pool,
/// dialing, the handshake, sending, receiving), so that the parts share one budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No end: wait for ever.
    pub const NEVER: Self = Self(None);

    /// So long from now. A duration beyond the clock's range is [`Deadline::NEVER`].
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now().checked_add(duration))
    }

    /// At this instant.
    pub fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// What is left: `None` without end, zero once it has passed.
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// True once it has passed.
    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }

    /// The later of the two.
    pub fn later(self, other: Self) -> Self {
        self.0.zip(other.0).map_or(Self::NEVER, |(a, b)| Self(Some(a.max(b))))
    }

    /// The earlier of the two.
    pub fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// When the first of so many things has to end that share the time that is left: an even part of it.
    pub fn share(self, things: usize) -> Self {
        match self.remaining() {
            Some(left) => {
                self.earlier(Self::after(left / u32::try_from(things.max(1)).unwrap_or(u32::MAX)))
            }
            None => self,
        }
    }

    /// The instant, if there is an end.
    pub fn instant(self) -> Option<Instant> {
        self.0
    }
}

/// How long a caller is willing to wait, as the C API's `timeout_ms` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// 0: takes what is there, waits for nothing.
    Now,
    /// So long.
    Within(Duration),
    /// -1: for ever.
    Never,
    /// -2: what the option says.
    Default,
}

impl Timeout {
    /// From a `timeout_ms` of the C API; `None` for a negative number that means nothing.
    pub fn from_millis(millis: i64) -> Option<Self> {
        match millis {
            0 => Some(Self::Now),
            -1 => Some(Self::Never),
            -2 => Some(Self::Default),
            millis => {
                u64::try_from(millis).ok().map(|millis| Self::Within(Duration::from_millis(millis)))
            }
        }
    }

    /// The deadline of a call that starts now; `default` is the option's value.
    pub fn deadline(self, default: Duration) -> Deadline {
        match self {
            Self::Now => Deadline::after(Duration::ZERO),
            Self::Within(duration) => Deadline::after(duration),
            Self::Never => Deadline::NEVER,
            Self::Default => Deadline::after(default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_one_wins_and_never_loses() {
        let soon = Deadline::after(Duration::from_millis(1));
        let late = Deadline::after(Duration::from_secs(60));
        assert_eq!(soon.earlier(late), soon);
        assert_eq!(late.earlier(soon), soon);
        assert_eq!(Deadline::NEVER.earlier(late), late);
        assert_eq!(Deadline::NEVER.remaining(), None);
        assert!(Deadline::after(Duration::ZERO).has_passed());
        assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
    }

    #[test]
    fn timeouts_of_the_c_api() {
        assert_eq!(Timeout::from_millis(0), Some(Timeout::Now));
        assert_eq!(Timeout::from_millis(-1), Some(Timeout::Never));
        assert_eq!(Timeout::from_millis(-2), Some(Timeout::Default));
        assert_eq!(Timeout::from_millis(-3), None);
        assert_eq!(Timeout::from_millis(i64::MIN), None);
        assert_eq!(Timeout::from_millis(7), Some(Timeout::Within(Duration::from_millis(7))));
        assert!(Timeout::from_millis(i64::MAX).is_some());
        assert!(Timeout::Now.deadline(Duration::from_secs(9)).has_passed());
        assert!(!Timeout::Default.deadline(Duration::from_secs(9)).has_passed());
    }
}
