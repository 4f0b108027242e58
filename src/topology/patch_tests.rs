//! Maps and what MOVED makes of them.

use std::sync::Arc;

use super::*;
use crate::node::NodeAddress;
use crate::options::{Options, TopologyCommand, Translation};
use crate::topology::Query;
use crate::topology::discovery::{Discovery, Step};

/// Two shards of two replicas each and one of none; the third begins and ends with slots of its own.
const NODES: &str = "\
a1 10.0.0.1:1@11 master - 0 0 1 connected 0-99\n\
a2 10.0.0.1:2@12 slave a1 0 0 1 connected\n\
a3 10.0.0.1:3@13 slave a1 0 0 1 connected\n\
b1 10.0.0.2:1@11 master - 0 0 2 connected 100-199\n\
b2 10.0.0.2:2@12 slave b1 0 0 2 connected\n\
c1 10.0.0.3:1@11 master - 0 0 3 connected 200\n";

fn map_of(nodes: &str) -> SlotMap {
    let asked = NodeAddress::new("10.0.0.1", 1);
    let resp = format!("${}\r\n{nodes}\r\n", nodes.len());
    let reply = crate::resp::Reply::from_resp(resp.as_bytes()).unwrap();
    Query::first(TopologyCommand::Nodes)
        .read(reply.root(), &asked, &Translation::default(), false)
        .unwrap()
}

fn to(map: &SlotMap, slot: u16, node: &str) -> Option<SlotMap> {
    let node = NodeAddress::parse(node).unwrap();
    moved(map, slot, &node, &node)
}

/// Each slot's primary and replicas, by address; what a whole map of the same would say is the same.
fn shard(map: &SlotMap, slot: u16) -> (String, Vec<String>) {
    let text = |node: usize| map.nodes()[node].address.to_string();
    let primary = map.primary_of(slot).map_or_else(String::new, text);
    (primary, map.replicas_of(slot).iter().map(|&node| text(node)).collect())
}

fn owned(primary: &str, replicas: &[&str]) -> (String, Vec<String>) {
    (primary.to_owned(), replicas.iter().map(|&text| text.to_owned()).collect())
}

/// Whom a discovery asks first that goes by this map.
fn asked_first(map: &Arc<SlotMap>, suspects: &[NodeAddress], seed: u64) -> String {
    let mut options = Options::default();
    options.set("startup_nodes", "10.0.0.9:1").unwrap();
    let mut rng = fastrand::Rng::with_seed(seed);
    match Discovery::new(&options, Some(map), suspects, &mut rng).step() {
        Step::Ask { node, .. } => node.to_string(),
        Step::Done(_) => unreachable!(),
    }
}

/// The others may still have the old primary, and a view of theirs would take the slots from the new one again.
#[test]
fn who_has_just_been_promoted_is_asked_for_the_next_view() {
    let before = Arc::new(map_of(NODES));
    let after = Arc::new(to(&before, 50, "10.0.0.1:3").unwrap());
    let again = Arc::new(to(&after, 50, "10.0.0.1:2").unwrap());
    let promoted = NodeAddress::new("10.0.0.1", 3);
    for seed in 0..20 {
        assert_eq!(asked_first(&after, &[], seed), "10.0.0.1:3");
        assert_eq!(asked_first(&again, &[], seed), "10.0.0.1:2");
        assert_ne!(asked_first(&after, std::slice::from_ref(&promoted), seed), "10.0.0.1:3");
    }
    let any = |map: &Arc<SlotMap>| (0..20).any(|seed| asked_first(map, &[], seed) != "10.0.0.1:3");
    assert!(any(&before));
    let elsewhere = Arc::new(to(&before, 50, "10.0.0.2:1").unwrap());
    assert!(any(&elsewhere), "one slot moves: nobody is promoted");
}

#[test]
fn to_its_owner_changes_nothing() {
    assert!(to(&map_of(NODES), 0, "10.0.0.1:1").is_none());
}

#[test]
fn to_its_replica_swaps_roles_for_the_whole_shard() {
    let before = map_of(NODES);
    let after = to(&before, 50, "10.0.0.1:3").unwrap();
    assert!(after.version() > before.version());
    for slot in [0, 50, 99] {
        assert_eq!(shard(&after, slot), owned("10.0.0.1:3", &["10.0.0.1:1", "10.0.0.1:2"]));
    }
    assert_eq!(shard(&after, 100), shard(&before, 100));
    assert_eq!((after.covered(), after.shard_count(), after.nodes().len()), (201, 3, 6));
    // As a whole map would have it.
    let whole = NODES
        .replace(
            "a1 10.0.0.1:1@11 master - 0 0 1 connected 0-99",
            "a1 10.0.0.1:1@11 slave a3 0 0 1 connected",
        )
        .replace(
            "slave a1 0 0 1 connected\na3 10.0.0.1:3@13 slave a1 0 0 1 connected",
            "slave a3 0 0 1 connected\na3 10.0.0.1:3@13 master - 0 0 1 connected 0-99",
        );
    assert_eq!(after.fingerprint(), map_of(&whole).fingerprint());
    // And back.
    assert_eq!(to(&after, 0, "10.0.0.1:1").unwrap().fingerprint(), before.fingerprint());
}

#[test]
fn to_another_primary_moves_the_slot_alone() {
    let before = map_of(NODES);
    let after = to(&before, 0, "10.0.0.2:1").unwrap();
    assert_eq!(shard(&after, 0), owned("10.0.0.2:1", &["10.0.0.2:2"]));
    assert_eq!(shard(&after, 1), shard(&before, 1));
    // The primary of the lowest slot stands first.
    assert_eq!(&*after.nodes()[0].slots, [(0, 0), (100, 199)]);
    // Its last slot gone, a primary is one without slots; a slot nobody served has an owner.
    let after = to(&after, 200, "10.0.0.2:1").unwrap();
    let after = to(&after, 9000, "10.0.0.2:1").unwrap();
    assert_eq!(&*after.nodes()[0].slots, [(0, 0), (100, 200), (9000, 9000)]);
    let idle = &after.nodes()[after.find("c1").unwrap()];
    assert_eq!((idle.role, idle.slots.len()), (Role::Primary, 0));
    assert_eq!((after.covered(), after.shard_count()), (202, 3));
}

#[test]
fn to_anything_else_makes_a_shard_of_it() {
    let before = map_of(NODES);
    let after = to(&before, 5, "10.0.0.2:2").unwrap();
    assert_eq!(shard(&after, 5), owned("10.0.0.2:2", &[]));
    assert_eq!(shard(&after, 100), owned("10.0.0.2:1", &[]));
    assert_eq!(shard(&after, 4), shard(&before, 4));
    let after = to(&after, 6, "[::1]:9").unwrap();
    assert_eq!(shard(&after, 6), owned("[::1]:9", &[]));
    let unknown = &after.nodes()[after.find("[::1]:9").unwrap()];
    assert_eq!((unknown.id.as_str(), unknown.role, unknown.primary), ("", Role::Primary, None));
    assert_eq!((after.shard_count(), after.nodes().len(), after.covered()), (5, 7, 201));
}
