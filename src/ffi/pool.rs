//! Pools: how they begin and end, and what is done to a whole one.

use std::sync::Arc;

use super::call::{self, Failure, call};
use super::connection::rediscluster_connection;
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::stats::rediscluster_stats;
use super::status::rediscluster_status;
use super::topology::rediscluster_topology;
use super::{arg, handle};
use crate::credentials::Credentials;
use crate::options::Secret;
use crate::pool::Pool;

/// A pool of connections to the nodes of a cluster, shared by any number of threads. After a fork
/// the child may go on using it: it makes connections of its own.
pub struct rediscluster_pool(pub(super) Arc<Pool>);

/// `timeout_ms`: does not wait.
pub const REDISCLUSTER_TIMEOUT_NOW: i64 = 0;
/// `timeout_ms`: waits for ever.
pub const REDISCLUSTER_TIMEOUT_NEVER: i64 = -1;
/// `timeout_ms`: the option's value, `timeout` for gets, `command_timeout` for everything else.
pub const REDISCLUSTER_TIMEOUT_DEFAULT: i64 = -2;

/// Makes a pool. Discovers the cluster from the startup nodes, unless the option `init_slot_cache`
/// is
/// no: then the first get does.
///
/// options: copied; may be changed or freed right after.
/// out: the pool.
///
/// Returns: REDISCLUSTER_OK; CONFIG if the options make no sense together; UNREACHABLE if no
/// startup node answered; AUTH or TLS if each that answered refused it so; CLUSTER_DOWN if none knows of a
/// slot that is served; SLOT_NOT_COVERED with `require_full_coverage`; INVALID_ARGUMENT.
/// Ownership: the pool is the caller's, who frees it with rediscluster_pool_free.
/// Blocks: until the cluster is discovered: each dial at most the option `socket_connect_timeout`, each
/// answer at most `socket_timeout`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_new(
    options: *const rediscluster_options,
    out: *mut *mut rediscluster_pool,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or live options nobody changes now, by the API's contract.
        let options = unsafe { arg::object(options, "options") }?;
        *out = handle::give(rediscluster_pool(Arc::new(Pool::new(options.core().clone())?)));
        Ok(())
    })
}

/// Gives a connection back to this pool; the same as rediscluster_connection_release, and checks
/// that it is this pool's.
///
/// Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT if it was released already; FORKED; INVALID_ARGUMENT
/// if it is another pool's, which it stays, and while another thread uses the connection.
/// Ownership: the connection's value is spent, whatever was borrowed from it too.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_release(
    pool: *mut rediscluster_pool,
    connection: *mut rediscluster_connection,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        Ok(pool.0.release(handle::connection(connection)?)?)
    })
}

/// Discovers the cluster anew. Connections stay.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
///
/// Returns: REDISCLUSTER_OK; UNREACHABLE if no node answered; AUTH, TLS, CLUSTER_DOWN and SLOT_NOT_COVERED as
/// rediscluster_pool_new; TIMEOUT; CLOSED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: until the cluster is discovered, at most `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_refresh(
    pool: *mut rediscluster_pool,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        Ok(pool.0.refresh(arg::timeout(timeout_ms)?)?)
    })
}

/// Starts afresh: closes idle connections now and those in use at their release, and discovers the
/// cluster anew.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
/// says; -2 is the option `command_timeout`.
///
/// Returns: REDISCLUSTER_OK; UNREACHABLE if no node answered; AUTH, TLS, CLUSTER_DOWN and SLOT_NOT_COVERED as
/// rediscluster_pool_new; TIMEOUT; CLOSED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands; connections in use go on working until their release.
/// Blocks: until the cluster is discovered, at most `timeout_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_reset(
    pool: *mut rediscluster_pool,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        Ok(pool.0.reset(arg::timeout(timeout_ms)?)?)
    })
}

/// Closes idle connections now and those in use at their release. What is known of the cluster
/// stays, and the pool goes on: later gets dial.
///
/// Returns: REDISCLUSTER_OK; CLOSED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands; connections in use go on working until their release.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_disconnect(
    pool: *mut rediscluster_pool,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        Ok(pool.0.disconnect()?)
    })
}

