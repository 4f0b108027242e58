//! Whom a discovery asks, and which answer it takes: scripted answers, no sockets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rediscluster::error::{Error, Result, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::{Options, Translation};
use rediscluster::resp::Reply;
use rediscluster::topology::{Discovery, Query, SlotMap, Step};

const A_MILLISECOND: Duration = Duration::from_millis(1);

fn node(name: &str) -> NodeAddress {
    NodeAddress::parse(name).unwrap()
}

fn options(startup: &str, more: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    options.set("startup_nodes", startup).unwrap();
    for (name, value) in more {
        options.set(name, value).unwrap();
    }
    options
}

/// A CLUSTER SLOTS answer: each range with its node.
fn view(ranges: &[(u16, u16, &str)]) -> String {
    let mut text = format!("*{}\r\n", ranges.len());
    for (start, end, name) in ranges {
        let node = node(name);
        let host = &node.host;
        text += &format!(
            "*3\r\n:{start}\r\n:{end}\r\n*2\r\n${}\r\n{host}\r\n:{}\r\n",
            host.len(),
            node.port
        );
    }
    text
}

fn full(names: &[&str]) -> String {
    let step = 16384 / names.len() as u16;
    let ranges: Vec<_> = (0u16..)
        .zip(names)
        .map(|(at, &name)| {
            let last = usize::from(at) + 1 == names.len();
            (at * step, if last { 16383 } else { (at + 1) * step - 1 }, name)
        })
        .collect();
    view(&ranges)
}

fn map(resp: &str) -> Arc<SlotMap> {
    let reply = Reply::from_resp(resp.as_bytes()).unwrap();
    let map = Query::Slots.read(reply.root(), &node("h:1"), &Translation::default(), false);
    Arc::new(map.unwrap())
}

type Script<'a> = &'a dyn Fn(&str, Query) -> Result<String, Status>;

/// Plays a discovery to its end: what was asked, in order, and the result.
fn play(mut discovery: Discovery, script: Script<'_>) -> (Vec<(String, Query)>, Result<SlotMap>) {
    let mut asked = Vec::new();
    loop {
        match discovery.step() {
            Step::Done(result) => return (asked, result.map(|found| found.map)),
            Step::Ask { node, query, .. } => {
                let name = node.to_string();
                asked.push((name.clone(), query));
                assert!(asked.len() < 10_000, "it does not end");
                match script(&name, query) {
                    Ok(resp) => {
                        let reply = Reply::from_resp(resp.as_bytes()).unwrap();
                        discovery.answered(&reply, A_MILLISECOND);
                    }
                    Err(status) => {
                        let error =
                            Error::new(status, format!("{name}: as scripted")).on_node(&node);
                        discovery.failed(&error, A_MILLISECOND);
                    }
                }
            }
        }
    }
}

fn first(options: &Options, script: Script<'_>) -> (Vec<(String, Query)>, Result<SlotMap>) {
    play(Discovery::new(options, None, &[], &mut fastrand::Rng::with_seed(1)), script)
}

