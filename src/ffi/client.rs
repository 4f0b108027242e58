//! Clients: commands on a pool, shared by threads.

use std::ptr;
use std::sync::Arc;

use super::call::{self, call};
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::pool::rediscluster_pool;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::Client;

/// A client: it takes commands, finds the node of each, follows the cluster wherever it moves, and
/// says of each command whether it ran. Any number of threads share one. After a fork the child may
/// go on using it: it makes connections of its own.
pub struct rediscluster_client {
    #[allow(dead_code)]
    pub(super) core: Arc<Client>,
    pool: rediscluster_pool,
}

impl rediscluster_client {
    fn new(core: Client) -> Self {
        let pool = rediscluster_pool(core.pool().clone());
        Self { core: Arc::new(core), pool }
    }
}

/// Makes a client with a pool of its own.
///
/// options: copied; may be changed or freed right after.
/// out: the client.
///
/// Returns: as rediscluster_pool_new.
/// Ownership: the client is the caller's, who frees it with rediscluster_client_free.
/// Blocks: as rediscluster_pool_new.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_new(
    options: *const rediscluster_options,
    out: *mut *mut rediscluster_client,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or live options nobody changes now, by the API's contract.
        let options = unsafe { arg::object(options, "options") }?;
        *out = handle::give(rediscluster_client::new(Client::new(options.core().clone())?));
        Ok(())
    })
}

/// Makes a client on a pool that the program uses as well. Connections that the program has checked out
/// count towards the same limits.
///
/// pool: held by the client from here on: it may be freed before the client, and closes after both.
/// out: the client.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
/// Ownership: the client is the caller's, who frees it with rediscluster_client_free; the pool stays the
/// caller's.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_with_pool(
    pool: *mut rediscluster_pool,
    out: *mut *mut rediscluster_client,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live pool, by the API's contract.
        let pool = unsafe { arg::object(pool, "pool") }?;
        *out = handle::give(rediscluster_client::new(Client::with_pool(pool.0.clone())));
        Ok(())
    })
}

/// The client's pool, for connections of the program's own, refreshes and statistics.
///
/// Returns: the pool; NULL for NULL.
/// Ownership: borrowed from the client, with which it ends; not to be freed.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_pool(
    client: *mut rediscluster_client,
) -> *mut rediscluster_pool {
    // SAFETY: NULL or a live client, by the API's contract.
    match unsafe { client.as_ref() } {
        Some(client) => ptr::from_ref(&client.pool).cast_mut(),
        None => ptr::null_mut(),
    }
}

/// Frees a client. Its pool closes with it, unless the program or another client holds it. NULL is
/// fine.
///
/// Returns: nothing.
/// Ownership: the client is gone, and the pool that rediscluster_client_pool gave.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_free(client: *mut rediscluster_client) {
    // SAFETY: NULL or a client that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(client) }));
}
