//! The asynchronous handle: commands submitted, completions polled.

use std::ptr;

use super::call::{self, Failure, call};
use super::client::rediscluster_client;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::event_loop::{Completion, EventLoop};

/// Commands without a thread that waits: a program submits them and polls for their completions, beside whatever
/// else its event loop does. All that is done happens inside these calls, in the thread that makes them, and none
/// but rediscluster_async_poll waits. Commands go where rediscluster_client_execute would send them, are redirected,
/// tried again and split as there, and it is told of each whether it may have run. Those of one slot run in the
/// order in which they were submitted, unless one of them has to be sent again.
///
/// The handle keeps connections of the client's pool while it uses them: one to each node, and one more for each
/// command that blocks (BLPOP). They count towards the pool's limits. A connection that was not used for a second
/// goes back, and an idle one as soon as somebody waits for it.
///
/// After a fork the child may go on using it: what was submitted before completes there with FORKED, for its reply is
/// the parent's, and the child makes connections of its own. Where another thread was inside a call of it when the
/// process forked, it gives FORKED in the child.
pub struct rediscluster_async(EventLoop);

/// What became of a command that was submitted. One of `reply` and `error` is NULL; the other is the program's to
/// free.
#[repr(C)]
pub struct rediscluster_completion {
    /// As it was submitted.
    pub tag: u64,
    /// The reply, which may be of kind ERROR.
    pub reply: *mut rediscluster_reply,
    /// Why there is none. rediscluster_error_maybe_executed says whether the command may have run.
    pub error: *mut rediscluster_error,
}

/// Makes an asynchronous handle with nothing in flight. It connects when there is something to send.
///
/// client: held by the handle from here on: it may be freed before.
/// out: the handle.
///
/// Returns: REDISCLUSTER_OK; LIMIT where the process may open no more descriptors (it takes three, and one for each
/// connection); CLOSED; INVALID_ARGUMENT for NULL.
/// Ownership: the handle is the caller's, who frees it with rediscluster_async_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_new(
    client: *mut rediscluster_client,
    out: *mut *mut rediscluster_async,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        *out = handle::give(rediscluster_async(EventLoop::new(client.core.clone())?));
        Ok(())
    })
}

/// Submits a command. It leaves with the next rediscluster_async_poll, together with all others for its node; only what
/// has gathered for one node beyond 64 KiB leaves before. rediscluster_async_fd is readable then.
///
/// command: the command; it is copied and may be changed or freed right after. All its settings count: how long it
/// may take (from here on), its route, who answers reads, and a token to end it.
/// tag: what its completion is known by; any number. If several in flight have the same, each completes for itself.
///
/// Returns: REDISCLUSTER_OK: there will be one completion. No completion comes for: LIMIT, where `max_in_flight`
/// commands are in flight or have completions that were not taken (whatever `in_flight_full` says); INVALID_ARGUMENT,
/// also for a wrong number of arguments, for commands that need a connection of their own (MULTI, SUBSCRIBE: the
/// message says what to use instead), and while another thread uses the handle; CROSS_SLOT; UNROUTABLE;
/// UNKNOWN_NODE; READ_ONLY with the option `readonly`; CANCELLED, for a token that was fired; CLOSED; FORKED. What only
/// a server can tell, of commands that the library does not know, or before the first topology is there, comes as a
/// completion.
/// Ownership: nothing changes hands.
/// Blocks: no. Ordinarily it makes no system call, but for one after each poll where the descriptor is used.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_submit(
    asynchronous: *mut rediscluster_async,
    command: *const rediscluster_command,
    tag: u64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live handle, by the API's contract.
        let object = unsafe { arg::object(asynchronous, "asynchronous") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        Ok(object.0.submit(&command.core, &command.settings, tag)?)
    })
}

/// Ends a command in flight: its completion comes with CANCELLED at the next poll, and
/// rediscluster_error_maybe_executed says whether it may have run. A reply that comes later is thrown away, and the
/// connection stays usable; only of a command that blocks the connection is closed, so that its server takes nothing
/// out for nobody.
///
/// tag: the command's; if several in flight have it, all of them end.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if none in flight has the tag (it may be complete already), for NULL,
/// and while another thread uses the handle; FORKED.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_cancel(
    asynchronous: *mut rediscluster_async,
    tag: u64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live handle, by the API's contract.
        let object = unsafe { arg::object(asynchronous, "asynchronous") }?;
        Ok(object.0.cancel(tag)?)
    })
}

