//! Both limits at the moments between a decision under the lock and what follows once it is open.

use std::sync::Arc;

use rediscluster_test_support::fake_node::FakeNodes;

use super::{Core, Pool};
use crate::deadline::{Deadline, Timeout};
use crate::options::Options;
use crate::os::clock::coarse_millis;
use crate::pool::members::{Acquired, MemberKey, Members, Outbox};
use crate::pool::waiters::Gift;
use crate::topology::Kind;

const NODES: &str = "node *\n handshake\n topology 0-99=1 100-199=2 200-16383=3\nscene after\n\
                     node *\n topology 0-16383=2";

fn pool(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Pool {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Pool::new(options).unwrap()
}

fn key(core: &Arc<Core>, slot: u16) -> MemberKey {
    core.routes().primary_of(slot).unwrap()
}

/// What a get would find now.
fn find(core: &Arc<Core>, slot: u16) -> Acquired {
    let (key, now) = (key(core, slot), coarse_millis());
    core.members.lock().acquire(core, key, now, true)
}

/// Makes an idle connection to the slot's node.
fn make_idle(pool: &Pool, slot: i32) {
    let connection = pool.get_by_slot(slot, Timeout::Never).unwrap();
    pool.release(connection).unwrap();
}

#[test]
fn a_place_is_free_when_the_connection_is_closed_and_not_before() {
    let nodes = FakeNodes::run(NODES).unwrap();
    let pool = pool(&nodes, &[("max_connections", "1")]);
    let core = pool.core();
    type Closing = fn(&mut Members, &mut Outbox);
    let ways: [Closing; 2] = [
        |members, outbox| members.retire_all(outbox),
        |members, outbox| {
            let lease = members.list[0].idle.pop().unwrap();
            members.close_idle(0, lease, outbox);
        },
    ];
    for close in ways {
        make_idle(&pool, 0);
        let mut outbox = Outbox::default();
        close(&mut core.members.lock(), &mut outbox);
        assert!(matches!(find(core, 0), Acquired::Full), "the connection is open still");
        assert_eq!(pool.stats().total.open, 0);
        outbox.deliver();
        assert!(matches!(find(core, 0), Acquired::Place(_)));
        let total = pool.stats().total;
        assert_eq!((total.created, total.dialing), (total.closed, 0));
    }
}

#[test]
fn who_waits_gets_the_place_of_a_connection_that_is_being_closed() {
    let nodes = FakeNodes::run(NODES).unwrap();
    let pool = pool(&nodes, &[("max_connections", "1")]);
    let core = pool.core();
    make_idle(&pool, 0);
    let mut outbox = Outbox::default();
    core.members.lock().retire_all(&mut outbox);
    let key = key(core, 16383);
    let waiter = core.members.lock().wait_for(key).unwrap();
    outbox.deliver();
    assert!(waiter.wait(Deadline::NEVER));
    assert!(matches!(waiter.take(), Some(Gift::Place(_))));
}

/// It goes with the place, and counts for its own node until whoever has the place closes it.
#[test]
fn an_evicted_connection_closes_before_its_place_is_used() {
    let nodes = FakeNodes::run(NODES).unwrap();
    let pool = pool(&nodes, &[("max_connections", "2"), ("max_connections_per_node", "1")]);
    let core = pool.core();
    make_idle(&pool, 0);
    let other = find(core, 200);
    let Acquired::Place(evicting) = find(core, 100) else { panic!("node 1 makes room") };
    drop(other);
    assert!(matches!(find(core, 0), Acquired::Full), "the connection to node 1 is open still");
    let place = evicting.make_room();
    assert!(matches!(find(core, 0), Acquired::Place(_)));
    drop(place);
    let total = pool.stats().total;
    assert_eq!((total.created, total.closed, total.evicted, total.dialing), (1, 1, 1, 0));
}

#[test]
fn nobody_waits_for_a_node_that_has_left() {
    let nodes = FakeNodes::run(NODES).unwrap();
    let pool = pool(&nodes, &[("max_connections", "1")]);
    let core = pool.core();
    let out = pool.get_by_slot(0, Timeout::Never).unwrap();
    // The get has found its node full; before it waits, the node leaves.
    let key = key(core, 0);
    nodes.use_scene("after").unwrap();
    core.refresh(Kind::Forced, &[], Deadline::NEVER).unwrap();
    assert!(core.members.lock().wait_for(key).is_none());
    pool.release(out).unwrap();
}
