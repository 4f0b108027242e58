//! The C API: every function of `include/rediscluster.h`, and nothing else that C sees.
//!
//! This layer checks what comes in, turns handles into the core's objects and back, and turns
//! errors, panics included, into statuses. It knows nothing of sockets or protocols, and the core
//! knows nothing of it.
//!
//! Three files carry the rules for all the others: `call` (no panic crosses; an error becomes a
//! status and an error object), `arg` (checks) and `handle` (the only place where objects become
//! raw pointers and raw pointers objects). `text` makes NUL-terminated strings. The rest is one
//! noun a file, below in the header's reading order, which `tests/header.rs` repeats: cbindgen
//! prints functions in the order of the files.

#![allow(unsafe_code)]
// The names are the C API's.
#![allow(non_camel_case_types)]
// What a caller must keep to stands in the header: its beginning, and each Ownership and Threads line.
#![allow(clippy::missing_safety_doc)]

mod arg;
mod call;
mod handle;
mod text;

pub mod version;

pub mod status;

pub mod error;

pub mod options;

pub mod callback;

pub mod credentials;

pub mod address;

pub mod pool;

pub mod checkout;

pub mod redirect;

pub mod connection;

pub mod command;

pub mod cancel;

pub mod setting;

pub mod client;

pub mod asynchronous;

pub mod explanation;

pub mod pipeline;

pub mod transaction;

pub mod script;

pub mod scan;

pub mod subscriber;

pub mod message;

pub mod reply;

pub mod topology;

pub mod stats;

pub mod key;

#[cfg(any(
    rediscluster_fault = "use_after_free",
    rediscluster_fault = "leak",
    rediscluster_fault = "race"
))]
mod fault;
