//! Exclusive connections by slot, key and node.
//!
//! A connection is *dialing*, *in use*, *idle* or closed, and holds one place of the pool's limits in
//! all but the last. [`members::Members`] is all of that under one lock: which node holds how many
//! places, what is idle, who waits. Taking, giving back and waiting are decided there, in a few
//! hundred instructions; dialing, closing and the idle check happen outside.
//!
//! Locks, in the order they may be taken: `Core::members`, then a `Waiter`'s gift. The lock of a
//! handle's entry (`handles`), the refresh gate's, that of the probes and that of the borrowers are never held together with either.
//!
//! After a fork the child's first call builds a new `Core` from the options ([`PerProcess`]); the
//! parent's is abandoned with its locks unopened.
//!
//! [`PerProcess`]: crate::os::fork::PerProcess

mod anyone;
mod begin_take;
mod borrowers;
mod changes;
mod checkout;
mod demotion;
mod dialing;
mod for_command;
pub mod handles;
mod install;
mod lease;
mod leasing;
mod limits;
mod member;
mod members;
mod outbox;
mod placed_dial;
#[allow(clippy::module_inception)]
mod pool;
mod probe;
mod reader;
mod redirect;
mod refreshing;
mod rest;
mod routes;
mod serving;
mod sharing;
pub mod stats;
mod suspicion;
mod taking;
mod upkeep;
mod waiters;

pub use checkout::Access;
pub use demotion::Standing;
pub use handles::Handle;
pub use lease::Lease;
pub use pool::Pool;

pub(crate) use begin_take::{DialFor, Taken};
pub(crate) use borrowers::Borrower;
pub(crate) use leasing::Stop;
pub(crate) use refreshing::Refreshing;
pub(crate) use routes::Routes;
pub(crate) use serving::{uncovered, unknown};
pub(crate) use sharing::{LATELY, Stamp, Way};
pub use stats::{NodeStats, Stats};
pub(crate) use taking::{Announced, Leads, Target};
