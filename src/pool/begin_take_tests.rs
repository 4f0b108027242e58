//! What an event loop gets from a pool, stepped by hand.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use rediscluster_test_support::fake_node::FakeNodes;
use rediscluster_test_support::waits;

use super::*;
use crate::command::Command;
use crate::credentials::Credentials;
use crate::deadline::Timeout;
use crate::node::NodeAddress;
use crate::options::{Options, Secret};
use crate::os::poll::PollSet;
use crate::pool::{Access, Announced};

const SHARDS: &str =
    "node *\n handshake\n store\n topology 0-8191=1,replica:3,replica:4 8192-16383=2\n";

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(2)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn begin(pool: &Pool, target: &Target) -> Box<DialFor> {
    match pool.begin_take(target, soon()).unwrap() {
        Taken::Dial(dial) => dial,
        Taken::Lease(_) => panic!("a connection is idle"),
        Taken::Full(error) => panic!("{error}"),
    }
}

/// Steps to the end, and no step has waited.
fn drive(dial: &mut DialFor) -> Result<Box<Lease>> {
    loop {
        let (outcome, waited) = waits::during(|| dial.step());
        assert!(!waited);
        if let Some(outcome) = outcome.transpose() {
            return outcome;
        }
        let mut set = PollSet::default();
        if let Some(fd) = dial.fd() {
            set.add(fd, dial.wanted());
        }
        set.wait(dial.until()).unwrap();
    }
}

fn say(lease: &mut Lease) {
    lease.connection().command(&Command::of(&[b"SET", b"k", b"v"]), soon()).unwrap();
}

#[test]
fn what_is_idle_is_taken_and_else_dialled() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes, &[]);
    let node = Target::Node(NodeAddress::parse(&nodes.address(3)).unwrap());
    for (target, at) in [
        (Target::Primary(0), Some(1)),
        (Target::Primary(16383), Some(2)),
        (Target::Reader(9000, None), Some(2)),
        (node, Some(3)),
        (Target::Any, None),
    ] {
        let mut lease = match pool.begin_take(&target, soon()).unwrap() {
            Taken::Dial(mut dial) => {
                assert_eq!(pool.stats().total.dialing, 1);
                drive(&mut dial).unwrap()
            }
            // Any node may be one of those before.
            Taken::Lease(lease) => {
                assert!(at.is_none() || target == Target::Reader(9000, None));
                lease
            }
            Taken::Full(error) => panic!("{error}"),
        };
        if at != Some(3) {
            say(&mut lease);
        }
        let address = lease.node_text().to_str().unwrap().to_owned();
        assert!(at.is_none_or(|at| address == nodes.address(at)), "{address}");
        assert_eq!(pool.take_back_answered(lease), Standing::Good);
        match pool.begin_take(&target, soon()).unwrap() {
            Taken::Lease(lease) => Pool::take_back_unused(lease),
            _ => panic!("{target:?}"),
        }
    }
    let total = pool.stats().total;
    assert_eq!((total.dialing, total.in_use), (0, 0));
}

#[test]
fn a_node_that_a_redirect_names_may_stand_in_no_map() {
    let nodes = FakeNodes::run(&format!("nodes 5\n{SHARDS}")).unwrap();
    let pool = pool(&nodes, &[]);
    let answered_by = NodeAddress::parse(&nodes.address(1)).unwrap();
    let announced = |host, port| Target::Named(Box::new(Announced::new(host, port, &answered_by)));
    let mut dial = begin(&pool, &announced("127.0.0.1", nodes.port(5)));
    let lease = drive(&mut dial).unwrap();
    assert_eq!(lease.node_text().to_str().unwrap(), nodes.address(5));
    let error = pool.begin_take(&announced("?", 1), soon()).err().unwrap();
    assert_eq!(error.status(), Status::Protocol);
}

#[test]
fn what_leads_nowhere_is_told() {
    let nodes = FakeNodes::run("node *\n handshake\n topology 0-100=1").unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("require_full_coverage", "no").unwrap();
    let pool = Pool::new(options).unwrap();
    let status = |target| pool.begin_take(&target, soon()).err().map(|error| error.status());
    assert_eq!(status(Target::Primary(5)), None);
    assert_eq!(status(Target::Primary(101)), Some(Status::SlotNotCovered));
    assert_eq!(status(Target::Reader(101, None)), Some(Status::SlotNotCovered));
    let elsewhere = Target::Node(NodeAddress::new("127.0.0.1", 1));
    assert_eq!(status(elsewhere), Some(Status::UnknownNode));
    pool.close();
    assert_eq!(status(Target::Primary(5)), Some(Status::Closed));
}

