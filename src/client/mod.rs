//! Commands on a pool, for any number of threads: routed, redirected, split, and sent at most once.
//!
//! What decides (routes, `execution`, `join`) has no I/O; what does (`blocking`) is a small driver of it.

#[allow(clippy::module_inception)]
mod client;
pub mod subscriber;

pub use client::Client;
