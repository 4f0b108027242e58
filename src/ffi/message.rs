//! Messages that a subscriber gives.

use std::ffi::c_char;

use super::call::{self, call};
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use super::{arg, handle, text};
use crate::client::subscriber::{Kind, Message};

/// What a subscriber gives: something published, or what has become of a subscription.
pub struct rediscluster_message(pub(super) Message);

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_message_type {
    /// No message.
    REDISCLUSTER_MESSAGE_NONE = 0,
    /// Something published.
    REDISCLUSTER_MESSAGE_PUBLISHED = 1,
    /// The subscription was lost and is there again: what was published in between is missed. It comes
    /// behind all that was received before the loss and before all that is received after it, so who
    /// reads now what the channel would have told misses nothing more.
    REDISCLUSTER_MESSAGE_GAP = 2,
    /// The server refuses the subscription (an ACL, a server that knows no shard channels): it is not
    /// asked for again. rediscluster_message_check says why.
    REDISCLUSTER_MESSAGE_REFUSED = 3,
}

/// What is subscribed to. Each kind has names of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_subscription {
    /// A channel (SUBSCRIBE, PUBLISH).
    REDISCLUSTER_SUBSCRIPTION_CHANNEL = 0,
    /// A pattern of channels (PSUBSCRIBE, PUBLISH).
    REDISCLUSTER_SUBSCRIPTION_PATTERN = 1,
    /// A shard channel (SSUBSCRIBE, SPUBLISH).
    REDISCLUSTER_SUBSCRIPTION_SHARD = 2,
}

/// What a message is.
///
/// Returns: the kind; NONE for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_kind(
    message: *const rediscluster_message,
) -> rediscluster_message_type {
    use rediscluster_message_type::*;
    // SAFETY: NULL or a live message, by the API's contract.
    match unsafe { message.as_ref() } {
        None => REDISCLUSTER_MESSAGE_NONE,
        Some(message) if message.0.is_published() => REDISCLUSTER_MESSAGE_PUBLISHED,
        Some(message) if message.0.is_gap() => REDISCLUSTER_MESSAGE_GAP,
        Some(_) => REDISCLUSTER_MESSAGE_REFUSED,
    }
}

/// What kind of subscription a message, gap or refusal belongs to.
///
/// Returns: the kind; CHANNEL for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_subscription(
    message: *const rediscluster_message,
) -> rediscluster_subscription {
    use rediscluster_subscription::*;
    // SAFETY: NULL or a live message, by the API's contract.
    match unsafe { message.as_ref() }.map_or(Kind::Channel, |message| message.0.kind()) {
        Kind::Channel => REDISCLUSTER_SUBSCRIPTION_CHANNEL,
        Kind::Pattern => REDISCLUSTER_SUBSCRIPTION_PATTERN,
        Kind::Shard => REDISCLUSTER_SUBSCRIPTION_SHARD,
    }
}

/// The channel: where the message was published, or whose subscription has a gap or was refused.
///
/// len: how many bytes, without the NUL that stands behind them; may be NULL.
///
/// Returns: its bytes; NULL, and a length of 0, for a gap or refusal of a pattern, and for NULL.
/// Ownership: the bytes are the message's.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_channel(
    message: *const rediscluster_message,
    len: *mut usize,
) -> *const u8 {
    // SAFETY: NULL or a live message, NULL or a place for a length, by the API's contract.
    unsafe { bytes(message, len, Message::channel) }
}

/// The pattern that the channel matched, or whose subscription has a gap or was refused.
///
/// len: how many bytes, without the NUL that stands behind them; may be NULL.
///
/// Returns: its bytes, as it was subscribed to; NULL, and a length of 0, where no pattern was subscribed to, and for
/// NULL.
/// Ownership: the bytes are the message's.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_pattern(
    message: *const rediscluster_message,
    len: *mut usize,
) -> *const u8 {
    // SAFETY: NULL or a live message, NULL or a place for a length, by the API's contract.
    unsafe { bytes(message, len, Message::pattern) }
}

/// What was published.
///
/// len: how many bytes, without the NUL that stands behind them; may be NULL.
///
/// Returns: the bytes; NULL, and a length of 0, for a gap, a refusal, and for NULL.
/// Ownership: the bytes are the message's.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_payload(
    message: *const rediscluster_message,
    len: *mut usize,
) -> *const u8 {
    // SAFETY: NULL or a live message, NULL or a place for a length, by the API's contract.
    unsafe { bytes(message, len, Message::payload) }
}

/// # Safety
/// `message` is NULL or live, `len` NULL or a place for a length.
unsafe fn bytes(
    message: *const rediscluster_message,
    len: *mut usize,
    part: impl FnOnce(&Message) -> Option<&[u8]>,
) -> *const u8 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { message.as_ref() }.and_then(|message| part(&message.0));
    if !len.is_null() {
        // SAFETY: not NULL, and the caller's promise.
        unsafe { len.write(bytes.map_or(0, <[u8]>::len)) };
    }
    bytes.map_or(std::ptr::null(), <[u8]>::as_ptr)
}

/// The node, "host:port": which sent the message or refused the subscription, or where it is after a gap.
///
/// Returns: NUL-terminated UTF-8; the empty text for NULL.
/// Ownership: the text is the message's.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_node(
    message: *const rediscluster_message,
) -> *const c_char {
    // SAFETY: NULL or a live message, by the API's contract.
    text::or_empty(unsafe { message.as_ref() }.map(|message| message.0.node()))
}

/// Turns a message of kind REFUSED into a status.
///
/// Returns: REDISCLUSTER_OK for any other kind; SERVER for a refusal, with the server's code
/// (rediscluster_error_server_code: "NOPERM") and text; INVALID_ARGUMENT for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_check(
    message: *const rediscluster_message,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live message, by the API's contract.
        match unsafe { arg::object(message, "message") }?.0.refusal() {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(()),
        }
    })
}

/// Frees a message. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the message and all that was borrowed from it are gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_message_free(message: *mut rediscluster_message) {
    // SAFETY: NULL or a message that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(message) }));
}
