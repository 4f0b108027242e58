//! Tokens that end calls from another thread.

use std::sync::Arc;

use super::call::{self, call};
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::Cancel;

/// A token by which any thread ends the calls whose commands carry it
/// (rediscluster_command_set_cancel). It is fired once and stays so: a call that carries a fired
/// token ends before it begins.
pub struct rediscluster_cancel(pub(super) Arc<Cancel>);

/// Makes a token that has not been fired.
///
/// out: the token.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if `out` is NULL.
/// Ownership: the token is the caller's, who frees it with rediscluster_cancel_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_cancel_new(
    out: *mut *mut rediscluster_cancel,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        *out = handle::give(rediscluster_cancel(Arc::new(Cancel::new())));
        Ok(())
    })
}

/// Ends the calls that carry the token, with CANCELLED: whether the command may have run,
/// rediscluster_error_maybe_executed says. Only a host name that is being looked up, and a refresh of the
/// topology under way, are waited for. In a forked child it ends the child's calls alone. NULL is fine.
///
/// Returns: nothing.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_cancel_fire(cancel: *const rediscluster_cancel) {
    // SAFETY: NULL or a live token, by the API's contract.
    if let Some(cancel) = unsafe { cancel.as_ref() } {
        call::or_else((), || cancel.0.fire());
    }
}

/// Frees a token. Commands that carry it keep what they need of it. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the token is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_cancel_free(cancel: *mut rediscluster_cancel) {
    // SAFETY: NULL or a token that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(cancel) }));
}