fn names(asked: &[(String, Query)]) -> Vec<&str> {
    asked.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_dead_startup_node_and_a_live_one() {
    let options = options("dead:1,live:2", &[]);
    for seed in 0..20 {
        let discovery = Discovery::new(&options, None, &[], &mut fastrand::Rng::with_seed(seed));
        let (asked, result) = play(discovery, &|name, _| match name {
            "live:2" => Ok(full(&["a:1", "b:1", "c:1"])),
            _ => Err(Status::Connection),
        });
        assert_eq!(result.unwrap().covered(), 16384);
        assert!((1..=2).contains(&asked.len()));
    }
}

#[test]
fn all_dead_is_unreachable_and_names_each() {
    let options = options("one:1,two:2,three:3", &[]);
    let (asked, result) = first(&options, &|name, _| {
        Err(if name == "two:2" { Status::Timeout } else { Status::Connection })
    });
    let error = result.unwrap_err();
    assert_eq!((error.status(), asked.len(), error.attempts().len()), (Status::Unreachable, 3, 3));
    for name in ["one:1", "two:2", "three:3"] {
        assert!(error.message().contains(&format!("{name}: as scripted")), "{error}");
        assert!(error.attempts().iter().any(|attempt| attempt.node == name));
    }
    assert!(error.is_retryable());
}

#[test]
fn a_node_that_cannot_tell_is_passed_over() {
    for bad in [
        "-ERR This instance has cluster support disabled\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-CLUSTERDOWN The cluster is down\r\n",
        "+OK\r\n",
        "*1\r\n*3\r\n:0\r\n:99999\r\n*0\r\n",
        "*0\r\n",
        "_\r\n",
    ] {
        let options = options("bad:1,good:2", &[]);
        for seed in 0..8 {
            let discovery =
                Discovery::new(&options, None, &[], &mut fastrand::Rng::with_seed(seed));
            let (asked, result) = play(discovery, &|name, _| {
                Ok(if name == "bad:1" { bad.into() } else { full(&["a:1"]) })
            });
            assert_eq!(result.unwrap().covered(), 16384, "{bad}");
            assert!(asked.len() <= 2);
        }
    }
}

#[test]
fn what_all_say_alike_is_the_status() {
    let options = options("one:1,two:2", &[]);
    for (answer, status) in [
        ("-WRONGPASS invalid username-password pair or user is disabled.\r\n", Status::Auth),
        ("-NOAUTH Authentication required.\r\n", Status::Auth),
        ("*0\r\n", Status::ClusterDown),
        ("-CLUSTERDOWN The cluster is down\r\n", Status::ClusterDown),
        ("-ERR This instance has cluster support disabled\r\n", Status::Unreachable),
        ("+OK\r\n", Status::Unreachable),
    ] {
        let (asked, result) = first(&options, &|_, _| Ok(answer.into()));
        let error = result.unwrap_err();
        assert_eq!((error.status(), asked.len()), (status, 2), "{error}");
    }
    // The handshake is refused before the question: the same.
    let (_, result) = first(&options, &|_, _| Err(Status::Auth));
    assert_eq!(result.unwrap_err().status(), Status::Auth);
    // An option that no server takes is the program's to change.
    let (_, result) = first(&options, &|_, _| Err(Status::Config));
    assert_eq!(result.unwrap_err().status(), Status::Config);
    // One dead, the other refuses: it is the credentials that can be mended.
    let (_, result) = first(&options, &|name, _| {
        Err(if name == "one:1" { Status::Auth } else { Status::Connection })
    });
    assert_eq!(result.unwrap_err().status(), Status::Auth);
    let (_, result) = first(&options, &|name, _| {
        if name == "one:1" { Err(Status::Auth) } else { Ok("+OK\r\n".into()) }
    });
    assert_eq!(result.unwrap_err().status(), Status::Unreachable);
}

#[test]
fn a_slot_that_nobody_serves() {
    let partial = view(&[(0, 5459, "a:1"), (5461, 16383, "b:1")]);
    let (_, result) = first(&options("s:1", &[]), &|_, _| Ok(partial.clone()));
    let map = result.unwrap();
    assert_eq!((map.covered(), map.primary_of(5460)), (16383, None));
    for option in [("require_full_coverage", "yes"), ("skip_full_coverage_check", "no")] {
        let (_, result) = first(&options("s:1", &[option]), &|_, _| Ok(partial.clone()));
        let error = result.unwrap_err();
        assert_eq!((error.status(), error.slot()), (Status::SlotNotCovered, Some(5460)));
        let says = "16383 of 16384 slots are covered: nobody serves 5460";
        assert!(error.message().contains(says), "{error}");
    }
}

#[test]
fn the_best_single_view_wins_and_views_are_not_mixed() {
    let script: Script<'_> = &|name, _| {
        Ok(match name {
            "one:1" => view(&[(0, 9999, "a:1")]),
            "two:1" => view(&[(5000, 16383, "b:1")]),
            _ => view(&[(0, 99, "c:1")]),
        })
    };
    for seed in 0..10 {
        let options = options("one:1,two:1,three:1", &[]);
        let discovery = Discovery::new(&options, None, &[], &mut fastrand::Rng::with_seed(seed));
        let (asked, result) = play(discovery, script);
        let map = result.unwrap();
        assert_eq!((asked.len(), map.covered(), map.primary_of(0)), (3, 11384, None));
        assert_eq!(map.nodes()[0].address, node("b:1"));
    }
    // A full one ends it at once, whatever came before.
    let (_, result) = first(&options("one:1,two:1,all:1", &[]), &|name, query| {
        if name == "all:1" { Ok(full(&["x:1"])) } else { script(name, query) }
    });
    assert_eq!(result.unwrap().covered(), 16384);
}

