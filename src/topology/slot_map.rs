//! One view of the cluster: its nodes, and which of them serves each slot.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::node::{NodeAddress, Role};
use crate::slot::SLOT_COUNT;

/// In [`SlotMap::owners`]: nobody serves the slot.
pub(super) const NOBODY: u16 = u16::MAX;

/// How a node feels, as the answer says; CLUSTER SLOTS says nothing and reads as online.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Health {
    /// Serves.
    Online,
    /// Loads its data set.
    Loading,
    /// The cluster agreed that it failed.
    Failed,
}

/// A node of the cluster as one answer described it.
#[derive(Clone, Debug)]
pub struct KnownNode {
    /// 40 hex digits, or "" where the answer names none.
    pub id: String,
    /// Where it is dialled.
    pub address: NodeAddress,
    /// What the server announced: the host may be empty there. Equal to `address` where nothing was
    /// translated.
    pub announced: NodeAddress,
    /// The hostname of the answer's metadata.
    pub hostname: Option<Arc<str>>,
    /// Primary or replica.
    pub role: Role,
    /// Index of a replica's primary in the map; `None` also where the answer names it but not its
    /// address.
    pub primary: Option<usize>,
    /// Availability zone.
    pub zone: Option<Arc<str>>,
    /// How it feels.
    pub health: Health,
    /// At least so high is its config epoch. CLUSTER NODES tells it (of a replica, its primary's), the other
    /// commands do not.
    pub config_epoch: Option<u64>,
    /// It has just told of its promotion, or been named by a redirect, and no view since: it knows of it for sure,
    /// where the others may not have heard.
    pub is_newly_promoted: bool,
    /// Inclusive, sorted, merged; empty for replicas.
    pub slots: Box<[(u16, u16)]>,
}

/// Which node serves which slot. Immutable: a newer view is another map.
///
/// The nodes stand in an order that does not depend on the order of the answer: primaries by their
/// first slot (those without slots after them, by address), then the replicas by shard and address.
pub struct SlotMap {
    version: u64,
    fingerprint: u64,
    covered: usize,
    /// The primary of each slot, as an index into `nodes`: primaries come first, so that this is also
    /// the number of the shard.
    owners: Box<[u16]>,
    nodes: Box<[KnownNode]>,
    /// Every index of `nodes`, so that replicas can be lent as a slice of it.
    indexes: Box<[usize]>,
    /// Where each shard's replicas begin in `nodes`; one more entry than shards.
    replica_starts: Box<[u32]>,
    names: Names,
}

impl SlotMap {
    /// A map that knows nothing, version 0: what a pool has before it discovers.
    pub fn empty() -> Self {
        Self {
            version: 0,
            fingerprint: 0,
            covered: 0,
            owners: vec![NOBODY; usize::from(SLOT_COUNT)].into_boxed_slice(),
            nodes: Box::default(),
            indexes: Box::default(),
            replica_starts: Box::new([0]),
            names: Names { entries: Box::default(), keys: RandomState::new() },
        }
    }

    /// A map of these nodes, in the order the type's comment states; `owners` holds the shard of each
    /// slot, [`NOBODY`] where nobody serves.
    pub(super) fn new(nodes: Vec<KnownNode>, owners: Box<[u16]>, shards: usize) -> Self {
        let nodes = nodes.into_boxed_slice();
        let mut replica_starts = Vec::with_capacity(shards + 1);
        let mut next = shards;
        for shard in 0..shards {
            replica_starts.push(next as u32);
            while nodes.get(next).is_some_and(|node| node.primary == Some(shard)) {
                next += 1;
            }
        }
        replica_starts.push(next as u32);
        static VERSIONS: AtomicU64 = AtomicU64::new(0);
        Self {
            version: VERSIONS.fetch_add(1, Ordering::Relaxed) + 1,
            fingerprint: fingerprint(&nodes, &owners),
            covered: owners.iter().filter(|&&owner| owner != NOBODY).count(),
            indexes: (0..nodes.len()).collect(),
            replica_starts: replica_starts.into_boxed_slice(),
            names: Names::of(&nodes),
            owners,
            nodes,
        }
    }

    /// Grows with each map made in this process; 0 for [`SlotMap::empty`].
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Equal for maps that route alike, whatever the command or the order of the answer: nodes, roles
    /// and slots count; versions, epochs, health and zones do not.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Takes over what `told` knows of nodes whose config epoch the answer did not tell.
    pub(super) fn tell_epochs(&mut self, told: impl Fn(&KnownNode) -> Option<u64>) {
        for node in self.nodes.iter_mut().filter(|node| node.config_epoch.is_none()) {
            node.config_epoch = told(node);
        }
    }

