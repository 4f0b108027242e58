//! Redirects, for programs that send their commands on connections themselves.

use std::ffi::c_char;

use super::call::call;
use super::connection::rediscluster_connection;
use super::error::rediscluster_error;
use super::pool::rediscluster_pool;
use super::status::rediscluster_status;
use super::{arg, handle};

/// Tells the pool that a server answered MOVED, so that the next get for the slot goes to the right node. Where
/// the node is a replica of the slot's shard, it has been promoted, and roles swap for the whole shard; else the
/// slot alone moves. Each call counts: after `reinitialize_steps` of them the topology is discovered anew within
/// this call, which takes at most `command_timeout`; its failure is logged, and is no failure of this call.
///
/// slot: 0 to 16383, as MOVED says.
/// node: "host:port" as MOVED says; an IPv6 address may stand without brackets. Where the server leaves the host
/// out (":6381") it means its own: put the host that answered in front.
///
/// Returns: REDISCLUSTER_OK; CLOSED; INVALID_ARGUMENT, also for a node that cannot be dialled: then nothing has
/// changed.
/// Ownership: nothing changes hands; connections in use go on working until their release.
/// Blocks: no, unless this call is the one that discovers the cluster anew.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_moved(
    pool: *mut rediscluster_pool,
    slot: i32,
    node: *const c_char,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        // SAFETY: NULL or NUL-terminated, by the API's contract.
        let node = unsafe { arg::text(node, "node") }?;
        Ok(pool.0.moved(slot, node)?)
    })
}

/// Checks out a connection to the node that a server's ASK names, be it known or not. What is known of the
/// cluster stays: the slot is still the other node's. Send ASKING and the command in one write, and read twice:
///
///     rediscluster_connection_append(c, asking, &e), rediscluster_connection_append(c, command, &e),
///     rediscluster_connection_flush(c, REDISCLUSTER_TIMEOUT_DEFAULT, &e);
///
/// A connection that is released between the two is closed: nobody else's command is asked.
///
/// node: "host:port" as ASK says, as for rediscluster_pool_moved.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: REDISCLUSTER_OK; POOL_EXHAUSTED at a limit where nobody waits; POOL_TIMEOUT where the wait was in
/// vain; TIMEOUT, CONNECTION, AUTH or TLS from dialling; CLOSED; INVALID_ARGUMENT, also for a node that cannot be
/// dialled.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection or dials, at most `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_ask(
    pool: *mut rediscluster_pool,
    node: *const c_char,
    timeout_ms: i64,
    out: *mut *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        // SAFETY: NULL or NUL-terminated, by the API's contract.
        let node = unsafe { arg::text(node, "node") }?;
        let timeout = arg::timeout(timeout_ms)?;
        *out = handle::give_connection(pool.0.ask(node, timeout)?);
        Ok(())
    })
}
