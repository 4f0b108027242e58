//! What happens to a get or a connection when others change the pool at that very moment.

use std::sync::Arc;
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::deadline::{Deadline, Timeout};
use rediscluster::error::Status;
use rediscluster::options::Options;
use rediscluster::pool::{Handle, Pool, handles};
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

fn ping(connection: Handle) -> Result<(), Status> {
    let ping = Command::of(&[b"PING"]);
    let deadline = Deadline::after(Duration::from_secs(10));
    handles::with(connection, |lease| lease.connection().command(&ping, deadline))
        .map(drop)
        .map_err(|error| error.status())
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
    let out = pool.get_by_slot(0, WAIT).unwrap();
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

/// An interrupt that comes together with the release never meets who has the connection next.
#[test]
fn an_interrupt_is_for_one_checkout_alone() {
    let nodes = FakeNodes::run("log off\nnode *\n handshake\n topology 0-16383=1").unwrap();
    let pool = pool(&nodes, &[("max_connections", "1")]);
    let (ask, asked) = std::sync::mpsc::sync_channel::<Handle>(0);
    let interrupter = std::thread::spawn(move || {
        for connection in asked {
            let _ = handles::interrupt(connection);
        }
    });
    for round in 0..20_000 {
        let first = pool.get_by_slot(0, WAIT).unwrap();
        ask.send(first).unwrap();
        for _ in 0..round % 100 {
            std::hint::spin_loop();
        }
        pool.release(first).unwrap();
        let second = pool.get_by_slot(0, WAIT).unwrap();
        assert_eq!(ping(second), Ok(()), "round {round}");
        pool.release(second).unwrap();
    }
    drop(ask);
    interrupter.join().unwrap();
}
