//! Announced addresses become others, alike in CLUSTER SLOTS, SHARDS and NODES.

use std::sync::{Arc, Mutex};

use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::Reply;
use rediscluster::topology::{Query, SlotMap};

const IDS: [&str; 3] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccccccccccc",
];

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// A primary of all slots, announced at the first address, and its replicas at the others.
fn answer(query: Query, hosts: &[(&str, u16)]) -> Vec<u8> {
    let nodes = hosts.iter().zip(IDS);
    let mut text = String::new();
    match query {
        Query::Slots => {
            text += &format!("*1\r\n*{}\r\n:0\r\n:16383\r\n", hosts.len() + 2);
            for ((host, port), id) in nodes {
                let metadata = format!("*2\r\n{}{}", bulk("hostname"), bulk("10.0.0.1"));
                text += &format!("*4\r\n{}:{port}\r\n{}{metadata}", bulk(host), bulk(id));
            }
        }
        Query::Shards => {
            let slots = "*2\r\n:0\r\n:16383\r\n";
            text += &format!("*1\r\n*4\r\n{}{slots}{}", bulk("slots"), bulk("nodes"));
            text += &format!("*{}\r\n", hosts.len());
            for (at, ((host, port), id)) in nodes.enumerate() {
                let role = if at == 0 { "master" } else { "replica" };
                text += "*10\r\n";
                for (name, value) in
                    [("id", id), ("endpoint", host), ("role", role), ("hostname", "10.0.0.1")]
                {
                    text += &(bulk(name) + &bulk(value));
                }
                text += &format!("{}:{port}\r\n", bulk("port"));
            }
        }
        Query::Nodes => {
            let mut lines = String::new();
            for (at, ((host, port), id)) in nodes.enumerate() {
                let (role, slots) = match at {
                    0 => ("master -".to_owned(), " 0-16383"),
                    _ => (format!("slave {}", IDS[0]), ""),
                };
                lines +=
                    &format!("{id} {host}:{port}@1{port},10.0.0.1 {role} 0 0 1 connected{slots}\n");
            }
            text += &bulk(&lines);
        }
    }
    text.into_bytes()
}

/// Whatever the command: the map that `check` looks at.
fn alike(options: &Options, hosts: &[(&str, u16)], check: impl Fn(&SlotMap)) {
    for query in [Query::Slots, Query::Shards, Query::Nodes] {
        let reply = Reply::from_resp(&answer(query, hosts)).unwrap();
        let asked = NodeAddress::new("10.0.0.9", 7000);
        let map = query.read(reply.root(), &asked, &options.translation, options.ssl).unwrap();
        assert_eq!(map.covered(), 16384, "{query:?}");
        check(&map);
    }
}

fn shown(map: &SlotMap) -> Vec<(String, String)> {
    let nodes = map.nodes().iter();
    nodes.map(|node| (node.announced.to_string(), node.address.to_string())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|&(announced, dialled)| (announced.into(), dialled.into())).collect()
}

#[test]
fn both_addresses_and_the_id_find_a_node() {
    let mut options = Options::new();
    options
        .set("host_port_remap", "10.0.0.1:7001=gw:9001,10.0.0.2=gw,[0::1]:7003=[fd00::1]:9003")
        .unwrap();
    alike(&options, &[("10.0.0.1", 7001), ("10.0.0.2", 7002), ("::1", 7003)], |map| {
        let expected = [
            ("10.0.0.1:7001", "gw:9001"),
            ("[::1]:7003", "[fd00::1]:9003"),
            ("10.0.0.2:7002", "gw:7002"),
        ];
        assert_eq!(shown(map), pairs(&expected));
        for (at, (announced, dialled)) in expected.into_iter().enumerate() {
            assert_eq!(map.find(announced), Some(at));
            assert_eq!(map.find(&dialled.to_uppercase()), Some(at));
            assert_eq!(map.find(&map.nodes()[at].id), Some(at));
        }
        assert_eq!(map.find("[0:0:0:0:0:0:0:1]:7003"), Some(1));
        assert_eq!(map.find("10.0.0.1:9001"), None);
        // What describes a node is not where it is dialled.
        assert_eq!(map.nodes()[0].hostname.as_deref(), Some("10.0.0.1"));
    });
}

#[test]
fn a_port_alone_and_an_empty_host() {
    let mut options = Options::new();
    options.set("host_port_remap", ":7001=:17001,10.0.0.9=gw").unwrap();
    alike(&options, &[("", 7001), ("", 7002), ("10.0.0.1", 7001)], |map| {
        let expected = [
            (":7001", "10.0.0.9:17001"),
            ("10.0.0.1:7001", "10.0.0.1:17001"),
            (":7002", "gw:7002"),
        ];
        assert_eq!(shown(map), pairs(&expected));
    });
}

#[test]
fn the_function_is_asked_once_a_node_and_after_the_rules() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut options = Options::new();
    options.set("host_port_remap", "a=b").unwrap();
    let log = asked.clone();
    options.translation.set_function(move |address| {
        log.lock().unwrap().push(address.to_string());
        (&*address.host == "b").then(|| NodeAddress::new("c", 1))
    });
    // The same node in sixty ranges is one node.
    let mut text = "*60\r\n".to_owned();
    for slot in 0..60 {
        text += &format!("*3\r\n:{slot}\r\n:{slot}\r\n*3\r\n{}:7\r\n{}", bulk("a"), bulk(IDS[0]));
    }
    let reply = Reply::from_resp(text.as_bytes()).unwrap();
    let from = NodeAddress::new("10.0.0.9", 7000);
    let map = Query::Slots.read(reply.root(), &from, &options.translation, options.ssl).unwrap();
    assert_eq!(shown(&map), pairs(&[("a:7", "c:1")]));
    assert_eq!(*asked.lock().unwrap(), ["b:7"]);
    alike(&options, &[("d", 1), ("?", 2)], |map| {
        assert_eq!(shown(map)[0], ("d:1".to_owned(), "d:1".to_owned()));
    });
    assert!(!asked.lock().unwrap().iter().any(|address| address.contains('?')));
}
