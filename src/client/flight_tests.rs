//! Flights over scripted nodes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rediscluster_test_support::fake_node::FakeNodes;

use crate::client::{Client, Pipeline, Settings};
use crate::command::Command;
use crate::deadline::Timeout;
use crate::error::{Error, Status};
use crate::options::Options;
use crate::resp::Reply;

fn client(nodes: &FakeNodes, settings: &[(&str, &str)]) -> Arc<Client> {
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    Arc::new(Client::new(options).unwrap())
}

fn run(client: &Arc<Client>, commands: &[Command]) -> Vec<Result<Reply, Error>> {
    let mut pipeline = Pipeline::new(client.clone());
    for command in commands {
        pipeline.append(command, &Settings::default()).unwrap();
    }
    let mut outcomes = Vec::new();
    pipeline.execute(Timeout::Default, None, &mut outcomes);
    outcomes.into_iter().map(|outcome| outcome.expect("an outcome")).collect()
}

/// A command that has left is in doubt when its connection ends, also while one that was put off is on its way
/// there once more: the bytes of the first sending are not those of the second.
#[test]
fn what_left_in_front_of_another_sending_has_left() {
    // The first SET is put off, and nothing more is read until the connection ends.
    let nodes = FakeNodes::run(
        "node 1\n once on SET * => error \"TRYAGAIN later\"\n on SET * => ok\n \
         once on INCR * => delay 700; reset\n on INCR * => int 2\n handshake\n topology 0-16383=1\n",
    )
    .unwrap();
    let client = client(&nodes, &[]);
    let large = vec![b'x'; 24 << 20];
    let commands = [Command::of(&[b"SET", b"key", &large]), Command::of(&[b"INCR", b"count"])];
    let outcomes = run(&client, &commands);
    assert_eq!(nodes.count("INCR"), 1, "sent twice: {outcomes:?}");
    for outcome in outcomes {
        let error = outcome.expect_err("no reply came");
        assert_eq!(error.status(), Status::Connection);
        assert!(error.maybe_executed(), "{error}");
    }
}

/// What a call does about one node's trouble takes time, in which another is not listened to: that one is not silent.
#[test]
fn who_was_not_listened_to_was_not_silent() {
    const COMMANDS: usize = 100;
    let nodes = FakeNodes::run(
        "node *\n handshake\nnode 1\n once on GET * => delay 50; close\n on GET * => bulk value\n\
         node 2\n once on GETDEL * => delay 150; fill 1000\n on GETDEL * => fill 1000\n\
         scene before\nnode *\n topology 0-8191=1 8192-16383=2\n\
         scene after\nnode *\n on CLUSTER * => silent\n",
    )
    .unwrap();
    nodes.use_scene("before").unwrap();
    let settings = [
        ("socket_timeout", "300"),
        ("command_timeout", "20000"),
        ("topology_refresh_min_interval", "0"),
    ];
    let client = client(&nodes, &settings);
    nodes.use_scene("after").unwrap();
    // Slots 3300 and 15495.
    let mut commands = vec![Command::of(&[b"GET", b"b"])];
    commands.extend((0..COMMANDS).map(|_| Command::of(&[b"GETDEL", b"a"])));
    let began = Instant::now();
    let outcomes = run(&client, &commands);
    assert!(began.elapsed() >= Duration::from_millis(300), "the refresh took no time");
    for (index, outcome) in outcomes.iter().enumerate() {
        assert!(outcome.is_ok(), "{index}: {outcome:?}");
    }
    assert_eq!(nodes.count("GETDEL"), COMMANDS as u64);
}
