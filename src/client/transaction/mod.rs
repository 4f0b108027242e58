//! WATCH, MULTI and EXEC on one slot, on a connection of their own.
//!
//! `verdict` decides without I/O what the replies of a whole transaction mean; `course` sends it, and sends it again
//! where it cannot have run.

mod batch;
mod command;
mod course;
#[allow(clippy::module_inception)]
mod transaction;
mod verdict;

pub use transaction::Transaction;
