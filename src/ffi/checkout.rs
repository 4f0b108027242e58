//! Gets: exclusive connections by slot, key and node.

use super::call::{Failure, call};
use super::command::rediscluster_command;
use super::connection::rediscluster_connection;
use super::error::rediscluster_error;
use super::pool::rediscluster_pool;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::pool::Access;

/// What a connection is wanted for.
#[repr(C)]
pub enum rediscluster_access {
    /// To read: from the node that the option `read_from` says. A connection to a replica refuses writes.
    REDISCLUSTER_READ = 1,
    /// To read and write: from the primary. READ_ONLY with the option `readonly`.
    REDISCLUSTER_WRITE = 2,
}

#[inline]
pub(super) fn access_of(access: i32) -> Result<Access, Failure> {
    if access == rediscluster_access::REDISCLUSTER_WRITE as i32 {
        return Ok(Access::Write);
    }
    if access == rediscluster_access::REDISCLUSTER_READ as i32 {
        return Ok(Access::Read);
    }
    Err(Failure::argument("access", "must be REDISCLUSTER_READ or REDISCLUSTER_WRITE"))
}

/// Checks out a connection to a node that serves a slot: to its primary, or for reading to the one whose
/// turn it is by the option `read_from`. A replica that cannot be dialled is passed over within the call,
/// and rests for `replica_cooldown`.
///
/// slot: 0 to 16383.
/// access: REDISCLUSTER_READ or REDISCLUSTER_WRITE.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: REDISCLUSTER_OK; SLOT_NOT_COVERED; POOL_EXHAUSTED at a limit where nobody waits;
/// POOL_TIMEOUT where the wait was in vain; TIMEOUT, CONNECTION, AUTH or TLS from dialling; UNREACHABLE;
/// READ_ONLY for REDISCLUSTER_WRITE with the option `readonly`; CLOSED; INVALID_ARGUMENT.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection, dials or discovers the cluster, at most
/// `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_get_by_slot(
    pool: *mut rediscluster_pool,
    slot: i32,
    access: i32,
    timeout_ms: i64,
    out: *mut *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        let access = access_of(access)?;
        let timeout = arg::timeout(timeout_ms)?;
        *out = handle::give_connection(pool.0.get_by_slot(slot, access, timeout)?);
        Ok(())
    })
}

/// Checks out a connection to a node that serves a key, as rediscluster_pool_get_by_slot does for its slot.
///
/// key, len: the key, binary safe; NULL with 0 is the empty key.
/// access: REDISCLUSTER_READ or REDISCLUSTER_WRITE.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: as rediscluster_pool_get_by_slot.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection, dials or discovers the cluster, at most
/// `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_get_by_key(
    pool: *mut rediscluster_pool,
    key: *const u8,
    len: usize,
    access: i32,
    timeout_ms: i64,
    out: *mut *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        // SAFETY: NULL or `len` readable bytes, by the API's contract.
        let key = unsafe { arg::bytes(key, len, "key") }?;
        let access = access_of(access)?;
        let timeout = arg::timeout(timeout_ms)?;
        *out = handle::give_connection(pool.0.get_by_key(key, access, timeout)?);
        Ok(())
    })
}

/// Checks out a connection to a node. One to a replica is ready to read there (READONLY).
///
/// node: "host:port" as the cluster announces it or as it is dialled, or the node's id.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: UNKNOWN_NODE if there is no such node; else as rediscluster_pool_get_by_slot.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection, dials or discovers the cluster, at most
/// `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_get_by_node(
    pool: *mut rediscluster_pool,
    node: *const std::ffi::c_char,
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
        *out = handle::give_connection(pool.0.get_by_node(node, timeout)?);
        Ok(())
    })
}

/// Checks out a connection to a node that serves a command: by the slot of its keys, or of the channels of
/// SSUBSCRIBE; to any primary if it has none, as SUBSCRIBE. A command that only reads gets one to whom the option
/// `read_from` says. The command is not sent.
///
/// command: the command; its settings have no part in it.
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: CROSS_SLOT if its keys are in several slots; UNROUTABLE if the library cannot tell its keys: a module's
/// command, which rediscluster_client_execute asks a server about; else as rediscluster_pool_get_by_slot.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection, dials or discovers the cluster, at most
/// `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_get_for_command(
    pool: *mut rediscluster_pool,
    command: *const rediscluster_command,
    timeout_ms: i64,
    out: *mut *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        let timeout = arg::timeout(timeout_ms)?;
        *out = handle::give_connection(pool.0.get_for_command(&command.core, timeout)?);
        Ok(())
    })
}

/// Checks out a connection to any primary: for commands without keys. With the options `readonly` and
/// `read_from`, unless that is primary, to any node.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `timeout`.
/// out: the connection.
///
/// Returns: as rediscluster_pool_get_by_slot.
/// Ownership: the connection is the caller's, who gives it back with
/// rediscluster_connection_release or rediscluster_pool_release.
/// Blocks: while it waits for a free connection, dials or discovers the cluster, at most
/// `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_get_random(
    pool: *mut rediscluster_pool,
    timeout_ms: i64,
    out: *mut *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        let timeout = arg::timeout(timeout_ms)?;
        *out = handle::give_connection(pool.0.get_random(timeout)?);
        Ok(())
    })
}
