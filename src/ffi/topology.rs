//! What a pool knows of the cluster, as a snapshot.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use super::{call, handle, text};
use crate::node::Role;
use crate::topology::{Health, KnownNode, SlotMap};

/// The cluster as a pool knew it at one moment: nodes, and which of them serves which slot. It
/// never changes, owns all it shows, and may be read by several threads.
pub struct rediscluster_topology {
    map: Arc<SlotMap>,
    nodes: Box<[rediscluster_node]>,
}

/// One node of a topology. Part of it.
pub struct rediscluster_node {
    id: CString,
    address: CString,
    host: CString,
    port: u16,
    announced_host: CString,
    announced_port: u16,
    role: Role,
    primary: Option<usize>,
    zone: CString,
    health: Health,
    slots: Box<[(u16, u16)]>,
}

/// What a node is to its shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_role {
    /// Of no node (NULL).
    REDISCLUSTER_ROLE_UNKNOWN = 0,
    /// Serves the shard's slots.
    REDISCLUSTER_ROLE_PRIMARY = 1,
    /// Copies a primary.
    REDISCLUSTER_ROLE_REPLICA = 2,
}

/// How a node is, as the cluster says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_health {
    /// Of no node (NULL).
    REDISCLUSTER_HEALTH_UNKNOWN = 0,
    /// It works.
    REDISCLUSTER_HEALTH_ONLINE = 1,
    /// It loads its data set.
    REDISCLUSTER_HEALTH_LOADING = 2,
    /// It is out of order.
    REDISCLUSTER_HEALTH_FAILED = 3,
}

impl rediscluster_topology {
    pub(super) fn new(map: Arc<SlotMap>) -> Self {
        let nodes = map.nodes().iter().map(rediscluster_node::new).collect();
        Self { map, nodes }
    }

    fn node(&self, index: Option<usize>) -> *const rediscluster_node {
        index.and_then(|index| self.nodes.get(index)).map_or(ptr::null(), ptr::from_ref)
    }
}

impl rediscluster_node {
    fn new(node: &KnownNode) -> Self {
        Self {
            id: text::of(&node.id),
            address: text::of(&node.address.to_string()),
            host: text::of(&node.address.host),
            port: node.address.port,
            announced_host: text::of(&node.announced.host),
            announced_port: node.announced.port,
            role: node.role,
            primary: node.primary,
            zone: text::of(node.zone.as_deref().unwrap_or_default()),
            health: node.health,
            slots: node.slots.iter().copied().collect(),
        }
    }
}

/// The topology's version: grows with each that the pool makes.
///
/// Returns: the version; 0 before the first discovery, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_version(
    topology: *const rediscluster_topology,
) -> u64 {
    // SAFETY: NULL or a live topology, by the API's contract.
    unsafe { topology.as_ref() }.map_or(0, |topology| topology.map.version())
}

/// How many nodes there are.
///
/// Returns: the number; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_node_count(
    topology: *const rediscluster_topology,
) -> usize {
    // SAFETY: NULL or a live topology, by the API's contract.
    unsafe { topology.as_ref() }.map_or(0, |topology| topology.nodes.len())
}

/// A node by its index.
///
/// index: 0 to the count less one.
///
/// Returns: the node; NULL beyond the last, and for NULL.
/// Ownership: borrowed from the topology, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_node(
    topology: *const rediscluster_topology,
    index: usize,
) -> *const rediscluster_node {
    // SAFETY: NULL or a live topology, by the API's contract.
    unsafe { topology.as_ref() }.map_or(ptr::null(), |topology| topology.node(Some(index)))
}

/// The nodes that hold a slot: its primary first, then the replicas.
///
/// slot: 0 to 16383.
/// index: 0 is the primary, 1 the first replica.
///
/// Returns: the node; NULL beyond the last replica, for a slot that nobody serves or that is none,
/// and for NULL.
/// Ownership: borrowed from the topology, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_slot_node(
    topology: *const rediscluster_topology,
    slot: i32,
    index: usize,
) -> *const rediscluster_node {
    // SAFETY: NULL or a live topology, by the API's contract.
    let Some(topology) = (unsafe { topology.as_ref() }) else { return ptr::null() };
    let Some(slot) = u16::try_from(slot).ok().filter(|&slot| slot < crate::slot::SLOT_COUNT) else {
        return ptr::null();
    };
    call::or_else(ptr::null(), || {
        topology.node(match index.checked_sub(1) {
            None => topology.map.primary_of(slot),
            Some(replica) => topology.map.replicas_of(slot).get(replica).copied(),
        })
    })
}

/// All nodes of a role.
///
/// role: REDISCLUSTER_ROLE_PRIMARY or REDISCLUSTER_ROLE_REPLICA.
/// nodes: room for `capacity` nodes; may be NULL if that is 0.
/// capacity: how many nodes to write at most.
///
/// Returns: how many nodes of the role there are, which may be more than were written; 0 for NULL
/// and for a number that is no role.
/// Ownership: the nodes are borrowed from the topology, and live as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_nodes_by_role(
    topology: *const rediscluster_topology,
    role: i32,
    nodes: *mut *const rediscluster_node,
    capacity: usize,
) -> usize {
    // SAFETY: NULL or a live topology, by the API's contract.
    let Some(topology) = (unsafe { topology.as_ref() }) else { return 0 };
    let capacity = if nodes.is_null() { 0 } else { capacity };
    let mut count = 0;
    for node in topology.nodes.iter().filter(|node| of_role(node.role) as i32 == role) {
        if count < capacity {
            // SAFETY: not NULL, and with room for `capacity` nodes by the API's contract.
            unsafe { nodes.add(count).write(node) };
        }
        count += 1;
    }
    count
}

