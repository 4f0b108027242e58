//! What became of a submitted command.

use crate::error::Result;
use crate::resp::Reply;

/// What became of a submitted command.
pub struct Completion {
    /// The program's own name for it.
    pub tag: u64,
    /// Its reply, which may be an error of the server, or why there is none.
    pub outcome: Result<Reply>,
}
