//! Where a client would send a command, and why.

use std::ffi::{CString, c_char};
use std::ptr;

use super::call::{self, call};
use super::client::rediscluster_client;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use super::{arg, handle, text};

/// Where a client would send a command, and why. It never changes and may be read by several threads.
pub struct rediscluster_explanation {
    slot: i32,
    keys: Vec<usize>,
    nodes: Vec<CString>,
    reason: CString,
}

/// Tells where a command would go and why, without sending it.
///
/// command: the command; its settings count.
/// out: the explanation.
///
/// Returns: REDISCLUSTER_OK; what rediscluster_client_execute returns for a command that it refuses, and where the
/// cluster is not discovered yet or a server has to be asked about a command that the library does not know.
/// Ownership: the explanation is the caller's, who frees it with rediscluster_explanation_free.
/// Blocks: no, but where something is asked, as rediscluster_client_execute.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_explain(
    client: *mut rediscluster_client,
    command: *const rediscluster_command,
    out: *mut *mut rediscluster_explanation,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        let explanation = client.core.explain(&command.core, &command.settings)?;
        *out = handle::give(rediscluster_explanation {
            slot: explanation.slot.map_or(-1, i32::from),
            keys: explanation.keys,
            nodes: explanation.nodes.iter().map(|node| text::of(&node.to_string())).collect(),
            reason: text::of(&explanation.reason),
        });
        Ok(())
    })
}

/// The slot of the command's keys.
///
/// Returns: 0 to 16383; -1 if it does not go by one slot, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_slot(
    explanation: *const rediscluster_explanation,
) -> i32 {
    // SAFETY: NULL or a live explanation, by the API's contract.
    unsafe { explanation.as_ref() }.map_or(-1, |explanation| explanation.slot)
}

/// How many of the command's arguments are keys (or channels of a shard).
///
/// Returns: the number; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_key_count(
    explanation: *const rediscluster_explanation,
) -> usize {
    // SAFETY: NULL or a live explanation, by the API's contract.
    unsafe { explanation.as_ref() }.map_or(0, |explanation| explanation.keys.len())
}

/// Which argument a key is, the command's name being argument 0.
///
/// index: 0 to the count less one.
///
/// Returns: the argument's place; -1 beyond the last, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_key(
    explanation: *const rediscluster_explanation,
    index: usize,
) -> i64 {
    // SAFETY: NULL or a live explanation, by the API's contract.
    let explanation = unsafe { explanation.as_ref() };
    let key = explanation.and_then(|explanation| explanation.keys.get(index));
    key.and_then(|&key| i64::try_from(key).ok()).unwrap_or(-1)
}

/// How many nodes it would be sent to.
///
/// Returns: the number; 0 if any node will do, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_node_count(
    explanation: *const rediscluster_explanation,
) -> usize {
    // SAFETY: NULL or a live explanation, by the API's contract.
    unsafe { explanation.as_ref() }.map_or(0, |explanation| explanation.nodes.len())
}

/// One of these nodes. Of a command that reads it is the shard's primary, also where replicas answer.
///
/// index: 0 to the count less one.
///
/// Returns: "host:port"; NULL beyond the last, and for NULL.
/// Ownership: borrowed from the explanation, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_node(
    explanation: *const rediscluster_explanation,
    index: usize,
) -> *const c_char {
    // SAFETY: NULL or a live explanation, by the API's contract.
    let explanation = unsafe { explanation.as_ref() };
    let node = explanation.and_then(|explanation| explanation.nodes.get(index));
    node.map_or(ptr::null(), |node| node.as_ptr())
}

/// Why it goes there, for people.
///
/// Returns: NUL-terminated UTF-8; "" for NULL.
/// Ownership: borrowed from the explanation, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_reason(
    explanation: *const rediscluster_explanation,
) -> *const c_char {
    // SAFETY: NULL or a live explanation, by the API's contract.
    unsafe { explanation.as_ref() }.map_or(c"".as_ptr(), |explanation| explanation.reason.as_ptr())
}

/// Frees an explanation. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the explanation is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_explanation_free(explanation: *mut rediscluster_explanation) {
    // SAFETY: NULL or an explanation that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(explanation) }));
}
