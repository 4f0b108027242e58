//! The library's version. The macros beside these functions, REDISCLUSTER_VERSION among them, are
//! made from Cargo's numbers when the header is.

use std::ffi::{CStr, c_char};

/// Cargo's version, NUL-terminated.
const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// A version part as a number; Cargo's are all digits.
const fn number(digits: &str) -> u32 {
    let digits = digits.as_bytes();
    let mut value = 0;
    let mut index = 0;
    while index < digits.len() {
        value = value * 10 + (digits[index] - b'0') as u32;
        index += 1;
    }
    value
}

/// The version of the library that runs, which may be newer than the header a program was made with
/// (REDISCLUSTER_VERSION).
///
/// Returns: major * 10000 + minor * 100 + patch.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_version() -> u32 {
    const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 100
        + number(env!("CARGO_PKG_VERSION_PATCH"));
    NUMBER
}

/// The version of the library that runs, as text: "1.2.3".
///
/// Returns: NUL-terminated text; never NULL.
/// Ownership: the text is the library's, for ever.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_version_string() -> *const c_char {
    VERSION.as_ptr()
}
