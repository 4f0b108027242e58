//! Subscribers to channels, patterns and shard channels.

use super::call::{self, Failure, call};
use super::client::rediscluster_client;
use super::error::rediscluster_error;
use super::message::rediscluster_message;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::subscriber::{Kind, Subscriber};
use crate::error::Status;

/// A subscriber: it subscribes to channels, patterns and shard channels, and gives their messages in
/// order. After the loss of a node or a slot's move it subscribes again by itself, and says with a
/// message of kind GAP what may have been missed. All it does happens inside its calls, on connections
/// of its own that count towards no limit of the pool: one for channels and patterns, one for each
/// shard whose channels are subscribed to. A program that does not call rediscluster_subscriber_next
/// receives nothing and keeps nothing alive.
///
/// After a fork the child may go on using it: its first call there subscribes to the same anew, on
/// connections of the child's own, and tells a gap of each. Where another thread was inside a call of
/// it when the process forked, it gives FORKED in the child.
pub struct rediscluster_subscriber(Subscriber);

/// # Safety
/// `subscriber` is NULL or live, `name` NULL or `len` readable bytes.
unsafe fn begin(
    kind: Kind,
    subscriber: *mut rediscluster_subscriber,
    name: *const u8,
    len: usize,
    timeout_ms: i64,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    let subscriber = unsafe { arg::object(subscriber, "subscriber") }?;
    // SAFETY: the caller's promise.
    let name = unsafe { arg::bytes(name, len, name_of(kind)) }?;
    Ok(subscriber.0.subscribe(kind, name, arg::timeout(timeout_ms)?)?)
}

/// # Safety
/// As of [`begin`].
unsafe fn end(
    kind: Kind,
    subscriber: *mut rediscluster_subscriber,
    name: *const u8,
    len: usize,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    let subscriber = unsafe { arg::object(subscriber, "subscriber") }?;
    // SAFETY: the caller's promise.
    let name = unsafe { arg::bytes(name, len, name_of(kind)) }?;
    Ok(subscriber.0.unsubscribe(kind, name)?)
}

fn name_of(kind: Kind) -> &'static str {
    if kind == Kind::Pattern { "pattern" } else { "channel" }
}

/// Makes a subscriber without subscriptions. It connects when there is one.
///
/// client: held by the subscriber from here on: it may be freed before.
/// out: the subscriber.
///
/// Returns: REDISCLUSTER_OK; LIMIT where the process may open no more descriptors (it takes three, and one
/// for each connection); CLOSED; INVALID_ARGUMENT for NULL.
/// Ownership: the subscriber is the caller's, who frees it with rediscluster_subscriber_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_new(
    client: *mut rediscluster_client,
    out: *mut *mut rediscluster_subscriber,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        let subscriber = Subscriber::new(client.core.clone())?;
        *out = handle::give(rediscluster_subscriber(subscriber));
        Ok(())
    })
}

/// Subscribes to a channel, whose messages come from whatever node they are published on. A channel that
/// is subscribed to already is no error.
///
/// channel, len: its name; up to 512 MiB.
/// timeout_ms: how long the call may wait for the server's confirmation, in milliseconds; -1 and -2 as the
/// header's beginning says; -2 is the option `command_timeout`. With 0 it only notes the subscription:
/// calls that read ask for it, and for many together with one command.
///
/// Returns: REDISCLUSTER_OK; SERVER where the server refuses the subscription, which is not there then;
/// TIMEOUT, AUTH, TLS, CANCELLED by rediscluster_subscriber_interrupt, or LIMIT where `max_in_flight`
/// messages wait to be taken: in these cases the subscription is wanted all the same, and asked for until
/// it is there; CLOSED; FORKED; INVALID_ARGUMENT, also while another thread uses the subscriber.
/// Ownership: the name is copied.
/// Blocks: until the server has confirmed, at most `timeout_ms`, and as rediscluster_subscriber_next says of
/// connections that are made. Messages that arrive meanwhile are kept for rediscluster_subscriber_next.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_subscribe(
    subscriber: *mut rediscluster_subscriber,
    channel: *const u8,
    len: usize,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { begin(Kind::Channel, subscriber, channel, len, timeout_ms) })
}

/// Subscribes to a pattern of channels: `news.*`, `h?llo`, `h[ae]llo`. A message that several subscriptions
/// match comes once for each.
///
/// pattern, len: the pattern; up to 512 MiB.
/// timeout_ms: as for rediscluster_subscriber_subscribe.
///
/// Returns: as rediscluster_subscriber_subscribe.
/// Ownership: the pattern is copied.
/// Blocks: as rediscluster_subscriber_subscribe.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_psubscribe(
    subscriber: *mut rediscluster_subscriber,
    pattern: *const u8,
    len: usize,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { begin(Kind::Pattern, subscriber, pattern, len, timeout_ms) })
}

/// Subscribes to a shard channel (Redis 7.0 and later, Valkey): its messages stay in the shard that serves the
/// slot of its name, and the subscription follows the slot.
///
/// channel, len: its name; up to 512 MiB.
/// timeout_ms: as for rediscluster_subscriber_subscribe.
///
/// Returns: as rediscluster_subscriber_subscribe.
/// Ownership: the name is copied.
/// Blocks: as rediscluster_subscriber_subscribe.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_ssubscribe(
    subscriber: *mut rediscluster_subscriber,
    channel: *const u8,
    len: usize,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { begin(Kind::Shard, subscriber, channel, len, timeout_ms) })
}

