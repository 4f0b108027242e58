//! Pipelines: many commands in one call.

use std::ffi::c_char;
use std::ptr;

use super::argv::with_arguments;
use super::call::{self, Failure, call};
use super::cancel::rediscluster_cancel;
use super::client::rediscluster_client;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::reply::rediscluster_reply;
use super::script::rediscluster_script;
use super::status::rediscluster_status;
use super::{arg, handle};
use crate::client::{Cancel, Pipeline};
use crate::command::Command;
use crate::error::Error;
use crate::resp::Reply;
use std::sync::Arc;

/// Commands that are gathered and run together: each node gets its own in one write, nodes are read as
/// they answer, and the replies are in the order of the commands. Keys of any slots may be mixed.
pub struct rediscluster_pipeline {
    core: Pipeline,
    cancel: Option<Arc<Cancel>>,
    /// What became of each command; None: its reply was taken.
    outcomes: Vec<Option<Result<Reply, Error>>>,
    /// The errors among them, by the place of the command.
    errors: Vec<(usize, Box<rediscluster_error>)>,
}

impl rediscluster_pipeline {
    /// A command was appended: the first after a run begins anew.
    #[inline]
    fn has_appended(&mut self) {
        if !self.outcomes.is_empty() {
            self.begin_anew();
        }
    }

    #[cold]
    fn begin_anew(&mut self) {
        self.forget();
        self.core.keep_last();
    }

    fn forget(&mut self) {
        self.outcomes.clear();
        self.errors.clear();
    }

    fn reply(&self, index: usize) -> Option<&Reply> {
        self.outcomes.get(index)?.as_ref()?.as_ref().ok()
    }
}

/// Makes a pipeline without commands.
///
/// out: the pipeline.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
/// Ownership: the pipeline is the caller's, who frees it with rediscluster_pipeline_free; it holds the
/// client, which may be freed before.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_new(
    client: *mut rediscluster_client,
    out: *mut *mut rediscluster_pipeline,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a place for one pointer, by the API's contract.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: NULL or a live client, by the API's contract.
        let client = unsafe { arg::object(client, "client") }?;
        *out = handle::give(rediscluster_pipeline {
            core: Pipeline::new(client.core.clone()),
            cancel: None,
            outcomes: Vec::new(),
            errors: Vec::new(),
        });
        Ok(())
    })
}

/// Appends a command; sends nothing. After rediscluster_pipeline_execute the first append begins a new
/// pipeline: the replies of the run before are gone.
///
/// command: the command; it is copied and may be changed or freed right after. Of its settings route and
/// read_from count; its timeout and token do not.
///
/// Returns: REDISCLUSTER_OK. The pipeline is as it was for: INVALID_ARGUMENT, also for a wrong number of
/// arguments, for commands that need a connection of their own (the message says what to use instead), and
/// for those that may block (BLPOP); READ_ONLY with the option `readonly`.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_append(
    pipeline: *mut rediscluster_pipeline,
    command: *const rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
        let pipeline = unsafe { arg::object_mut(pipeline, "pipeline") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let command = unsafe { arg::object(command, "command") }?;
        pipeline.core.append(&command.core, &command.settings)?;
        pipeline.has_appended();
        Ok(())
    })
}

/// Appends a command that is given as an array of arguments. In C,
/// rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", key), &error) fills the middle.
///
/// argc: how many arguments; at least 1.
/// argv: the arguments, the command's name first.
/// argvlen: their lengths in bytes; NULL: each is NUL-terminated.
///
/// Returns: as rediscluster_pipeline_append.
/// Ownership: the arguments are copied.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_append_argv(
    pipeline: *mut rediscluster_pipeline,
    argc: usize,
    argv: *const *const c_char,
    argvlen: *const usize,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
        let pipeline = unsafe { arg::object_mut(pipeline, "pipeline") }?;
        let append = |arguments: &[&[u8]]| Ok(pipeline.core.append_arguments(arguments)?);
        // SAFETY: the caller's arguments, as the API's contract has them.
        unsafe { with_arguments(argc, argv, argvlen, append) }?;
        pipeline.has_appended();
        Ok(())
    })
}

/// Appends a script. The first one of a run at each node goes with its text, and later ones by its hash alone: a
/// server that does not have it yet has it for those behind, and the order holds.
///
/// script: the script; it is copied.
/// arguments: numkeys, the keys and what else the script gets, as for rediscluster_script_execute; NULL: no keys. Its
/// settings do not count.
///
/// Returns: as rediscluster_pipeline_append.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_append_script(
    pipeline: *mut rediscluster_pipeline,
    script: *const rediscluster_script,
    arguments: *const rediscluster_command,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
        let pipeline = unsafe { arg::object_mut(pipeline, "pipeline") }?;
        // SAFETY: NULL or a live script, by the API's contract.
        let script = unsafe { arg::object(script, "script") }?;
        // SAFETY: NULL or a live command nobody changes now, by the API's contract.
        let arguments = unsafe { arguments.as_ref() };
        let none = Command::new();
        let (by_hash, in_full) =
            script.core.commands(arguments.map_or(&none, |arguments| &arguments.core));
        pipeline.core.append_script(&by_hash, &in_full)?;
        pipeline.has_appended();
        Ok(())
    })
}

