//! Whether a thread has waited: what never waits has not.

use std::fs;
use std::time::{Duration, Instant};

/// Shorter waits may be for a lock of the allocator, the kernel's or OpenSSL's that another test's thread held.
const LONG: Duration = Duration::from_millis(50);

/// What `act` gives, and whether it has waited for long: the thread gave up its processor of its own accord, for a
/// socket or a time.
pub fn during<T>(act: impl FnOnce() -> T) -> (T, bool) {
    let (before, began) = (of_this_thread(), Instant::now());
    let outcome = act();
    let is_long = began.elapsed() >= LONG;
    (outcome, is_long && of_this_thread() > before)
}

fn of_this_thread() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").expect("the thread's status");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).expect("a count of switches")
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn a_wait_is_seen_and_work_is_none() {
        let work = || {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {}
        };
        assert!(!super::during(work).1);
        assert!(super::during(|| thread::sleep(Duration::from_millis(60))).1);
    }
}
