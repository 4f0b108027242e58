//! The present map of the cluster, which member of the pool serves each of its nodes, and whom a shard's
//! reads may go to.

use std::sync::Arc;

use super::member::MemberKey;
use crate::node::Role;
use crate::options::{Options, ReadFrom};
use crate::topology::SlotMap;

/// Immutable; swapped whole when a refresh brings a new map.
pub(crate) struct Routes {
    pub(super) map: Arc<SlotMap>,
    /// By the node's index in the map.
    pub(super) members: Box<[MemberKey]>,
    /// By shard, for the pool's own `read_from`; empty where reads go where writes go.
    pub(super) readers: Box<[Readers]>,
    /// The pool's own.
    read_from: ReadFrom,
    /// By the node's index, whether the node is in `client_az` as far as options and map tell; empty without it.
    zones: Box<[Option<bool>]>,
}

impl Default for Routes {
    fn default() -> Self {
        Self {
            map: Arc::new(SlotMap::empty()),
            members: Box::default(),
            readers: Box::default(),
            read_from: ReadFrom::Primary,
            zones: Box::default(),
        }
    }
}

impl Routes {
    /// Routes of a map whose nodes are these members. `zones` comes from [`Routes::zones_of`]; `told_near`
    /// says of a member whether it is in `client_az`, if the node itself has told.
    pub(super) fn new(
        map: Arc<SlotMap>,
        members: Box<[MemberKey]>,
        zones: Box<[Option<bool>]>,
        read_from: ReadFrom,
        told_near: impl Fn(MemberKey) -> Option<bool>,
    ) -> Self {
        let mut routes = Self { map, members, readers: Box::default(), read_from, zones };
        if read_from != ReadFrom::Primary {
            let shards = 0..routes.map.shard_count();
            routes.readers =
                shards.map(|shard| routes.readers_by(shard, read_from, &told_near)).collect();
        }
        routes
    }

    /// Whom the shard's reads may go to by this `read_from`, which need not be the pool's.
    pub(super) fn readers_by(
        &self,
        shard: usize,
        read_from: ReadFrom,
        told_near: impl Fn(MemberKey) -> Option<bool>,
    ) -> Readers {
        let is_near = |node: usize| {
            self.zones.get(node).copied().flatten().or_else(|| told_near(self.members[node]))
        };
        Readers::of(shard, &self.map, &self.members, read_from, is_near)
    }

    /// The same, if it is the pool's own and was worked out with the routes.
    pub(super) fn own_readers(&self, shard: usize, read_from: ReadFrom) -> Option<&Readers> {
        if read_from == self.read_from { self.readers.get(shard) } else { None }
    }

    /// The same routes, where nodes have told more of their zones.
    pub(super) fn with_zones_told(&self, told_near: impl Fn(MemberKey) -> Option<bool>) -> Self {
        let (map, members) = (Arc::clone(&self.map), self.members.clone());
        Self::new(map, members, self.zones.clone(), self.read_from, told_near)
    }

    /// Whether each node of the map is in `client_az`: as `availability_zones` says, else as the map does,
    /// else nobody knows.
    pub(super) fn zones_of(map: &SlotMap, options: &Options) -> Box<[Option<bool>]> {
        let Some(near) = options.client_az.as_deref() else { return Box::default() };
        let zone_of = |node: &crate::topology::KnownNode| {
            let given = options
                .availability_zones
                .iter()
                .find(|(address, _)| address.is(&node.address) || address.is(&node.announced));
            match given {
                Some((_, zone)) => Some(zone == near),
                None => node.zone.as_ref().map(|zone| **zone == *near),
            }
        };
        map.nodes().iter().map(zone_of).collect()
    }

    /// The member of the slot's primary.
    #[inline]
    pub(super) fn primary_of(&self, slot: u16) -> Option<MemberKey> {
        self.members.get(self.map.primary_of(slot)?).copied()
    }

