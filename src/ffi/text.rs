//! NUL-terminated texts for the caller, made once and owned by the object they describe.

use std::ffi::{CStr, CString, c_char};

/// The text up to its first NUL, which nothing here should hold anyway.
pub(super) fn of(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// The text of an object that may be NULL: then the empty text, never NULL.
pub(super) fn or_empty(text: Option<&CStr>) -> *const c_char {
    text.unwrap_or_default().as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_ends_the_text() {
        assert_eq!(of("a\0b").as_c_str(), c"a");
        assert_eq!(of("").as_c_str(), c"");
    }
}