    #[cfg(test)]
    pub(super) fn clear_epochs(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.config_epoch = None);
    }

    /// All nodes, primaries first.
    pub fn nodes(&self) -> &[KnownNode] {
        &self.nodes
    }

    /// How many shards there are: the first so many nodes are their primaries.
    pub fn shard_count(&self) -> usize {
        self.replica_starts.len() - 1
    }

    /// Slots with an owner.
    pub fn covered(&self) -> usize {
        self.covered
    }

    /// The slots nobody serves, as inclusive ranges.
    pub fn uncovered(&self) -> Vec<(u16, u16)> {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for slot in (0..SLOT_COUNT).filter(|&slot| self.primary_of(slot).is_none()) {
            match ranges.last_mut() {
                Some((_, end)) if *end + 1 == slot => *end = slot,
                _ => ranges.push((slot, slot)),
            }
        }
        ranges
    }

    /// Index of the slot's primary: one array access. `None` where nobody serves the slot, and beyond
    /// the last slot.
    #[inline]
    pub fn primary_of(&self, slot: u16) -> Option<usize> {
        match self.owners.get(usize::from(slot)) {
            Some(&owner) if owner != NOBODY => Some(usize::from(owner)),
            _ => None,
        }
    }

    /// Indexes of the slot's replicas.
    pub fn replicas_of(&self, slot: u16) -> &[usize] {
        self.primary_of(slot).map_or(&[], |shard| self.replicas_of_shard(shard))
    }

    /// Indexes of the replicas of the shard whose primary has this index.
    pub fn replicas_of_shard(&self, shard: usize) -> &[usize] {
        let (Some(&start), Some(&end)) =
            (self.replica_starts.get(shard), self.replica_starts.get(shard + 1))
        else {
            return &[];
        };
        &self.indexes[start as usize..end as usize]
    }

    /// By id or by "host:port": dialled, announced or hostname and port; IPv6 with or without
    /// brackets. Hosts and ids are equal in any letter case.
    pub fn find(&self, name: &str) -> Option<usize> {
        let by_id = || {
            let hash = self.names.hash_of_id(name);
            self.candidates(hash).find(|(_, node)| node.id.eq_ignore_ascii_case(name))
        };
        match NodeAddress::parse(name) {
            Ok(address) => self.find_address(&address).or_else(|| by_id().map(|(at, _)| at)),
            Err(_) => by_id().map(|(at, _)| at),
        }
    }

    /// By address: who is dialled there, else who announces it, else whose hostname it is.
    pub fn find_address(&self, address: &NodeAddress) -> Option<usize> {
        let hash = self.names.hash_of_host(&address.host, address.port);
        let find = |is: fn(&KnownNode, &NodeAddress) -> bool| {
            self.candidates(hash).find(|(_, node)| is(node, address)).map(|(at, _)| at)
        };
        find(|node, address| node.address.is(address))
            .or_else(|| find(|node, address| node.announced.is(address)))
            .or_else(|| {
                find(|node, address| {
                    node.announced.port == address.port
                        && (node.hostname.as_ref())
                            .is_some_and(|name| name.eq_ignore_ascii_case(&address.host))
                })
            })
    }

    fn candidates(&self, hash: u32) -> impl Iterator<Item = (usize, &KnownNode)> {
        self.names.at(hash).map(|at| (at, &self.nodes[at]))
    }
}

impl std::fmt::Debug for SlotMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotMap")
            .field("version", &self.version)
            .field("covered", &self.covered)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}

/// What [`SlotMap::fingerprint`] gives: the same in every process, so without random keys; nothing
/// depends on it but whether a refresh counts as having brought something new.
fn fingerprint(nodes: &[KnownNode], owners: &[u16]) -> u64 {
    use std::hash::{BuildHasherDefault, DefaultHasher, Hash};
    let mut hasher = BuildHasherDefault::<DefaultHasher>::default().build_hasher();
    owners.hash(&mut hasher);
    for node in nodes {
        (&node.id, &node.address, node.primary).hash(&mut hasher);
        (node.role == Role::Primary).hash(&mut hasher);
    }
    hasher.finish()
}

/// Ids and addresses of a map's nodes: hash and index, sorted by hash. The strings themselves stand
/// in the nodes alone, so a thousand nodes cost some 30 KiB here. The keys of the hash are random:
/// who names nodes cannot make the look-up slow.
struct Names {
    entries: Box<[(u32, u32)]>,
    keys: RandomState,
}

impl Names {
    fn of(nodes: &[KnownNode]) -> Self {
        let mut names = Self { entries: Box::default(), keys: RandomState::new() };
        let mut entries = Vec::with_capacity(nodes.len() * 3);
        for (index, node) in nodes.iter().enumerate() {
            let mut add = |hash| entries.push((hash, index as u32));
            if !node.id.is_empty() {
                add(names.hash_of_id(&node.id));
            }
            add(names.hash_of_host(&node.address.host, node.address.port));
            if !node.announced.is(&node.address) {
                add(names.hash_of_host(&node.announced.host, node.announced.port));
            }
            if let Some(hostname) = &node.hostname {
                add(names.hash_of_host(hostname, node.announced.port));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        names.entries = entries.into_boxed_slice();
        names
    }

    /// The nodes that may bear the name with this hash.
    fn at(&self, hash: u32) -> impl Iterator<Item = usize> {
        let start = self.entries.partition_point(|&(other, _)| other < hash);
        self.entries[start..]
            .iter()
            .take_while(move |&&(other, _)| other == hash)
            .map(|&(_, node)| node as usize)
    }

    fn hash_of_id(&self, id: &str) -> u32 {
        self.hash(id, 0)
    }

    fn hash_of_host(&self, host: &str, port: u16) -> u32 {
        self.hash(host, port)
    }

    /// Of the text in small letters and the port; 0 stands for an id.
    fn hash(&self, text: &str, port: u16) -> u32 {
        let mut hasher = self.keys.build_hasher();
        for part in text.as_bytes().chunks(64) {
            let mut small = [0; 64];
            let small = &mut small[..part.len()];
            small.copy_from_slice(part);
            small.make_ascii_lowercase();
            hasher.write(small);
        }
        hasher.write_u16(port);
        hasher.finish() as u32
    }
}
