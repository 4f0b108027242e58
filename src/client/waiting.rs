//! What waits for its time, or for a newer map.

use std::mem;
use std::time::{Duration, Instant};

/// What is due within so short a time of each other goes on together, in the order of its commands: two writes of one
/// key must not overtake each other.
const TOGETHER: Duration = Duration::from_millis(1);

/// Something that waits.
pub(crate) struct Waiting<T> {
    /// Until then,
    pub(crate) until: Instant,
    /// or until the map is not the one any more that had this number when it began to.
    pub(crate) seen: u32,
    /// What goes on then.
    pub(crate) what: T,
}

impl<T> Waiting<T> {
    /// Takes out what goes on `now`, or because the map's number is this one by now.
    pub(crate) fn take_due(waiting: &mut Vec<Self>, now: Instant, changes: u32) -> Vec<T> {
        let is_due = |one: &Self| one.until <= now || one.seen != changes;
        if !waiting.iter().any(is_due) {
            return Vec::new();
        }
        let all = mem::take(waiting);
        let (due, later): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| is_due(one) || one.until <= now + TOGETHER);
        *waiting = later;
        due.into_iter().map(|one| one.what).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_goes_on_with_what_is_nearly_so_and_a_newer_map_ends_all() {
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        let wait = |until, what| Waiting { until, seen: 1, what };
        let mut waiting = vec![wait(after(1), 'a'), wait(after(9), 'b'), wait(now, 'c')];
        assert_eq!(Waiting::take_due(&mut waiting, now, 1), ['a', 'c']);
        assert!(Waiting::take_due(&mut waiting, after(1), 1).is_empty());
        assert_eq!(Waiting::take_due(&mut waiting, now, 2), ['b']);
        assert!(waiting.is_empty());
    }
}
