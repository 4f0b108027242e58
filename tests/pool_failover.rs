//! What threads that wait for a shard do for themselves when its primary is gone, on real servers.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rediscluster::deadline::{Deadline, Timeout};
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::pool::{Access, Pool};
use rediscluster_test_support::cluster::{Cluster, Config};

/// Of 3 + 3 nodes: slot 0 is node 1's, whose replica is node 4.
const OLD: usize = 1;
const NEW: usize = 4;

fn cluster() -> (Cluster, Pool) {
    let cluster =
        Cluster::start(Config { primaries: 3, replicas: 1, ..Config::default() }).unwrap();
    assert_eq!(cluster.owner(0), Ok(OLD));
    let mut options = Options::default();
    options.set("startup_nodes", &cluster.addresses().join(",")).unwrap();
    options.set("topology_refresh_min_interval", "0").unwrap();
    // A connection is made without a word of the server's, be it paused.
    options.set("handshake", "minimal").unwrap();
    options.set("protocol", "2").unwrap();
    (cluster, Pool::new(options).unwrap())
}

fn owner(pool: &Pool) -> String {
    let map = pool.topology();
    map.nodes()[map.primary_of(0).unwrap()].address.to_string()
}

/// As a call does that waits for slot 0.
fn wait_for(pool: &Pool, successor: &str) {
    let end = Deadline::after(Duration::from_secs(30));
    while owner(pool) != successor {
        assert!(!end.has_passed(), "nobody is promoted");
        let seen = pool.map_changes();
        if !pool.hurry(0, end) {
            pool.wait_for_change(seen, Deadline::after(Duration::from_millis(20)));
        }
    }
}

/// The promoted replica is known within 50 ms (under load four times as long), while nobody asks for the topology.
#[test]
fn a_promotion_is_known_at_once() {
    let (mut cluster, pool) = cluster();
    let successor = cluster.address(NEW).unwrap();
    cluster.kill(OLD).unwrap();
    // As a call would: it fails, and the topology is asked for.
    assert!(pool.get_by_slot(0, Access::Write, Timeout::Within(Duration::from_secs(1))).is_err());
    let refreshes = pool.stats().total.refreshes;

    let known = Mutex::new(Vec::new());
    let mut admin = cluster.connect(NEW).unwrap();
    let promoted = thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                wait_for(&pool, &successor);
                known.lock().unwrap().push(Instant::now());
            });
        }
        while admin.command(&["ROLE"]).unwrap().items()[0].text() != "master" {
            thread::sleep(Duration::from_millis(1));
        }
        Instant::now()
    });
    let last = *known.lock().unwrap().iter().max().unwrap();
    let took = last.saturating_duration_since(promoted);
    assert!(took < Duration::from_millis(200), "known to all after {took:?}");
    assert_eq!(pool.stats().total.refreshes, refreshes);
    let connection = pool.get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    pool.release(connection).unwrap();
    cluster.wait_ok().unwrap();
    pool.refresh(Timeout::Default).unwrap();
    assert_eq!(owner(&pool), successor);
}

/// Whatever a primary that was paused tells when it goes on. Servers mostly hear of the successor before they answer;
/// scripted ones that do not are in `src/pool/stale_view_tests.rs`.
#[test]
fn a_primary_that_wakes_up_does_not_get_its_slots_back() {
    let (mut cluster, pool) = cluster();
    let (old, successor) = (cluster.address(OLD).unwrap(), cluster.address(NEW).unwrap());
    let node = |text: &str| NodeAddress::parse(text).unwrap();
    cluster.pause(OLD).unwrap();
    pool.refresh_after(&[node(&old)], Deadline::NEVER).unwrap();
    wait_for(&pool, &successor);
    // It is asked first, for all others are said to be in trouble, and finds the question when it goes on.
    let others: Vec<_> = (2..=6).map(|at| node(&cluster.address(at).unwrap())).collect();
    let refresh = || pool.refresh_after(&others, Deadline::NEVER).unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(refresh);
        thread::sleep(Duration::from_millis(100));
        cluster.resume(OLD).unwrap();
        first.join().unwrap();
    });
    let end = Instant::now() + Duration::from_millis(300);
    while Instant::now() < end {
        assert_eq!(owner(&pool), successor);
        refresh();
    }
}
