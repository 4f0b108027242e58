//! A map in the making: what all three commands' answers are read into.

use std::sync::Arc;

use super::address::dialled;
use super::fields::{Malformed, Parsed, host, text};
use super::identity::Identity;
use super::slot_map::{Health, KnownNode, NOBODY as NONE, SlotMap};
use crate::node::{NodeAddress, Role};
use crate::options::Translation;
use crate::slot::SLOT_COUNT;

/// More nodes than the protocol's slots could ever use; beyond it an answer is nonsense.
pub(super) const MOST_NODES: usize = 32_768;

/// What else an answer tells of a node.
#[derive(Clone, Copy)]
pub(super) struct Description<'a> {
    pub ip: &'a [u8],
    pub hostname: &'a [u8],
    pub zone: &'a [u8],
    pub health: Health,
    pub config_epoch: Option<u64>,
}

impl Default for Description<'_> {
    fn default() -> Self {
        Self { ip: b"", hostname: b"", zone: b"", health: Health::Online, config_epoch: None }
    }
}

/// Where an answer comes from, and what becomes of the addresses in it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// The node that answered, as it was dialled.
    pub answered_by: &'a NodeAddress,
    /// What turns announced addresses into those that are dialled.
    pub translation: &'a Translation,
    /// Connections are made with TLS.
    pub tls: bool,
}

/// A node of the answer: by its number in the answer's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mention(u16);

struct Mentioned<'a> {
    identity: Identity<'a>,
    /// `None`: it cannot be dialled and is left out; its slots count as not covered.
    node: Option<KnownNode>,
    is_primary: bool,
    primary: Option<Mention>,
}

/// Collects nodes and owners from one answer, then becomes a [`SlotMap`].
///
/// Where an answer contradicts itself, the later word holds: a slot named twice belongs to the node
/// named last. A node named as primary is one, whatever else names it as replica. What describes a
/// node is read where it is first mentioned, and only there.
pub(super) struct View<'a> {
    source: Source<'a>,
    mentioned: Vec<Mentioned<'a>>,
    owners: Vec<u16>,
    ranges: u16,
    /// Open addressing over `mentioned`, a power of two, at most half full.
    table: Vec<u16>,
    /// Makes the table's order unpredictable to who chose the ids.
    key: u64,
    zones: Vec<Arc<str>>,
}

impl<'a> View<'a> {
    pub fn new(source: Source<'a>) -> Self {
        Self {
            source,
            mentioned: Vec::new(),
            owners: vec![NONE; usize::from(SLOT_COUNT)],
            ranges: 0,
            table: vec![NONE; 64],
            key: fastrand::u64(..),
            zones: Vec::new(),
        }
    }

    /// True if connections to the nodes are made with TLS.
    pub fn is_for_tls(&self) -> bool {
        self.source.tls
    }

    /// The node of this id, if it is a usual one and was mentioned before.
    #[inline]
    pub fn known(&self, id: &[u8]) -> Option<Mention> {
        let identity = Identity { host: b"", port: 0, id };
        identity.usual_id()?;
        match self.table[self.place_of(&identity)] {
            NONE => None,
            number => Some(Mention(number)),
        }
    }

    /// The node of this identity, described as it is where it is first mentioned.
    pub fn add(&mut self, identity: Identity<'a>, description: Description<'a>) -> Parsed<Mention> {
        let place = self.place_of(&identity);
        if self.table[place] != NONE {
            return Ok(Mention(self.table[place]));
        }
        if self.mentioned.len() == MOST_NODES {
            return Err(Malformed("more nodes than any cluster has"));
        }
        let node = self.describe(&identity, &description)?;
        let number = self.mentioned.len() as u16;
        self.mentioned.push(Mentioned { identity, node, is_primary: false, primary: None });
        self.table[place] = number;
        if self.mentioned.len() * 2 > self.table.len() {
            self.grow();
        }
        Ok(Mention(number))
    }

