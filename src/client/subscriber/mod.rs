//! Subscriptions to channels, patterns and shard channels that outlive connections, nodes and slots' moves.
//!
//! [`machine::Machine`] decides, without I/O: which subscription belongs where, what was asked and what
//! answered, when a connection is made again, when a gap is due. [`Subscriber`] is its driver: all it does
//! happens inside the program's calls, on connections of its own, and in one thread at a time.
//!
//! ```text
//! name  subscription   what is subscribed to, and how that stands
//! link                 one connection: what was asked on it and not answered
//! machine              all of them; asks for dials, sends, closes, refreshes (step)
//! arrival  message     what came in, what goes out; ready: the queue in between
//! links                the connections themselves, and what is waited on
//! subscriber           the calls; state: what they share, a child's own after a fork
//! ```
//!
//! Lock: `Subscriber`'s slot, which is only ever tried, and held to take the state out or put it back.

mod arrival;
mod backoff;
mod link;
mod links;
mod machine;
mod message;
mod name;
mod ready;
mod reports;
mod routes;
mod state;
mod steps;
#[allow(clippy::module_inception)]
mod subscriber;
mod subscription;

pub use message::Message;
pub use name::Kind;
pub use subscriber::Subscriber;
