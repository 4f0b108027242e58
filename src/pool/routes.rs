//! The present map of the cluster, and which member of the pool serves each of its nodes.

use std::sync::Arc;

use super::member::MemberKey;
use crate::topology::SlotMap;

/// Immutable; swapped whole when a refresh brings a new map.
pub(super) struct Routes {
    pub(super) map: Arc<SlotMap>,
    /// By the node's index in the map.
    pub(super) members: Box<[MemberKey]>,
}

impl Default for Routes {
    fn default() -> Self {
        Self { map: Arc::new(SlotMap::empty()), members: Box::new([]) }
    }
}

impl Routes {
    /// The member of the slot's primary.
    #[inline]
    pub(super) fn primary_of(&self, slot: u16) -> Option<MemberKey> {
        self.members.get(self.map.primary_of(slot)?).copied()
    }

    /// The member of a node by address or id.
    pub(super) fn find(&self, node: &str) -> Option<MemberKey> {
        self.members.get(self.map.find(node)?).copied()
    }
}
