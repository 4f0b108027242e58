//! Connections beside the pool: for who keeps them to itself. They take no place of the limits and are in no
//! statistics, as those of the discovery.

use super::pool::Pool;
use crate::connection::{Connection, Destination};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::node::NodeAddress;

impl Pool {
    /// A connection of the caller's own to a node.
    ///
    /// # Errors
    /// CLOSED; those of a dial.
    pub(crate) fn dial(&self, node: &NodeAddress, deadline: Deadline) -> Result<Connection> {
        let core = self.core();
        core.check_open()?;
        let routes = core.routes();
        let known = routes.map.find_address(node).and_then(|at| routes.map.nodes().get(at));
        let hostname = known.and_then(|node| node.hostname.as_deref());
        core.dialer.dial(Destination { address: node, hostname, readonly: false }, deadline)
    }

    /// Whether connections can still be had.
    ///
    /// # Errors
    /// CLOSED, once the pool is.
    pub(crate) fn check_open(&self) -> Result<()> {
        self.core().check_open()
    }
}
