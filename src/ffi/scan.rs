//! Scans: all keys of a cluster, page by page.

use std::ffi::c_char;

use super::call::{self, Failure, call};
use super::client::rediscluster_client;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::Scan;

/// A scan over all keys of the cluster, by SCAN on one primary after another.
///
/// Each key that exists from the scan's beginning to its end is given at least once, also while slots move from node to
/// node and while replicas take over: each node is asked what it serves beside every page, and slots that
/// were not its own all the while are scanned again where they are. Keys may be given several times, and keys
/// that come or go meanwhile may be given or not. Replicas are never asked, whatever the option `read_from`.
///
/// Between two pages it holds no connection, and a program may take as long as it likes. After a fork the child
/// may go on with its copy, and the parent with its own.
pub struct rediscluster_scan {
    core: Scan,
}

/// Begins a scan; sends nothing yet.
///
/// client: held by the scan: it may be freed before.
/// pattern, pattern_len: a glob pattern that keys are to match, as in SCAN MATCH; NULL with 0: all keys.
/// count: how many keys a node looks at for a page, as in SCAN COUNT; 0: the server's own (10). Large
/// clusters are scanned faster with 1000.
/// type: "string", "hash" and so on, as in SCAN TYPE; NULL or "": keys of all types.
/// out: the scan.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the texts are copied. The scan is the caller's, who frees it with rediscluster_scan_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_scan_new(
    client: *mut rediscluster_client,
    pattern: *const u8,
    pattern_len: usize,
    count: i64,
    r#type: *const c_char,
    out: *mut *mut rediscluster_scan,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        // SAFETY: NULL or `pattern_len` readable bytes, by the API's contract.
        let bytes = unsafe { arg::bytes(pattern, pattern_len, "pattern") }?;
        let pattern = (!pattern.is_null()).then_some(bytes);
        let count = match u64::try_from(count) {
            Ok(count) => (count > 0).then_some(count),
            Err(_) => return Err(Failure::argument("count", "must not be negative")),
        };
        // SAFETY: NULL or a NUL-terminated string, by the API's contract.
        let of_type = unsafe { arg::text_or_none(r#type, "type") }?;
        let core = Scan::new(client.core.clone(), pattern, count, of_type);
        *out = handle::give(rediscluster_scan { core });
        Ok(())
    })
}

/// Sets how long one call of rediscluster_scan_next may take.
///
/// timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
/// `command_timeout`, and what holds without this call.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_scan_set_timeout(
    scan: *mut rediscluster_scan,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live scan no other thread uses now, by the API's contract.
        let scan = unsafe { arg::object_mut(scan, "scan") }?;
        scan.core.set_timeout(arg::timeout(timeout_ms)?);
        Ok(())
    })
}

/// The next page of keys.
///
/// reply: an ARRAY of one key or more. After the last page NULL, with REDISCLUSTER_OK, and so it stays:
///
///     while ((status = rediscluster_scan_next(scan, &page, &error)) == REDISCLUSTER_OK && page != NULL) {
///         ...
///         rediscluster_reply_free(page);
///     }
///
/// Returns: REDISCLUSTER_OK. After any failure the next call goes on where this one ended: TIMEOUT, where no key
/// was found in time or a node did not answer; TRY_AGAIN, where slots move to and fro without an end. SERVER: a
/// node refused SCAN, or its pattern, count or type. POOL_EXHAUSTED; POOL_TIMEOUT; UNREACHABLE; AUTH; TLS; PROTOCOL;
/// LIMIT; CLOSED.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: until there is a key, at most the timeout. What fails is tried again until then.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_scan_next(
    scan: *mut rediscluster_scan,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live scan no other thread uses now, by the API's contract.
        let scan = unsafe { arg::object_mut(scan, "scan") }?;
        if let Some(page) = scan.core.next_page()? {
            *reply = handle::give_reply(page);
        }
        Ok(())
    })
}

/// Frees a scan, at its end or before. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the scan is gone; pages stay.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_scan_free(scan: *mut rediscluster_scan) {
    // SAFETY: NULL or a scan that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(scan) }));
}
