//! One connection to one node. Knows of no cluster.

mod arrivals;
mod buffers;
#[allow(clippy::module_inception)]
pub mod connection;
mod dialer;
mod flight;
mod flow;
pub mod handshake;
mod interrupt;
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
pub use interrupt::Interrupter;
pub use redirect::{Endpoint, Redirect, RedirectKind};
