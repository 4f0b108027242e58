//! Proves that ThreadSanitizer, run as on the stress program, sees a data race inside the library. Built with
//! `--cfg rediscluster_fault="race"` it must be reported; without, there is nothing to run.

fn main() {
    #[cfg(rediscluster_fault = "race")]
    rediscluster::ffi::fault::rediscluster_fault_race();
}
