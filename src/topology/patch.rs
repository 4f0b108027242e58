//! A map that one redirect has corrected: what MOVED tells, before a refresh tells the rest.

use super::slot_map::{Health, KnownNode, NOBODY, SlotMap};
use super::view::MOST_NODES;
use crate::node::{NodeAddress, Role};
use crate::slot::SLOT_COUNT;

/// The map with the slot at this node, or `None` where it is there already (or the map has no room for another
/// node).
///
/// A replica of the slot's shard has been promoted: roles swap for the whole shard, and its old primary
/// becomes a replica. Its config epoch is above that primary's, or it would not have been elected: a view that
/// still has the old primary is an older one. Another primary has been given the slot alone. Anything else, a
/// replica of another shard or a node the map does not know, becomes the primary of a shard of its own with this
/// slot. `announced` is the node as the server wrote it.
pub fn moved(
    map: &SlotMap,
    slot: u16,
    node: &NodeAddress,
    announced: &NodeAddress,
) -> Option<SlotMap> {
    let owner = map.primary_of(slot);
    let target = map.find_address(node);
    if target.is_some() && target == owner {
        return None;
    }
    if target.is_none() && map.nodes().len() >= MOST_NODES {
        return None;
    }
    let mut patch = Patch::of(map);
    let target = target.unwrap_or_else(|| patch.add(node, announced));
    match owner {
        Some(owner) if patch.leaders[target] == Some(owner) => patch.swap(owner, target),
        _ => {
            patch.leaders[target] = Some(target);
            patch.owners[usize::from(slot)] = Some(target);
        }
    }
    Some(patch.finish())
}

/// A map taken apart. Nodes are told by their index in `nodes`, whose order changes only in the end.
struct Patch {
    nodes: Vec<KnownNode>,
    /// The primary of each node's shard, itself for a primary; `None` for a replica of no known shard.
    leaders: Vec<Option<usize>>,
    owners: Vec<Option<usize>>,
}

impl Patch {
    fn of(map: &SlotMap) -> Self {
        let leaders = map.nodes().iter().enumerate().map(|(index, node)| match node.role {
            Role::Primary => Some(index),
            Role::Replica => node.primary,
        });
        Self {
            leaders: leaders.collect(),
            owners: (0..SLOT_COUNT).map(|slot| map.primary_of(slot)).collect(),
            nodes: map.nodes().to_vec(),
        }
    }

    fn add(&mut self, node: &NodeAddress, announced: &NodeAddress) -> usize {
        self.nodes.push(KnownNode {
            id: String::new(),
            address: node.clone(),
            announced: announced.clone(),
            hostname: None,
            role: Role::Primary,
            primary: None,
            zone: None,
            health: Health::Online,
            config_epoch: None,
            is_newly_promoted: false,
            slots: Box::default(),
        });
        self.leaders.push(None);
        self.nodes.len() - 1
    }

    /// The shard of `old` has `new` for its primary.
    fn swap(&mut self, old: usize, new: usize) {
        let shard = |entries: &mut [Option<usize>]| {
            entries.iter_mut().filter(|entry| **entry == Some(old)).for_each(|it| *it = Some(new));
        };
        shard(&mut self.leaders);
        shard(&mut self.owners);
        let above = self.nodes[old].config_epoch.map(|epoch| epoch.saturating_add(1));
        let known = &mut self.nodes[new].config_epoch;
        *known = above.max(*known);
        self.nodes[new].is_newly_promoted = true;
        self.nodes[old].is_newly_promoted = false;
    }

    /// The map, its nodes in a map's order.
    fn finish(self) -> SlotMap {
        let Self { nodes, leaders, owners } = self;
        let mut slots: Vec<Vec<(u16, u16)>> = vec![Vec::new(); nodes.len()];
        for (slot, owner) in (0_u16..).zip(&owners) {
            let Some(owner) = *owner else { continue };
            match slots[owner].last_mut() {
                Some((_, end)) if *end + 1 == slot => *end = slot,
                _ => slots[owner].push((slot, slot)),
            }
        }
        let is_primary = |node: usize| leaders[node] == Some(node);
        let mut order: Vec<usize> = (0..nodes.len()).filter(|&node| is_primary(node)).collect();
        order.sort_by_cached_key(|&node| {
            let first = slots[node].first().map_or(u16::MAX, |&(start, _)| start);
            // The address counts among those without slots alone: no two others begin with the same.
            (first, nodes[node].address.clone())
        });
        let shards = order.len();
        let mut shard_of = vec![NOBODY; nodes.len()];
        for (shard, &node) in order.iter().enumerate() {
            shard_of[node] = shard as u16;
        }
        let shard_led_by = |leader: Option<usize>| {
            let shard = leader.map_or(NOBODY, |leader| shard_of[leader]);
            (shard != NOBODY).then_some(usize::from(shard))
        };
        order.extend((0..nodes.len()).filter(|&node| !is_primary(node)));
        order[shards..].sort_by_cached_key(|&node| {
            (shard_led_by(leaders[node]).unwrap_or(usize::MAX), nodes[node].address.clone())
        });
        let owners = owners
            .iter()
            .map(|&owner| owner.map_or(NOBODY, |owner| shard_of[owner]))
            .collect::<Box<[u16]>>();
        let mut nodes: Vec<Option<KnownNode>> = nodes.into_iter().map(Some).collect();
        let ordered = order.iter().enumerate().filter_map(|(place, &at)| {
            let mut node = nodes[at].take()?;
            let leads = place < shards;
            node.role = if leads { Role::Primary } else { Role::Replica };
            node.primary = if leads { None } else { shard_led_by(leaders[at]) };
            node.slots = std::mem::take(&mut slots[at]).into_boxed_slice();
            Some(node)
        });
        SlotMap::new(ordered.collect(), owners, shards)
    }
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
