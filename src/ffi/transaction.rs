//! Transactions: WATCH, MULTI and EXEC of one slot.

use super::call::{self, call};
use super::cancel::rediscluster_cancel;
use super::client::rediscluster_client;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::Transaction;

/// A transaction of a client: commands on the keys of one slot, run as one by MULTI and EXEC, and not at
/// all if a watched key changes before. It goes
///
///     rediscluster_transaction_watch      any number of keys, or none
///     rediscluster_transaction_execute    what is to be read of them, if anything
///     rediscluster_transaction_append     the commands
///     rediscluster_transaction_exec       or rediscluster_transaction_discard
///
/// and may then begin anew. Where rediscluster_transaction_exec gives ABORTED, somebody else has changed a
/// watched key, or the slot has moved to another node: nothing was done, and the program begins again with
/// the watch.
///
/// Without a watch it follows the cluster as a command does (rediscluster_client_execute), since it can be
/// begun again elsewhere: redirects, TRYAGAIN, a failover, a connection that is lost before all of EXEC has
/// left. A watch is known to one connection alone, which is the transaction's own from the first
/// watch to the end: when it is lost, or its node sends elsewhere, so is the watch.
///
/// After a fork the child may use it, with commands appended before. Where keys were watched before the
/// fork, the child's first call gives FORKED, and the transaction is as new.
pub struct rediscluster_transaction {
    core: Transaction,
}

/// Makes a transaction. It holds no connection until a key is watched.
///
/// client: held by the transaction: it may be freed before.
/// out: the transaction.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
/// Ownership: the transaction is the caller's, who frees it with rediscluster_transaction_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_new(
    client: *mut rediscluster_client,
    out: *mut *mut rediscluster_transaction,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        let core = Transaction::new(client.core.clone());
        *out = handle::give(rediscluster_transaction { core });
        Ok(())
    })
}

/// Sets the token that ends the transaction's calls.
///
/// cancel: the token; NULL: none any more.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL as the transaction.
/// Ownership: the transaction holds the token; the caller's may be freed before it.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_set_cancel(
    transaction: *mut rediscluster_transaction,
    cancel: *const rediscluster_cancel,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        // SAFETY: NULL or a live token, by the API's contract.
        let cancel = unsafe { cancel.as_ref() }.map(|cancel| cancel.0.clone());
        transaction.core.set_cancel(cancel);
        Ok(())
    })
}

/// Watches a key, at once: rediscluster_transaction_exec does nothing if anybody changes it from now on.
/// May be called for several keys of one slot, also after reads, but not after commands were appended
/// that it is to guard: it guards against what comes after it. The first one takes a connection of the
/// pool, which the transaction keeps until it ends.
///
/// key, len: the key, binary safe; NULL with 0 is the empty key.
/// timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
/// `command_timeout`.
///
/// Returns: REDISCLUSTER_OK. CROSS_SLOT: the transaction's keys are in another slot; nothing was sent, and what
/// was watched before is still so. ABORTED: the slot has moved away, and nothing is watched any more; all
/// further calls give the same until the transaction is ended. FORKED. SERVER, TIMEOUT, CONNECTION and others as
/// rediscluster_client_execute.
/// Ownership: the key is copied.
/// Blocks: until the server has answered, at most the timeout.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_watch(
    transaction: *mut rediscluster_transaction,
    key: *const u8,
    len: usize,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        // SAFETY: NULL or `len` readable bytes, by the API's contract.
        let key = unsafe { arg::bytes(key, len, "key") }?;
        let timeout = arg::timeout(timeout_ms)?;
        Ok(transaction.core.watch(key, timeout)?)
    })
}

/// Runs a command now, on the connection that watches, before the commands that are appended: to read what
/// they depend on.
///
/// command: of keys in the transaction's slot, or of none. Its timeout and its token hold; its route and its
/// readers do not.
/// reply: the reply; an error reply of the server is one, too.
///
/// Returns: REDISCLUSTER_OK. INVALID_ARGUMENT while nothing is watched (a read before the watch guards
/// nothing), and for commands that rediscluster_client_execute refuses; CROSS_SLOT; UNROUTABLE: nothing was
/// sent. ABORTED: the slot has moved away, and nothing is watched any more; all further calls give the same
/// until the transaction is ended. FORKED. TIMEOUT, CONNECTION and others as rediscluster_client_execute: nothing
/// is watched any more then, either.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: as rediscluster_client_execute.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_execute(
    transaction: *mut rediscluster_transaction,
    command: *const rediscluster_command,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        *reply = handle::give_reply(transaction.core.execute(&command.core, &command.settings)?);
        Ok(())
    })
}

/// Appends a command to those that rediscluster_transaction_exec runs; sends nothing.
///
/// command: of keys in the transaction's slot; one without keys goes where the others go, and is not sent to
/// several nodes. What blocks (BLPOP) does not within a transaction: it answers at once with what
/// there is. The command's settings are not looked at.
///
/// Returns: REDISCLUSTER_OK. INVALID_ARGUMENT for a wrong number of arguments and for commands that
/// rediscluster_client_execute refuses (SUBSCRIBE, SELECT, WATCH, MULTI, WAIT and the like); CROSS_SLOT; UNROUTABLE;
/// ABORTED where the watch was lost before; FORKED: the command is not appended.
/// Ownership: the command is copied.
/// Blocks: no, but for a command of a module: a server is asked about it once, within the option
/// `command_timeout`.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_append(
    transaction: *mut rediscluster_transaction,
    command: *const rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        Ok(transaction.core.append(&command.core)?)
    })
}

/// Runs the commands that were appended, as one: MULTI, all of them and EXEC leave in one write. Whatever comes
/// of it, the transaction is as new afterwards: nothing is watched, nothing appended.
///
/// timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
/// `command_timeout`.
/// reply: an ARRAY of the commands' replies, in their order. One that failed when it ran has an ERROR there,
/// and the others ran all the same: rediscluster_reply_check of each tells.
///
/// Returns: REDISCLUSTER_OK; with nothing watched and nothing appended, an empty array, and nothing is sent.
/// ABORTED: nothing was done, for a watched key has changed, or the slot is moving
/// (rediscluster_error_server_code says MOVED or the like then): begin again with the watch. SERVER with the
/// code EXECABORT: nothing was done, for the server refused a command when it was queued; the message says which.
/// READ_ONLY; FORKED; without a watch all that rediscluster_client_execute gives. CONNECTION and TIMEOUT:
/// rediscluster_error_maybe_executed is true if all of EXEC may have left, and false if the server cannot have run
/// it.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: until the reply is there, at most the timeout.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_exec(
    transaction: *mut rediscluster_transaction,
    timeout_ms: i64,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        let timeout = arg::timeout(timeout_ms)?;
        *reply = handle::give_reply(transaction.core.exec(timeout)?);
        Ok(())
    })
}

/// Ends a transaction without running it: what was appended is dropped, nothing is watched any more, and its
/// connection goes back to the pool. It may then begin anew.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
/// Ownership: nothing changes hands.
/// Blocks: if keys are watched, until the server has answered UNWATCH, at most the option `command_timeout`.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_discard(
    transaction: *mut rediscluster_transaction,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live transaction no other thread uses now, by the API's contract.
        let transaction = unsafe { arg::object_mut(transaction, "transaction") }?;
        transaction.core.discard();
        Ok(())
    })
}

/// Frees a transaction; what was not run is not. A connection on which keys are watched closes. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the transaction is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_transaction_free(transaction: *mut rediscluster_transaction) {
    // SAFETY: NULL or a transaction that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(transaction) }));
}
