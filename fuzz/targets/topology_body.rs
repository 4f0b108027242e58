//! The readers of CLUSTER SLOTS, SHARDS and NODES on any reply: an error, or a map that holds
//! together.

use rediscluster::node::{NodeAddress, Role};
use rediscluster::options::Translation;
use rediscluster::resp::Reply;
use rediscluster::topology::{Query, SlotMap};

/// The first byte chooses the command, the rest is the reply.
pub fn run(data: &[u8]) {
    let Some((&command, resp)) = data.split_first() else { return };
    let query = match command % 3 {
        0 => Query::Slots,
        1 => Query::Shards,
        _ => Query::Nodes,
    };
    let Ok(reply) = Reply::from_resp(resp) else { return };
    let asked = NodeAddress::new("10.0.0.9", 7000);
    match query.read(reply.root(), &asked, &Translation::default(), false) {
        Ok(map) => check(&map),
        Err(error) => assert!(error.message().len() < 1024, "a message of any length"),
    }
}

fn check(map: &SlotMap) {
    let nodes = map.nodes();
    let mut covered = 0;
    for (index, node) in nodes.iter().enumerate() {
        assert_eq!(index < map.shard_count(), node.role == Role::Primary);
        assert!(node.address.port > 0 && !node.address.host.is_empty());
        assert_eq!(NodeAddress::parse(&node.address.to_string()).as_ref(), Ok(&node.address));
        let found = map.find(&node.address.to_string()).expect("every node is found");
        assert!(nodes[found].address.host.eq_ignore_ascii_case(&node.address.host));
        if let Some(primary) = node.primary {
            assert!(node.role == Role::Replica && nodes[primary].role == Role::Primary);
            assert!(map.replicas_of_shard(primary).contains(&index));
        }
        assert!(node.slots.is_empty() || node.role == Role::Primary);
        assert!(node.slots.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "merged and sorted");
        for &(start, end) in &node.slots {
            assert!(start <= end && end < 16384);
            for slot in start..=end {
                assert_eq!(map.primary_of(slot), Some(index));
                covered += 1;
            }
        }
    }
    assert_eq!(covered, map.covered());
    let missing: usize =
        map.uncovered().iter().map(|&(start, end)| usize::from(end - start) + 1).sum();
    assert_eq!(covered + missing, 16384);
    for shard in 0..map.shard_count() {
        assert!(map.replicas_of_shard(shard).iter().all(|&at| nodes[at].primary == Some(shard)));
    }
}
