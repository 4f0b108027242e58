//! Views of nodes that have not heard of a promotion yet.

use std::time::{Duration, Instant};

use rediscluster_test_support::fake_node::{FakeNodes, What};

use super::*;
use crate::deadline::Timeout;
use crate::options::Options;

/// Node 1 is the primary, by all; in the scene "heard", node 3 knows that node 2 is.
const BEFORE: &str = "0-16383=1/epoch=4,replica:2/epoch=4,replica:3/epoch=4";
const AFTER: &str = "0-16383=2/epoch=5,replica:1/epoch=5,replica:3/epoch=5";

fn nodes(more: &str) -> FakeNodes {
    let script = format!(
        "node *\n handshake\n{more} topology {BEFORE}\nscene heard\nnode 3\n topology {AFTER}"
    );
    FakeNodes::run(&script).unwrap()
}

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("reinitialize_steps", "0").unwrap();
    options.set("topology_refresh_min_interval", "0").unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

/// Refreshes as after a failure of node 1.
fn refresh(pool: &Pool, nodes: &FakeNodes) {
    let suspect = NodeAddress::parse(&nodes.address(1)).unwrap();
    pool.refresh_after(&[suspect], Deadline::NEVER).unwrap();
}

fn owner(pool: &Pool) -> String {
    let map = pool.topology();
    map.nodes()[map.primary_of(0).unwrap()].address.to_string()
}

/// A pool that knows the epochs, and then of the promotion.
fn promoted(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let pool = pool(nodes, settings);
    refresh(&pool, nodes);
    pool.moved(0, &nodes.address(2)).unwrap();
    assert_eq!(owner(&pool), nodes.address(2));
    pool
}

#[test]
fn an_older_view_is_left_out_and_the_next_node_is_asked() {
    let nodes = nodes("");
    let pool = promoted(&nodes, &[]);
    refresh(&pool, &nodes);
    assert_eq!(owner(&pool), nodes.address(2));
    nodes.use_scene("heard").unwrap();
    refresh(&pool, &nodes);
    assert_eq!(owner(&pool), nodes.address(2));
    let map = pool.topology();
    assert_eq!(map.nodes()[map.primary_of(0).unwrap()].config_epoch, Some(5));
}

#[test]
fn older_views_win_in_the_end() {
    for command in ["slots", "nodes"] {
        let nodes = nodes("");
        let pool = promoted(&nodes, &[("topology_command", command)]);
        let began = Instant::now();
        while owner(&pool) == nodes.address(2) {
            refresh(&pool, &nodes);
            std::thread::sleep(Duration::from_millis(10));
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(20), "{took:?}");
        // From then on its epochs hold.
        refresh(&pool, &nodes);
        assert_eq!(owner(&pool), nodes.address(1));
    }
}

#[test]
fn both_questions_go_out_in_one_write_and_only_after_a_failure() {
    let nodes = nodes("");
    let pool = pool(&nodes, &[]);
    pool.refresh(Timeout::Default).unwrap();
    assert_eq!(nodes.count("CLUSTER NODES"), 0);
    refresh(&pool, &nodes);
    assert_eq!((nodes.count("CLUSTER NODES"), nodes.count("CLUSTER SLOTS")), (1, 3));
    let asked: Vec<_> = (nodes.log().iter())
        .filter_map(|event| match &event.what {
            What::Command { read, .. } if event.name().starts_with("CLUSTER") => {
                Some((event.name(), event.node, event.connection, *read))
            }
            _ => None,
        })
        .collect();
    let [.., (first, node, connection, read), last] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(first, "CLUSTER NODES");
    assert_eq!(*last, ("CLUSTER SLOTS".to_owned(), *node, *connection, *read));
    assert_eq!(pool.topology().nodes()[0].config_epoch, Some(4));
}

#[test]
fn where_nodes_is_denied_slots_counts_alone() {
    let nodes = nodes(" on CLUSTER NODES => error \"NOPERM no permissions\"\n");
    let pool = promoted(&nodes, &[]);
    refresh(&pool, &nodes);
    assert_eq!(owner(&pool), nodes.address(1));
}

#[test]
fn epochs_outlive_views_that_tell_none() {
    let nodes = nodes("");
    let pool = pool(&nodes, &[]);
    refresh(&pool, &nodes);
    pool.refresh(Timeout::Default).unwrap();
    assert_eq!(pool.topology().nodes()[0].config_epoch, Some(4));
}
