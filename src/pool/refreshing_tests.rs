//! Refreshes that are stepped by hand, together with each other and with those that wait.

use std::thread;

use rediscluster_test_support::fake_node::FakeNodes;
use rediscluster_test_support::waits;

use super::*;
use crate::deadline::Timeout;
use crate::error::Status;
use crate::options::Options;
use crate::os::poll::PollSet;

const CLUSTER: &str = "node *\n handshake\n topology 0-8191=1 8192-16383=2\n";
/// The topology is told once the gate is open.
const GATED: &str = "node *\n on CLUSTER * => gate go; slots 0-8191=1 8192-16383=2\n handshake\n";

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("init_slot_cache", "no").unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn wait(refreshing: &Refreshing) {
    let mut set = PollSet::default();
    if let Some(fd) = refreshing.fd() {
        set.add(fd, refreshing.wanted());
    }
    set.wait(refreshing.until()).unwrap();
}

/// One step, which has not waited.
fn step(refreshing: &mut Refreshing) -> Option<Result<()>> {
    let (outcome, waited) = waits::during(|| refreshing.step());
    assert!(!waited);
    outcome
}

fn drive(refreshing: &mut Refreshing) -> Result<()> {
    loop {
        if let Some(outcome) = step(refreshing) {
            return outcome;
        }
        wait(refreshing);
    }
}

/// Until the node has been asked, and has not answered.
fn to_the_question(refreshing: &mut Refreshing, nodes: &FakeNodes) {
    while nodes.count("CLUSTER SLOTS") == 0 {
        assert!(step(refreshing).is_none());
        thread::yield_now();
    }
}

#[test]
fn two_at_once_make_one_set_of_calls() {
    let nodes = FakeNodes::run(GATED).unwrap();
    // A thread that comes when the first is over, on a busy machine, makes no call either.
    let pool = pool(&nodes, &[("topology_refresh_min_interval", "60000")]);
    let mut first = pool.begin_refresh(&[], false, soon());
    let mut second = pool.begin_refresh(&[], false, soon());
    to_the_question(&mut first, &nodes);
    assert!(step(&mut second).is_none() && second.fd().is_none());
    assert!(second.until().remaining().unwrap() <= Duration::from_millis(5));
    thread::scope(|scope| {
        let third = scope.spawn(|| pool.refresh_after(&[], soon()));
        nodes.open_gate("go");
        drive(&mut first).unwrap();
        drive(&mut second).unwrap();
        third.join().unwrap().unwrap();
    });
    assert_eq!(nodes.count("CLUSTER SLOTS"), 1);
    assert_eq!((pool.topology().covered(), pool.stats().total.refreshes), (16384, 1));
    // Another so soon is left out, at once.
    let suppressed = pool.stats().total.refreshes_suppressed;
    assert!(step(&mut pool.begin_refresh(&[], false, soon())).unwrap().is_ok());
    assert_eq!(pool.stats().total.refreshes_suppressed, suppressed + 1);
    // But not where it is forced.
    drive(&mut pool.begin_refresh(&[], true, soon())).unwrap();
    assert_eq!(nodes.count("CLUSTER SLOTS"), 2);
}

#[test]
fn a_thread_that_refreshes_does_so_for_a_loop_too() {
    let nodes = FakeNodes::run(GATED).unwrap();
    let pool = pool(&nodes, &[]);
    thread::scope(|scope| {
        let leader = scope.spawn(|| pool.refresh(Timeout::Never));
        while nodes.count("CLUSTER SLOTS") == 0 {
            thread::yield_now();
        }
        let mut refreshing = pool.begin_refresh(&[], false, soon());
        assert!(step(&mut refreshing).is_none() && refreshing.fd().is_none());
        let mut late = pool.begin_refresh(&[], false, Deadline::after(Duration::from_millis(30)));
        assert_eq!(drive(&mut late).unwrap_err().status(), Status::Timeout);
        nodes.open_gate("go");
        drive(&mut refreshing).unwrap();
        leader.join().unwrap().unwrap();
    });
    assert_eq!(nodes.count("CLUSTER SLOTS"), 1);
}

#[test]
fn a_leader_that_is_dropped_gives_up_the_lead() {
    let nodes =
        FakeNodes::run(&format!("node *\n once on CLUSTER SLOTS => hang\n{CLUSTER}")).unwrap();
    let pool = pool(&nodes, &[]);
    let mut leader = pool.begin_refresh(&[], false, soon());
    to_the_question(&mut leader, &nodes);
    let mut second = pool.begin_refresh(&[], false, soon());
    assert!(step(&mut second).is_none());
    thread::scope(|scope| {
        let third = scope.spawn(|| pool.refresh_after(&[], soon()));
        drop(leader);
        drive(&mut second).unwrap();
        third.join().unwrap().unwrap();
    });
    assert_eq!(pool.topology().covered(), 16384);
}

#[test]
fn a_silent_node_is_passed_over_and_nobody_waits_in_a_step() {
    let nodes = FakeNodes::run(&format!("node 1\n on CLUSTER * => hang\n{CLUSTER}")).unwrap();
    let both = format!("{},{}", nodes.address(1), nodes.address(2));
    let settings = [("startup_nodes", &*both), ("socket_timeout", "100")];
    for _ in 0..6 {
        let pool = pool(&nodes, &settings);
        let mut refreshing = pool.begin_refresh(&[], false, soon());
        drive(&mut refreshing).unwrap();
        assert_eq!(pool.topology().covered(), 16384);
        assert!(step(&mut refreshing).unwrap().is_ok(), "it stays over");
    }
}

#[test]
fn a_deadline_ends_it() {
    let nodes = FakeNodes::run("node 1\n on CLUSTER * => hang\n handshake").unwrap();
    let pool = pool(&nodes, &[]);
    let mut refreshing = pool.begin_refresh(&[], true, Deadline::after(Duration::from_millis(60)));
    let error = drive(&mut refreshing).unwrap_err();
    assert!(matches!(error.status(), Status::Timeout | Status::Unreachable), "{error}");
    pool.close();
    assert_eq!(
        drive(&mut pool.begin_refresh(&[], true, soon())).unwrap_err().status(),
        Status::Closed
    );
}

#[test]
fn a_first_map_is_discovered_though_the_last_try_was_a_moment_ago() {
    let nodes =
        FakeNodes::run(&format!("node *\n once on CLUSTER * => error \"CLUSTERDOWN\"\n{CLUSTER}"))
            .unwrap();
    let pool = pool(&nodes, &[("topology_command", "slots")]);
    let mut first = pool.begin_discovery(soon()).expect("there is no map");
    assert!(drive(&mut first).is_err());
    drive(&mut pool.begin_refresh(&[], false, soon())).unwrap();
    assert_eq!(pool.topology().version(), 0, "left out");
    drive(&mut pool.begin_discovery(soon()).expect("there is no map")).unwrap();
    assert!(pool.topology().version() > 0 && pool.begin_discovery(soon()).is_none());
}
