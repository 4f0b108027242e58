//! All keys of the cluster, each at least once while slots move and primaries fail over.
//!
//! `course` decides without I/O which node is walked over next and which slots are done; `scan` asks.

mod course;
#[allow(clippy::module_inception)]
mod scan;
mod sight;
mod slots;
mod walk;

pub use scan::Scan;
