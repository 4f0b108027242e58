//! The wire protocol: RESP2 and RESP3.
//!
//! ```text
//! command ──> encode ──> (socket) ──> decode ──> parser ──> reply
//!                                        └────── block ──────┘
//! ```
//!
//! The decoder owns the bytes received, the parser finds cells in them, a block holds both, and a
//! reply is a block nobody writes to any more. `block` and `reply` together are the arena: the only
//! two files here with unsafe code.

mod block;
pub mod decode;
pub mod encode;
mod number;
mod parser;
pub mod reply;

pub use decode::{DecodeError, Decoder, Fill, Limits};
pub use reply::{Cell, CellValue, Children, Kind, Reply, ReplyRef};