/// Frees a topology. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the topology and its nodes are gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_topology_free(topology: *mut rediscluster_topology) {
    // SAFETY: NULL or a topology that is the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(topology) }));
}

fn of_role(role: Role) -> rediscluster_role {
    match role {
        Role::Primary => rediscluster_role::REDISCLUSTER_ROLE_PRIMARY,
        Role::Replica => rediscluster_role::REDISCLUSTER_ROLE_REPLICA,
    }
}

/// The node's id: 40 hexadecimal digits.
///
/// Returns: NUL-terminated text; "" where the server told none, and for NULL; never NULL.
/// Ownership: the text is the topology's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_id(node: *const rediscluster_node) -> *const c_char {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    text::or_empty(unsafe { node.as_ref() }.map(|node| node.id.as_c_str()))
}

/// Where the node is dialled: "host:port", "[v6]:port"; what rediscluster_pool_get_by_node and
/// rediscluster_stats_get take.
///
/// Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
/// Ownership: the text is the topology's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_address(
    node: *const rediscluster_node,
) -> *const c_char {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    text::or_empty(unsafe { node.as_ref() }.map(|node| node.address.as_c_str()))
}

/// The host that is dialled: a name or a numeric address, without brackets.
///
/// Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
/// Ownership: the text is the topology's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_host(node: *const rediscluster_node) -> *const c_char {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    text::or_empty(unsafe { node.as_ref() }.map(|node| node.host.as_c_str()))
}

/// The port that is dialled.
///
/// Returns: 1 to 65535; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_port(node: *const rediscluster_node) -> i32 {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    unsafe { node.as_ref() }.map_or(0, |node| node.port.into())
}

/// The host that the cluster announced.
///
/// Returns: NUL-terminated UTF-8; "" where it announced none, and for NULL; never NULL.
/// Ownership: the text is the topology's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_announced_host(
    node: *const rediscluster_node,
) -> *const c_char {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    text::or_empty(unsafe { node.as_ref() }.map(|node| node.announced_host.as_c_str()))
}

/// The port that the cluster announced.
///
/// Returns: 1 to 65535; 0 for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_announced_port(node: *const rediscluster_node) -> i32 {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    unsafe { node.as_ref() }.map_or(0, |node| node.announced_port.into())
}

/// The node's role.
///
/// Returns: the role; REDISCLUSTER_ROLE_UNKNOWN for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_role(
    node: *const rediscluster_node,
) -> rediscluster_role {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    let node = unsafe { node.as_ref() };
    node.map_or(rediscluster_role::REDISCLUSTER_ROLE_UNKNOWN, |node| of_role(node.role))
}

/// A replica's primary, as an index for rediscluster_topology_node.
///
/// Returns: the index; -1 for a primary, for a replica whose primary is not known, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_primary(node: *const rediscluster_node) -> i64 {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    let primary = unsafe { node.as_ref() }.and_then(|node| node.primary);
    primary.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1)
}

/// The node's availability zone.
///
/// Returns: NUL-terminated UTF-8; "" where none is known, and for NULL; never NULL.
/// Ownership: the text is the topology's and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_zone(node: *const rediscluster_node) -> *const c_char {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    text::or_empty(unsafe { node.as_ref() }.map(|node| node.zone.as_c_str()))
}

/// How the node is, as the cluster says.
///
/// Returns: the health; REDISCLUSTER_HEALTH_UNKNOWN for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_health(
    node: *const rediscluster_node,
) -> rediscluster_health {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    match unsafe { node.as_ref() }.map(|node| node.health) {
        None => rediscluster_health::REDISCLUSTER_HEALTH_UNKNOWN,
        Some(Health::Online) => rediscluster_health::REDISCLUSTER_HEALTH_ONLINE,
        Some(Health::Loading) => rediscluster_health::REDISCLUSTER_HEALTH_LOADING,
        Some(Health::Failed) => rediscluster_health::REDISCLUSTER_HEALTH_FAILED,
    }
}

/// How many ranges of slots a primary serves.
///
/// Returns: the number; 0 for a replica and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_slot_range_count(
    node: *const rediscluster_node,
) -> usize {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    unsafe { node.as_ref() }.map_or(0, |node| node.slots.len())
}

/// One of the ranges of slots a primary serves, in rising order.
///
/// index: 0 to the count less one.
/// start: the first slot of the range; -1 beyond the last range. May be NULL.
/// end: the last slot of the range, which belongs to it; -1 beyond the last range. May be NULL.
///
/// Returns: true if there is such a range; false beyond the last, and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_node_slot_range(
    node: *const rediscluster_node,
    index: usize,
    start: *mut i32,
    end: *mut i32,
) -> bool {
    // SAFETY: NULL or part of a live topology, by the API's contract.
    let range = unsafe { node.as_ref() }.and_then(|node| node.slots.get(index));
    let (first, last) = range.map_or((-1, -1), |&(first, last)| (first.into(), last.into()));
    // SAFETY: each is NULL or a place for a slot, by the API's contract.
    unsafe {
        if let Some(start) = start.as_mut() {
            *start = first;
        }
        if let Some(end) = end.as_mut() {
            *end = last;
        }
    }
    range.is_some()
}
