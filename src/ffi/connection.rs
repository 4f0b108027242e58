//! Connections that are checked out of a pool.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::call::{self, Failure, call};
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::command::Command;
use crate::error::{Error, Status};
use crate::pool::handles;

/// A connection that is checked out of a pool: a value that looks like a pointer, never one. It may
/// be used wrongly without harm: released twice, used after its release or given to another pool, a
/// call answers with a status and nothing changes. After a fork, in the child, it gives FORKED.
pub struct rediscluster_connection {
    _value: (),
}

/// # Safety
/// `command` is NULL or a live command nobody changes now.
unsafe fn sendable<'a>(command: *const rediscluster_command) -> Result<&'a Command, Failure> {
    // SAFETY: the caller's promise.
    let command = unsafe { arg::object(command, "command") }?;
    if command.core.argument_count() == 0 {
        return Err(Failure::argument("command", "has no arguments: append its name first"));
    }
    Ok(&command.core)
}

/// Sends a command and waits for its reply.
///
/// An error reply of the server is a reply of kind ERROR, and the status is OK:
/// rediscluster_reply_check turns it into a status.
///
/// command: the command; it is not changed.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
/// reply: the reply.
///
/// Returns: REDISCLUSTER_OK; TIMEOUT or CONNECTION, where rediscluster_error_maybe_executed tells
/// whether bytes of the command left (the connection is broken then, and its release closes it);
/// PROTOCOL or LIMIT for a reply that cannot be read; CANCELLED by
/// rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT, also while another
/// thread uses the connection, or replies to appended commands are not read yet.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: until the reply is there, at most `timeout_ms`.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_command(
    connection: *mut rediscluster_connection,
    command: *const rediscluster_command,
    timeout_ms: i64,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        let connection = handle::connection(connection)?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { sendable(command) }?;
        let timeout = arg::timeout(timeout_ms)?;
        let answer = handles::with(connection, |lease| {
            let deadline = timeout.deadline(lease.command_timeout());
            let answer = lease.connection().command(command, deadline)?;
            lease.note(&answer);
            Ok(answer)
        })?;
        *reply = handle::give_reply(answer);
        Ok(())
    })
}

/// Queues a command on the connection; rediscluster_connection_flush sends it. Each command appended is
/// owed one rediscluster_connection_read.
///
/// command: the command; it is copied and may be changed or freed right after.
///
/// Returns: REDISCLUSTER_OK; CONNECTION if the connection is broken; NOT_CHECKED_OUT; FORKED;
/// INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_append(
    connection: *mut rediscluster_connection,
    command: *const rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        let connection = handle::connection(connection)?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { sendable(command) }?;
        Ok(handles::with(connection, |lease| lease.connection().append(command))?)
    })
}

/// Sends what was appended.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
///
/// Returns: REDISCLUSTER_OK, also where nothing was appended; TIMEOUT; CONNECTION; CANCELLED by
/// rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: until the system has taken the bytes, at most `timeout_ms`. Replies that arrive
/// meanwhile are kept, so a long pipeline does not deadlock.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_flush(
    connection: *mut rediscluster_connection,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        let connection = handle::connection(connection)?;
        let timeout = arg::timeout(timeout_ms)?;
        Ok(handles::with(connection, |lease| {
            let deadline = timeout.deadline(lease.command_timeout());
            lease.connection().flush(deadline)
        })?)
    })
}

