//! Proves that ThreadSanitizer, run as on the stress program, sees a data race inside the library: built
//! with `--cfg rediscluster_fault="race"` it must be reported. Without, there is nothing to run.

// A fault is no part of the C API: it is reached by its name alone.
#![allow(unsafe_code)]

#[cfg(rediscluster_fault = "race")]
use rediscluster as _;

#[cfg(rediscluster_fault = "race")]
// SAFETY: it is what src/ffi/fault.rs defines, and safe to call but for its purpose.
unsafe extern "C" {
    safe fn rediscluster_fault_race() -> i32;
}

fn main() {
    #[cfg(rediscluster_fault = "race")]
    rediscluster_fault_race();
}
