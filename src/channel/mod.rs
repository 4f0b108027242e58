//! Connections that the client's calls share: one a node, any number of threads.
//!
//! [`turns`] decides who writes, receives and waits, by a [`state`] with a [`queue`], and knows of no socket: of what
//! carries the bytes it knows [`carrier`]. [`line`] is a lease of the pool that does; [`channel`] gets it and gives it
//! back; [`channels`] finds a node's channel. To the pool several calls are one connection in use; while nothing is owed
//! it stays at hand, unless a limit makes its place dear.
//!
//! Locks, in the order they may be taken: a channel's `state`, then a line's `lease`, then the pool's.

mod carrier;
#[allow(clippy::module_inception)]
mod channel;
mod channels;
mod line;
mod queue;
mod state;
mod turns;
mod waited;

pub(crate) use channel::{Call, Called, Channel, Replies, Ticket};
pub(crate) use channels::Channels;
pub(crate) use queue::Mail;
pub(crate) use state::Commands;