/// The next reply, or the next push of the server (kind PUSH, owed to no command). Sends first what was
/// appended and not flushed.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
/// reply: the reply.
///
/// Returns: REDISCLUSTER_OK; TIMEOUT if none came in time: the connection stays usable, and the reply
/// can be read later (with a timeout of 0 and NULL for `error` that costs no allocation), unless the
/// server owed one and was silent for the option `socket_timeout`: then the connection is broken;
/// CONNECTION; PROTOCOL or LIMIT for a reply that cannot be read; CANCELLED by
/// rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: until a reply is there, at most `timeout_ms`.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_read(
    connection: *mut rediscluster_connection,
    timeout_ms: i64,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        let connection = handle::connection(connection)?;
        let timeout = arg::timeout(timeout_ms)?;
        let answer = handles::with(connection, |lease| {
            let deadline = timeout.deadline(lease.command_timeout());
            match lease.connection().read(deadline)? {
                // A program that polls and wants no error pays for none.
                None if error.is_null() => Ok(None),
                None => Err(nothing_came().on_node(lease.connection().node())),
                Some(answer) => {
                    lease.note(&answer);
                    Ok(Some(answer))
                }
            }
        })?;
        let Some(answer) = answer else {
            return Err(Failure::Unbuilt(Status::Timeout, "reply", "did not come in time"));
        };
        *reply = handle::give_reply(answer);
        Ok(())
    })
}

#[cold]
fn nothing_came() -> Error {
    Error::new(
        Status::Timeout,
        "no reply came in time; the connection stays usable, read again for it",
    )
}

/// The node the connection speaks to, "host:port", as it was dialled.
///
/// Returns: NUL-terminated UTF-8; NULL if the connection is not checked out, is the parent's after
/// a fork, or another thread uses it.
/// Ownership: the text is the connection's and lives until its release.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_node(
    connection: *mut rediscluster_connection,
) -> *const c_char {
    call::or_else(ptr::null(), || {
        let node = handle::connection(connection).ok().and_then(|connection| {
            handles::with(connection, |lease| Ok(CStr::as_ptr(lease.node_text()))).ok()
        });
        node.unwrap_or(ptr::null())
    })
}

/// The connection's socket, to wait on with poll(2) or the like. Replies may be in memory already:
/// read with a timeout of 0 until TIMEOUT before waiting. Never read from it, write to it or close
/// it.
///
/// Returns: the descriptor; -1 if the connection is not checked out, is the parent's after a fork,
/// or another thread uses it.
/// Ownership: the descriptor is the library's.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_fd(
    connection: *mut rediscluster_connection,
) -> i32 {
    call::or_else(-1, || {
        let fd = handle::connection(connection).ok().and_then(|connection| {
            handles::with(connection, |lease| Ok(lease.connection().fd())).ok()
        });
        fd.unwrap_or(-1)
    })
}

/// Whether the connection is to a replica and was made ready to read there (READONLY).
///
/// Returns: true if so; false also if the connection is not checked out, is the parent's after a
/// fork, or another thread uses it.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_is_readonly(
    connection: *mut rediscluster_connection,
) -> bool {
    call::or_else(false, || {
        handle::connection(connection).is_ok_and(|connection| {
            handles::with(connection, |lease| Ok(lease.connection().is_readonly())).unwrap_or(false)
        })
    })
}

/// Whether the connection is of no more use: release it and get another. An error reply does not
/// break a connection; a timeout in the middle of a command, a lost or garbled one does.
///
/// Returns: true if so; true also if the connection is not checked out, is the parent's after a
/// fork, or another thread uses it.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_is_broken(
    connection: *mut rediscluster_connection,
) -> bool {
    call::or_else(true, || {
        !handle::connection(connection).is_ok_and(|connection| {
            handles::with(connection, |lease| Ok(!lease.connection().is_broken())).unwrap_or(false)
        })
    })
}

/// Ends, from another thread, what the connection's user is doing: that call returns with
/// CANCELLED, and the connection is broken. Without a call under way the next one returns so.
///
/// Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands; the connection is still to be released by its user.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_interrupt(
    connection: *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || Ok(handles::interrupt(handle::connection(connection)?)?))
}

/// Gives the connection back to its pool, whose thread does not matter. The pool keeps it only if
/// it is whole: nothing unread, no transaction or subscription under way, no timeout behind it;
/// else it is closed, as it is where the pool was reset, disconnected, closed or freed meanwhile.
///
/// Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT if it was released already: nothing changes;
/// FORKED; INVALID_ARGUMENT, also while another thread uses the connection.
/// Ownership: the value is spent, whatever was borrowed from it too.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_connection_release(
    connection: *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || Ok(handles::release(handle::connection(connection)?)?))
}
