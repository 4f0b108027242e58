//! Commands without a thread that waits: submitted, sent and answered while the program polls.
//!
//! ```text
//! submit ──> queue of a link ──(poll: one send a node)──> server
//!    │            │   one command, one key: nothing more is made of it
//!    └─> call ────┘   whatever is redirected, tried again, split, or has to ask first
//! poll   <── completions <── replies
//! ```
//!
//! What decides is the client's: its plans, executions and joins. [`queue`] (bytes and what is awaited of one
//! connection) and [`call`] have no I/O. The rest is their driver: it never waits but in `poll`, on one epoll set
//! with all connections, dials, a timer and a bell.

mod advance;
mod call;
mod completion;
mod dispatch;
mod doors;
mod ends;
#[allow(clippy::module_inception)]
mod event_loop;
mod link;
mod polling;
mod probes;
mod queue;
mod reactor;
mod receive;
mod refreshes;
mod stages;
mod submission;
mod tokens;
mod wake;

pub use completion::Completion;
pub use event_loop::EventLoop;
