//! The machine against a cluster in memory, in any order of events.

use std::collections::{BTreeMap, HashMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::client::subscriber::routes::Routes;
use crate::client::subscriber::steps::Step;
use crate::resp::Reply;
use crate::slot::key_slot;

const NODES: u16 = 3;
const NAMES: u8 = 5;

fn address(node: u16) -> NodeAddress {
    NodeAddress::new("n", node)
}

fn bytes(name: u8) -> Vec<u8> {
    vec![b'a' + name]
}

/// Who owns which slot, as the pool's map has it.
#[derive(Clone, Default)]
struct Known(HashMap<u16, u16>);

impl Routes for Known {
    fn primary(&self, slot: u16) -> Option<NodeAddress> {
        self.0.get(&slot).map(|&node| address(node))
    }
    fn any(&self, avoided: &[NodeAddress]) -> Option<NodeAddress> {
        let all = || (1..=NODES).map(address);
        all().find(|node| !avoided.contains(node)).or_else(|| all().next())
    }
    fn knows(&self, _: &NodeAddress) -> bool {
        true
    }
    fn serves(&self, node: &NodeAddress, slot: u16) -> bool {
        self.primary(slot).is_none_or(|primary| primary == *node)
    }
}

/// A connection as the server has it.
struct Served {
    node: u16,
    subscriptions: Vec<(Kind, u8)>,
    /// What was sent and has not arrived; true: because a slot has gone.
    on_its_way: VecDeque<(String, bool)>,
}

/// What the program and the servers agree on, for one name.
#[derive(Default)]
struct Expected {
    wanted: bool,
    confirmed: Option<u64>,
    lost: bool,
    gaps: usize,
    seen_gaps: usize,
    /// Numbers of the last message published and the last given out.
    published: u64,
    given: u64,
}

struct World {
    machine: Machine,
    now: Instant,
    owners: HashMap<u16, u16>,
    known: Known,
    down: Vec<u16>,
    /// Names that no server allows.
    denied: Vec<(Kind, u8)>,
    served: BTreeMap<u64, Served>,
    expected: HashMap<(Kind, u8), Expected>,
}

impl World {
    fn new() -> Self {
        let owners: HashMap<u16, u16> =
            (0..NAMES).map(|name| (key_slot(&bytes(name)), u16::from(name) % NODES + 1)).collect();
        let mut options = Options::new();
        options.socket_timeout = Duration::from_secs(2);
        Self {
            machine: Machine::new(&options),
            now: Instant::now(),
            known: Known(owners.clone()),
            owners,
            down: Vec::new(),
            denied: Vec::new(),
            served: BTreeMap::new(),
            expected: HashMap::new(),
        }
    }

    fn expected(&mut self, kind: Kind, name: u8) -> &mut Expected {
        self.expected.entry((kind, name)).or_default()
    }

    /// Does what the machine says until it says nothing, at most so often.
    fn run(&mut self, most: usize) {
        for _ in 0..most {
            let Some(step) = self.machine.step(&self.known, self.now) else { return };
            match step {
                Step::Refresh { .. } => {
                    self.known = Known(self.owners.clone());
                    self.machine.refreshed(None, self.now);
                }
                Step::Dial { link, node, .. } if self.down.contains(&node.port) => {
                    self.machine.dial_failed(link, node, Duration::from_millis(1), self.now);
                }
                Step::Dial { link, node, .. } => {
                    let served = Served {
                        node: node.port,
                        subscriptions: Vec::new(),
                        on_its_way: VecDeque::new(),
                    };
                    assert!(self.served.insert(link, served).is_none(), "dialled twice");
                    self.machine.dialled(link, node, self.now);
                }
                Step::Close { link } => self.close(link),
                Step::Send { link, command } => self.serve(link, &command),
            }
            self.check();
        }
    }

    fn close(&mut self, link: u64) {
        self.served.remove(&link).expect("a connection");
        for expected in self.expected.values_mut() {
            if expected.confirmed == Some(link) {
                expected.confirmed = None;
                expected.lost = expected.wanted;
            }
        }
    }

    fn serve(&mut self, link: u64, command: &crate::command::Command) {
        let served = self.served.get_mut(&link).expect("a connection");
        let words: Vec<Vec<u8>> = command.arguments().map(<[u8]>::to_vec).collect();
        let verb = String::from_utf8(words[0].clone()).expect("a name");
        let names: Vec<u8> = words[1..].iter().map(|word| word[0] - b'a').collect();
        let kind = match verb.trim_start_matches("UN").as_bytes() {
            b"PING" => return served.on_its_way.push_back(("+PONG\r\n".into(), false)),
            b"SUBSCRIBE" => Kind::Channel,
            b"PSUBSCRIBE" | b"PUNSUBSCRIBE" => Kind::Pattern,
            _ => Kind::Shard,
        };
        if kind == Kind::Shard {
            let slot = key_slot(&bytes(names[0]));
            assert!(names.iter().all(|&name| key_slot(&bytes(name)) == slot), "CROSSSLOT");
            let owner = self.owners[&slot];
            if owner != served.node && verb == "SSUBSCRIBE" {
                return served
                    .on_its_way
                    .push_back((format!("-MOVED {slot} n:{owner}\r\n"), false));
            }
        }
        let begins = !verb.contains("UNSUB");
        if begins && names.iter().any(|&name| self.denied.contains(&(kind, name))) {
            return served.on_its_way.push_back(("-NOPERM no\r\n".into(), false));
        }
        for name in names {
            // What is being ended is not missed, also where it is wanted again before that is answered.
            if !begins
                && let Some(expected) = self.expected.get_mut(&(kind, name))
                && expected.confirmed == Some(link)
            {
                expected.confirmed = None;
            }
            served.subscriptions.retain(|&one| one != (kind, name));
            if begins {
                served.subscriptions.push((kind, name));
            }
            served.on_its_way.push_back((answer(&verb.to_lowercase(), name), false));
        }
    }

    /// The next thing that is on its way on the connection arrives.
    fn arrive(&mut self, link: u64) -> bool {
        let Some(served) = self.served.get_mut(&link) else { return false };
        let Some((text, slot_has_gone)) = served.on_its_way.pop_front() else { return false };
        let reply = Reply::from_resp(text.as_bytes()).expect("a reply");
        if text.starts_with("-MOVED") {
            let words: Vec<&str> = text.trim_end().split([' ', ':']).collect();
            let (slot, node) = (words[1].parse().expect("slot"), words[3].parse().expect("node"));
            self.known.0.insert(slot, node);
        }
        if let Some((word, kind, name)) = read(&text) {
            let expected = self.expected.entry((kind, name)).or_default();
            if word.contains("unsubscribe") {
                if expected.confirmed == Some(link) {
                    expected.confirmed = None;
                    expected.lost |= slot_has_gone && expected.wanted;
                }
            } else if word.contains("subscribe") {
                expected.confirmed = Some(link);
                expected.gaps += usize::from(std::mem::take(&mut expected.lost));
            }
        }
        self.machine.arrived(link, reply, self.now);
        self.check();
        true
    }

    /// What the reader gets is what it should, and when.
    fn check(&mut self) {
        while let Some(message) = self.machine.pop() {
            let key = (message.kind(), message.name()[0] - b'a');
            let expected = self.expected.get_mut(&key).expect("a name that was subscribed to");
            if message.refusal().is_some() {
                assert!(self.denied.contains(&key));
                expected.wanted = false;
                continue;
            }
            assert!(expected.wanted, "{key:?} is not subscribed to");
            match message.payload() {
                None => expected.seen_gaps += 1,
                Some(payload) => {
                    let number =
                        std::str::from_utf8(payload).expect("text").parse().expect("number");
                    assert!(number > expected.given, "in order, and each once");
                    // Nothing comes of what was lost before the gap is told.
                    assert_eq!(expected.gaps, expected.seen_gaps);
                    expected.given = number;
                }
            }
        }
        for (key, expected) in &self.expected {
            assert_eq!(expected.gaps, expected.seen_gaps, "gaps of {key:?}");
        }
    }

    fn publish(&mut self, kind: Kind, name: u8) {
        let expected = self.expected(kind, name);
        expected.published += 1;
        let number = expected.published.to_string();
        let channel = bytes(name);
        for served in self.served.values_mut() {
            if served.subscriptions.contains(&(kind, name)) {
                let channel = std::str::from_utf8(&channel).expect("text");
                let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
                let (name, number) = (bulk(channel), bulk(&number));
                let text = match kind {
                    Kind::Channel => format!(">3\r\n+message\r\n{name}{number}"),
                    Kind::Shard => format!(">3\r\n+smessage\r\n{name}{number}"),
                    Kind::Pattern => format!(">4\r\n+pmessage\r\n{name}{name}{number}"),
                };
                served.on_its_way.push_back((text, false));
            }
        }
    }

    fn shift(&mut self, name: u8, node: u16) {
        let slot = key_slot(&bytes(name));
        self.owners.insert(slot, node);
        for served in self.served.values_mut().filter(|served| served.node != node) {
            if served.subscriptions.contains(&(Kind::Shard, name)) {
                served.subscriptions.retain(|&one| one != (Kind::Shard, name));
                served.on_its_way.push_back((answer("sunsubscribe", name), true));
            }
        }
    }

    fn break_connections(&mut self, node: u16) {
        let those = self.served.iter().filter(|(_, served)| served.node == node);
        for link in those.map(|(&link, _)| link).collect::<Vec<_>>() {
            self.close(link);
            self.machine.lost(link, self.now);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Subscribe(kind, name) => {
                self.machine.subscribe(kind, &bytes(name), false, self.now);
                self.expected(kind, name).wanted = true;
            }
            Event::Unsubscribe(kind, name) => {
                self.machine.unsubscribe(kind, &bytes(name));
                let expected = self.expected(kind, name);
                (expected.wanted, expected.lost) = (false, false);
            }
            Event::Publish(kind, name) => self.publish(kind, name),
            Event::Move(name, node) => self.shift(name, node),
            Event::Break(node) => self.break_connections(node),
            Event::Down(node) => {
                self.break_connections(node);
                self.down.push(node);
            }
            Event::Up(node) => self.down.retain(|&one| one != node),
            Event::Deny(kind, name) => self.denied.push((kind, name)),
            Event::Run(most) => self.run(most),
            Event::Arrive(most) => {
                let links: Vec<u64> = self.served.keys().copied().collect();
                for link in links {
                    for _ in 0..most {
                        self.arrive(link);
                    }
                }
            }
            Event::Time(millis) => self.now += Duration::from_millis(millis),
        }
        self.check();
    }

    /// All nodes are there, and everything arrives, until nothing happens any more.
    fn settle(&mut self) {
        self.down.clear();
        for _ in 0..400 {
            self.run(10_000);
            let links: Vec<u64> = self.served.keys().copied().collect();
            for link in links {
                while self.arrive(link) {}
            }
            self.now += Duration::from_millis(20);
        }
    }
}

fn answer(verb: &str, name: u8) -> String {
    format!(">3\r\n+{verb}\r\n$1\r\n{}\r\n:1\r\n", char::from(b'a' + name))
}

/// Word, kind and name of a push.
fn read(text: &str) -> Option<(String, Kind, u8)> {
    let mut lines = text.strip_prefix('>')?.split("\r\n").skip(1);
    let word = lines.next()?.strip_prefix('+')?.to_owned();
    let kind = match word.as_bytes().first()? {
        b'p' => Kind::Pattern,
        b's' if word.starts_with("ss") || word.starts_with("sun") => Kind::Shard,
        b's' if word == "smessage" => Kind::Shard,
        _ => Kind::Channel,
    };
    Some((word, kind, lines.nth(1)?.bytes().next()? - b'a'))
}

#[derive(Clone, Debug)]
enum Event {
    Subscribe(Kind, u8),
    Unsubscribe(Kind, u8),
    Publish(Kind, u8),
    Move(u8, u16),
    Break(u16),
    Down(u16),
    Up(u16),
    Deny(Kind, u8),
    Run(usize),
    Arrive(usize),
    Time(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = || prop::sample::select(Kind::ALL.to_vec());
    let (name, node) = (|| 0..NAMES, || 1..=NODES);
    prop_oneof![
        4 => (kind(), name()).prop_map(|(kind, name)| Event::Subscribe(kind, name)),
        2 => (kind(), name()).prop_map(|(kind, name)| Event::Unsubscribe(kind, name)),
        4 => (kind(), name()).prop_map(|(kind, name)| Event::Publish(kind, name)),
        2 => (name(), node()).prop_map(|(name, node)| Event::Move(name, node)),
        1 => node().prop_map(Event::Break),
        1 => node().prop_map(Event::Down),
        2 => node().prop_map(Event::Up),
        1 => (kind(), name()).prop_map(|(kind, name)| Event::Deny(kind, name)),
        8 => (1..20_usize).prop_map(Event::Run),
        8 => (1..8_usize).prop_map(Event::Arrive),
        4 => prop_oneof![0..20_u64, 0..10_000_u64].prop_map(Event::Time),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// In the end each subscription is where it belongs, whatever happened; a gap is told exactly when a
    /// confirmed one was lost, before what comes behind it; what is not wanted gives nothing.
    #[test]
    fn whatever_happens(events in prop::collection::vec(event(), 1..120)) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
        }
        world.settle();
        let mut wanted: Vec<_> = (world.expected.iter())
            .filter(|(key, expected)| expected.wanted && !world.denied.contains(key))
            .map(|(&key, _)| key)
            .collect();
        let mut there: Vec<_> =
            world.served.values().flat_map(|served| served.subscriptions.clone()).collect();
        // One that was confirmed before it was denied is there all the same.
        there.retain(|key| !world.denied.contains(key));
        wanted.sort_unstable();
        there.sort_unstable();
        prop_assert_eq!(&wanted, &there);
        for served in world.served.values() {
            for &(kind, name) in &served.subscriptions {
                let owner = world.owners[&key_slot(&bytes(name))];
                prop_assert!(kind != Kind::Shard || served.node == owner);
            }
        }
        for &(kind, name) in &wanted {
            prop_assert!(world.machine.standing(kind, &bytes(name)).is_some_and(|(_, is)| is));
            world.publish(kind, name);
        }
        world.settle();
        for key in &wanted {
            prop_assert_eq!(world.expected[key].given, world.expected[key].published);
        }
    }
}
