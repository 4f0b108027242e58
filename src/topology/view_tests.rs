//! What a view makes of answers that contradict themselves.

use std::sync::LazyLock;

use super::*;

fn from(answered_by: &NodeAddress) -> Source<'_> {
    static AS_IS: LazyLock<Translation> = LazyLock::new(Translation::default);
    Source { answered_by, translation: &AS_IS, tls: false }
}

fn plain(host: &'static str, port: u16) -> Identity<'static> {
    Identity { host: host.as_bytes(), port, id: b"" }
}

#[test]
fn the_later_word_holds_and_the_order_of_the_answer_does_not_show() {
    let asked = NodeAddress::new("10.0.0.9", 1);
    let mut maps = Vec::new();
    for swapped in [false, true] {
        let mut view = View::new(from(&asked));
        let mut ports = [1, 2];
        if swapped {
            ports.reverse();
        }
        for port in ports {
            let node = view.add(plain("a", port), Description::default()).unwrap();
            let replica = view.add(plain("b", port), Description::default()).unwrap();
            view.follow(replica, node);
            view.own(node, if port == 1 { (0, 99) } else { (100, 199) }).unwrap();
        }
        maps.push(view.finish());
    }
    assert_eq!(maps[0].fingerprint(), maps[1].fingerprint());
    assert!(maps[1].version() > maps[0].version());
    assert_eq!(maps[0].covered(), 200);
    assert_eq!(maps[0].nodes()[maps[0].replicas_of(150)[0]].address.to_string(), "b:2");

    let mut view = View::new(from(&asked));
    let one = view.add(plain("a", 1), Description::default()).unwrap();
    let two = view.add(plain("a", 2), Description::default()).unwrap();
    view.own(one, (0, 16383)).unwrap();
    view.own(two, (5, 6)).unwrap();
    view.follow(two, one);
    let map = view.finish();
    assert_eq!(&*map.nodes()[0].slots, [(0, 4), (7, 16383)]);
    assert_eq!(&*map.nodes()[1].slots, [(5, 6)]);
    assert_eq!(map.nodes()[1].role, Role::Primary);
    assert_eq!(map.nodes()[1].primary, None);
    assert!(map.replicas_of(0).is_empty());
}

#[test]
fn what_cannot_be_dialled_is_left_out_and_its_replicas_stay() {
    let asked = NodeAddress::new("10.0.0.9", 1);
    let mut view = View::new(from(&asked));
    let gone = view.add(plain("?", 1), Description::default()).unwrap();
    let replica = view.add(plain("b", 1), Description::default()).unwrap();
    let by_ip = Description { ip: b"10.0.0.7", ..Description::default() };
    let named = view.add(plain("?", 2), by_ip).unwrap();
    view.own(gone, (0, 9)).unwrap();
    view.follow(replica, gone);
    view.own(named, (10, 19)).unwrap();
    let map = view.finish();
    assert_eq!(map.covered(), 10);
    assert_eq!(map.uncovered(), [(0, 9), (20, 16383)]);
    assert_eq!(map.primary_of(0), None);
    assert_eq!(map.nodes()[map.primary_of(10).unwrap()].address.to_string(), "10.0.0.7:2");
    let orphan = map.find("b:1").unwrap();
    assert_eq!((map.nodes()[orphan].role, map.nodes()[orphan].primary), (Role::Replica, None));
    assert!(map.replicas_of(10).is_empty());
}

#[test]
fn many_nodes_are_told_apart() {
    let asked = NodeAddress::new("h", 1);
    let mut view = View::new(from(&asked));
    for port in 1..=5000 {
        let node = view.add(plain("a", port), Description::default()).unwrap();
        assert_eq!(view.add(plain("a", port), Description::default()).unwrap(), node);
        view.own(node, (port, port)).unwrap();
    }
    let map = view.finish();
    assert_eq!((map.nodes().len(), map.covered(), map.shard_count()), (5000, 5000, 5000));
    for port in 1..=5000 {
        let at = map.find(&format!("A:{port}")).unwrap();
        assert_eq!(map.primary_of(port), Some(at));
    }
    assert_eq!(map.find("a:5001"), None);
}
