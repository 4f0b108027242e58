//! The answers of CLUSTER SLOTS, SHARDS and NODES, read into one shape.

use rediscluster::error::Status;
use rediscluster::node::{NodeAddress, Role};
use rediscluster::options::Translation;
use rediscluster::resp::Reply;
use rediscluster::topology::{Health, Query, SlotMap};

fn asked() -> NodeAddress {
    NodeAddress::new("10.0.0.9", 7000)
}

fn read(query: Query, resp: &[u8]) -> Result<SlotMap, String> {
    read_for(query, resp, false)
}

fn read_for(query: Query, resp: &[u8], tls: bool) -> Result<SlotMap, String> {
    let reply = Reply::from_resp(resp).expect("the test's own RESP");
    query.read(reply.root(), &asked(), &Translation::default(), tls).map_err(|error| {
        assert_eq!(error.status(), Status::Protocol, "{error}");
        assert_eq!(error.node(), "10.0.0.9:7000");
        error.message().to_owned()
    })
}

/// RESP written with blanks for line ends, as these tests' texts are: `*1 $1 a`; `''` is an empty
/// bulk's line.
fn resp(text: &str) -> Vec<u8> {
    resp_text(text).into_bytes()
}

fn resp_text(text: &str) -> String {
    text.split_ascii_whitespace()
        .flat_map(|line| [if line == "''" { "" } else { line }, "\r\n"])
        .collect()
}

fn slots(text: &str) -> Result<SlotMap, String> {
    read(Query::Slots, &resp(text))
}

fn shards(text: &str) -> Result<SlotMap, String> {
    read(Query::Shards, &resp(text))
}

fn nodes(text: &str) -> Result<SlotMap, String> {
    read(Query::Nodes, format!("${}\r\n{text}\r\n", text.len()).as_bytes())
}

/// One line a node: address, role, what it serves or follows.
fn drawn(map: &SlotMap) -> Vec<String> {
    map.nodes()
        .iter()
        .map(|node| {
            let follows = node.primary.map(|primary| map.nodes()[primary].address.to_string());
            match node.role {
                Role::Primary => format!("{} serves {:?}", node.address, node.slots),
                Role::Replica => format!("{} follows {follows:?}", node.address),
            }
        })
        .collect()
}

