//! Bytes to and from one node: names to addresses, dialing, and a stream whose every wait has an end.

pub mod dial;
pub mod resolve;
pub mod stream;

pub use dial::dial;
pub use stream::{Failure, Stream, Wait};
