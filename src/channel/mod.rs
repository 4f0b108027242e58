//! Connections that the client's calls share: one a node, any number of threads.
//!
//! [`queue`] and [`turns`] decide who writes, receives and waits, and know of no socket; [`line`] is a lease of the
//! pool as they need it; [`channel`] gets it and gives it back; [`channels`] finds a node's channel. A channel holds a
//! connection only while replies are owed: to the pool, several calls are one.
//!
//! Locks, in the order they may be taken: a channel's `state`, then a line's `lease`, then the pool's.

// Several commands of one call come with the next change.
#![allow(dead_code)]

#[allow(clippy::module_inception)]
mod channel;
mod channels;
mod line;
mod queue;
mod turns;

pub(crate) use channel::{Call, Called, Replies};
pub(crate) use channels::Channels;
pub(crate) use queue::Mail;
pub(crate) use turns::Commands;
