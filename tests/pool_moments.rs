//! What happens to a get when others change the pool at that very moment.

use std::sync::Arc;
use std::time::Duration;

use rediscluster::deadline::Timeout;
use rediscluster::options::Options;
use rediscluster::pool::{Access, Pool, handles};
use rediscluster_test_support::fake_node::FakeNodes;

const WAIT: Timeout = Timeout::Within(Duration::from_secs(10));

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

/// A get at random waits for a node, which leaves: it goes on with those that are there now.
#[test]
fn a_random_get_outlives_the_node_it_waits_for() {
    let nodes = FakeNodes::run(
        "node *\n handshake\n topology 0-8191=1 8192-16383=2\nscene after\nnode *\n topology 0-16383=3",
    )
    .unwrap();
    let settings = [("max_connections", "1"), ("pool_exhausted", "block")];
    let pool = Arc::new(pool(&nodes, &settings));
    let out = pool.get_by_slot(0, Access::Write, WAIT).unwrap();
    let waiter = {
        let pool = pool.clone();
        std::thread::spawn(move || pool.get_random(WAIT).map_err(|error| error.status()))
    };
    while pool.stats().total.waiting == 0 {
        std::thread::yield_now();
    }
    nodes.use_scene("after").unwrap();
    pool.refresh(WAIT).unwrap();
    pool.release(out).unwrap();
    let connection = waiter.join().unwrap().unwrap();
    let node = handles::with(connection, |lease| Ok(lease.node_text().to_owned())).unwrap();
    assert_eq!(node.to_str().unwrap(), nodes.address(3));
    pool.release(connection).unwrap();
}
