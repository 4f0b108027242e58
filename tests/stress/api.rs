//! The C functions, called as a C program calls them, with results that Rust can match.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut, without_provenance_mut};

use rediscluster::ffi::checkout::*;
use rediscluster::ffi::command::*;
use rediscluster::ffi::connection::*;
use rediscluster::ffi::error::*;
use rediscluster::ffi::options::*;
use rediscluster::ffi::pool::*;
use rediscluster::ffi::reply::*;
use rediscluster::ffi::stats::*;
pub use rediscluster::ffi::status::rediscluster_status as Status;
pub use rediscluster::ffi::status::rediscluster_status::*;
use rediscluster::ffi::topology::*;

/// A failed call: its status, and the message read through the error object.
#[derive(Debug)]
pub struct Failure(pub Status, pub String);

pub type Result<T> = std::result::Result<T, Failure>;

pub fn checked(call: impl FnOnce(*mut *mut rediscluster_error) -> Status) -> Result<()> {
    let mut error = null_mut();
    let status = call(&mut error);
    if status == REDISCLUSTER_OK {
        assert!(error.is_null(), "a success with an error object");
        return Ok(());
    }
    // SAFETY: the error object of a failed call is ours until it is freed.
    unsafe {
        assert_eq!(rediscluster_error_status(error), status);
        let text = CStr::from_ptr(rediscluster_error_message(error)).to_string_lossy().into_owned();
        rediscluster_error_free(error);
        Err(Failure(status, text))
    }
}

/// Options with these settings, for as long as the body runs.
pub fn with_options(
    settings: &[(&str, &str)],
    body: impl FnOnce(*mut rediscluster_options) -> Result<()>,
) -> Result<()> {
    let mut options = null_mut();
    // SAFETY: a place for the pointer, live options and NUL-terminated text; freed once.
    unsafe {
        checked(|error| rediscluster_options_new(&mut options, error))?;
        for (name, value) in settings {
            let (name, value) = (text(name), text(value));
            checked(|error| {
                rediscluster_options_set(options, name.as_ptr(), value.as_ptr(), error)
            })?;
        }
        let made = body(options);
        rediscluster_options_free(options);
        made
    }
}

/// A pool's pointer. Freed by [`Pool::free`] alone, when no thread uses it.
#[derive(Clone, Copy)]
pub struct Pool(*mut rediscluster_pool);

// SAFETY: the functions on pools may be called from any thread.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

/// What a get asks for.
pub enum Target {
    Slot(i32),
    Key(Vec<u8>),
    Node(String),
    Random,
}

impl Pool {
    pub fn new(settings: &[(&str, &str)]) -> Result<Self> {
        let mut pool = null_mut();
        with_options(settings, |options| {
            // SAFETY: live options and a place for the pointer.
            checked(|error| unsafe { rediscluster_pool_new(options, &mut pool, error) })
        })?;
        Ok(Self(pool))
    }

    /// That of a client, which is not to be freed.
    pub fn of(pool: *mut rediscluster_pool) -> Self {
        Self(pool)
    }

    /// A connection, as the number that it is.
    pub fn get(self, target: &Target, timeout_ms: i64) -> Result<usize> {
        let mut out = null_mut();
        // SAFETY: a live pool, and places and texts that outlive the call.
        let got = checked(|error| unsafe {
            match target {
                Target::Slot(slot) => rediscluster_pool_get_by_slot(
                    self.0,
                    *slot,
                    rediscluster_access::REDISCLUSTER_WRITE as i32,
                    timeout_ms,
                    &mut out,
                    error,
                ),
                Target::Key(key) => rediscluster_pool_get_by_key(
                    self.0,
                    key.as_ptr(),
                    key.len(),
                    rediscluster_access::REDISCLUSTER_READ as i32,
                    timeout_ms,
                    &mut out,
                    error,
                ),
                Target::Node(node) => {
                    let node = text(node);
                    rediscluster_pool_get_by_node(
                        self.0,
                        node.as_ptr(),
                        timeout_ms,
                        &mut out,
                        error,
                    )
                }
                Target::Random => rediscluster_pool_get_random(self.0, timeout_ms, &mut out, error),
            }
        });
        assert_eq!(got.is_ok(), !out.is_null());
        got.map(|()| out.addr())
    }

    pub fn release(self, connection: usize) -> Result<()> {
        // SAFETY: a live pool; any value may be given as a connection.
        checked(|error| unsafe {
            rediscluster_pool_release(self.0, without_provenance_mut(connection), error)
        })
    }

    pub fn refresh(self, timeout_ms: i64) -> Result<()> {
        // SAFETY: a live pool.
        checked(|error| unsafe { rediscluster_pool_refresh(self.0, timeout_ms, error) })
    }

    pub fn reset(self, timeout_ms: i64) -> Result<()> {
        // SAFETY: a live pool.
        checked(|error| unsafe { rediscluster_pool_reset(self.0, timeout_ms, error) })
    }

    pub fn disconnect(self) -> Result<()> {
        // SAFETY: a live pool.
        checked(|error| unsafe { rediscluster_pool_disconnect(self.0, error) })
    }

