//! `RUSTC_BOOTSTRAP=1 cargo fuzz run topology`
#![no_main]

mod topology_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| topology_body::run(data));
