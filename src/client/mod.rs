//! Commands on a pool, for any number of threads: routed, redirected, split, and sent at most once.
//!
//! What decides (routes, `execution`, `join`) has no I/O; what does (`blocking`) is a small driver of it.

mod aggregate;
#[allow(clippy::module_inception)]
mod client;
#[allow(dead_code)] // used by the fan-out
mod join;
#[allow(dead_code)] // as above
mod partial;

pub use client::Client;
