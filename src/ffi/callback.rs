//! Functions of the program's that the library calls.

use std::ffi::{c_char, c_void};

use super::call::call;
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::status::rediscluster_status;
use super::{arg, text};
use crate::log::{Level, Log};

/// How much a log line matters. More may be added.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum rediscluster_log_level {
    /// Something failed and a call will feel it.
    REDISCLUSTER_LOG_ERROR = 1,
    /// Something failed and the library goes on another way.
    REDISCLUSTER_LOG_WARNING = 2,
    /// Something changed: a topology, a role.
    REDISCLUSTER_LOG_INFO = 3,
    /// Connections opened and closed.
    REDISCLUSTER_LOG_DEBUG = 4,
}

impl From<Level> for rediscluster_log_level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::REDISCLUSTER_LOG_ERROR,
            Level::Warning => Self::REDISCLUSTER_LOG_WARNING,
            Level::Info => Self::REDISCLUSTER_LOG_INFO,
            Level::Debug => Self::REDISCLUSTER_LOG_DEBUG,
        }
    }
}

/// Takes a log line: level, and a NUL-terminated text that is valid during the call. It is called in
/// a thread that is inside the library, with no lock of the library held, by several threads at once
/// where several are inside. It must return: no exception and no longjmp may leave it. It must not ask
/// the pool it hears of for a connection or a refresh: that could wait for the very call it is in.
pub type rediscluster_log_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        level: rediscluster_log_level,
        message: *const c_char,
    ),
>;

/// Takes back the user_data of a callback, once, when nothing can call it any more.
pub type rediscluster_destroy_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The caller's data for a callback, given back when the last user of the callback is gone.
pub(super) struct UserData {
    data: *mut c_void,
    destroy: rediscluster_destroy_callback,
}

// SAFETY: the pointer is only handed to the caller's own functions, which by the contract of
// the functions that take it may be called from any thread and from several at once.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// Data that belongs to the library from here on.
    pub(super) fn new(data: *mut c_void, destroy: rediscluster_destroy_callback) -> Self {
        Self { data, destroy }
    }

    /// By a method, so that a closure holds the whole and not the bare pointer.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.data
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the caller gave this function for this pointer, and it runs this once.
            unsafe { destroy(self.data) }
        }
    }
}

/// Sets the function that log lines go to; without one nothing is logged, and nothing is ever printed.
/// Lines never hold passwords, keys, arguments or values.
///
/// options: what is changed.
/// callback: takes the lines. NULL ends logging; user_data and destroy are then ignored.
/// user_data: handed to the callback; may be NULL.
/// destroy: called once with user_data when neither these options nor a copy of them or a pool made of
/// one can call the callback any more; may be NULL.
/// error: where an error goes; may be NULL.
///
/// Returns: OK; INVALID_ARGUMENT if options is NULL.
/// Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
/// it stays the caller's. A callback that was set before is replaced.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_set_log(
    options: *mut rediscluster_options,
    callback: rediscluster_log_callback,
    user_data: *mut c_void,
    destroy: rediscluster_destroy_callback,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `options` is NULL or options that the caller has not freed and no thread uses.
        let options = unsafe { arg::object_mut(options, "options") }?;
        options.core_mut().log = match callback {
            None => Log::default(),
            Some(callback) => {
                let user = UserData::new(user_data, destroy);
                Log::to(move |level, line| {
                    let line = text::of(line);
                    // SAFETY: the caller gave this function for this data, which lives until the
                    // closure is dropped; the text lives over the call.
                    unsafe { callback(user.pointer(), level.into(), line.as_ptr()) }
                })
            }
        };
        Ok(())
    })
}
