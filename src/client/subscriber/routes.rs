//! Where subscriptions belong, by what is known of the cluster.

use crate::node::{NodeAddress, Role};
use crate::options::ReadFrom;
use crate::topology::{Health, SlotMap};

/// What the machine asks of the topology.
pub(super) trait Routes {
    /// The primary that serves the slot.
    fn primary(&self, slot: u16) -> Option<NodeAddress>;

    /// Some node for channels and patterns, one of `avoided` only where there is no other.
    fn any(&self, avoided: &[NodeAddress]) -> Option<NodeAddress>;

    /// The node is part of the cluster.
    fn knows(&self, node: &NodeAddress) -> bool;

    /// The node is in the shard that serves the slot, or nobody serves it.
    fn serves(&self, node: &NodeAddress, slot: u16) -> bool;
}

/// A map, and whether channels may be subscribed to at replicas.
pub(super) struct Map<'a> {
    pub(super) map: &'a SlotMap,
    pub(super) read_from: ReadFrom,
}

impl Routes for Map<'_> {
    fn primary(&self, slot: u16) -> Option<NodeAddress> {
        let at = self.map.primary_of(slot)?;
        self.map.nodes().get(at).map(|node| node.address.clone())
    }

    fn any(&self, avoided: &[NodeAddress]) -> Option<NodeAddress> {
        let allowed = |role| role == Role::Primary || self.read_from != ReadFrom::Primary;
        let nodes: Vec<_> = self.map.nodes().iter().filter(|node| allowed(node.role)).collect();
        let mut best: Vec<_> = nodes
            .iter()
            .filter(|node| node.health == Health::Online && !avoided.contains(&node.address))
            .collect();
        if best.is_empty() {
            best = nodes.iter().collect();
        }
        fastrand::choice(best).map(|node| node.address.clone())
    }

    fn knows(&self, node: &NodeAddress) -> bool {
        self.map.find_address(node).is_some()
    }

    fn serves(&self, node: &NodeAddress, slot: u16) -> bool {
        let Some(primary) = self.map.primary_of(slot) else { return true };
        let at = self.map.find_address(node);
        at == Some(primary) || at.is_some_and(|at| self.map.replicas_of(slot).contains(&at))
    }
}
