//! Commands: arguments, gathered to be sent.

use std::ffi::c_char;

use super::argv::with_arguments;
use super::call::{self, Failure, call};
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::Settings;
use crate::command::Command;

/// A command and its arguments, encoded as they are appended. It may be sent any number of times,
/// on any number of connections, also by several threads at once while nobody changes it.
pub struct rediscluster_command {
    pub(super) core: Command,
    pub(super) settings: Settings,
}

impl From<Command> for rediscluster_command {
    fn from(core: Command) -> Self {
        Self { core, settings: Settings::default() }
    }
}

/// Makes a command without arguments; the first one appended is its name.
///
/// out: the command.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if `out` is NULL.
/// Ownership: the command is the caller's, who frees it with rediscluster_command_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_new(
    out: *mut *mut rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        *out = handle::give(rediscluster_command::from(Command::new()));
        Ok(())
    })
}

/// Makes a command from an array of arguments, as main() gets them. In C,
/// rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", key, value), &command, &error) fills the
/// first three parameters.
///
/// argc: how many arguments; at least 1.
/// argv: the arguments, the command's name first.
/// argvlen: their lengths in bytes; NULL: each is NUL-terminated.
/// out: the command.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for no arguments, NULL, or a length beyond memory.
/// Ownership: the arguments are copied. The command is the caller's, who frees it with
/// rediscluster_command_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_from_argv(
    argc: usize,
    argv: *const *const c_char,
    argvlen: *const usize,
    out: *mut *mut rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        let make = |arguments: &[&[u8]]| Ok(Command::of(arguments));
        // SAFETY: the caller's arguments, as the API's contract has them.
        let command = unsafe { with_arguments(argc, argv, argvlen, make) }?;
        *out = handle::give(rediscluster_command::from(command));
        Ok(())
    })
}

/// Appends an argument; the first one is the command's name.
///
/// data, len: the argument, binary safe; NULL with 0 is the empty string.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL or a length beyond memory.
/// Ownership: the bytes are copied.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_append(
    command: *mut rediscluster_command,
    data: *const u8,
    len: usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        // SAFETY: NULL or `len` readable bytes, by the API's contract.
        let data = unsafe { arg::bytes(data, len, "data") }?;
        // A fault planted for the test that a panic ends as a status.
        #[cfg(rediscluster_fault = "panic")]
        assert_ne!(data, b"rediscluster_fault: panic");
        command.core.append(data);
        Ok(())
    })
}

/// Appends several arguments in one call: their bytes one after another, and their lengths. For
/// languages where each call into C, or an array of pointers, is dear.
///
/// data: the bytes of all arguments, one after another; NULL if they are all empty.
/// lengths: the length of each, in bytes.
/// count: how many arguments.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL or lengths beyond memory: nothing is
/// appended.
/// Ownership: the bytes are copied.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_append_packed(
    command: *mut rediscluster_command,
    data: *const u8,
    lengths: *const usize,
    count: usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        // SAFETY: NULL or `count` lengths, by the API's contract.
        let lengths = unsafe { arg::array(lengths, count, "lengths") }?;
        let total = lengths.iter().try_fold(0_usize, |sum, &length| sum.checked_add(length));
        let Some(total) = total else {
            return Err(Failure::argument("lengths", "are more than memory can hold together"));
        };
        // SAFETY: NULL or `total` readable bytes, by the API's contract.
        let mut rest = unsafe { arg::bytes(data, total, "data") }?;
        for &length in lengths {
            let (argument, behind) = rest.split_at(length);
            command.core.append(argument);
            rest = behind;
        }
        Ok(())
    })
}

/// Takes all arguments away and keeps the memory, for the next command; what was set (timeout, route,
/// read_from, cancel) stays. NULL is fine.
///
/// Returns: nothing.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_clear(command: *mut rediscluster_command) {
    // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
    if let Some(command) = unsafe { command.as_mut() } {
        call::or_else((), || command.core.clear());
    }
}

/// Frees a command. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the command is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_free(command: *mut rediscluster_command) {
    // SAFETY: NULL or a command that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(command) }));
}
