//! Bytes to and from one node: names to addresses, dialing, and a stream, plain or TLS, whose every
//! wait has an end.

pub mod dial;
mod failure;
pub mod resolve;
pub mod stream;
pub mod tls;
mod wait;
mod wire;

pub use dial::{Connect, dial};
pub use failure::Failure;
pub use stream::{Securing, Stream};
pub use tls::{Connector, Records};
pub use wait::Wait;