fn captured(name: &str) -> SlotMap {
    let path = format!("{}/tests/topology_answers/{name}.resp", env!("CARGO_MANIFEST_DIR"));
    let query = match name {
        name if name.contains("-slots") => Query::Slots,
        name if name.contains("-shards") => Query::Shards,
        _ => Query::Nodes,
    };
    read(query, &std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn real_servers_say_the_same_in_every_form() {
    for (server, first) in [("redis7", 52029), ("valkey9", 52471)] {
        let [one, two, three, replica] = [0, 1, 2, 3].map(|n| format!("127.0.0.1:{}", first + n));
        let forms = ["shards-resp2", "shards-resp3", "nodes-resp2", "nodes-resp3"];
        for form in forms {
            let map = captured(&format!("{server}-{form}"));
            assert_eq!(
                drawn(&map),
                [
                    format!("{one} serves [(0, 5460)]"),
                    format!("{two} serves [(5461, 10922)]"),
                    format!("{three} serves [(10923, 16383)]"),
                    format!("{replica} follows {:?}", Some(&one)),
                ],
                "{server} {form}"
            );
            assert_eq!((map.covered(), map.shard_count()), (16384, 3));
            assert!(map.nodes().iter().all(|node| node.id.len() == 40));
            assert_eq!(map.replicas_of(5), [3]);
            assert!(map.replicas_of(5461).is_empty());
            assert_eq!(
                map.fingerprint(),
                captured(&format!("{server}-{}", forms[0])).fingerprint()
            );
            let epochs = map.nodes().iter().all(|node| node.config_epoch.is_some());
            assert_eq!(epochs, form.starts_with("nodes"));
        }
        // SLOTS leaves a replica out that has not synchronized yet.
        for form in ["slots-resp2", "slots-resp3"] {
            let map = captured(&format!("{server}-{form}"));
            assert_eq!(drawn(&map)[0], format!("{one} serves [(0, 5460)]"));
            assert_eq!((map.covered(), map.shard_count()), (16384, 3));
        }
    }
}

#[test]
fn preferred_endpoints_of_real_servers() {
    // Redis with hostnames: they are dialled where they are preferred, else they are metadata.
    for form in ["slots-hostname", "shards-hostname"] {
        let map = captured(&format!("redis7-{form}"));
        assert_eq!(map.nodes()[1].address.to_string(), "node1.example.org:52030", "{form}");
        assert_eq!(map.nodes()[1].announced, map.nodes()[1].address);
        assert_eq!(map.find("NODE1.example.org:52030"), Some(1));
    }
    for form in ["slots-resp3", "shards-resp2", "nodes-resp2"] {
        let map = captured(&format!("redis7-{form}"));
        assert_eq!(map.nodes()[1].hostname.as_deref(), Some("node1.example.org"), "{form}");
        for name in ["127.0.0.1:52030", "node1.example.org:52030", &map.nodes()[1].id.clone()] {
            assert_eq!(map.find(name), Some(1), "{form} {name}");
        }
    }
    // Valkey without hostnames, though preferred: "?", and the ip beside it.
    for form in ["slots-hostname", "shards-hostname"] {
        let map = captured(&format!("valkey9-{form}"));
        assert_eq!(map.nodes()[0].address.to_string(), "127.0.0.1:52471", "{form}");
        assert_eq!(map.covered(), 16384);
    }
    // The endpoint unknown: who answered, with the node's port.
    for form in ["slots", "shards"] {
        for (server, port) in [("redis7", 52029), ("valkey9", 52471)] {
            let map = captured(&format!("{server}-{form}-unknown-endpoint"));
            let node = &map.nodes()[0];
            assert_eq!(node.address.to_string(), format!("10.0.0.9:{port}"));
            assert_eq!(&*node.announced.host, "");
            assert_eq!(map.find(&format!("10.0.0.9:{port}")), Some(0));
        }
    }
    for form in ["slots-resp2", "slots-resp3", "shards-resp2", "shards-unknown-endpoint"] {
        let map = captured(&format!("valkey9-{form}"));
        assert_eq!(map.nodes()[1].zone.as_deref(), Some("zone-1"), "{form}");
    }
}

#[test]
fn nodes_that_met_nobody() {
    for server in ["redis7", "valkey9"] {
        assert_eq!(captured(&format!("{server}-unmet-slots")).nodes().len(), 0);
        let map = captured(&format!("{server}-unmet-nodes"));
        assert_eq!((map.covered(), map.nodes().len(), map.shard_count()), (0, 1, 1));
        assert_eq!(&*map.nodes()[0].address.host, "10.0.0.9");
    }
}

#[test]
fn hosts_that_are_empty_null_or_unknown() {
    for (host, dialled) in [
        ("$0 ''", Some("10.0.0.9:7001")),
        ("$-1", Some("10.0.0.9:7001")),
        ("_", Some("10.0.0.9:7001")),
        ("$1 ?", None),
        ("$3 ::1", Some("[::1]:7001")),
        ("$5 [::1]", Some("[::1]:7001")),
        ("+node-1", Some("node-1:7001")),
    ] {
        let map = slots(&format!("*1 *3 :0 :16383 *2 {host} :7001")).unwrap();
        let address = map.nodes().first().map(|node| node.address.to_string());
        assert_eq!(address.as_deref(), dialled, "{host}");
        assert_eq!(map.covered(), if dialled.is_some() { 16384 } else { 0 });

        let node = |fields: &str, pairs: usize| {
            format!(
                "*1 %2 +slots *2 :0 :9 +nodes *1 %{} +port :7001 +role +master {fields}",
                pairs + 2
            )
        };
        let map = shards(&node(&format!("+endpoint {host}"), 1)).unwrap();
        let address = map.nodes().first().map(|node| node.address.to_string());
        assert_eq!(address.as_deref(), dialled, "{host}");
        let map = shards(&node(&format!("+endpoint {host} +ip $2 ip"), 2)).unwrap();
        assert_eq!(map.nodes()[0].address.to_string(), dialled.unwrap_or("ip:7001"), "{host}");
        // A server that names no endpoint means the ip.
        let map = shards(&node(&format!("+ip {host}"), 1)).unwrap();
        let address = map.nodes().first().map(|node| node.address.to_string());
        assert_eq!(address.as_deref(), dialled, "{host}");
    }
    let second = "*1 *3 :0 :9 *4 $1 ? :7001 $2 id";
    for (metadata, dialled) in [
        ("*2 $2 ip $2 10", Some("10:7001")),
        ("%1 $2 ip $2 10", Some("10:7001")),
        ("*2 $8 hostname $1 h", Some("h:7001")),
        ("*2 $8 hostname $0 ''", None),
        ("*0", None),
    ] {
        let map = slots(&format!("{second} {metadata}")).unwrap();
        let address = map.nodes().first().map(|node| node.address.to_string());
        assert_eq!(address.as_deref(), dialled, "{metadata}");
        assert_eq!(map.covered(), if dialled.is_some() { 10 } else { 0 });
    }
    for (host, dialled) in [
        ("", Some("10.0.0.9:7001")),
        ("?", None),
        ("::1", Some("[::1]:7001")),
        ("h", Some("h:7001")),
    ] {
        let map = nodes(&format!("id {host}:7001@17001 master - 0 0 1 connected 0-9")).unwrap();
        let address = map.nodes().first().map(|node| node.address.to_string());
        assert_eq!(address.as_deref(), dialled, "{host}");
    }
    // A port of 0 is that of a node for TLS alone; without TLS its slots are not covered.
    assert_eq!(slots("*1 *3 :0 :9 *2 $1 h :0").unwrap().nodes().len(), 0);
    let tls = "*1 %2 +slots *2 :0 :9 +nodes *1 %3 +tls-port :7001 +role +master +ip $1 h";
    assert_eq!(shards(tls).unwrap().covered(), 0);
    let map = read_for(Query::Shards, &resp(tls), true).unwrap();
    assert_eq!(drawn(&map), ["h:7001 serves [(0, 9)]"]);
    // Of both ports each takes its own; a proxy that does the TLS may tell one alone.
    for (ports, of_tls) in [
        ("+tls-port :7001 +port :7002", 7001),
        ("+port :7002 +tls-port :7001", 7001),
        ("+port :7002 +x :0", 7002),
    ] {
        let both = format!("*1 %2 +slots *2 :0 :9 +nodes *1 %4 {ports} +role +master +ip $1 h");
        assert_eq!(drawn(&shards(&both).unwrap()), ["h:7002 serves [(0, 9)]"]);
        let map = read_for(Query::Shards, &resp(&both), true).unwrap();
        assert_eq!(drawn(&map), [format!("h:{of_tls} serves [(0, 9)]")]);
    }
    assert_eq!(nodes("id h:0@17001 master - 0 0 1 connected 0-9").unwrap().covered(), 0);
}

#[test]
fn lines_of_cluster_nodes() {
    let map = nodes(
        "aa 10.0.0.1:1@2,h1,shard-id=s,availability-zone=z1 myself,master - 0 0 7 connected 0-1 5 [7->-bb] 9-10\r\n\
         bb 10.0.0.2:1@2 master,fail - 0 0 8 disconnected 11 [7-<-aa]\n\
         cc 10.0.0.3:1@2 slave bb 0 0 8 connected\n\
         dd 10.0.0.4:1@2 slave,fail? aa 0 0 8 connected\n\
         ee 10.0.0.5:1@2 slave,nofailover zz 0 0 8 connected\n\
         ff 10.0.0.6:1@2 handshake - 0 0 0 connected\n\
         gg :0@0 slave,noaddr aa 0 0 0 disconnected\n\
         hh 10.0.0.7:1 master - 0 0 0 connected\n\n",
    )
    .unwrap();
    assert_eq!(
        drawn(&map),
        [
            "10.0.0.1:1 serves [(0, 1), (5, 5), (9, 10)]",
            "10.0.0.2:1 serves [(11, 11)]",
            "10.0.0.7:1 serves []",
            "10.0.0.4:1 follows Some(\"10.0.0.1:1\")",
            "10.0.0.3:1 follows Some(\"10.0.0.2:1\")",
            "10.0.0.5:1 follows None",
        ]
    );
    let first = &map.nodes()[0];
    assert_eq!((first.config_epoch, first.hostname.as_deref()), (Some(7), Some("h1")));
    assert_eq!(first.zone.as_deref(), Some("z1"));
    assert_eq!(map.nodes()[1].health, Health::Failed);
    assert_eq!(map.nodes()[3].health, Health::Online);
    assert_eq!((map.covered(), map.find("bb"), map.find("ff")), (6, Some(1), None));
    for bad in [
        "",
        "\n",
        "rubbish",
        "aa h:1@2 master - 0 0 7",
        "aa h@2 master - 0 0 7 connected",
        "aa h:x@2 master - 0 0 7 connected",
        "aa h:70000@2 master - 0 0 7 connected",
        "aa h:1@2 master - 0 0 -1 connected",
        "aa h:1@2 myself - 0 0 7 connected",
        "aa h:1@2 master - 0 0 7 connected 16384",
        "aa h:1@2 master - 0 0 7 connected 5-4",
        "aa h:1@2 master - 0 0 7 connected +5",
        "aa h:1@2 master - 0 0 7 connected 1-",
        "aa a:b:1@2 master - 0 0 7 connected",
        "aa h\u{7}:1@2 master - 0 0 7 connected",
    ] {
        assert!(nodes(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn nonsense_is_refused_and_more_than_we_know_is_not() {
    for (bad, says) in [
        ("+OK", "it is no array"),
        (":1", "it is no array"),
        ("_", "it is no array"),
        ("*1 +x", "an entry is no array"),
        ("*1 *0", "a slot is no number"),
        ("*1 *3 :0 :16384 *2 $1 h :1", "a slot is no number"),
        ("*1 *3 :-1 :5 *2 $1 h :1", "a slot is no number"),
        ("*1 *3 :9 :5 *2 $1 h :1", "ends before it starts"),
        ("*1 *3 $1 0 $1 5 *2 $1 h :1", "a slot is no number"),
        ("*1 *2 :0 :5", "an entry names no node"),
        ("*1 *3 :0 :5 $1 h", "an entry names no node"),
        ("*1 *3 :0 :5 *1 $1 h", "a port is no number"),
        ("*1 *3 :0 :5 *2 $1 h :65536", "a port is no number"),
        ("*1 *3 :0 :5 *2 $1 h :-1", "a port is no number"),
        ("*1 *3 :0 :5 *2 :1 :1", "a host is no string"),
        ("*1 *3 :0 :5 *2 $2 \u{e9} :1", ""),
        ("*1 *3 :0 :5 *2 $3 a:b :1", "neither a name nor an address"),
        ("*1 *3 :0 :5 *3 $1 h :1 :7", "a node id is no string"),
        ("*1 *3 :0 :5 *4 $1 h :1 $1 a :7", "metadata is neither"),
        ("*1 *3 :0 :5 *4 $1 h :1 $1 a *1 $2 ip", "a name without a value"),
    ] {
        match slots(bad) {
            Err(message) => assert!(message.contains(says), "{bad}: {message}"),
            Ok(_) => assert_eq!(says, "", "{bad}"),
        }
    }
    for (bad, says) in [
        ("+OK", "it is no array"),
        ("*1 :1", "a shard is neither"),
        ("*1 *1 $5 slots", "a name without a value"),
        ("*1 *2 $5 slots :1", "slots are no array"),
        ("*1 *2 $5 slots *1 :1", "a slot is no number"),
        ("*1 *2 $5 slots *2 :1 :16384", "a slot is no number"),
        ("*1 *2 $5 nodes *1 *2 $4 port :1", "no role"),
        ("*1 *2 $5 nodes *1 *2 $4 role $3 foo", "neither master nor replica"),
        ("*1 *2 $5 nodes *1 *1 $4 role", "no text"),
        ("*1 *2 $5 nodes *1 *2 $4 port $1 1", "a port is no number"),
    ] {
        let message = shards(bad).unwrap_err();
        assert!(message.contains(says), "{bad}: {message}");
    }
    let more = "*1 *4 :0 :5 *6 $1 h :1 $1 a *4 $3 new $1 x $2 ip $1 i $4 more *1 :1 *2 $1 r :2";
    let map = slots(more).unwrap();
    assert_eq!(drawn(&map), ["h:1 serves [(0, 5)]", "r:2 follows Some(\"h:1\")"]);
    let more = "*1 %3 +slots *0 +new *1 :1 +nodes *1 %4 +new *0 +role +master +port :1 +ip +h";
    assert_eq!(drawn(&shards(more).unwrap()), ["h:1 serves []"]);
}

#[test]
fn a_shard_in_the_middle_of_a_failover() {
    let node = |host: &str, role: &str, health: &str| {
        format!("%4 +ip +{host} +port :1 +role +{role} +health +{health}")
    };
    let shard = |members: &[String]| {
        format!("*1 %2 +slots *2 :0 :5 +nodes *{} {}", members.len(), members.join(" "))
    };
    let map = shards(&shard(&[
        node("old", "master", "failed"),
        node("new", "master", "online"),
        node("r", "replica", "loading"),
    ]))
    .unwrap();
    assert_eq!(
        drawn(&map),
        ["new:1 serves [(0, 5)]", "old:1 serves []", "r:1 follows Some(\"new:1\")"]
    );
    assert_eq!(map.nodes()[2].health, Health::Loading);
    let map = shards(&shard(&[node("old", "master", "fail")])).unwrap();
    assert_eq!((map.covered(), map.nodes()[0].health), (6, Health::Failed));
    let map = shards(&shard(&[node("r", "replica", "online")])).unwrap();
    assert_eq!((map.covered(), drawn(&map)), (0, vec!["r:1 follows None".to_owned()]));
}

#[test]
fn more_ranges_than_slots_are_refused() {
    let answer = |count: usize| {
        format!("*{count}\r\n") + &resp_text("*3 :0 :16383 *2 $1 h :1").repeat(count)
    };
    assert_eq!(read(Query::Slots, answer(16384).as_bytes()).unwrap().covered(), 16384);
    let message = read(Query::Slots, answer(16385).as_bytes()).unwrap_err();
    assert!(message.contains("more ranges than slots"), "{message}");
}

#[test]
fn one_slot_not_served() {
    let text = "*2 *3 :0 :5459 *2 $1 a :1 *3 :5461 :16383 *2 $1 b :1";
    let map = slots(text).unwrap();
    assert_eq!((map.covered(), map.uncovered()), (16383, vec![(5460, 5460)]));
    assert_eq!(map.primary_of(5459), Some(0));
    assert_eq!(map.primary_of(5460), None);
    assert_eq!(map.primary_of(5461), Some(1));
    assert_eq!(map.primary_of(16384), None);
    assert!(map.replicas_of(16384).is_empty());
}

#[test]
fn every_slot_a_range_of_its_own_and_a_thousand_nodes() {
    let mut order: Vec<u16> = (0..16384).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut order);
    let mut text = String::from("*16384\r\n");
    for &slot in &order {
        let node = slot % 1000;
        text += &format!("*4\r\n:{slot}\r\n:{slot}\r\n");
        for (role, port) in [(1, 7000 + node), (2, 17000 + node)] {
            text += &format!(
                "*4\r\n$8\r\n10.0.{role}.1\r\n:{port}\r\n$40\r\n{:040x}\r\n*2\r\n$8\r\nhostname\r\n$6\r\nh-{node:04}\r\n",
                u64::from(port)
            );
        }
    }
    let map = read(Query::Slots, text.as_bytes()).unwrap();
    assert_eq!((map.covered(), map.shard_count(), map.nodes().len()), (16384, 1000, 2000));
    for slot in 0..16384 {
        let primary = map.primary_of(slot).unwrap();
        assert_eq!(map.nodes()[primary].address.port, 7000 + slot % 1000);
        assert!(map.nodes()[primary].slots.contains(&(slot, slot)));
        let replica = &map.nodes()[map.replicas_of(slot)[0]];
        assert_eq!((replica.address.port, replica.primary), (17000 + slot % 1000, Some(primary)));
        assert_eq!(map.replicas_of(slot).len(), 1);
    }
    for (at, node) in map.nodes().iter().enumerate() {
        assert_eq!(map.find(&node.id), Some(at));
        assert_eq!(map.find(&node.address.to_string()), Some(at));
        let hostname = node.hostname.as_deref().unwrap();
        assert_eq!(map.find(&format!("{hostname}:{}", node.address.port)), Some(at));
    }
}