#[test]
fn a_dial_that_is_dropped_half_way_gives_its_place_to_who_waits() {
    let nodes =
        FakeNodes::run("node 1\n connection 2 on HELLO * => hang\n handshake\n topology 0-16383=1")
            .unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("max_connections", "1").unwrap();
    options.set("pool_exhausted", "block").unwrap();
    let pool = Pool::new(options).unwrap();
    let mut dial = begin(&pool, &Target::Primary(0));
    while dial.wanted().writable {
        assert!(dial.step().unwrap().is_none());
    }
    let Taken::Full(error) = pool.begin_take(&Target::Primary(0), soon()).unwrap() else {
        panic!("there is one place")
    };
    assert_eq!(error.status(), Status::PoolExhausted);
    assert!(error.message().contains("1 dialing"), "{error}");
    thread::scope(|scope| {
        let waiter = scope
            .spawn(|| pool.get_by_slot(0, Access::Write, Timeout::Within(Duration::from_secs(20))));
        while pool.stats().total.waiting == 0 {
            thread::yield_now();
        }
        drop(dial);
        let handle = waiter.join().unwrap().unwrap();
        pool.release(handle).unwrap();
    });
    let total = pool.stats().total;
    assert_eq!((total.dialing, total.idle, total.created), (0, 1, 1));
}

#[test]
fn a_dial_that_fails_gives_its_place_back_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nodes = FakeNodes::run(&format!(
        "node 1\n handshake\n topology 0-100=127.0.0.1:{port} 101-16383=1"
    ))
    .unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    let pool = Pool::new(options).unwrap();
    let mut failed = 0;
    for _ in 0..50 {
        match pool.begin_take(&Target::Primary(0), soon()) {
            Ok(Taken::Dial(mut dial)) => {
                assert_eq!(drive(&mut dial).err().unwrap().status(), Status::Connection);
                assert_eq!(pool.stats().total.dialing, 0, "before it is dropped");
                assert_eq!(dial.step().err().unwrap().status(), Status::Internal);
            }
            Ok(_) => panic!("nothing can be idle, or full"),
            Err(error) => assert_eq!(error.status(), Status::Connection),
        }
        failed += 1;
    }
    let total = pool.stats().total;
    assert_eq!((failed, total.dialing, total.created), (50, 0, 0));
}

#[test]
fn a_lost_role_ends_a_dial() {
    let nodes = FakeNodes::run(&format!("node 1\n on HELLO * => hang\n{SHARDS}")).unwrap();
    let pool = pool(&nodes, &[]);
    let mut dial = begin(&pool, &Target::Primary(0));
    while dial.wanted().writable {
        assert!(dial.step().unwrap().is_none());
    }
    assert!(dial.step().unwrap().is_none());
    // To its replica.
    pool.moved(0, &nodes.address(3)).unwrap();
    assert_eq!(drive(&mut dial).err().unwrap().status(), Status::Cancelled);
    let lease = drive(&mut begin(&pool, &Target::Primary(0))).unwrap();
    assert_eq!(lease.node_text().to_str().unwrap(), nodes.address(3));
}

#[test]
fn a_read_goes_on_to_the_next_reader() {
    let nodes = FakeNodes::run(&format!("node 3\n on HELLO * => hang\n{SHARDS}")).unwrap();
    let settings = [("read_from", "replica"), ("replica_cooldown", "60000")];
    let pool = pool(&nodes, &settings);
    let mut met = 0;
    for _ in 0..4 {
        let deadline = Deadline::after(Duration::from_millis(400));
        let Taken::Dial(mut dial) = pool.begin_take(&Target::Reader(0, None), deadline).unwrap()
        else {
            panic!("nothing is idle")
        };
        // Its share: there is another.
        met += u64::from(dial.until().remaining().unwrap() <= Duration::from_millis(200));
        let lease = drive(&mut dial).unwrap();
        assert_eq!(lease.node_text().to_str().unwrap(), nodes.address(4));
    }
    assert!(met >= 1, "each of two comes first at times");
    assert_eq!(nodes.count_on(3, "HELLO"), 1, "it rests after the first dial");
}

#[test]
fn who_probes_a_resting_replica_and_gives_up_leaves_that_to_the_next() {
    let nodes = FakeNodes::run(&format!("node 3 4\n on HELLO * => hang\n{SHARDS}")).unwrap();
    let pool = pool(&nodes, &[("read_from", "replica"), ("replica_cooldown", "60000")]);
    let core = pool.core();
    let at = |node| {
        let routes = core.routes();
        let at = routes.map.find_address(&NodeAddress::parse(&nodes.address(node)).unwrap());
        core.members.lock().find(routes.members[at.unwrap()]).unwrap()
    };
    // Both have rested.
    for node in [3, 4] {
        let at = at(node);
        core.members.lock().list[at].rests_until = 1;
    }
    let dial = begin(&pool, &Target::Reader(0, None));
    let rests = || {
        let members = [3, 4].map(&at);
        members.map(|at| core.members.lock().list[at].rests_until)
    };
    assert_eq!(rests().iter().filter(|&&until| until == 1).count(), 1, "one is being probed");
    drop(dial);
    assert_eq!(rests(), [1, 1]);
}

#[test]
fn a_connection_of_old_credentials_is_dialled_anew() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes, &[]);
    let lease = drive(&mut begin(&pool, &Target::Primary(0))).unwrap();
    assert_eq!(pool.take_back_answered(lease), Standing::Good);
    let credentials = Credentials { username: None, password: Secret::new("other") };
    pool.core().dialer.set_credentials(credentials);
    pool.core().members.lock().retire_logins();
    let mut dial = begin(&pool, &Target::Primary(0));
    let mut lease = drive(&mut dial).unwrap();
    say(&mut lease);
    let total = pool.stats().total;
    assert_eq!((total.created, total.closed, total.open), (2, 1, 1));
}
