//! The wire protocol: RESP2 and RESP3.
//!
//! ```text
//! command ──> encode ──> (socket) ──> decode ──> parser ──> reply
//!                                        └────── block ──────┘
//! ```
//!
//! The decoder owns the bytes received, the parser finds cells in them and a tree
//! keeps those until the reply is complete, a block holds both, and a
//! reply is a block nobody writes to any more. What several nodes answered is
//! built into one reply. `block` and `reply` together are the arena: the only two
//! files here with unsafe code.

mod block;
pub mod build;
pub mod decode;
mod decode_error;
pub mod encode;
pub mod incoming;
mod kind;
mod number;
mod parser;
pub mod reply;
mod slab;
mod tree;
mod whole;

pub use build::Builder;
pub use decode::{Decoder, Fill, Limits};
pub use decode_error::DecodeError;
pub use kind::Kind;
pub use reply::{Cell, CellValue, Children, Reply, ReplyRef};
