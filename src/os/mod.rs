//! What the library asks of the operating system. With `resp::reply` and `ffi` the only place of
//! `unsafe`.

pub mod clock;
pub mod epoll;
pub mod fork;
pub mod futex;
pub mod memory;
pub mod poll;
mod socket_address;
pub mod sockets;
pub mod swap;
