//! Where gets go when nodes, maps and connections are not as they were.

use std::thread;
use std::time::Duration;

use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::fake_node::FakeNodes;

use super::Pool;
use crate::credentials::Credentials;
use crate::deadline::{Deadline, Timeout};
use crate::options::{Options, ReadFrom, Secret};
use crate::pool::Access;
use crate::pool::handles::with;
use crate::pool::leasing::Patience;
use crate::topology::Kind;

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

/// Whether the node that answers a get for reading is a replica.
fn reads_from_replica(pool: &Pool) -> bool {
    let connection = pool.get_by_slot(0, Access::Read, Timeout::Default).unwrap();
    let readonly = with(connection, |lease| Ok(lease.connection().is_readonly())).unwrap();
    pool.release(connection).unwrap();
    readonly
}

#[test]
fn a_read_that_waits_holds_no_place() {
    let nodes = FakeNodes::run(
        "node *\n handshake\n topology 0-16383=1,replica:2\n\
         scene after\nnode *\n topology 0-16383=1,replica:3",
    )
    .unwrap();
    let settings =
        [("max_connections", "1"), ("read_from", "replica"), ("pool_exhausted", "block")];
    let pool = pool(&nodes, &settings);
    let core = pool.core();
    let soon = || Patience {
        deadline: Deadline::after(Duration::from_secs(5)),
        now: false,
        waits: true,
        follows: false,
        stop: None,
    };
    let mut attempts = Vec::new();
    // An idle connection to a replica did not pass its check; meanwhile another replica took its place.
    let unfit = core.lease_reader(5, ReadFrom::Replica, None, soon(), &mut attempts).ok().unwrap();
    let place = core.close_for_another(unfit);
    nodes.use_scene("after").unwrap();
    core.refresh(Kind::Forced, &[], Deadline::NEVER).unwrap();
    let lease =
        core.lease_reader(5, ReadFrom::Replica, Some(place), soon(), &mut attempts).ok().unwrap();
    assert_eq!(lease.node_text().to_str().unwrap(), nodes.address(3));
}

#[test]
fn reads_that_wait_take_turns_too() {
    let nodes =
        FakeNodes::run("node *\n handshake\n topology 0-16383=1,replica:2,replica:3").unwrap();
    let settings =
        [("max_connections_per_node", "1"), ("read_from", "replica"), ("pool_exhausted", "block")];
    let pool = pool(&nodes, &settings);
    let read = || pool.get_by_slot(0, Access::Read, Timeout::Default);
    let held = [read().unwrap(), read().unwrap()];
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| pool.release(read().unwrap()).unwrap());
        }
        while pool.stats().total.waiting < 6 {
            thread::yield_now();
        }
        let waiting = pool.stats().nodes.iter().map(|(_, stats)| stats.waiting).max();
        for connection in held {
            pool.release(connection).unwrap();
        }
        assert_eq!(waiting, Some(3));
    });
}

#[test]
fn a_dial_without_time_sends_no_replica_to_rest() {
    let nodes = FakeNodes::run("node *\n handshake\n topology 0-16383=1,replica:2").unwrap();
    let pool = pool(&nodes, &[("read_from", "replica_preferred"), ("replica_cooldown", "60000")]);
    assert!(pool.get_by_slot(0, Access::Read, Timeout::Within(Duration::from_nanos(1))).is_err());
    assert!(reads_from_replica(&pool));
}

#[test]
fn a_corrected_map_sends_no_replica_to_rest() {
    let nodes =
        FakeNodes::run("node *\n handshake\n topology 0-16382=1,replica:2/health=loading 16383=3")
            .unwrap();
    let settings = [
        ("read_from", "replica_preferred"),
        ("topology_command", "shards"),
        ("replica_cooldown", "100"),
        ("reinitialize_steps", "0"),
    ];
    let pool = pool(&nodes, &settings);
    // It was loading when the map was made, and is well since its rest ended.
    while !reads_from_replica(&pool) {
        thread::yield_now();
    }
    for slot in 100..105 {
        pool.moved(slot, &nodes.address(3)).unwrap();
        assert!(reads_from_replica(&pool), "after MOVED {slot}");
    }
}