    /// The node is a primary, with slots or without.
    #[inline]
    pub fn lead(&mut self, node: Mention) {
        self.mentioned[usize::from(node.0)].is_primary = true;
    }

    /// The node serves these slots, which makes it a primary. More ranges than there are slots are
    /// refused: an answer of any length must not cost any time.
    #[inline]
    pub fn own(&mut self, node: Mention, (start, end): (u16, u16)) -> Parsed<()> {
        self.ranges += 1;
        if self.ranges > SLOT_COUNT {
            return Err(Malformed("there are more ranges than slots"));
        }
        self.lead(node);
        let owners = &mut self.owners[usize::from(start)..usize::from(end) + 1];
        match owners {
            [owner] => *owner = node.0,
            owners => owners.fill(node.0),
        }
        Ok(())
    }

    /// The node is a replica of the other.
    #[inline]
    pub fn follow(&mut self, node: Mention, primary: Mention) {
        if node != primary {
            self.mentioned[usize::from(node.0)].primary = Some(primary);
        }
    }

    /// Where the identity stands in the table, or the free place it would take.
    #[inline]
    fn place_of(&self, identity: &Identity<'_>) -> usize {
        let mask = self.table.len() - 1;
        let mut place = identity.hash(self.key) as usize & mask;
        loop {
            match self.table[place] {
                NONE => return place,
                number if self.mentioned[usize::from(number)].identity.is(identity) => {
                    return place;
                }
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let size = self.table.len() * 2;
        self.table = vec![NONE; size];
        for (number, mentioned) in self.mentioned.iter().enumerate() {
            let mut place = mentioned.identity.hash(self.key) as usize & (size - 1);
            while self.table[place] != NONE {
                place = (place + 1) & (size - 1);
            }
            self.table[place] = number as u16;
        }
    }

    /// The node as it will stand in the map, role, primary and slots apart.
    fn describe(
        &mut self,
        identity: &Identity<'a>,
        description: &Description<'a>,
    ) -> Parsed<Option<KnownNode>> {
        let (announced, ip) = (host(identity.host)?, host(description.ip)?);
        let hostname = host(description.hostname)?;
        let id = text(identity.id, "a node id is no plain text")?;
        let zone = text(description.zone, "an availability zone is no plain text")?;
        // An announced host that cannot be dialled ("?") may have another beside it.
        let Source { answered_by, translation, .. } = self.source;
        let Some((announced, address)) = [announced, ip, hostname]
            .into_iter()
            .enumerate()
            .filter(|&(place, host)| place == 0 || !host.is_empty())
            .find_map(|(_, host)| {
                Some((host, dialled(host, identity.port, answered_by, translation)?))
            })
        else {
            return Ok(None);
        };
        let announced = match announced {
            same if same == &*address.host => {
                NodeAddress { host: Arc::clone(&address.host), port: identity.port }
            }
            other => NodeAddress::new(other, identity.port),
        };
        let hostname = match hostname {
            "" | "?" => None,
            same if same == &*address.host => Some(Arc::clone(&address.host)),
            other => Some(Arc::from(other)),
        };
        Ok(Some(KnownNode {
            id: id.into(),
            address,
            announced,
            hostname,
            role: Role::Replica,
            primary: None,
            zone: self.zone(zone),
            health: description.health,
            config_epoch: description.config_epoch,
            is_newly_promoted: false,
            slots: Box::default(),
        }))
    }

    /// A cluster has few zones and many nodes: each zone's name is kept once.
    fn zone(&mut self, name: &str) -> Option<Arc<str>> {
        if name.is_empty() {
            return None;
        }
        if let Some(zone) = self.zones.iter().find(|zone| &***zone == name) {
            return Some(Arc::clone(zone));
        }
        let zone: Arc<str> = Arc::from(name);
        if self.zones.len() < 16 {
            self.zones.push(Arc::clone(&zone));
        }
        Some(zone)
    }

    /// The map.
    pub fn finish(mut self) -> SlotMap {
        let mut shards =
            Shards { of: vec![NONE; self.mentioned.len()], order: Vec::new(), slots: Vec::new() };
        let owners = self.owners_by_shard(&mut shards);
        let Shards { of: mut shard_of, mut order, slots } = shards;
        let with_slots = order.len();
        order.extend((0..self.mentioned.len()).filter_map(|number| {
            let mentioned = &self.mentioned[number];
            let idle = mentioned.is_primary && mentioned.node.is_some() && shard_of[number] == NONE;
            idle.then_some(number as u16)
        }));
        order[with_slots..].sort_by_key(|&number| self.address(number));
        for (shard, &number) in order.iter().enumerate() {
            shard_of[usize::from(number)] = shard as u16;
        }
        let shards = order.len();
        self.append_replicas(&mut order, &shard_of);

        let mut slots = slots.into_iter();
        let mut nodes = Vec::with_capacity(order.len());
        for (place, number) in order.into_iter().enumerate() {
            let Mentioned { node, primary, .. } = &mut self.mentioned[usize::from(number)];
            let Some(mut node) = node.take() else { continue };
            if place < shards {
                node.role = Role::Primary;
                node.slots = slots.next().unwrap_or_default().into_boxed_slice();
            } else {
                node.primary = shard(&shard_of, *primary);
            }
            nodes.push(node);
        }
        SlotMap::new(nodes, owners, shards)
    }

    /// Numbers the primaries that can be dialled by their first slot, and gives each slot its shard.
    fn owners_by_shard(&mut self, shards: &mut Shards) -> Box<[u16]> {
        let mut owners = std::mem::take(&mut self.owners).into_boxed_slice();
        let mut slot = 0;
        while let Some(&number) = owners.get(slot) {
            let start = slot;
            while slot < owners.len() && owners[slot] == number {
                slot += 1;
            }
            if number == NONE {
                continue;
            }
            let shard = match shards.of[usize::from(number)] {
                NONE if self.mentioned[usize::from(number)].node.is_some() => shards.add(number),
                shard => shard,
            };
            owners[start..slot].fill(shard);
            if shard != NONE {
                shards.slots[usize::from(shard)].push((start as u16, slot as u16 - 1));
            }
        }
        owners
    }

    /// After the primaries the replicas, by shard and address; those of no known shard last.
    fn append_replicas(&self, order: &mut Vec<u16>, shard_of: &[u16]) {
        let shards = order.len();
        order.extend((0..self.mentioned.len()).filter_map(|number| {
            let mentioned = &self.mentioned[number];
            (!mentioned.is_primary && mentioned.node.is_some()).then_some(number as u16)
        }));
        order[shards..].sort_by_key(|&number| {
            let primary = self.mentioned[usize::from(number)].primary;
            (shard(shard_of, primary).unwrap_or(usize::MAX), self.address(number))
        });
    }

    fn address(&self, number: u16) -> Option<(Arc<str>, u16)> {
        let node = self.mentioned[usize::from(number)].node.as_ref()?;
        Some((Arc::clone(&node.address.host), node.address.port))
    }
}

/// The shards that have slots, in the making.
struct Shards {
    /// By a node's number in the answer: its shard.
    of: Vec<u16>,
    /// By shard: its primary's number.
    order: Vec<u16>,
    /// By shard: its slots.
    slots: Vec<Vec<(u16, u16)>>,
}

impl Shards {
    fn add(&mut self, number: u16) -> u16 {
        let shard = self.order.len() as u16;
        self.of[usize::from(number)] = shard;
        self.order.push(number);
        self.slots.push(Vec::new());
        shard
    }
}

fn shard(shard_of: &[u16], primary: Option<Mention>) -> Option<usize> {
    match shard_of[usize::from(primary?.0)] {
        NONE => None,
        shard => Some(usize::from(shard)),
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