/// Ends the subscription to a channel. Nothing of it is given out from now on, messages that were received
/// already included; the server is told by the next call that reads. A channel that is not subscribed to is
/// no error.
///
/// channel, len: its name.
///
/// Returns: REDISCLUSTER_OK; FORKED; INVALID_ARGUMENT, also while another thread uses the subscriber.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_unsubscribe(
    subscriber: *mut rediscluster_subscriber,
    channel: *const u8,
    len: usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { end(Kind::Channel, subscriber, channel, len) })
}

/// Ends the subscription to a pattern, as rediscluster_subscriber_unsubscribe that to a channel.
///
/// pattern, len: the pattern, as it was subscribed to.
///
/// Returns: as rediscluster_subscriber_unsubscribe.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_punsubscribe(
    subscriber: *mut rediscluster_subscriber,
    pattern: *const u8,
    len: usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { end(Kind::Pattern, subscriber, pattern, len) })
}

/// Ends the subscription to a shard channel, as rediscluster_subscriber_unsubscribe that to a channel.
///
/// channel, len: its name.
///
/// Returns: as rediscluster_subscriber_unsubscribe.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_sunsubscribe(
    subscriber: *mut rediscluster_subscriber,
    channel: *const u8,
    len: usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    // SAFETY: NULL or a live subscriber, NULL or so many bytes, by the API's contract.
    call(error, || unsafe { end(Kind::Shard, subscriber, channel, len) })
}

/// The next message, in the order in which they were received. Messages of one subscription come in the order
/// in which the server sent them, each at most once. This call is also what keeps a subscriber going: it
/// subscribes, asks silent servers for a sign of life (PING, after `socket_timeout` of silence and at least a
/// second; without an answer for `socket_timeout` the connection is made anew), and follows the cluster.
///
/// timeout_ms: how long the call may wait for a message, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
/// out: the message.
///
/// Returns: REDISCLUSTER_OK; TIMEOUT if none came in time (with a timeout of 0 and NULL for `error` that costs no
/// allocation): with NULL in `out`; CANCELLED by rediscluster_subscriber_interrupt; CLOSED; FORKED;
/// INVALID_ARGUMENT, also while another thread uses the subscriber.
/// Ownership: the message is the caller's, who frees it with rediscluster_message_free.
/// Blocks: until there is a message, at most `timeout_ms`; with 0 no wait for messages. A connection that is
/// missing is made in this call, whatever its timeout: a try takes half a second at most, after failures twice as
/// long each time up to `socket_connect_timeout`, with pauses in between that leave the call to messages.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_next(
    subscriber: *mut rediscluster_subscriber,
    timeout_ms: i64,
    out: *mut *mut rediscluster_message,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live subscriber, by the API's contract.
        let subscriber = unsafe { arg::object(subscriber, "subscriber") }?;
        match subscriber.0.next(arg::timeout(timeout_ms)?)? {
            Some(message) => {
                *out = handle::give(rediscluster_message(message));
                Ok(())
            }
            // A program that polls and wants no error pays for none.
            None if error.is_null() => {
                Err(Failure::Unbuilt(Status::Timeout, "message", "did not come in time"))
            }
            None => Err(subscriber.0.nothing_came().into()),
        }
    })
}

/// A descriptor to wait on with poll(2), epoll or an event loop: readable when rediscluster_subscriber_next has
/// something to give or to do. Call that with a timeout of 0 until it gives TIMEOUT, then wait. It stays the same
/// as long as the subscriber lives, also in a forked child, once that has made a call of the subscriber. Never
/// read from it, change it or close it.
///
/// Returns: the descriptor; -1 for NULL, where the subscriber gives FORKED, or another thread uses it.
/// Ownership: the descriptor is the library's.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_fd(
    subscriber: *mut rediscluster_subscriber,
) -> i32 {
    call::or_else(-1, || {
        // SAFETY: NULL or a live subscriber, by the API's contract.
        let subscriber = unsafe { subscriber.as_ref() };
        subscriber.and_then(|subscriber| subscriber.0.fd().ok()).unwrap_or(-1)
    })
}

/// Ends, from another thread, the call that waits on the subscriber: it returns with CANCELLED. Without one the next
/// call that reads returns so. The subscriber and its subscriptions stay as they are.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no. A connection that is being made is made first.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_interrupt(
    subscriber: *mut rediscluster_subscriber,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live subscriber, by the API's contract.
        unsafe { arg::object(subscriber, "subscriber") }?.0.interrupt();
        Ok(())
    })
}

/// Frees a subscriber: its subscriptions end, its connections and its descriptor close. Messages it gave stay. NULL
/// is fine.
///
/// Returns: nothing.
/// Ownership: the subscriber is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_subscriber_free(subscriber: *mut rediscluster_subscriber) {
    // SAFETY: NULL or a subscriber that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(subscriber) }));
}
