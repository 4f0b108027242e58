//! Moments of a wait that no test from outside can hold still.

use std::time::Duration;

use rediscluster_test_support::fake_node::FakeNodes;

use super::Pool;
use crate::deadline::{Deadline, Timeout};
use crate::error::Status;
use crate::options::Options;
use crate::pool::Access;
use crate::pool::leasing::Patience;
use crate::topology::Kind;

#[test]
fn nobody_waits_for_a_node_that_has_left() {
    let nodes = FakeNodes::run(
        "node *\n handshake\n topology 0-8191=1 8192-16383=2\nscene after\nnode *\n topology 0-16383=2",
    )
    .unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(2)).unwrap();
    options.set("max_connections", "1").unwrap();
    let pool = Pool::new(options).unwrap();
    let core = pool.core();
    let out = pool.get_by_slot(0, Access::Write, Timeout::Never).unwrap();
    // A get has found its node full; before it waits, the node leaves.
    let key = core.routes().primary_of(0).unwrap();
    nodes.use_scene("after").unwrap();
    core.refresh(Kind::Forced, &[], Deadline::NEVER).unwrap();
    assert!(core.members.lock().wait_for(key).is_none());
    pool.release(out).unwrap();
}

#[test]
fn a_place_that_comes_too_late_to_dial_is_a_wait_in_vain() {
    let nodes = FakeNodes::run("node *\n handshake\n topology 0-16383=1").unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("max_connections", "1").unwrap();
    let pool = Pool::new(options).unwrap();
    let core = pool.core();
    let key = core.routes().primary_of(0).unwrap();
    // There is room: the wait ends at once, and its deadline has passed.
    let patience = Patience {
        deadline: Timeout::Now.deadline(Duration::ZERO),
        now: false,
        waits: true,
        follows: false,
        stop: None,
    };
    let error = core.wait(key, patience).map(|_| ()).unwrap_err();
    assert_eq!(error.status(), Status::PoolTimeout, "{error}");
    assert_eq!(pool.stats().total.dialing, 0);
}

#[test]
fn a_place_at_a_slots_old_owner_does_not_serve_its_new_one() {
    let nodes = FakeNodes::run("node *\n handshake\n topology 0-8191=1 8192-16383=2").unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    let pool = Pool::new(options).unwrap();
    let core = pool.core();
    let owner = |slot| core.routes().primary_of(slot).unwrap();
    let patience =
        Patience { deadline: Deadline::NEVER, now: false, waits: true, follows: false, stop: None };
    // The connection to the old owner failed its idle check; then the slot moved.
    let unfit = core.lease(owner(0), None, patience).unwrap().unwrap();
    let place = core.close_for_another(unfit);
    let lease = core.lease(owner(16383), Some(place), patience).unwrap().unwrap();
    assert_eq!(lease.node_text().to_str().unwrap(), nodes.address(2));
    assert_eq!(pool.stats().total.dialing, 0);
}