/// Replaces the credentials that connections log in by: those of connections made from now on (unless
/// rediscluster_options_set_credentials gave a callback, which goes on being asked), and those of
/// connections that are there. Idle ones log in anew at once, those in use after their release, when they
/// are given out again; one that the server refuses is closed.
///
/// username: the ACL user, NUL-terminated; NULL or "" is the default user.
/// password: NUL-terminated; not empty.
///
/// Returns: REDISCLUSTER_OK; AUTH if a node refused the credentials, which hold all the same; TIMEOUT if
/// the option `command_timeout` ended the call before all idle connections had logged in: the rest do so
/// when they are given out; CLOSED; INVALID_ARGUMENT.
/// Ownership: the texts are copied, and overwritten when they are freed.
/// Blocks: for a round trip for each idle connection, at most the option `command_timeout`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_update_credentials(
    pool: *mut rediscluster_pool,
    username: *const std::ffi::c_char,
    password: *const std::ffi::c_char,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        // SAFETY: NULL or NUL-terminated, by the API's contract.
        let username = unsafe { arg::text_or_none(username, "username") }?;
        // SAFETY: as above.
        let Some(password) = (unsafe { arg::text_or_none(password, "password") })? else {
            return Err(Failure::argument("password", "must not be NULL or empty"));
        };
        let username = username.map(str::to_owned);
        let password = Secret::new(password);
        Ok(pool.0.update_credentials(Credentials { username, password })?)
    })
}

/// Reads the files again that the options `ssl_ca_certs`, `ssl_certfile` and `ssl_keyfile` name, after
/// certificates were renewed. Connections made from now on use them; those that are open stay as they
/// are (rediscluster_pool_disconnect ends them).
///
/// Returns: REDISCLUSTER_OK; CONFIG if a file cannot be read or does not fit, or the option `ssl` is no:
/// then the pool goes on with what it has; CLOSED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: no, but for reading the files.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_reload_tls(
    pool: *mut rediscluster_pool,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        Ok(pool.0.reload_tls()?)
    })
}

/// Closes the pool for good, without freeing it: who waits for a connection wakes with CLOSED,
/// later gets fail with CLOSED, idle connections close now and those in use at their release.
///
/// Returns: REDISCLUSTER_OK, also where it is closed already; INVALID_ARGUMENT.
/// Ownership: nothing changes hands; the pool is still to be freed.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_close(
    pool: *mut rediscluster_pool,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        pool.0.close();
        Ok(())
    })
}

/// Does what is timed: the refresh of the topology, health checks, closing connections that were
/// idle or lived for too long. The library has no thread of its own; call this from the program's
/// timer if one of `topology_refresh_interval`, `health_check_interval`, `max_idle_time` and
/// `max_lifetime` is set.
///
/// budget_ms: how long the call may take, in milliseconds; 0 does only what needs no waiting; -1:
/// no bound.
/// next_ms: in how many milliseconds there is something to do again; -1: nothing is timed. May be
/// NULL.
///
/// Returns: REDISCLUSTER_OK; UNREACHABLE or TIMEOUT if a refresh failed; CLOSED; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: at most `budget_ms`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_maintain(
    pool: *mut rediscluster_pool,
    budget_ms: i64,
    next_ms: *mut i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for a number, by the API's contract.
        let mut next_ms = unsafe { next_ms.as_mut() };
        if let Some(next_ms) = &mut next_ms {
            **next_ms = -1;
        }
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        let (next, done) = pool.0.maintain(arg::budget(budget_ms)?);
        if let (Some(next_ms), Some(next)) = (next_ms, next) {
            // Rounded up: a program that sleeps so long finds something to do.
            let millis = next.as_nanos().div_ceil(1_000_000);
            *next_ms = i64::try_from(millis).unwrap_or(i64::MAX);
        }
        Ok(done?)
    })
}

/// The pool's statistics as they are now.
///
/// out: the statistics.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the statistics are the caller's, who frees them with rediscluster_stats_free; they
/// outlive the pool.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_stats(
    pool: *const rediscluster_pool,
    out: *mut *mut rediscluster_stats,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        *out = handle::give(rediscluster_stats::new(pool.0.stats()));
        Ok(())
    })
}

/// What the pool knows of the cluster now. Asks no node: before the first discovery (option
/// `init_slot_cache`) that is a topology of version 0 without nodes.
///
/// out: the topology.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the topology is the caller's, who frees it with rediscluster_topology_free; it
/// outlives the pool, and does not change.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_topology(
    pool: *const rediscluster_pool,
    out: *mut *mut rediscluster_topology,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        *out = handle::give(rediscluster_topology::new(pool.0.topology()));
        Ok(())
    })
}

/// Frees a pool. NULL is fine. Idle connections close now; those in use go on working until
/// rediscluster_connection_release, which closes them.
///
/// Returns: nothing.
/// Ownership: the pool is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pool_free(pool: *mut rediscluster_pool) {
    // SAFETY: NULL or a pool that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(pool) }));
}
