//! Commands on a pool, for any number of threads: routed, redirected, split, and sent at most once.
//!
//! What decides has no I/O: `execution` (one command's way to its reply), `join` (replies of several nodes). What
//! does is a small driver of it: `flights`.

mod aggregate;
mod cancel;
#[allow(clippy::module_inception)]
mod client;
mod exchange;
mod execute;
mod execution;
mod explain;
mod familiar;
mod flight;
mod flights;
mod get_into;
mod join;
mod launch;
mod learning;
mod lent;
mod next;
mod part;
mod partial;
mod passage;
mod pipeline;
mod plan;
mod planned;
mod positions;
mod refusal;
mod scan;
mod script;
mod server_error;
mod settings;
mod shapes;
mod shared;
mod split;
mod step;
pub mod subscriber;
mod transaction;
mod unsuited;
mod waiting;

pub(crate) use cancel::Watched;
pub(crate) use execute::no_outcome;
pub(crate) use execution::{Execution, is_final};
pub(crate) use flights::LOOK_INTERVAL;
pub(crate) use learning::{about, keys_of};
#[cfg(test)]
pub(crate) use plan::replays;
pub(crate) use plan::{Plan, access_of, plan};
pub(crate) use planned::Planned;
pub(crate) use step::{Event, Rules, Step};
pub(crate) use unsuited::{check as check_suited, nameless};

pub(crate) use waiting::Waiting;

pub use cancel::Cancel;
pub use client::Client;
pub use explain::Explanation;
pub use get_into::Found;
pub use pipeline::Pipeline;
pub use scan::Scan;
pub use script::Script;
pub use server_error::server_error;
pub use settings::{Route, Settings};
pub use transaction::Transaction;
