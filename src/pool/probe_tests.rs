//! Probes of scripted nodes.

use std::thread;

use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::fake_node::FakeNodes;

use super::*;
use crate::deadline::Timeout;
use crate::options::Options;

/// Node 1 is the primary; ROLE of node 2 is what the scene makes it.
const SHARD: &str = "node *\n handshake\n topology 0-16383=1,replica:2,replica:3\n\
                     node 3\n on ROLE => array slave 127.0.0.1 1 connected 0\n";
const SLAVE: &str = "node 2\n on ROLE => array slave 127.0.0.1 1 connected 0\n";
const MASTER: &str = "node 2\n on ROLE => array master 0\n";

fn run(script: &str) -> FakeNodes {
    FakeNodes::run(script).unwrap()
}

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn owner(pool: &Pool, slot: u16) -> String {
    let map = pool.topology();
    map.nodes()[map.primary_of(slot).unwrap()].address.to_string()
}

/// Probes until one was made: the one before may be less than 20 ms ago.
fn probe(pool: &Pool, nodes: &FakeNodes, node: usize) -> bool {
    let before = nodes.count_on(node, "ROLE");
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let changed = pool.hurry(0, soon());
        if changed || nodes.count_on(node, "ROLE") > before {
            return changed;
        }
        assert!(Instant::now() < end, "it is not asked");
        thread::yield_now();
    }
}

#[test]
fn a_promoted_replica_is_the_primary_at_once() {
    let nodes = run(&format!("{SHARD}scene before\n{SLAVE}scene after\n{MASTER}"));
    nodes.use_scene("before").unwrap();
    let pool = pool(&nodes, &[]);
    assert!(!probe(&pool, &nodes, 2));
    assert_eq!(owner(&pool, 0), nodes.address(1));
    nodes.use_scene("after").unwrap();
    let asked = nodes.count("CLUSTER");
    let seen = pool.map_changes();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            while pool.map_changes() == seen {
                pool.wait_for_change(seen, Deadline::NEVER);
            }
            owner(&pool, 0)
        });
        assert!(probe(&pool, &nodes, 2));
        assert_eq!(waiter.join().unwrap(), nodes.address(2));
    });
    assert_eq!(owner(&pool, 16383), nodes.address(2));
    assert_eq!(nodes.count("CLUSTER"), asked, "no topology call");
    until_closed(&nodes);
    assert_eq!(pool.stats().total.created, 0, "no place of the pool's");
}

fn until_closed(nodes: &FakeNodes) {
    let end = Instant::now() + Duration::from_secs(20);
    while nodes.connections(2).open + nodes.connections(3).open > 0 {
        assert!(Instant::now() < end, "the probe's connections stay open");
        thread::yield_now();
    }
}

#[test]
fn one_at_a_time_and_at_most_every_20_ms() {
    let nodes = run(&format!("{SHARD}{SLAVE}"));
    let pool = pool(&nodes, &[]);
    let (began, length) = (Instant::now(), Duration::from_millis(300));
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                while began.elapsed() < length {
                    assert!(!pool.hurry(7, soon()));
                    thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
    let most = began.elapsed().as_millis() as u64 / 20 + 1;
    let asked = nodes.count_on(2, "ROLE");
    assert!((1..=most).contains(&asked), "{asked} of at most {most}");
    // Unless an answer was late, on a machine that is busy.
    assert!(nodes.connections(2).total <= 3, "the connection is kept");
    assert_eq!(nodes.count_on(1, "ROLE"), 0);
}

#[test]
fn connections_are_closed_when_nobody_probes_any_more() {
    let nodes = run(&format!("{SHARD}{SLAVE}"));
    let pool = pool(&nodes, &[]);
    probe(&pool, &nodes, 2);
    pool.core().probes.tidy();
    assert_eq!(nodes.connections(2).open, 1);
    thread::sleep(KEPT + Duration::from_millis(20));
    pool.maintain(Duration::ZERO).1.unwrap();
    until_closed(&nodes);
}

#[test]
fn a_silent_replica_does_not_stop_the_others() {
    for silent in ["on ROLE => hang", "listen blackhole"] {
        let nodes = run(&format!(
            "node *\n handshake\n topology 0-16383=1,replica:3,replica:2\n\
             node 3\n {silent}\nscene before\n{SLAVE}scene after\n{MASTER}"
        ));
        nodes.use_scene("before").unwrap();
        let pool = pool(&nodes, &[]);
        let began = Instant::now();
        probe(&pool, &nodes, 2);
        assert!(began.elapsed() < Duration::from_secs(2), "{silent}: {:?}", began.elapsed());
        nodes.use_scene("after").unwrap();
        assert!(probe(&pool, &nodes, 2), "{silent}");
    }
}

#[test]
fn who_refuses_role_is_left_alone_for_a_second() {
    let nodes = run(&format!(
        "{SHARD}scene before\nnode 2\n on ROLE => error \"NOPERM no permissions\"\nscene after\n{MASTER}"
    ));
    nodes.use_scene("before").unwrap();
    let pool = pool(&nodes, &[]);
    probe(&pool, &nodes, 2);
    let denied = Instant::now();
    nodes.use_scene("after").unwrap();
    for _ in 0..3 {
        assert!(!probe(&pool, &nodes, 3));
    }
    if denied.elapsed() < DENIED {
        assert_eq!(nodes.count_on(2, "ROLE"), 1);
    }
    assert!(probe(&pool, &nodes, 2));
    assert!(denied.elapsed() >= DENIED);
}

#[test]
fn the_deadline_ends_it_and_says_nothing_of_the_replica() {
    let nodes =
        run(&format!("{SHARD}scene before\nnode 2\n on ROLE => hang\nscene after\n{MASTER}"));
    nodes.use_scene("before").unwrap();
    let pool = pool(&nodes, &[]);
    let began = Instant::now();
    while nodes.count_on(2, "ROLE") == 0 {
        assert!(!pool.hurry(0, Deadline::after(Duration::from_millis(30))));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!pool.hurry(0, Deadline::after(Duration::ZERO)));
    nodes.use_scene("after").unwrap();
    assert!(probe(&pool, &nodes, 2));
}

#[test]
fn with_tls_and_a_password() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.folder().display().to_string();
    let nodes = run(&format!("tls {folder}\n{SHARD}{MASTER}"));
    let authority = format!("{folder}/ca.pem");
    let settings = [("ssl", "yes"), ("ssl_ca_certs", &*authority), ("password", "secret")];
    let pool = pool(&nodes, &settings);
    // A TLS handshake may take longer than a probe waits, on a machine that is busy.
    let end = Instant::now() + Duration::from_secs(20);
    while !pool.hurry(0, soon()) {
        assert!(Instant::now() < end);
        thread::yield_now();
    }
    assert_eq!(owner(&pool, 0), nodes.address(2));
}

#[test]
fn a_shard_without_replicas_and_a_closed_pool_ask_nobody() {
    let nodes = run("node *\n handshake\n topology 0-8191=1 8192-16383=2,replica:3");
    let pool = pool(&nodes, &[]);
    assert!(!pool.hurry(0, soon()));
    pool.close();
    assert!(!pool.hurry(9000, soon()));
    assert_eq!(nodes.connections(3).total, 0);
    assert!(pool.refresh(Timeout::Default).is_err());
}
