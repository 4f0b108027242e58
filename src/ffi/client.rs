//! Clients: commands on a pool, shared by threads.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

use super::argv::with_arguments;
use super::call::{self, Failure, call};
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::pool::rediscluster_pool;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::{Client, Found};
use crate::error::{Error, Status};

/// A client: it takes commands, finds the node of each, follows the cluster wherever it moves, and
/// says of each command whether it ran. Any number of threads share one. After a fork the child may
/// go on using it: it makes connections of its own.
pub struct rediscluster_client {
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

/// Sends a command where it belongs, follows the cluster wherever it moves meanwhile, and waits for the
/// reply.
///
/// The command goes where its keys are; without keys, where its request policy says, or to any primary; a
/// command of many keys (MGET, MSET, DEL, EXISTS, UNLINK, TOUCH) is split by slot, sent to all nodes at once
/// and its replies joined in order. rediscluster_command_set_route says otherwise. It is sent again only
/// when it cannot have run, or merely reads (option `retry_on_timeout`); redirects are followed. An error
/// reply of the server is a reply of kind ERROR, and the status is OK: rediscluster_reply_check turns it
/// into a status.
///
/// command: the command; it is not changed. How long the call may take, its route, who answers reads, and a
/// token to end it are the command's settings.
/// reply: the reply.
///
/// Returns: REDISCLUSTER_OK. Nothing was sent: INVALID_ARGUMENT, also for a wrong number of arguments and for
/// commands that need a connection of their own (MULTI, SUBSCRIBE, WAIT, SELECT: the message says what to use
/// instead); CROSS_SLOT; UNROUTABLE; UNKNOWN_NODE; READ_ONLY with the option `readonly`; POOL_EXHAUSTED;
/// POOL_TIMEOUT; CLOSED. Otherwise TIMEOUT; CONNECTION; AUTH; TLS; PROTOCOL; LIMIT; UNREACHABLE;
/// SLOT_NOT_COVERED; TOO_MANY_REDIRECTS; CANCELLED; and what the server put off until the time was over:
/// TRY_AGAIN, CLUSTER_DOWN, LOADING, READ_ONLY. rediscluster_error_maybe_executed tells whether the command may
/// have run, rediscluster_error_attempt what was tried, rediscluster_error_key_fate what became of each key
/// of a split command.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: until the reply is there, at most the command's timeout, or the option `command_timeout`; what the
/// command itself blocks for (BLPOP, XREAD BLOCK) is added.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_execute(
    client: *mut rediscluster_client,
    command: *const rediscluster_command,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        *reply = handle::give_reply(client.core.execute(&command.core, &command.settings)?);
        Ok(())
    })
}

/// The same for a command that is given as an array of arguments, as main() gets them, with no settings of
/// its own. In C, rediscluster_client_command(client, REDISCLUSTER_ARGS("SET", key, value), &reply, &error)
/// fills the middle.
///
/// argc: how many arguments; at least 1.
/// argv: the arguments, the command's name first.
/// argvlen: their lengths in bytes; NULL: each is NUL-terminated.
/// reply: the reply.
///
/// Returns: as rediscluster_client_execute.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: as rediscluster_client_execute.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_command(
    client: *mut rediscluster_client,
    argc: usize,
    argv: *const *const c_char,
    argvlen: *const usize,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        let execute = |arguments: &[&[u8]]| Ok(client.core.execute_arguments(arguments)?);
        // SAFETY: the caller's arguments, as the API's contract has them.
        *reply = handle::give_reply(unsafe { with_arguments(argc, argv, argvlen, execute) }?);
        Ok(())
    })
}

/// Receives the value of a string key into memory of the caller's: no reply is made, and nothing is copied but what
/// comes with the first receive. For large values. It is a GET like any other: it goes where the option `read_from`
/// says, redirects are followed, and it is sent again where that is of use.
///
/// key, key_len: the key, binary safe.
/// buffer, size: where the value goes, and how many bytes there are; NULL with 0 asks for the length alone, which costs
/// as much as the value. Room for two bytes more than the value saves a receive. What stands there behind the value, or
/// when there is none, is not defined. No NUL is put behind it.
/// length: the value's length; -1 if there is no such key. After LIMIT how long the value is; -1 after any other
/// failure.
///
/// Returns: REDISCLUSTER_OK; LIMIT for a value longer than `size`; SERVER for an error of the server, whose code the
/// error has (WRONGTYPE: the key holds no string); else as rediscluster_client_execute.
/// Ownership: the buffer stays the caller's, which nobody else may touch during the call.
/// Blocks: until the value is there, at most for the option `command_timeout`.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_client_get_into(
    client: *mut rediscluster_client,
    key: *const c_char,
    key_len: usize,
    buffer: *mut c_void,
    size: usize,
    length: *mut i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one number, by the API's contract.
        let length = unsafe { arg::object_mut(length, "length") }?;
        *length = -1;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        // SAFETY: NULL or `key_len` readable bytes, by the API's contract.
        let key = unsafe { arg::bytes(key.cast(), key_len, "key") }?;
        // SAFETY: NULL or room for `size` bytes that nobody else uses now, by the API's contract.
        let room = unsafe { arg::room(buffer, size, "buffer") }?;
        match client.core.get_into(key, room)? {
            Found::Nothing => {}
            Found::Value(found) => *length = found as i64,
            Found::TooLong(found) => {
                *length = found as i64;
                return Err(Failure::from(Error::new(
                    Status::Limit,
                    format!(
                        "the value has {found} bytes and the buffer {size}: call again with a larger one (`length` says \
                         how large), or take a part by GETRANGE"
                    ),
                )));
            }
        }
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