    pub fn maintain(self, budget_ms: i64) -> Result<i64> {
        let mut next = 0;
        // SAFETY: a live pool and a place for a number.
        checked(|error| unsafe {
            rediscluster_pool_maintain(self.0, budget_ms, &mut next, error)
        })?;
        Ok(next)
    }

    pub fn close(self) -> Result<()> {
        // SAFETY: a live pool.
        checked(|error| unsafe { rediscluster_pool_close(self.0, error) })
    }

    /// How many nodes and how many slots of the first and last kind the pool's map has.
    pub fn walk_topology(self) -> usize {
        let mut topology = null_mut();
        // SAFETY: a live pool; the topology is ours until it is freed.
        unsafe {
            if checked(|error| rediscluster_pool_topology(self.0, &mut topology, error)).is_err() {
                return 0;
            }
            let count = rediscluster_topology_node_count(topology);
            for index in 0..count {
                let node = rediscluster_topology_node(topology, index);
                assert!(!CStr::from_ptr(rediscluster_node_address(node)).is_empty());
            }
            rediscluster_topology_free(topology);
            count
        }
    }

    pub fn stats(self) -> Stats {
        let mut stats = null_mut();
        // SAFETY: a live pool; the statistics are freed by `Stats`.
        unsafe { checked(|error| rediscluster_pool_stats(self.0, &mut stats, error)) }
            .expect("statistics are always there");
        Stats(stats)
    }

    /// Frees the pool.
    ///
    /// # Safety
    /// No thread uses it now or later.
    pub unsafe fn free(self) {
        // SAFETY: the caller's promise.
        unsafe { rediscluster_pool_free(self.0) };
    }
}

/// A snapshot of a pool's numbers.
pub struct Stats(*mut rediscluster_stats);

impl Stats {
    pub fn of(&self, node: Option<&str>, what: rediscluster_stat) -> i64 {
        let node = node.map(text);
        let node = node.as_ref().map_or(null(), |node| node.as_ptr());
        // SAFETY: live statistics, NULL or a text.
        unsafe { rediscluster_stats_get(self.0, node, what as i32) }
    }
}

impl Drop for Stats {
    fn drop(&mut self) {
        // SAFETY: ours, freed once.
        unsafe { rediscluster_stats_free(self.0) };
    }
}

pub fn release(connection: usize) -> Result<()> {
    // SAFETY: any value may be given as a connection.
    checked(|error| unsafe {
        rediscluster_connection_release(without_provenance_mut(connection), error)
    })
}

pub fn interrupt(connection: usize) -> Result<()> {
    // SAFETY: any value may be given as a connection.
    checked(|error| unsafe {
        rediscluster_connection_interrupt(without_provenance_mut(connection), error)
    })
}

pub fn is_broken(connection: usize) -> bool {
    // SAFETY: any value may be given as a connection.
    unsafe { rediscluster_connection_is_broken(without_provenance_mut(connection)) }
}

/// Sends a command and gives its reply's bytes.
pub fn command(connection: usize, args: &[&[u8]], timeout_ms: i64) -> Result<Vec<u8>> {
    let connection = without_provenance_mut(connection);
    let mut reply = null_mut();
    with_command(args, |command| {
        // SAFETY: any value as a connection, a live command, a place for the reply.
        checked(|error| unsafe {
            rediscluster_connection_command(connection, command, timeout_ms, &mut reply, error)
        })
    })?;
    Ok(bytes(reply))
}

/// Sends several commands at once and gives their replies' bytes.
pub fn pipeline(connection: usize, commands: &[&[&[u8]]], ms: i64) -> Result<Vec<Vec<u8>>> {
    let connection = without_provenance_mut(connection);
    for args in commands {
        with_command(args, |command| {
            // SAFETY: any value as a connection, a live command.
            checked(|error| unsafe { rediscluster_connection_append(connection, command, error) })
        })?;
    }
    // SAFETY: any value as a connection.
    checked(|error| unsafe { rediscluster_connection_flush(connection, ms, error) })?;
    let read = |_: &_| {
        let mut reply = null_mut();
        // SAFETY: any value as a connection, a place for the reply.
        checked(|error| unsafe {
            rediscluster_connection_read(connection, ms, &mut reply, error)
        })?;
        Ok(bytes(reply))
    };
    commands.iter().map(read).collect()
}

pub fn with_command<T>(args: &[&[u8]], body: impl FnOnce(*mut rediscluster_command) -> T) -> T {
    let mut command = null_mut();
    // SAFETY: the command is ours until it is freed; each argument outlives its call.
    unsafe {
        checked(|error| rediscluster_command_new(&mut command, error)).expect("a new command");
        for arg in args {
            checked(|error| rediscluster_command_append(command, arg.as_ptr(), arg.len(), error))
                .expect("an argument");
        }
        let result = body(command);
        rediscluster_command_free(command);
        result
    }
}

pub fn bytes(reply: *mut rediscluster_reply) -> Vec<u8> {
    let mut length = 0;
    // SAFETY: a reply that is ours until it is freed; its bytes are copied before.
    unsafe {
        let data = rediscluster_reply_bytes(reply, &mut length);
        let bytes = if data.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(data, length).to_vec()
        };
        rediscluster_reply_free(reply);
        bytes
    }
}

fn text(text: &str) -> CString {
    CString::new(text).expect("no NUL in it")
}
