//! What makes connections: the options, and what of them may change while a pool lives.

use std::sync::Arc;

use super::connection::Connection;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::os::swap::Swap;
use crate::transport::Connector;

/// Makes connections, for a pool and for its discovery alike. Any number of threads use it, and so do
/// forked children.
pub struct Dialer {
    options: Arc<Options>,
    /// None: connections are plain.
    tls: Option<Swap<Connector>>,
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
    /// A dialer of these options. Reads the certificates they name.
    ///
    /// # Errors
    /// CONFIG: a file that cannot be read or does not fit.
    pub fn new(options: Arc<Options>) -> Result<Self> {
        let tls = if options.ssl { Some(Swap::new(Connector::new(&options)?)) } else { None };
        Ok(Self { options, tls })
    }

    /// Reads the certificates again, for connections made from now on.
    ///
    /// # Errors
    /// CONFIG: a file that cannot be read or does not fit, or TLS is off; nothing changes then.
    pub fn reload_tls(&self) -> Result<()> {
        let Some(tls) = &self.tls else {
            let message = "there is no certificate to read again: the option ssl is no";
            return Err(Error::new(Status::Config, message));
        };
        tls.store(Connector::new(&self.options)?);
        Ok(())
    }

    /// The options it was made from.
    pub fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// Resolves, connects (each address in turn), shakes hands; ends by `deadline`, and by
    /// `socket_connect_timeout` of the options. The connection comes with buffers attached.
    ///
    /// # Errors
    /// CONNECTION (refused, unreachable, reset), TIMEOUT, TLS, AUTH, PROTOCOL, CONFIG, LOADING.
    pub fn dial(&self, to: Destination<'_>, deadline: Deadline) -> Result<Connection> {
        let deadline = Deadline::after(self.options.socket_connect_timeout).earlier(deadline);
        let tls = self.tls.as_ref().map(Swap::load);
        Connection::set_up(to, &self.options, tls.as_deref(), deadline)
    }
}
