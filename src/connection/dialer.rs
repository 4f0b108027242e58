//! What makes connections: the options, and what of them may change while a pool lives.

use std::sync::Arc;

use super::connection::Connection;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::node::NodeAddress;
use crate::options::Options;

/// Makes connections, for a pool and for its discovery alike. Any number of threads use it, and so do
/// forked children.
pub struct Dialer {
    options: Arc<Options>,
}

/// What is dialled.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// Where.
    pub address: &'a NodeAddress,
    /// The host name the cluster tells of the node, where it tells one beside the address.
    pub hostname: Option<&'a str>,
    /// READONLY is part of the handshake.
    pub readonly: bool,
}

impl<'a> From<&'a NodeAddress> for Destination<'a> {
    fn from(address: &'a NodeAddress) -> Self {
        Self { address, hostname: None, readonly: false }
    }
}

impl Dialer {
    /// A dialer of these options.
    ///
    /// # Errors
    /// CONFIG.
    pub fn new(options: Arc<Options>) -> Result<Self> {
        Ok(Self { options })
    }

    /// The options it was made from.
    pub fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// Resolves, connects (each address in turn), shakes hands; ends by `deadline`, and by
    /// `socket_connect_timeout` of the options. The connection comes with buffers attached.
    ///
    /// # Errors
    /// CONNECTION (refused, unreachable, reset), TIMEOUT, AUTH, PROTOCOL, CONFIG, LOADING.
    pub fn dial(&self, to: Destination<'_>, deadline: Deadline) -> Result<Connection> {
        let deadline = Deadline::after(self.options.socket_connect_timeout).earlier(deadline);
        Connection::set_up(to, &self.options, deadline)
    }
}