/// Sets the token that ends the pipeline's run.
///
/// cancel: the token; NULL: none any more.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the pipeline holds the token; the caller's may be freed before it.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_set_cancel(
    pipeline: *mut rediscluster_pipeline,
    cancel: *const rediscluster_cancel,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
        let pipeline = unsafe { arg::object_mut(pipeline, "pipeline") }?;
        // SAFETY: NULL or a live token, by the API's contract.
        pipeline.cancel = unsafe { cancel.as_ref() }.map(|cancel| cancel.0.clone());
        Ok(())
    })
}

/// Runs the commands that were appended. Each has its own outcome, in their order: a reply
/// (rediscluster_pipeline_reply), which may be an error of the server, or an error
/// (rediscluster_pipeline_error). Redirects are followed, and what cannot have run or merely reads is sent
/// again, command by command. Commands of one slot run in their order, unless one of them has to be sent
/// again. A second call runs the same commands again.
///
/// timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning says; -2
/// is the option `command_timeout`.
///
/// Returns: REDISCLUSTER_OK if every command has a reply, be it an error of the server; else the status of the
/// first that has none, whose error is copied to `error`: the others may have replies all the same;
/// INVALID_ARGUMENT.
/// Ownership: replies and errors are the pipeline's, until its next append, execute, clear or free.
/// Blocks: until all is answered, at most `timeout_ms`.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_execute(
    pipeline: *mut rediscluster_pipeline,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
        let pipeline = unsafe { arg::object_mut(pipeline, "pipeline") }?;
        let timeout = arg::timeout(timeout_ms)?;
        pipeline.forget();
        pipeline.core.execute(timeout, pipeline.cancel.as_deref(), &mut pipeline.outcomes);
        let mut first = None;
        for (index, outcome) in pipeline.outcomes.iter().enumerate() {
            if let Some(Err(error)) = outcome {
                first.get_or_insert_with(|| error.clone());
                pipeline.errors.push((index, Box::new(rediscluster_error::new(error.clone()))));
            }
        }
        first.map_or(Ok(()), |first| Err(Failure::from(first)))
    })
}

/// How many commands there are.
///
/// Returns: the number; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_count(
    pipeline: *const rediscluster_pipeline,
) -> usize {
    // SAFETY: NULL or a live pipeline, by the API's contract.
    unsafe { pipeline.as_ref() }.map_or(0, |pipeline| pipeline.core.len())
}

/// The reply to one command of the last run.
///
/// index: the command's place, from 0.
///
/// Returns: the reply; NULL if it has none (see rediscluster_pipeline_error), beyond the last, before a run, and
/// for NULL.
/// Ownership: borrowed from the pipeline, until its next append, execute, clear or free.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_reply(
    pipeline: *const rediscluster_pipeline,
    index: usize,
) -> *const rediscluster_reply {
    // SAFETY: NULL or a live pipeline, by the API's contract.
    let reply = unsafe { pipeline.as_ref() }.and_then(|pipeline| pipeline.reply(index));
    handle::part(reply.map(Reply::root))
}

/// The same, and the caller's from now on.
///
/// index: the command's place, from 0.
///
/// Returns: the reply; NULL if it has none, or was taken before.
/// Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_take_reply(
    pipeline: *mut rediscluster_pipeline,
    index: usize,
) -> *mut rediscluster_reply {
    // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
    let Some(pipeline) = (unsafe { pipeline.as_mut() }) else { return ptr::null_mut() };
    call::or_else(ptr::null_mut(), || {
        let is_reply = pipeline.reply(index).is_some();
        let taken = pipeline.outcomes.get_mut(index).filter(|_| is_reply).and_then(Option::take);
        match taken {
            // It is kept when the others are gone.
            Some(Ok(reply)) => handle::give_reply(reply.into_own()),
            _ => ptr::null_mut(),
        }
    })
}

/// Why one command of the last run has no reply.
///
/// index: the command's place, from 0.
///
/// Returns: the error; NULL if it has a reply, beyond the last, before a run, and for NULL.
/// Ownership: borrowed from the pipeline, until its next append, execute, clear or free; not to be freed.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_error(
    pipeline: *const rediscluster_pipeline,
    index: usize,
) -> *const rediscluster_error {
    // SAFETY: NULL or a live pipeline, by the API's contract.
    let Some(pipeline) = (unsafe { pipeline.as_ref() }) else { return ptr::null() };
    let place = pipeline.errors.binary_search_by_key(&index, |(index, _)| *index);
    let error = place.ok().and_then(|place| pipeline.errors.get(place));
    error.map_or(ptr::null(), |(_, error)| ptr::from_ref(&**error))
}

/// Takes all commands and outcomes away and keeps the memory. NULL is fine.
///
/// Returns: nothing.
/// Ownership: replies and errors that were borrowed are gone.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_clear(pipeline: *mut rediscluster_pipeline) {
    // SAFETY: NULL or a live pipeline no other thread uses now, by the API's contract.
    if let Some(pipeline) = unsafe { pipeline.as_mut() } {
        call::or_else((), || {
            pipeline.forget();
            pipeline.core.clear();
        });
    }
}

/// Frees a pipeline, and the replies and errors that were not taken. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the pipeline is gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_pipeline_free(pipeline: *mut rediscluster_pipeline) {
    // SAFETY: NULL or a pipeline that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(pipeline) }));
}
