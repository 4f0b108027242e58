//! Scripts: their text once, then their digest.

use std::ffi::{CString, c_char};

use super::argv::with_arguments;
use super::call::{self, call};
use super::checkout::access_of;
use super::client::rediscluster_client;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::status::rediscluster_status;
use super::{arg, handle, text};
use crate::client::{Script, Settings};
use crate::command::Command;

/// A Lua script. It is sent by its digest (EVALSHA), and with its text (EVAL) to a server that does not have it:
/// one that is new, was restarted, or has forgotten it by SCRIPT FLUSH. Any number of threads share one.
///
/// Functions need no such object: FCALL and FCALL_RO are commands as others.
pub struct rediscluster_script {
    pub(super) core: Script,
    sha: CString,
}

/// Makes a script.
///
/// source, len: its text, binary safe.
/// access: REDISCLUSTER_WRITE: it is run by EVALSHA, on the primary. REDISCLUSTER_READ: it only reads, and is run by
/// EVALSHA_RO (Redis 7.0 and later, any Valkey) on the nodes that the option `read_from` says.
/// out: the script.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the text is copied. The script is the caller's, who frees it with rediscluster_script_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_script_new(
    source: *const u8,
    len: usize,
    access: i32,
    out: *mut *mut rediscluster_script,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or `len` readable bytes, by the API's contract.
        let source = unsafe { arg::bytes(source, len, "source") }?;
        let core = Script::new(source, access_of(access)?);
        let sha = text::of(core.sha());
        *out = handle::give(rediscluster_script { core, sha });
        Ok(())
    })
}

/// The SHA-1 of the script's text, by which servers know it: 40 hex digits.
///
/// Returns: the digest; "" for NULL.
/// Ownership: borrowed from the script.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_script_sha(
    script: *const rediscluster_script,
) -> *const c_char {
    // SAFETY: NULL or a live script, by the API's contract.
    text::or_empty(unsafe { script.as_ref() }.map(|script| &*script.sha))
}

/// Runs a script where its keys are, and waits for the reply.
///
/// arguments: a command whose arguments are what EVALSHA has behind the digest: how many keys there are, the keys,
/// and what else the script gets; none at all means no keys. Its settings (timeout, route, who answers
/// reads, token) are those of the call.
/// reply: what the script returned; an error of the script is a reply of kind ERROR.
///
/// Returns: as rediscluster_client_execute; CROSS_SLOT for keys in several slots: nothing was sent.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: as rediscluster_client_execute.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_script_execute(
    script: *const rediscluster_script,
    client: *mut rediscluster_client,
    arguments: *const rediscluster_command,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live script, by the API's contract.
        let script = unsafe { arg::object(script, "script") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let arguments = unsafe { arg::object(arguments, "arguments") }?;
        let (arguments, settings) = (&arguments.core, &arguments.settings);
        *reply =
            handle::give_reply(client.core.execute_script(&script.core, arguments, settings)?);
        Ok(())
    })
}

/// The same with an array of arguments, and no settings of its own. In C,
/// rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS(key, value), &reply, &error).
///
/// key_count: how many of the arguments are keys, from the first on.
/// argc: how many arguments; 0: none, whatever `argv` is.
/// argv: the keys, then what else the script gets.
/// argvlen: their lengths in bytes; NULL: each is NUL-terminated.
/// reply: what the script returned.
///
/// Returns: as rediscluster_script_execute; INVALID_ARGUMENT if `key_count` is more than `argc`.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: as rediscluster_client_execute.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_script_call(
    script: *const rediscluster_script,
    client: *mut rediscluster_client,
    key_count: usize,
    argc: usize,
    argv: *const *const c_char,
    argvlen: *const usize,
    reply: *mut *mut rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let reply = unsafe { arg::output(reply, "reply") }?;
        // SAFETY: NULL or a live script, by the API's contract.
        let script = unsafe { arg::object(script, "script") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        if key_count > argc {
            return Err(call::Failure::argument("key_count", "must not be more than argc"));
        }
        let mut arguments = Command::of(&[key_count.to_string().as_bytes()]);
        if argc > 0 {
            let append = |more: &[&[u8]]| {
                more.iter().for_each(|argument| arguments.append(argument));
                Ok(())
            };
            // SAFETY: the caller's arguments, as the API's contract has them.
            unsafe { with_arguments(argc, argv, argvlen, append) }?;
        }
        let settings = Settings::default();
        *reply =
            handle::give_reply(client.core.execute_script(&script.core, &arguments, &settings)?);
        Ok(())
    })
}

/// Frees a script. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the script is gone, and its digest.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_script_free(script: *mut rediscluster_script) {
    // SAFETY: NULL or a script that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(script) }));
}
