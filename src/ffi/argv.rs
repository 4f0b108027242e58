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
#[inline(always)]
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
    let lengths = if argvlen.is_null() {
        None
    } else {
        // SAFETY: `argc` lengths, by the caller's promise.
        Some(unsafe { arg::array(argvlen, argc, "argvlen") }?)
    };
    let argument = |index: usize| match lengths {
        // SAFETY: NULL or that many bytes, by the caller's promise.
        Some(lengths) => unsafe { counted(pointers[index], lengths[index]) },
        // SAFETY: NULL or NUL-terminated, by the caller's promise.
        None => unsafe { terminated(pointers[index]) },
    };
    let mut few: [&[u8]; FEW] = [&[]; FEW];
    let mut many = Vec::new();
    let arguments = match few.get_mut(..argc) {
        Some(few) => few,
        None => {
            many.resize(argc, &[][..]);
            &mut many
        }
    };
    for (index, place) in arguments.iter_mut().enumerate() {
        *place = argument(index).ok_or_else(unusable)?;
    }
    // The only call of it, so that it is a part of this.
    body(arguments)
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

#[cold]
fn unusable() -> Failure {
    Failure::argument(
        "argv[i]",
        "must not be NULL, nor longer than memory can be (a negative length?)",
    )
}
