//! Arguments of a command, as main() gets them.

use std::ffi::{CStr, c_char};

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
    let lengths = if argvlen.is_null() {
        None
    } else {
        // SAFETY: `argc` lengths, by the caller's promise.
        Some(unsafe { arg::array(argvlen, argc, "argvlen") }?)
    };
    let argument = |index: usize| match lengths {
        // SAFETY: NULL or that many bytes, by the caller's promise.
        Some(lengths) => unsafe { arg::bytes(pointers[index].cast(), lengths[index], "argv[i]") },
        None if pointers[index].is_null() => Err(Failure::argument("argv[i]", "must not be NULL")),
        // SAFETY: not NULL, and NUL-terminated by the caller's promise.
        None => Ok(unsafe { CStr::from_ptr(pointers[index]) }.to_bytes()),
    };
    let mut few: [&[u8]; FEW] = [&[]; FEW];
    if let Some(few) = few.get_mut(..argc) {
        for (index, place) in few.iter_mut().enumerate() {
            *place = argument(index)?;
        }
        return body(few);
    }
    let many: Result<Vec<&[u8]>, Failure> = (0..argc).map(argument).collect();
    body(&many?)
}