/// A descriptor to wait on with poll(2), epoll or an event loop: readable when rediscluster_async_poll has something
/// to send, to receive, to hand over, or to do by time. That is all a program has to wait on. It stays the same as
/// long as the handle lives, also in a forked child, once that has made a call of the handle. Level-triggered waiting
/// is meant. Never read from it, change it or close it.
///
/// Returns: the descriptor; -1 for NULL.
/// Ownership: the descriptor is the library's.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_fd(asynchronous: *const rediscluster_async) -> i32 {
    call::or_else(-1, || {
        // SAFETY: NULL or a live handle, by the API's contract.
        unsafe { asynchronous.as_ref() }.map_or(-1, |object| object.0.fd())
    })
}

/// Sends what was submitted, with one send a node, receives what has arrived, does what is due by time, and hands over
/// completions in the order in which they came.
///
/// completions: room for `max` of them; may be NULL where that is 0.
/// max: how many are taken at most. Others stay for the next call, and the descriptor stays readable.
/// timeout_ms: how long the call may wait for at least one completion, in milliseconds; 0, -1 and -2 as the header's
/// beginning says; -2 is the option `command_timeout`. With -1 and nothing in flight it returns at once.
/// count: how many completions there are; 0 if none came in time, which is no failure.
///
/// Returns: REDISCLUSTER_OK; CLOSED once the handle or the client's pool is closed and no completion is left; FORKED;
/// INTERNAL; INVALID_ARGUMENT, also while another thread uses the handle.
/// Ownership: replies and errors of the completions are the caller's, who frees them with rediscluster_reply_free and
/// rediscluster_error_free.
/// Blocks: until there is a completion, at most `timeout_ms`; with 0 not at all. Only a host name that is looked up
/// may take longer, as the header's beginning says.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_poll(
    asynchronous: *mut rediscluster_async,
    completions: *mut rediscluster_completion,
    max: usize,
    timeout_ms: i64,
    count: *mut usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for a number, by the API's contract.
        let count =
            unsafe { count.as_mut() }.ok_or(Failure::argument("count", "must not be NULL"))?;
        *count = 0;
        // SAFETY: NULL or a live handle, by the API's contract.
        let object = unsafe { arg::object(asynchronous, "asynchronous") }?;
        if completions.is_null() && max > 0 {
            return Err(Failure::argument("completions", "must not be NULL"));
        }
        let timeout = arg::timeout(timeout_ms)?;
        let mut taken = 0;
        let take = |Completion { tag, outcome }| {
            let (reply, error) = match outcome {
                Ok(reply) => (handle::give_reply(reply), ptr::null_mut()),
                Err(error) => (ptr::null_mut(), handle::give(rediscluster_error::new(error))),
            };
            // SAFETY: the loop hands over `max` at most, for which there is room by the API's contract.
            unsafe { completions.add(taken).write(rediscluster_completion { tag, reply, error }) };
            taken += 1;
        };
        let outcome = object.0.poll(max, timeout, take);
        *count = taken;
        outcome?;
        Ok(())
    })
}

/// In how many milliseconds rediscluster_async_poll has something to do by time, for programs that do not wait on
/// the descriptor; who does needs not ask.
///
/// Returns: milliseconds; 0: now; -1: there is nothing to do by time, nor for NULL, where the handle gives FORKED, and
/// while another thread uses it.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_next_timeout(
    asynchronous: *const rediscluster_async,
) -> i64 {
    call::or_else(-1, || {
        // SAFETY: NULL or a live handle, by the API's contract.
        let object = unsafe { asynchronous.as_ref() };
        object.and_then(|object| object.0.next_timeout().ok()).unwrap_or(-1)
    })
}

/// Ends what is in flight: it completes with CLOSED, and rediscluster_error_maybe_executed says whether it may have
/// run. rediscluster_async_poll hands these completions over; nothing more is taken by rediscluster_async_submit. Closing
/// twice is no error.
///
/// Returns: REDISCLUSTER_OK; FORKED; INVALID_ARGUMENT for NULL, and while another thread uses the handle.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_close(
    asynchronous: *mut rediscluster_async,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live handle, by the API's contract.
        let object = unsafe { arg::object(asynchronous, "asynchronous") }?;
        Ok(object.0.close()?)
    })
}

/// Frees a handle. Connections with nothing on their way go back to the pool, the others close; completions that were
/// not taken are freed, and of what is in flight nobody is told. The descriptor closes: take it out of event loops
/// before. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the handle is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_async_free(asynchronous: *mut rediscluster_async) {
    // SAFETY: NULL or a handle that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(asynchronous) }));
}
