//! One node: its port, its connections.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::script::Listen;
use super::session::Session;
use crate::os;

/// A node's port and connections.
pub struct Node {
    pub listen: Port,
    pub paused: bool,
    pub open: BTreeMap<u64, TcpStream>,
    /// The TLS of those connections that have done their handshake.
    pub sessions: BTreeMap<u64, Arc<Session>>,
    /// Handshakes that were done, and that failed.
    pub handshakes: (u64, u64),
    pub max: usize,
    pub total: u64,
}

/// A node's port, always held so that nobody else gets it.
pub enum Port {
    Open(TcpListener),
    Refused { _bound: OwnedFd },
    Full { listener: OwnedFd, _queued: Vec<TcpStream> },
    Changing,
}

impl Node {
    pub fn close_all(&mut self) {
        for stream in self.open.values() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Gives a port that is bound the behaviour it is to have.
pub fn open_port(socket: OwnedFd, address: SocketAddr, listen: Listen) -> io::Result<Port> {
    Ok(match listen {
        Listen::Normal => {
            os::listen(&socket, 1024)?;
            let listener = TcpListener::from(socket);
            listener.set_nonblocking(true)?;
            Port::Open(listener)
        }
        Listen::Refuse => Port::Refused { _bound: socket },
        Listen::Blackhole => {
            os::listen(&socket, 0)?;
            Port::Full { _queued: os::fill_backlog(address)?, listener: socket }
        }
    })
}
