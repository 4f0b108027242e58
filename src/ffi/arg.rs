//! Checks of what a caller hands in. Each answers with the parameter's name; none trusts a pointer
//! beyond what the API's contract says of it.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::slice;
use std::time::Duration;

use super::call::Failure;
use crate::deadline::Timeout;

const IS_NULL: &str = "must not be NULL";

/// A place for a result, set to NULL first: on failure every handle output is NULL.
///
/// # Safety
/// `out` is NULL or a place for one pointer.
#[inline]
pub(super) unsafe fn output<'a, T>(
    out: *mut *mut T,
    name: &'static str,
) -> Result<&'a mut *mut T, Failure> {
    // SAFETY: the caller's promise.
    let Some(place) = (unsafe { out.as_mut() }) else {
        return Err(Failure::argument(name, IS_NULL));
    };
    *place = std::ptr::null_mut();
    Ok(place)
}

/// An object to read.
///
/// # Safety
/// `pointer` is NULL or a live object of this library.
#[inline]
pub(super) unsafe fn object<'a, T>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T, Failure> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or(Failure::argument(name, IS_NULL))
}

/// An object to change.
///
/// # Safety
/// `pointer` is NULL or a live object of this library that no other thread uses now.
#[inline]
pub(super) unsafe fn object_mut<'a, T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<&'a mut T, Failure> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or(Failure::argument(name, IS_NULL))
}

/// Bytes. NULL with a length of 0 is the empty string.
///
/// # Safety
/// `data` is NULL or points at `len` readable bytes.
#[inline]
pub(super) unsafe fn bytes<'a>(
    data: *const u8,
    len: usize,
    name: &'static str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: the caller's promise.
    unsafe { array(data, len, name) }
}

/// An array. NULL with a count of 0 is the empty array.
///
/// # Safety
/// `items` is NULL or points at `count` initialized items.
#[inline]
pub(super) unsafe fn array<'a, T>(
    items: *const T,
    count: usize,
    name: &'static str,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        return Err(Failure::argument(name, "must not be NULL where its length is not 0"));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Failure::argument(name, "is longer than memory can be: a negative length?"));
    }
    // SAFETY: not NULL, not longer than memory, and the caller's promise.
    Ok(unsafe { slice::from_raw_parts(items, count) })
}

/// Room to write to, which may hold anything. NULL with a size of 0 is no room.
///
/// # Safety
/// `room` is NULL or `size` bytes that nobody else uses for `'a`.
pub(super) unsafe fn room<'a>(
    room: *mut c_void,
    size: usize,
    name: &'static str,
) -> Result<&'a mut [MaybeUninit<u8>], Failure> {
    if size == 0 {
        return Ok(&mut []);
    }
    if room.is_null() {
        return Err(Failure::argument(name, "must not be NULL where its size is not 0"));
    }
    if size > isize::MAX as usize {
        return Err(Failure::argument(name, "is longer than memory can be: a negative size?"));
    }
    // SAFETY: not NULL, not longer than memory, and the caller's promise; MaybeUninit holds anything.
    Ok(unsafe { slice::from_raw_parts_mut(room.cast(), size) })
}

/// A name, host or URL: NUL-terminated UTF-8 without control characters.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
pub(super) unsafe fn text<'a>(text: *const c_char, name: &'static str) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise.
    let text = unsafe { utf8(text, name) }?;
    if text.chars().any(char::is_control) {
        return Err(Failure::argument(name, "must not hold control characters"));
    }
    Ok(text)
}

/// The same where there may be none: NULL and the empty text are `None`.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
pub(super) unsafe fn text_or_none<'a>(
    text: *const c_char,
    name: &'static str,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { self::text(text, name) }?;
    Ok((!text.is_empty()).then_some(text))
}

/// Text whose control characters, if it has any, are somebody else's to judge: NUL-terminated UTF-8.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
pub(super) unsafe fn utf8<'a>(text: *const c_char, name: &'static str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(Failure::argument(name, IS_NULL));
    }
    // SAFETY: not NULL, and the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Failure::argument(name, "must be UTF-8"))
}

/// A `timeout_ms`.
#[inline]
pub(super) fn timeout(timeout_ms: i64) -> Result<Timeout, Failure> {
    Timeout::from_millis(timeout_ms).ok_or(Failure::argument(
        "timeout_ms",
        "must be milliseconds, 0 (do not wait), -1 (for ever) or -2 (the option's value)",
    ))
}

/// A `budget_ms`: milliseconds, or -1 without bound.
pub(super) fn budget(budget_ms: i64) -> Result<Duration, Failure> {
    match Timeout::from_millis(budget_ms) {
        Some(Timeout::Now) => Ok(Duration::ZERO),
        Some(Timeout::Within(budget)) => Ok(budget),
        Some(Timeout::Never) => Ok(Duration::MAX),
        Some(Timeout::Default) | None => {
            Err(Failure::argument("budget_ms", "must be milliseconds, 0 or -1 (no bound)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(result: Result<T, Failure>) -> bool {
        matches!(result, Err(Failure::Unbuilt(crate::error::Status::InvalidArgument, "x", _)))
    }

    #[test]
    fn what_is_refused_and_what_is_not() {
        let byte = 1_u8;
        // SAFETY: every pointer here is NULL or good for the length given, but for the lengths that
        // must be refused before anything is read.
        unsafe {
            assert_eq!(bytes(std::ptr::null(), 0, "x").ok(), Some(&[][..]));
            assert_eq!(bytes(&byte, 1, "x").ok(), Some(&[1][..]));
            assert!(refused(bytes(std::ptr::null(), 1, "x")));
            assert!(refused(bytes(&byte, usize::MAX, "x")));
            assert!(refused(array(&0_u64, isize::MAX as usize / 8 + 1, "x")));
            assert_eq!(text(c"häst".as_ptr(), "x").ok(), Some("häst"));
            assert!(refused(text(std::ptr::null(), "x")));
            assert!(refused(text(c"\xff".as_ptr(), "x")));
            assert!(refused(text(c"a\nb".as_ptr(), "x")));
            assert!(refused(output::<u8>(std::ptr::null_mut(), "x")));
            assert!(refused(object::<u8>(std::ptr::null(), "x")));
            assert!(refused(object_mut::<u8>(std::ptr::null_mut(), "x")));
        }
        assert!(timeout(-3).is_err() && timeout(-2).is_ok() && timeout(i64::MAX).is_ok());
        assert!(budget(-2).is_err() && budget(-3).is_err());
        assert_eq!(budget(-1).ok(), Some(Duration::MAX));
        assert_eq!(budget(5).ok(), Some(Duration::from_millis(5)));
    }
}
