//! The C functions on clients and their tokens.

use std::ptr::null_mut;

use rediscluster::ffi::cancel::*;
use rediscluster::ffi::client::*;
use rediscluster::ffi::setting::*;

use crate::api::{Pool, Result, bytes, checked, with_command, with_options};

/// A client's pointer. Freed by [`Client::free`] alone, when no thread uses it.
#[derive(Clone, Copy)]
pub struct Client(*mut rediscluster_client);

// SAFETY: the functions on clients may be called from any thread.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    pub fn new(settings: &[(&str, &str)]) -> Result<Self> {
        let mut client = null_mut();
        with_options(settings, |options| {
            // SAFETY: live options and a place for the pointer.
            checked(|error| unsafe { rediscluster_client_new(options, &mut client, error) })
        })?;
        Ok(Self(client))
    }

    /// Sends a command and gives its reply's bytes.
    pub fn command(self, args: &[&[u8]], timeout: i64, cancel: Option<&Cancel>) -> Result<Vec<u8>> {
        let mut reply = null_mut();
        with_command(args, |command| {
            // SAFETY: a live command that this thread alone has, a live token.
            unsafe {
                checked(|error| rediscluster_command_set_timeout(command, timeout, error))?;
                if let Some(cancel) = cancel {
                    checked(|error| rediscluster_command_set_cancel(command, cancel.0, error))?;
                }
            }
            // SAFETY: a live client and command, a place for the reply.
            checked(|error| unsafe {
                rediscluster_client_execute(self.0, command, &mut reply, error)
            })
        })?;
        Ok(bytes(reply))
    }

    /// Its pool, which lives as long as it.
    pub fn pool(self) -> Pool {
        // SAFETY: a live client.
        Pool::of(unsafe { rediscluster_client_pool(self.0) })
    }

    /// Frees the client.
    ///
    /// # Safety
    /// No thread uses it, or its pool, now or later.
    pub unsafe fn free(self) {
        // SAFETY: the caller's promise.
        unsafe { rediscluster_client_free(self.0) };
    }
}

/// What ends calls before their time.
pub struct Cancel(*mut rediscluster_cancel);

// SAFETY: a token may be fired by any thread while others use it.
unsafe impl Send for Cancel {}
// SAFETY: as above.
unsafe impl Sync for Cancel {}

impl Cancel {
    pub fn new() -> Self {
        let mut token = null_mut();
        // SAFETY: a place for the pointer.
        checked(|error| unsafe { rediscluster_cancel_new(&mut token, error) }).expect("a token");
        Self(token)
    }

    pub fn fire(&self) {
        // SAFETY: a live token.
        unsafe { rediscluster_cancel_fire(self.0) };
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // SAFETY: ours, freed once, and by no thread used now.
        unsafe { rediscluster_cancel_free(self.0) };
    }
}
