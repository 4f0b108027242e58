//! What becomes of connections to a primary that loses its role.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rediscluster_test_support::fake_node::FakeNodes;

use super::*;
use crate::command::Command;
use crate::connection::Connection;
use crate::credentials::Credentials;
use crate::deadline::{Deadline, Timeout};
use crate::error::Status;
use crate::options::{Options, Secret};
use crate::os::clock::coarse_millis;
use crate::pool::handles;
use crate::pool::leasing::Patience;
use crate::pool::member::FOR_CLIENT;
use crate::pool::{Access, Announced, Target};

const SHARDS: &str = "node *\n handshake\n store\n on HANG => hang\n on GATED => gate open; ok\n \
                      topology 0-8191=1,replica:2 8192-16383=3\n\
                      scene left\nnode *\n topology 0-8191=2 8192-16383=3";

fn pool(nodes: &FakeNodes) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("reinitialize_steps", "0").unwrap();
    Pool::new(options).unwrap()
}

fn lease(pool: &Pool, slot: u16) -> Box<Lease> {
    let core = pool.core();
    let key = core.routes().primary_of(slot).unwrap();
    core.lease(
        key,
        None,
        Patience { deadline: soon(), now: false, waits: true, follows: false, stop: None },
    )
    .unwrap()
    .unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn say(connection: &mut Connection) {
    connection.command(&Command::of(&[b"SET", b"k", b"v"]), soon()).unwrap();
}

fn given_back(lease: Box<Lease>) -> Standing {
    let core = lease.place.core.clone();
    core.take_back_answered(lease)
}

/// A call on it has been answered.
fn answered(mut lease: Box<Lease>) -> Standing {
    say(lease.connection());
    given_back(lease)
}

#[test]
fn an_answer_of_a_primary_that_was_demoted_meanwhile_is_told() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    let (old, other) = (lease(&pool, 0), lease(&pool, 9000));
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
    pool.moved(0, &nodes.address(2)).unwrap();
    assert!(matches!(answered(old), Standing::Demoted(_)));
    assert_eq!(answered(other), Standing::Good);
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
    // What it answers as a replica, and after it has its role again, is as good as any.
    let replica = pool.get_by_node(&nodes.address(1), Timeout::Default).unwrap();
    let replica = handles::end(replica, |_| Ok(())).unwrap();
    pool.moved(0, &nodes.address(1)).unwrap();
    assert_eq!(given_back(replica), Standing::Good);
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
}

#[test]
fn so_is_that_of_one_that_has_left() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    let old = lease(&pool, 0);
    // On its way to the node when the node leaves.
    let key = pool.core().routes().primary_of(0).unwrap();
    let place = pool.core().close_for_another(lease(&pool, 0));
    nodes.use_scene("left").unwrap();
    pool.refresh(Timeout::Default).unwrap();
    assert!(matches!(answered(old), Standing::Demoted(_)));
    let patience =
        Patience { deadline: soon(), now: false, waits: true, follows: false, stop: None };
    let late = pool.core().lease(key, Some(place), patience).unwrap().unwrap();
    assert!(matches!(answered(late), Standing::Demoted(_)));
}

#[test]
fn nothing_else_makes_an_answer_worthless() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    let (first, second) = (lease(&pool, 0), lease(&pool, 0));
    pool.disconnect().unwrap();
    assert_eq!(answered(first), Standing::Good);
    pool.update_credentials(Credentials { username: None, password: Secret::new("x") }).unwrap();
    assert_eq!(answered(second), Standing::Good);
    // A slot of its own moves: it is a primary still.
    let third = lease(&pool, 0);
    pool.moved(1, &nodes.address(3)).unwrap();
    assert_eq!(answered(third), Standing::Good);
    // A replica is promoted, and demoted again.
    let [replica, another] = [(); 2].map(|()| {
        let replica = pool.get_by_node(&nodes.address(2), Timeout::Default).unwrap();
        handles::end(replica, |_| Ok(())).unwrap()
    });
    pool.moved(0, &nodes.address(2)).unwrap();
    assert_eq!(given_back(replica), Standing::Good);
    pool.moved(0, &nodes.address(1)).unwrap();
    assert_eq!(given_back(another), Standing::Good);
}

/// A thread that waits on the connection for a reply that never comes.
fn stuck(mut lease: Box<Lease>) -> thread::JoinHandle<(Status, bool, Standing)> {
    thread::spawn(move || {
        let error = lease.connection().command(&Command::of(&[b"HANG"]), soon()).unwrap_err();
        (error.status(), error.maybe_executed(), given_back(lease))
    })
}

