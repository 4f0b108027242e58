//! What ThreadSanitizer does not know of the standard library.
//!
//! An `Arc` is dropped by `fetch_sub(Release)`, and the last one goes on behind a fence; fences are
//! unknown to ThreadSanitizer, and the standard library that would do without is not installed. So each
//! `fetch_sub(Release)` of this program, and that is what drops an `Arc`, is shown to it as one that
//! acquires, too (the linker's `--wrap`, see scripts/stress). Nothing is kept from being reported.

const RELEASE: i32 = 3;
const ACQUIRE_AND_RELEASE: i32 = 4;

unsafe extern "C" {
    fn __real___tsan_atomic64_fetch_sub(at: *mut u64, value: u64, order: i32) -> u64;
}

/// # Safety
/// As the function it stands for, which instrumented code alone calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap___tsan_atomic64_fetch_sub(
    at: *mut u64,
    value: u64,
    order: i32,
) -> u64 {
    let order = if order == RELEASE { ACQUIRE_AND_RELEASE } else { order };
    // SAFETY: the caller's promise.
    unsafe { __real___tsan_atomic64_fetch_sub(at, value, order) }
}