#[test]
fn five_partial_views_are_enough() {
    let startup: Vec<String> = (1..=50).map(|port| format!("h:{port}")).collect();
    let options = options(&startup.join(","), &[]);
    let (asked, result) = first(&options, &|_, _| Ok(view(&[(0, 99, "a:1")])));
    assert_eq!((asked.len(), result.unwrap().covered()), (5, 100));
}

#[test]
fn known_nodes_first_then_startup_nodes_and_suspects_last() {
    let known = map(&full(&["a:1", "b:1", "c:1", "d:1"]));
    let suspects = [node("b:1"), node("s:2")];
    let mut orders = HashSet::new();
    for seed in 0..50 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let options = options("s:1,s:2,a:1", &[]);
        let discovery = Discovery::new(&options, Some(&known), &suspects, &mut rng);
        let (asked, result) = play(discovery, &|_, _| Err(Status::Connection));
        let asked = names(&asked);
        assert_eq!(asked.len(), 6);
        assert_eq!(
            asked[..3].iter().collect::<HashSet<_>>(),
            ["a:1", "c:1", "d:1"].iter().collect()
        );
        assert_eq!(asked[3], "s:1");
        assert_eq!(asked[4..].iter().collect::<HashSet<_>>(), ["b:1", "s:2"].iter().collect());
        orders.insert(asked.join(" "));
        let message = result.unwrap_err().message().to_owned();
        assert!(["s:1", "s:2", "a:1"].iter().all(|name| message.contains(name)), "{message}");
    }
    assert!(orders.len() > 5, "the order is random");
    let alone = options("s:1", &[("nodemanager_follow_cluster", "no")]);
    let mut rng = fastrand::Rng::with_seed(1);
    let discovery = Discovery::new(&alone, Some(&known), &[], &mut rng);
    assert_eq!(names(&play(discovery, &|_, _| Err(Status::Connection)).0), ["s:1"]);
}

/// A CLUSTER NODES answer of one shard, whose primary has this epoch.
fn lines(primary: &str, replica: &str, epoch: u64) -> String {
    let id = |name: &str| name.replace(':', "");
    let (p, r) = (id(primary), id(replica));
    let text = format!(
        "{p} {primary}@9 master - 0 0 {epoch} connected 0-16383\n\
         {r} {replica}@9 slave {p} 0 0 {epoch} connected"
    );
    format!("${}\r\n{text}\r\n", text.len())
}

#[test]
fn an_older_view_is_the_last_resort() {
    let options = options("a:1", &[("topology_command", "nodes")]);
    let read = |resp: &str| {
        let reply = Reply::from_resp(resp.as_bytes()).unwrap();
        Query::Nodes.read(reply.root(), &node("a:1"), &Translation::default(), false).unwrap()
    };
    let known = Arc::new(read(&lines("a:1", "b:1", 5)));
    for seed in 0..8 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let discovery = Discovery::new(&options, Some(&known), &[], &mut rng);
        let (asked, result) = play(discovery, &|name, _| {
            Ok(if name == "a:1" { lines("b:1", "a:1", 4) } else { lines("b:1", "a:1", 6) })
        });
        let map = result.unwrap();
        assert_eq!(map.nodes()[0].config_epoch, Some(6));
        assert_eq!(asked.last().unwrap().0, "b:1");
        let mut discovery = Discovery::new(&options, Some(&known), &[], &mut rng);
        let older = Reply::from_resp(lines("b:1", "a:1", 4).as_bytes()).unwrap();
        while let Step::Ask { with_epochs, .. } = discovery.step() {
            assert!(!with_epochs, "the answer has them");
            discovery.answered(&older, A_MILLISECOND);
        }
        assert!(discovery.expired().is_err(), "it has given what it had");
    }
    let mut discovery = Discovery::new(&options, Some(&known), &[], &mut fastrand::Rng::new());
    let older = Reply::from_resp(lines("b:1", "a:1", 4).as_bytes()).unwrap();
    discovery.step();
    discovery.answered(&older, A_MILLISECOND);
    let found = discovery.expired().unwrap();
    assert!(found.is_older && found.map.covered() == 16384);
}

