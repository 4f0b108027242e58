//! How often a thread has waited: what never waits has not.

use std::fs;

/// How often this thread has given up its processor of its own accord: for a socket, a lock, a time.
pub fn of_this_thread() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").expect("the thread's status");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).expect("a count of switches")
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    #[test]
    fn a_wait_is_counted_and_work_is_not() {
        let before = super::of_this_thread();
        let sum: u64 = (0..100_000).sum();
        assert_eq!((sum, super::of_this_thread()), (4_999_950_000, before));
        thread::sleep(Duration::from_millis(2));
        assert!(super::of_this_thread() > before);
    }
}
