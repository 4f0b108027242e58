//! How long views are left out that are older than the present map.

use std::time::{Duration, Instant};

/// So many refreshes in a row that bring older views alone, ...
const MOST: u32 = 3;

/// ... the first of them so long ago, are right: news of a promotion is with every node by then.
const LONGEST: Duration = Duration::from_millis(500);

/// Refusals so far apart are not in a row: refreshes that bring nothing come more often.
const APART: Duration = Duration::from_secs(5);

/// Refreshes in a row that brought nothing but views older than the present map.
///
/// What the present map holds of epochs may be wrong: a redirect that lied, a cluster whose epochs began anew. So
/// older views win in the end, where nothing else comes.
#[derive(Default)]
pub(super) struct Refusals {
    count: u32,
    began: Option<Instant>,
    last: Option<Instant>,
}

impl Refusals {
    /// Another such refresh ends: true if its view is to be left out.
    pub fn refuse(&mut self, now: Instant) -> bool {
        let is_stale =
            |last: Instant| now.checked_duration_since(last).is_some_and(|past| past > APART);
        if self.last.replace(now).is_some_and(is_stale) {
            (self.count, self.began) = (0, None);
        }
        let began = *self.began.get_or_insert(now);
        self.count += 1;
        self.count <= MOST || now.saturating_duration_since(began) < LONGEST
    }

    /// A view was installed.
    pub fn end(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_views_win_by_number_and_time_together() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut refusals = Refusals::default();
        for millis in [0, 1, 2, 3, 499] {
            assert!(refusals.refuse(at(millis)), "after {millis} ms");
        }
        assert!(!refusals.refuse(at(500)));
        let mut refusals = Refusals::default();
        for millis in [0, 2000, 4000] {
            assert!(refusals.refuse(at(millis)), "after {millis} ms");
        }
        assert!(!refusals.refuse(at(4001)));
    }

    #[test]
    fn a_view_between_and_a_long_time_begin_anew() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut refusals = Refusals::default();
        for millis in [0, 200, 400] {
            assert!(refusals.refuse(at(millis)));
        }
        refusals.end();
        assert!(refusals.refuse(at(600)));
        for millis in [10_000, 10_600, 11_000] {
            assert!(refusals.refuse(at(millis)));
        }
        assert!(!refusals.refuse(at(11_001)));
    }
}