#[test]
fn epochs_are_asked_for_after_a_failure_alone() {
    let known = map(&full(&["a:1", "b:1"]));
    let suspects = [node("b:1")];
    for (command, suspects, expected) in [
        ("auto", &suspects[..], true),
        ("slots", &suspects[..], true),
        ("shards", &suspects[..], false),
        ("nodes", &suspects[..], false),
        ("auto", &[], false),
    ] {
        let options = options("a:1", &[("topology_command", command)]);
        let mut rng = fastrand::Rng::new();
        let mut discovery = Discovery::new(&options, Some(&known), suspects, &mut rng);
        let Step::Ask { with_epochs, .. } = discovery.step() else { panic!("nobody is asked") };
        assert_eq!(with_epochs, expected, "{command}");
        // A refusal is no loss.
        discovery.told_epochs(&Reply::from_resp(b"-NOPERM no\r\n").unwrap());
        assert!(matches!(discovery.step(), Step::Ask { .. }));
    }
}

#[test]
fn a_message_names_every_startup_node_and_not_a_thousand_others() {
    let many: Vec<String> = (1..=1000).map(|port| format!("10.0.0.1:{port}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let known = map(&full(&many));
    let mut rng = fastrand::Rng::with_seed(1);
    let discovery = Discovery::new(&options("s:1,s:2", &[]), Some(&known), &[], &mut rng);
    let (_, result) = play(discovery, &|_, _| Err(Status::Connection));
    let error = result.unwrap_err();
    assert_eq!(error.attempts().len(), 1002);
    assert!(error.message().contains("s:1: as scripted") && error.message().contains("s:2: as"));
    assert!(error.message().contains("and 992 more"), "{error}");
    assert!(error.message().len() < 1000);
}

#[test]
fn a_refused_command_is_followed_by_the_next_on_the_same_node() {
    let shards = "*1\r\n%2\r\n+slots\r\n*2\r\n:0\r\n:16383\r\n+nodes\r\n*1\r\n%3\r\n+ip\r\n+a\r\n+port\r\n:1\r\n+role\r\n+master\r\n";
    let line = "aa a:1@2 myself,master - 0 0 1 connected 0-16383";
    let lines = format!("${}\r\n{line}\r\n", line.len());
    let refusals = [
        "-NOPERM this user has no permissions to run the 'cluster|slots' command\r\n",
        "-ERR unknown command `CLUSTER`, with args beginning with: `SLOTS`\r\n",
        "-ERR Unknown subcommand or wrong number of arguments for 'SHARDS'. Try CLUSTER HELP.\r\n",
    ];
    let auto = options("s:1", &[]);
    for refusal in refusals {
        let (asked, result) = first(&auto, &|_, query| {
            Ok(if query == Query::Shards { shards.into() } else { refusal.into() })
        });
        assert_eq!(result.unwrap().covered(), 16384);
        assert_eq!(asked, [("s:1".into(), Query::Slots), ("s:1".into(), Query::Shards)]);
        let (asked, result) = first(&auto, &|_, query| {
            Ok(if query == Query::Nodes { lines.clone() } else { refusal.into() })
        });
        assert_eq!((result.unwrap().covered(), asked.len()), (16384, 3));
        let (asked, result) = first(&auto, &|_, _| Ok(refusal.into()));
        assert_eq!((result.unwrap_err().status(), asked.len()), (Status::Unreachable, 3));
        for (option, query) in
            [("slots", Query::Slots), ("shards", Query::Shards), ("nodes", Query::Nodes)]
        {
            let only = options("s:1", &[("topology_command", option)]);
            let (asked, _) = first(&only, &|_, _| Ok(refusal.into()));
            assert_eq!(asked, [("s:1".into(), query)]);
        }
    }
}

#[test]
fn a_deadline_ends_it_with_what_there_is() {
    let known = options("s:1,s:2", &[]);
    let mut discovery = Discovery::new(&known, None, &[], &mut fastrand::Rng::with_seed(1));
    assert!(matches!(discovery.step(), Step::Ask { .. }));
    let error = discovery.expired().unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("was being asked"), "{error}");

    let mut discovery = Discovery::new(&known, None, &[], &mut fastrand::Rng::with_seed(1));
    discovery.step();
    let partial = Reply::from_resp(view(&[(0, 9, "a:1")]).as_bytes()).unwrap();
    discovery.answered(&partial, A_MILLISECOND);
    discovery.step();
    assert_eq!(discovery.expired().unwrap().map.covered(), 10);
}

#[test]
fn only_cluster_commands_are_sent() {
    for query in [Query::Slots, Query::Shards, Query::Nodes] {
        let command = query.command();
        assert_eq!(command.encoded().split(|&byte| byte == b'\n').nth(2), Some(&b"CLUSTER\r"[..]));
        assert_eq!(command.argument_count(), 2);
        assert_eq!(command.name(), query.name());
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Full,
    Partial(u16),
    Empty,
    Error(&'static str),
    Rubbish,
    Fails(Status),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Full),
        (1u16..16384).prop_map(Event::Partial),
        Just(Event::Empty),
        prop::sample::select(vec![
            "NOPERM no",
            "ERR unknown subcommand",
            "NOAUTH x",
            "LOADING x",
            "CLUSTERDOWN x",
            "",
        ])
        .prop_map(Event::Error),
        Just(Event::Rubbish),
        prop::sample::select(vec![Status::Connection, Status::Timeout, Status::Auth])
            .prop_map(Event::Fails),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_it_ends_and_asks_nobody_twice(
        events in prop::collection::vec(event(), 1..60),
        startup in prop::collection::hash_set(1u16..12, 1..6),
        known in prop::option::of(prop::collection::hash_set(1u16..12, 1..10)),
        suspects in prop::collection::vec(1u16..12, 0..6),
        strict: bool, follow: bool, seed: u64,
    ) {
        let name = |port: &u16| format!("h:{port}");
        let startup: Vec<String> = startup.iter().map(name).collect();
        let yes = |yes| if yes { "yes" } else { "no" };
        let options = options(&startup.join(","), &[
            ("require_full_coverage", yes(strict)),
            ("nodemanager_follow_cluster", yes(follow)),
        ]);
        let known: Option<Vec<String>> = known.map(|ports| ports.iter().map(name).collect());
        let map = known.as_ref().map(|names| {
            map(&full(&names.iter().map(String::as_str).collect::<Vec<_>>()))
        });
        let suspects: Vec<NodeAddress> = suspects.iter().map(|port| node(&name(port))).collect();
        let mut rng = fastrand::Rng::with_seed(seed);
        let discovery = Discovery::new(&options, map.as_ref(), &suspects, &mut rng);
        let next = std::cell::Cell::new(0);
        let best = std::cell::Cell::new(0);
        let (asked, result) = play(discovery, &|_, query| {
            let event = events[next.get() % events.len()];
            next.set(next.get() + 1);
            let covered = match event {
                Event::Full => 16384,
                Event::Partial(slots) => slots,
                Event::Fails(status) => return Err(status),
                Event::Error(text) => return Ok(format!("-{text}\r\n")),
                Event::Rubbish => return Ok("+rubbish\r\n".into()),
                Event::Empty => return Ok("*0\r\n".into()),
            };
            // The other commands' answers in the shape of SLOTS are rubbish, which is fine here.
            if query == Query::Slots {
                best.set(best.get().max(covered));
            }
            Ok(view(&[(0, covered - 1, "a:1")]))
        });
        let mut times = HashMap::new();
        for ask in &asked {
            let allowed = startup.contains(&ask.0)
                || (follow && known.as_ref().is_some_and(|known| known.contains(&ask.0)));
            prop_assert!(allowed, "{} is nobody's", ask.0);
            *times.entry(ask).or_insert(0) += 1;
        }
        prop_assert!(times.values().all(|&times| times == 1), "{asked:?}");
        match result {
            Ok(map) => {
                prop_assert_eq!(map.covered(), usize::from(best.get()));
                prop_assert!(!strict || map.covered() == 16384);
            }
            Err(error) if error.status() == Status::SlotNotCovered => {
                prop_assert!(strict && best.get() > 0);
            }
            Err(error) => {
                prop_assert_eq!(best.get(), 0, "{}", error);
                prop_assert_eq!(error.attempts().len(), times.keys().map(|ask| &ask.0).collect::<HashSet<_>>().len());
            }
        }
    }
}
