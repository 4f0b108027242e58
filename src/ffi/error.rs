//! The error object.

use std::ffi::{CString, c_char};

use super::status::rediscluster_status;
use super::{call, handle, text};

use crate::error::{Attempt, Error, KeyFate};

/// Why a call failed: a status, a message for people, and what programs ask for. It owns all it
/// shows; free it with rediscluster_error_free. Never holds a password, a key, an argument or a
/// value.
pub struct rediscluster_error {
    error: Error,
    message: CString,
    node: CString,
    server_code: CString,
    attempts: Box<[rediscluster_attempt]>,
}

/// One thing that was tried on the way to an error. Part of its error.
pub struct rediscluster_attempt {
    node: CString,
    elapsed_ms: i64,
    cause: CString,
}

impl rediscluster_error {
    pub(super) fn new(error: Error) -> Self {
        Self {
            message: text::of(error.message()),
            node: text::of(error.node()),
            server_code: text::of(error.server_code()),
            attempts: error.attempts().iter().map(rediscluster_attempt::new).collect(),
            error,
        }
    }

    #[cfg(test)]
    pub(super) fn into_core(self) -> Error {
        self.error
    }
}

impl rediscluster_attempt {
    fn new(attempt: &Attempt) -> Self {
        Self {
            node: text::of(&attempt.node),
            elapsed_ms: i64::try_from(attempt.elapsed.as_millis()).unwrap_or(i64::MAX),
            cause: text::of(&attempt.cause),
        }
    }
}

/// The error's status.
///
/// Returns: the status; REDISCLUSTER_OK for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_status(
    error: *const rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live error, by the API's contract.
    let error = unsafe { error.as_ref() };
    error.map_or(rediscluster_status::REDISCLUSTER_OK, |error| error.error.status().into())
}

/// The message for people: what happened, where, and what to do.
///
/// Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
/// Ownership: the text is the error's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_message(
    error: *const rediscluster_error,
) -> *const c_char {
    // SAFETY: NULL or a live error, by the API's contract.
    text::or_empty(unsafe { error.as_ref() }.map(|error| error.message.as_c_str()))
}

/// The node concerned, "host:port".
///
/// Returns: NUL-terminated UTF-8; "" where no node is concerned, and for NULL; never NULL.
/// Ownership: the text is the error's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_node(
    error: *const rediscluster_error,
) -> *const c_char {
    // SAFETY: NULL or a live error, by the API's contract.
    text::or_empty(unsafe { error.as_ref() }.map(|error| error.node.as_c_str()))
}

/// The slot concerned.
///
/// Returns: 0 to 16383; -1 where no slot is concerned, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_slot(error: *const rediscluster_error) -> i32 {
    // SAFETY: NULL or a live error, by the API's contract.
    let slot = unsafe { error.as_ref() }.and_then(|error| error.error.slot());
    slot.map_or(-1, i32::from)
}

/// The server's error code: "WRONGTYPE".
///
/// Returns: NUL-terminated UTF-8; "" where no server answered with an error, and for NULL; never
/// NULL.
/// Ownership: the text is the error's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_server_code(
    error: *const rediscluster_error,
) -> *const c_char {
    // SAFETY: NULL or a live error, by the API's contract.
    text::or_empty(unsafe { error.as_ref() }.map(|error| error.server_code.as_c_str()))
}

/// Whether the same call may well succeed later without a change of the program: the network or the
/// cluster was at fault, or the pool was full. Says nothing about whether a write ran:
/// rediscluster_error_maybe_executed does.
///
/// Returns: true if so; false for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_is_retryable(error: *const rediscluster_error) -> bool {
    // SAFETY: NULL or a live error, by the API's contract.
    unsafe { error.as_ref() }.is_some_and(|error| error.error.is_retryable())
}

/// Whether the command may have run: bytes of it left, and no reply came.
///
/// Returns: true if so; false for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_maybe_executed(
    error: *const rediscluster_error,
) -> bool {
    // SAFETY: NULL or a live error, by the API's contract.
    unsafe { error.as_ref() }.is_some_and(|error| error.error.maybe_executed())
}

/// What became of one key of a command that was split by its keys and did not succeed as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_key_fate {
    /// There is no such key, or the command was not split.
    REDISCLUSTER_KEY_NONE = -1,
    /// It was not written, for certain; of a command that only reads, not read.
    REDISCLUSTER_KEY_NOT_WRITTEN = 0,
    /// It was written.
    REDISCLUSTER_KEY_WRITTEN = 1,
    /// It may have been.
    REDISCLUSTER_KEY_UNKNOWN = 2,
}

/// What became of one key of a command that a client had split by its keys (MSET, DEL), where the call
/// failed: others may have been written all the same.
///
/// index: the key's place among the command's keys, from 0.
///
/// Returns: a rediscluster_key_fate; REDISCLUSTER_KEY_NONE beyond the last, where nothing was split, and for
/// NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_key_fate(
    error: *const rediscluster_error,
    index: usize,
) -> rediscluster_key_fate {
    use rediscluster_key_fate::*;
    // SAFETY: NULL or a live error, by the API's contract.
    let error = unsafe { error.as_ref() };
    match error.and_then(|error| error.error.keys().get(index)) {
        None => REDISCLUSTER_KEY_NONE,
        Some(KeyFate::NotWritten) => REDISCLUSTER_KEY_NOT_WRITTEN,
        Some(KeyFate::Written) => REDISCLUSTER_KEY_WRITTEN,
        Some(KeyFate::Unknown) => REDISCLUSTER_KEY_UNKNOWN,
    }
}

/// How many things were tried before the call failed.
///
/// Returns: the number; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_attempt_count(
    error: *const rediscluster_error,
) -> usize {
    // SAFETY: NULL or a live error, by the API's contract.
    unsafe { error.as_ref() }.map_or(0, |error| error.attempts.len())
}

/// One of the things that were tried, oldest first.
///
/// index: 0 to the count less one.
///
/// Returns: the attempt; NULL beyond the last, and for NULL.
/// Ownership: borrowed from the error, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_attempt(
    error: *const rediscluster_error,
    index: usize,
) -> *const rediscluster_attempt {
    // SAFETY: NULL or a live error, by the API's contract.
    let attempt = unsafe { error.as_ref() }.and_then(|error| error.attempts.get(index));
    attempt.map_or(std::ptr::null(), std::ptr::from_ref)
}

/// The node it was tried on, "host:port".
///
/// Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
/// Ownership: the text is the error's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_attempt_node(
    attempt: *const rediscluster_attempt,
) -> *const c_char {
    // SAFETY: NULL or part of a live error, by the API's contract.
    text::or_empty(unsafe { attempt.as_ref() }.map(|attempt| attempt.node.as_c_str()))
}

/// How long it took.
///
/// Returns: milliseconds; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_attempt_elapsed_ms(
    attempt: *const rediscluster_attempt,
) -> i64 {
    // SAFETY: NULL or part of a live error, by the API's contract.
    unsafe { attempt.as_ref() }.map_or(0, |attempt| attempt.elapsed_ms)
}

/// How it ended: a redirect, or the cause of the failure.
///
/// Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
/// Ownership: the text is the error's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_attempt_cause(
    attempt: *const rediscluster_attempt,
) -> *const c_char {
    // SAFETY: NULL or part of a live error, by the API's contract.
    text::or_empty(unsafe { attempt.as_ref() }.map(|attempt| attempt.cause.as_c_str()))
}

/// Frees an error. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the error and all that was borrowed from it are gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_error_free(error: *mut rediscluster_error) {
    // SAFETY: NULL or an error that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(error) }));
}
