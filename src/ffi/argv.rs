//! Arguments of a command, as main() gets them.

use std::ffi::{CStr, c_char};
use std::slice;

use super::arg;
use super::call::Failure;

/// So many have room on the stack: nearly every command has no more.
const FEW: usize = 8;

/// Gives `body` the arguments as slices of the caller's memory.
///
/// # Safety
/// `argv` is NULL or has `argc` entries, each NULL or of the length that `argvlen` says, or NUL-terminated where
/// `argvlen` is NULL.
#[inline]
pub(super) unsafe fn with_arguments<T>(
    argc: usize,
    argv: *const *const c_char,
    argvlen: *const usize,
    body: impl FnOnce(&[&[u8]]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if argc == 0 {
        return Err(Failure::argument("argc", "must be 1 or more: a command has a name"));
    }
    // SAFETY: NULL or `argc` pointers, by the caller's promise.
    let pointers = unsafe { arg::array(argv, argc, "argv") }?;
    if argvlen.is_null() {
        // SAFETY: NULL or NUL-terminated, by the caller's promise.
        return gathered(pointers.iter().map(|&argument| unsafe { terminated(argument) }), body);
    }
    // SAFETY: `argc` lengths, by the caller's promise.
    let lengths = unsafe { arg::array(argvlen, argc, "argvlen") }?;
    let arguments = pointers.iter().zip(lengths);
    // SAFETY: NULL or that many bytes, by the caller's promise.
    gathered(arguments.map(|(&argument, &length)| unsafe { counted(argument, length) }), body)
}

/// None: it is NULL.
///
/// # Safety
/// `argument` is NULL or NUL-terminated for `'a`.
unsafe fn terminated<'a>(argument: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not NULL, and the caller's promise.
    (!argument.is_null()).then(|| unsafe { CStr::from_ptr(argument) }.to_bytes())
}

/// None: it is NULL with a length, or longer than memory can be.
///
/// # Safety
/// `argument` is NULL or has so many bytes for `'a`.
#[inline(always)]
unsafe fn counted<'a>(argument: *const c_char, length: usize) -> Option<&'a [u8]> {
    if argument.is_null() {
        return if length == 0 { Some(&[]) } else { None };
    }
    // SAFETY: not NULL, not longer than memory, and the caller's promise.
    (length <= isize::MAX as usize)
        .then(|| unsafe { slice::from_raw_parts(argument.cast(), length) })
}

#[inline(always)]
fn gathered<'a, T>(
    arguments: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    body: impl FnOnce(&[&[u8]]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if arguments.len() > FEW {
        let many: Option<Vec<&[u8]>> = arguments.collect();
        return body(&many.ok_or_else(unusable)?);
    }
    let mut few: [&[u8]; FEW] = [&[]; FEW];
    let mut count = 0;
    for (place, argument) in few.iter_mut().zip(arguments) {
        *place = argument.ok_or_else(unusable)?;
        count += 1;
    }
    body(&few[..count])
}

#[cold]
fn unusable() -> Failure {
    Failure::argument(
        "argv[i]",
        "must not be NULL, nor longer than memory can be (a negative length?)",
    )
}
