//! One connection to one node. Knows of no cluster.

mod arrivals;
mod asking;
mod buffers;
#[allow(clippy::module_inception)]
pub mod connection;
mod dialer;
mod dialing;
mod flight;
mod flow;
mod greeting;
pub mod handshake;
mod interrupt;
mod landing;
mod logins;
pub mod redirect;
mod refusal;
pub mod session;
mod set_up;
mod shared;
mod trouble;

pub use buffers::Buffers;
pub use connection::Connection;
pub use dialer::{Destination, Dialer};
pub use dialing::Dialing;
pub(crate) use flow::ASKING;
pub use interrupt::Interrupter;
pub(crate) use landing::Landed;
pub(crate) use set_up::SetUp;

pub use redirect::{Endpoint, Redirect, RedirectKind};