    /// The members of all primaries with slots.
    pub(super) fn owners(&self) -> Vec<MemberKey> {
        let primaries = self.map.nodes().iter().zip(&self.members).take(self.map.shard_count());
        primaries.filter(|(node, _)| !node.slots.is_empty()).map(|(_, &key)| key).collect()
    }

    /// The member of a node by address or id.
    pub(super) fn find(&self, node: &str) -> Option<MemberKey> {
        self.members.get(self.map.find(node)?).copied()
    }

    /// The members of all nodes, or of the primaries alone.
    pub(super) fn members_of(&self, replicas: bool) -> Vec<MemberKey> {
        let nodes = self.map.nodes().iter().zip(&self.members);
        nodes
            .filter(|(node, _)| replicas || node.role == Role::Primary)
            .map(|(_, &key)| key)
            .collect()
    }
}

/// Whom a shard's reads may go to: members in tiers, of which the first with a usable one serves. No tier is
/// empty, and at least one is there.
pub(super) struct Readers {
    /// Indexes of members, tier behind tier.
    members: Box<[u32]>,
    /// Where each tier ends in `members`; what is not used repeats the last end.
    ends: [u32; Self::TIERS],
}

impl Readers {
    const TIERS: usize = 4;

    fn of(
        shard: usize,
        map: &SlotMap,
        keys: &[MemberKey],
        read_from: ReadFrom,
        is_near: impl Fn(usize) -> Option<bool>,
    ) -> Self {
        let primary = [shard];
        let replicas = map.replicas_of_shard(shard);
        let (near, far): (Vec<usize>, Vec<usize>) = match read_from {
            // One of which nobody knows is taken for near, until it is dialled and tells.
            ReadFrom::Az => replicas.iter().partition(|&&node| is_near(node) != Some(false)),
            _ => (replicas.to_vec(), Vec::new()),
        };
        let none: &[usize] = &[];
        let tiers: [&[usize]; Self::TIERS] = match read_from {
            ReadFrom::Primary => [&primary, none, none, none],
            ReadFrom::Replica if replicas.is_empty() => [&primary, none, none, none],
            ReadFrom::Replica => [replicas, none, none, none],
            ReadFrom::ReplicaPreferred => [replicas, &primary, none, none],
            ReadFrom::Any => {
                let all: Vec<usize> = primary.iter().chain(replicas).copied().collect();
                return Self::in_tiers([&all, none, none, none], keys);
            }
            ReadFrom::Az if is_near(shard) == Some(true) => [&near, &primary, &far, none],
            ReadFrom::Az => [&near, none, &far, &primary],
        };
        Self::in_tiers(tiers, keys)
    }

    fn in_tiers(tiers: [&[usize]; Self::TIERS], keys: &[MemberKey]) -> Self {
        let members: Box<[u32]> =
            tiers.into_iter().flatten().map(|&node| keys[node].index).collect();
        let mut ends = [members.len() as u32; Self::TIERS];
        let mut end = 0;
        let used = tiers.into_iter().filter(|tier| !tier.is_empty());
        for (place, tier) in ends.iter_mut().zip(used) {
            end += tier.len() as u32;
            *place = end;
        }
        Self { members, ends }
    }

    /// The first tier's member at this place, and how many the tier has; from the beginning beyond its end.
    #[inline(always)]
    pub(super) fn first(&self, turn: u32) -> Option<(u32, u32)> {
        let place = if turn < self.ends[0] { turn } else { 0 };
        Some((*self.members.get(place as usize)?, place))
    }

    /// All members in the order in which a read tries them, with the turn that follows each: tier behind
    /// tier, each from the turn on.
    pub(super) fn from(&self, turn: u32) -> impl Iterator<Item = (u32, u32)> {
        let starts = std::iter::once(0).chain(self.ends);
        starts.zip(self.ends).flat_map(move |(start, end)| {
            let count = end - start;
            (0..count).map(move |step| {
                let place = (turn % count + step) % count;
                (self.members[(start + place) as usize], place + 1)
            })
        })
    }
}
