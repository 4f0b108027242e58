//! A cheap clock for ages.

#![allow(unsafe_code)]

/// Milliseconds on the monotonic clock, up to a few behind (CLOCK_MONOTONIC_COARSE, clock_gettime(2)):
/// for ages of connections, where reading the exact clock at every checkout would be a waste. Never 0.
#[inline]
pub fn coarse_millis() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given; this clock exists since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut now) };
    (now.tv_sec as u64) * 1000 + (now.tv_nsec as u64) / 1_000_000 + 1
}
