//! Calls over scripted nodes.

use std::time::{Duration, Instant};

use rediscluster_test_support::fake_node::FakeNodes;

use crate::client::{Client, Settings};
use crate::command::Command;
use crate::credentials::Credentials;
use crate::deadline::Timeout;
use crate::error::Status;
use crate::options::{Options, Secret};
use crate::pool::Access;

/// An idle connection that has to log in anew is at hand, and its server says nothing: the call's own time ends it.
#[test]
fn a_login_on_an_idle_connection_takes_the_calls_own_time() {
    let nodes = FakeNodes::run(
        "node 1\n topology 0-16383=1\nscene before\nnode 1\n handshake\n\
         scene after\nnode 1\n on AUTH * => silent\n on HELLO * => silent\n handshake\n",
    )
    .unwrap();
    nodes.use_scene("before").unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("password", "one").unwrap();
    options.set("command_timeout", "3000").unwrap();
    let client = Client::new(options).unwrap();
    let connection = client.pool().get_by_slot(0, Access::Write, Timeout::Default).unwrap();
    nodes.use_scene("after").unwrap();
    let other = Credentials { username: None, password: Secret::new("two") };
    client.pool().update_credentials(other).unwrap();
    client.pool().release(connection).unwrap();

    let timeout = Some(Timeout::Within(Duration::from_millis(100)));
    let settings = Settings { timeout, ..Settings::default() };
    let began = Instant::now();
    let error = client.execute(&Command::of(&[b"GET", b"key"]), &settings).unwrap_err();
    let took = began.elapsed();
    assert_eq!(error.status(), Status::Timeout, "{error}");
    assert!((100..1000).contains(&took.as_millis()), "{took:?}");
}
