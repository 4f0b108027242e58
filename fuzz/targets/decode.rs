//! `RUSTC_BOOTSTRAP=1 cargo fuzz run decode`
#![no_main]

mod decode_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode_body::run(data));
