//! Commands on a pool, for any number of threads: routed, redirected, split, and sent at most once.
//!
//! What decides has no I/O: `execution` (one command's way to its reply), `join` (replies of several nodes). What
//! does is a small driver of it: `flights`.

mod aggregate;
mod cancel;
#[allow(clippy::module_inception)]
mod client;
mod execution;
mod flight;
mod flights;
#[allow(dead_code)] // used by the fan-out
mod join;
mod part;
#[allow(dead_code)] // as above
mod partial;
mod refusal;

pub use client::Client;
