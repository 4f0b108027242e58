//! The function of the program's that gives credentials.

use std::ffi::{c_char, c_void};

use super::call::call;
use super::callback::{UserData, rediscluster_destroy_callback};
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::status::rediscluster_status;
use super::{arg, text};
use crate::credentials::{Answer, Credentials, CredentialsSource};
use crate::options::Secret;

/// Takes the credentials that a rediscluster_credentials_callback answers with, and copies them.
///
/// sink_data: as the callback was given it.
/// username: the ACL user, NUL-terminated UTF-8 without control characters; NULL or "" is the default
/// user.
/// password: likewise, with any length; NULL or "" means not to log in at all.
///
/// Returns: OK; INVALID_ARGUMENT if a text is no UTF-8 or holds a control character, or sink_data is NULL:
/// then nothing was taken. What is given last counts.
pub type rediscluster_credentials_sink = unsafe extern "C" fn(
    sink_data: *mut c_void,
    username: *const c_char,
    password: *const c_char,
) -> rediscluster_status;

/// Asked for the credentials of one connection, each time one is dialled, discovery's included; answers by
/// calling sink with sink_data before it returns, and the dial fails with AUTH if it does not. node is
/// "host:port" as it is dialled, valid during the call. It is called in a thread that is inside the
/// library, with no lock of the library held, by several threads at once where several dial, and in forked
/// children. It must return: no exception and no longjmp may leave it. It must not use the pool that asks.
/// It counts towards the dial's time, which is looked at when it has returned. A node that refused a moment
/// ago is not asked, and so nor is this.
pub type rediscluster_credentials_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        node: *const c_char,
        sink: rediscluster_credentials_sink,
        sink_data: *mut c_void,
    ),
>;

unsafe extern "C" fn take_credentials(
    sink_data: *mut c_void,
    username: *const c_char,
    password: *const c_char,
) -> rediscluster_status {
    call(std::ptr::null_mut(), || {
        // SAFETY: NULL or the answer that the callback under way was given, which nobody else uses.
        let answer = unsafe { arg::object_mut(sink_data.cast::<Answer>(), "sink_data") }?;
        // SAFETY: NULL or NUL-terminated, by the callback's contract.
        let username = unsafe { arg::text_or_none(username, "username") }?;
        // SAFETY: as above.
        let password = unsafe { arg::text_or_none(password, "password") }?;
        *answer = match password {
            None => Answer::NoLogin,
            Some(password) => Answer::Credentials(Credentials {
                username: username.map(str::to_owned),
                password: Secret::new(password),
            }),
        };
        Ok(())
    })
}

/// Sets the function that is asked for credentials at each dial, for tokens that are renewed. Username and
/// password of the options are not used then.
///
/// options: what is changed.
/// callback: gives the credentials. NULL: username and password of the options hold again; user_data and
/// destroy are then ignored.
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
pub unsafe extern "C" fn rediscluster_options_set_credentials(
    options: *mut rediscluster_options,
    callback: rediscluster_credentials_callback,
    user_data: *mut c_void,
    destroy: rediscluster_destroy_callback,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `options` is NULL or options that the caller has not freed and no thread uses.
        let options = unsafe { arg::object_mut(options, "options") }?;
        options.core_mut().credentials_source = match callback {
            None => CredentialsSource::default(),
            Some(callback) => {
                let user = UserData::new(user_data, destroy);
                CredentialsSource::of(move |node| {
                    let node = text::of(node);
                    let mut answer = Answer::Nothing;
                    let sink_data = (&raw mut answer).cast();
                    // SAFETY: the caller gave this function for this data, which lives until the
                    // closure is dropped; text and answer live over the call.
                    unsafe { callback(user.pointer(), node.as_ptr(), take_credentials, sink_data) };
                    answer
                })
            }
        };
        Ok(())
    })
}
