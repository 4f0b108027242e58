//! A cheap clock for ages.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Milliseconds on the monotonic clock, up to a few behind (CLOCK_MONOTONIC_COARSE, clock_gettime(2)):
/// for ages of connections, where reading the exact clock at every checkout would be a waste. Never 0.
#[inline]
pub fn coarse_millis() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the call fills the structure it is given; this clock exists since Linux 2.6.32.
    let now = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, now.as_mut_ptr());
        now.assume_init()
    };
    (now.tv_sec as u64) * 1000 + u64::from(now.tv_nsec as u32 / 1_000_000) + 1
}