#[test]
fn calls_of_the_clients_end_at_once_and_no_others() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = Arc::new(pool(&nodes));
    // One taken idle, one marked later, one at another primary.
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
    let now = coarse_millis() | FOR_CLIENT;
    let idle = pool.core().members.lock().take_idle_of_slot(0, now).unwrap();
    let (marked, other) = (lease(&pool, 0), lease(&pool, 9000));
    assert_eq!(marked.for_client(), Standing::Good);
    assert_eq!(other.for_client(), Standing::Good);
    // What the program has checked out is its own, and so is what was the client's before.
    let before = lease(&pool, 0);
    assert_eq!(before.for_client(), Standing::Good);
    assert_eq!(answered(before), Standing::Good);
    let own = pool.get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    let unmarked = lease(&pool, 0);

    let threads = [stuck(idle), stuck(marked)];
    while nodes.count("HANG") < 2 {
        thread::yield_now();
    }
    pool.moved(0, &nodes.address(2)).unwrap();
    for thread in threads {
        let end = thread.join().unwrap();
        assert!(matches!(end, (Status::Cancelled, true, Standing::Demoted(_))), "{end:?}");
    }
    handles::with(own, |lease| {
        say(lease.connection());
        Ok(())
    })
    .unwrap();
    assert!(matches!(unmarked.for_client(), Standing::Demoted(_)));
    assert!(matches!(answered(unmarked), Standing::Demoted(_)));
    assert_eq!(answered(other), Standing::Good);
    pool.release(own).unwrap();
    assert_eq!(pool.stats().total.in_use, 0);
}

/// Takes a connection for the client, in a thread, as soon as it is being dialled. Gives the node it leads to.
fn dialled_for_the_client(pool: &Arc<Pool>) -> thread::JoinHandle<String> {
    let taker = Arc::clone(pool);
    let thread = thread::spawn(move || {
        let mut lease = taker.take(&Target::Primary(0), soon(), true, None).unwrap();
        say(lease.connection());
        lease.peer().node().to_string()
    });
    while pool.stats().total.dialing == 0 {
        thread::yield_now();
    }
    thread
}

#[test]
fn dials_of_the_clients_end_at_once_and_go_to_the_successor() {
    for silence in [FakeNodes::pause, FakeNodes::blackhole] {
        let nodes = FakeNodes::run(SHARDS).unwrap();
        let pool = Arc::new(pool(&nodes));
        silence(&nodes, 1);
        let threads = [dialled_for_the_client(&pool), dialled_for_the_client(&pool)];
        pool.moved(0, &nodes.address(2)).unwrap();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), nodes.address(2));
        }
        assert_eq!(pool.stats().total.dialing, 0);
    }
}

#[test]
fn dials_of_the_programs_own_do_not() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = Arc::new(pool(&nodes));
    nodes.pause(1);
    let taker = Arc::clone(&pool);
    let thread = thread::spawn(move || {
        let own = taker.get_by_slot(0, Access::Write, Timeout::Within(Duration::from_secs(20)));
        taker.release(own.unwrap()).unwrap();
    });
    while pool.stats().total.dialing == 0 {
        thread::yield_now();
    }
    pool.moved(0, &nodes.address(2)).unwrap();
    nodes.resume(1);
    thread.join().unwrap();
}

/// It answers still, and refuses what came too late: nothing is gained by ending that, and a write would be in doubt.
#[test]
fn calls_to_a_primary_that_tells_so_itself_go_on() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    let mut under_way = lease(&pool, 0);
    assert_eq!(under_way.for_client(), Standing::Good);
    let thread = thread::spawn(move || {
        under_way.connection().command(&Command::of(&[b"GATED"]), soon()).unwrap();
        given_back(under_way)
    });
    while nodes.count("GATED") == 0 {
        thread::yield_now();
    }
    let [old, successor] = [1, 2].map(|node| NodeAddress::parse(&nodes.address(node)).unwrap());
    let announced = Announced::new(&successor.host, successor.port, &old);
    let named = pool.named(&announced).unwrap();
    pool.follow(0, &announced, &named, soon());
    nodes.open_gate("open");
    assert!(matches!(thread.join().unwrap(), Standing::Demoted(_)));
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
}

#[test]
fn a_primary_is_suspect_until_it_answers_and_one_call_finds_out() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    let doubted = lease(&pool, 0);
    assert!(pool.admits(0) && !pool.is_suspect(0));
    doubted.suspect();
    assert!(pool.is_suspect(0) && !pool.is_suspect(9000));
    while !pool.admits(0) {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!pool.admits(0), "one call at a time");
    assert_eq!(answered(lease(&pool, 0)), Standing::Good);
    assert!(pool.admits(0) && !pool.is_suspect(0));
    // Its successor is not.
    doubted.suspect();
    pool.moved(0, &nodes.address(2)).unwrap();
    assert!(!pool.is_suspect(0));
    doubted.suspect();
    pool.moved(0, &nodes.address(1)).unwrap();
    assert!(!pool.is_suspect(0));
}

#[test]
fn a_primary_that_refuses_connections_is_not_suspect_for_it_holds_up_nobody() {
    let nodes = FakeNodes::run(SHARDS).unwrap();
    let pool = pool(&nodes);
    nodes.kill(1);
    assert!(pool.get_by_slot(0, Access::Write, Timeout::Within(Duration::from_secs(2))).is_err());
    assert!(!pool.is_suspect(0) && !pool.is_suspect(9000));
}