#[test]
fn of_two_nodes_with_one_address_the_primary_counts() {
    let id = "a".repeat(40);
    let script = format!("node *\n handshake\n topology 0-16383=1,replica:1/id={id}");
    let nodes = FakeNodes::run(&script).unwrap();
    let pool = pool(&nodes, &[]);
    let connection = pool.get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    assert!(!with(connection, |lease| Ok(lease.connection().is_readonly())).unwrap());
    pool.release(connection).unwrap();
    pool.refresh(Timeout::Default).unwrap();
    assert_eq!(pool.stats().total.idle, 1);
}

#[test]
fn a_failed_tls_handshake_asks_where_the_slot_is() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.folder().display().to_string();
    let nodes = FakeNodes::run(&format!(
        "tls {folder}\nnode *\n handshake\n topology 0-16383=2\nnode 2\n tls {folder} names\n\
         scene after\nnode *\n topology 0-16383=1"
    ))
    .unwrap();
    let authority = format!("{folder}/ca.pem");
    let settings =
        [("ssl", "yes"), ("ssl_ca_certs", &*authority), ("topology_refresh_min_interval", "0")];
    let pool = pool(&nodes, &settings);
    nodes.use_scene("after").unwrap();
    let connection = pool.get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    pool.release(connection).unwrap();
}

#[test]
fn what_lies_unread_is_no_answer_to_a_login() {
    let nodes = FakeNodes::run("node *\n handshake\n topology 0-16383=1").unwrap();
    let pool = pool(&nodes, &[("password", "a")]);
    let connection = pool.get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    pool.release(connection).unwrap();
    nodes.send(1, b"-WRONGPASS stray\r\n");
    let core = pool.core();
    // Until it has arrived.
    loop {
        let now = crate::os::clock::coarse_millis();
        let mut lease = core.members.lock().take_idle_of_slot(0, now).unwrap();
        let is_fit = lease.is_fit(now);
        core.members.lock().put_back(lease);
        if !is_fit {
            break;
        }
    }
    let other = Credentials { username: None, password: Secret::new("b") };
    pool.update_credentials(other).unwrap();
    assert!(pool.get_by_slot(0, Access::Write, Timeout::Default).is_ok());
}

#[test]
fn a_call_may_read_from_others_than_the_pool() {
    let nodes = FakeNodes::run(
        "node *\n handshake\n topology 0-99=1,replica:2/zone=a,replica:3/zone=b 100-16383=4",
    )
    .unwrap();
    let modes = [
        (ReadFrom::Primary, &[1][..]),
        (ReadFrom::Replica, &[2, 3]),
        (ReadFrom::ReplicaPreferred, &[2, 3]),
        (ReadFrom::Any, &[1, 2, 3]),
        (ReadFrom::Az, &[2]),
    ];
    for own in ["primary", "replica", "any", "az"] {
        let pool = pool(&nodes, &[("read_from", own), ("client_az", "a")]);
        let core = pool.core();
        for (mode, expected) in modes {
            let patience = Patience {
                deadline: Deadline::NEVER,
                now: false,
                waits: true,
                follows: false,
                stop: None,
            };
            // First dialled, then idle.
            for idle in [false, true] {
                let mut seen = Vec::new();
                for _ in 0..12 {
                    let lease = match idle {
                        true => core.members.lock().take_idle_reader_by(7, mode, 1),
                        false => core.lease_reader(7, mode, None, patience, &mut Vec::new()).ok(),
                    };
                    let lease = lease.unwrap();
                    let node = lease.node_text().to_str().unwrap().to_owned();
                    seen.push((1..=4).find(|&node_| nodes.address(node_) == node).unwrap());
                    crate::pool::pool::Core::take_back(lease);
                }
                seen.sort_unstable();
                let shares: Vec<usize> =
                    expected.iter().flat_map(|&node| vec![node; 12 / expected.len()]).collect();
                assert_eq!(seen, shares, "{own}, {mode:?}, idle: {idle}");
            }
        }
    }
}
