//! Scans of a cluster that is played: slots move key by key, replicas take over, servers are started anew, and
//! the client's map is as old as its last refresh.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::client::scan::sight::Sight;
use crate::options::{TopologyCommand, Translation};
use crate::resp::Reply;
use crate::topology::Query;

/// Ranges of slots that move as one; the first eight are one slot each.
const RANGES: [(u16, u16); 11] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (6, 6),
    (7, 7),
    (8, 5000),
    (5001, 10000),
    (10001, 16383),
];
const HOT: usize = 8;
const BUCKETS: u64 = 5;
const KEYS: usize = 60;

struct Server {
    /// Also its place in the world: a promoted replica is another server.
    is_primary: bool,
    is_dead: bool,
    run: u64,
    epoch: u64,
    leaving: BTreeMap<usize, usize>,
    arriving: BTreeMap<usize, usize>,
    keys: BTreeSet<usize>,
}

struct World {
    servers: Vec<Server>,
    owners: [usize; RANGES.len()],
    runs: u64,
}

fn range_of(key: usize) -> usize {
    key % RANGES.len()
}

impl World {
    fn new() -> Self {
        let mut world = Self { servers: Vec::new(), owners: [0; RANGES.len()], runs: 0 };
        for _ in 0..3 {
            world.start();
        }
        world.owners = std::array::from_fn(|range| range % 3);
        for key in 0..KEYS {
            let owner = world.owners[range_of(key)];
            world.servers[owner].keys.insert(key);
        }
        world
    }

    fn start(&mut self) -> usize {
        self.runs += 1;
        self.servers.push(Server {
            is_primary: true,
            is_dead: false,
            run: self.runs,
            epoch: self.runs,
            leaving: BTreeMap::new(),
            arriving: BTreeMap::new(),
            keys: BTreeSet::new(),
        });
        self.servers.len() - 1
    }

    fn primaries(&self) -> Vec<usize> {
        let is_up = |at: &usize| self.servers[*at].is_primary && !self.servers[*at].is_dead;
        (0..self.servers.len()).filter(is_up).collect()
    }

    fn take_over(&mut self, server: usize) {
        let greatest = self.servers.iter().map(|server| server.epoch).max().unwrap_or(0);
        if self.servers[server].epoch != greatest {
            self.servers[server].epoch = greatest + 1;
        }
    }

    fn begin_move(&mut self, range: usize, to: usize) {
        let owner = self.owners[range];
        if owner != to && !self.servers[owner].leaving.contains_key(&range) {
            self.servers[owner].leaving.insert(range, to);
            self.servers[to].arriving.insert(range, owner);
        }
    }

    /// One key, or all that are left and the slot with them.
    fn go_on(&mut self, range: usize, to_the_end: bool) {
        let owner = self.owners[range];
        let Some(&to) = self.servers[owner].leaving.get(&range) else { return };
        let keys = self.servers[owner].keys.iter().copied();
        let mut keys: Vec<_> = keys.filter(|&key| range_of(key) == range).collect();
        if !to_the_end {
            keys.truncate(1);
        }
        for key in keys {
            self.servers[owner].keys.remove(&key);
            self.servers[to].keys.insert(key);
        }
        if to_the_end {
            self.servers[owner].leaving.remove(&range);
            self.servers[to].arriving.remove(&range);
            self.owners[range] = to;
            self.take_over(to);
        }
    }

    /// A replica takes over from a primary of which no slot is on the move.
    fn fail_over(&mut self, server: usize, dies: bool) {
        let old = &self.servers[server];
        if !(old.leaving.is_empty() && old.arriving.is_empty()) {
            return;
        }
        let keys = old.keys.clone();
        let new = self.start();
        self.servers[new].keys = keys;
        self.take_over(new);
        self.servers[server].is_primary = false;
        self.servers[server].is_dead = dies;
        for owner in self.owners.iter_mut().filter(|owner| **owner == server) {
            *owner = new;
        }
    }

    fn start_anew(&mut self, server: usize) {
        self.runs += 1;
        self.servers[server].run = self.runs;
    }

    fn happens(&mut self, (what, a, b): (u8, usize, usize)) {
        let primaries = self.primaries();
        let (from, to) = (primaries[a % primaries.len()], primaries[b % primaries.len()]);
        let range = a % HOT;
        match what {
            0..=4 => self.begin_move(range, to),
            5..=9 => self.go_on(range, false),
            10..=15 => self.go_on(range, true),
            16 => self.fail_over(from, b % 2 == 0),
            17 => self.start_anew(from),
            _ => {}
        }
    }

    /// CLUSTER NODES, of one server or of nobody.
    fn cluster_nodes(&self, myself: Option<usize>) -> String {
        let mut text = String::new();
        for (at, server) in self.servers.iter().enumerate() {
            if server.is_dead && Some(at) != myself {
                continue;
            }
            let role = if server.is_primary { "master" } else { "slave" };
            let own = if Some(at) == myself { "myself," } else { "" };
            let epoch = server.epoch;
            text += &format!("n{at} 10.0.0.1:{}@1 {own}{role} - 0 0 {epoch} connected", at + 1);
            for (range, &(first, last)) in RANGES.iter().enumerate() {
                if self.owners[range] == at {
                    text += &format!(" {first}-{last}");
                }
            }
            if Some(at) == myself {
                for (range, to) in &server.leaving {
                    text += &format!(" [{}->-n{to}]", RANGES[*range].0);
                }
                for (range, from) in &server.arriving {
                    text += &format!(" [{}-<-n{from}]", RANGES[*range].0);
                }
            }
            text.push('\n');
        }
        text
    }

    fn map(&self) -> SlotMap {
        let nodes = self.cluster_nodes(None);
        let resp = format!("${}\r\n{nodes}\r\n", nodes.len());
        let reply = Reply::from_resp(resp.as_bytes()).expect("a reply");
        Query::first(TopologyCommand::Nodes)
            .read(reply.root(), &node(0), &Translation::default(), false)
            .expect("a map")
    }

    /// SCAN: the keys of one bucket, by the hashes of this run.
    fn scan(&self, server: usize, cursor: u64) -> (u64, Vec<usize>) {
        let server = &self.servers[server];
        let bucket = |key: usize| {
            (key as u64 + 1).wrapping_mul(server.run.wrapping_mul(0x9e37_79b9) | 1) >> 7 & 0xffff
        };
        let keys = server.keys.iter().copied();
        let keys = keys.filter(|&key| bucket(key) % BUCKETS == cursor % BUCKETS).collect();
        (if cursor + 1 >= BUCKETS { 0 } else { cursor + 1 }, keys)
    }
}

fn node(server: usize) -> NodeAddress {
    NodeAddress::new("10.0.0.1", server as u16 + 1)
}

fn server_of(node: &NodeAddress) -> usize {
    usize::from(node.port) - 1
}

/// Scans while something happens after each step, which is told its number; answers which keys were seen and in
/// how many steps.
fn scanned(
    world: &mut World,
    happens: &mut dyn FnMut(&mut World, usize),
) -> (BTreeSet<usize>, usize) {
    let mut course = Course::new(&Options::default());
    let mut seen = BTreeSet::new();
    let mut map = world.map();
    let jitter = &mut |bound| bound;
    for steps in 0..5000 {
        match course.step(&map, jitter) {
            Step::Look { node } if world.servers[server_of(&node)].is_dead => {
                course.failed(Error::new(Status::Connection, "dead").on_node(&node), jitter);
            }
            Step::Page { node, .. } if world.servers[server_of(&node)].is_dead => {
                course.failed(Error::new(Status::Connection, "dead").on_node(&node), jitter);
            }
            Step::Look { node } => {
                let at = server_of(&node);
                let sight = Sight::read(&world.cluster_nodes(Some(at))).expect("a sight");
                let run = world.servers[at].run.to_string();
                course.sighted(&sight, Some(&run), jitter);
            }
            Step::Page { node, cursor } => {
                let at = server_of(&node);
                let (cursor, keys) = world.scan(at, cursor);
                seen.extend(keys);
                let sight = Sight::read(&world.cluster_nodes(Some(at))).expect("a sight");
                course.paged(cursor, &sight);
            }
            Step::Refresh { .. } => map = world.map(),
            Step::Wait { .. } | Step::Failed(_) => {}
            Step::Done => return (seen, steps),
        }
        happens(world, steps);
    }
    panic!("the scan does not end");
}

#[test]
fn a_quiet_cluster_is_walked_over_once() {
    let mut world = World::new();
    let (seen, steps) = scanned(&mut world, &mut |_, _| ());
    assert_eq!(seen.len(), KEYS);
    // For each node two looks and the pages.
    assert_eq!(steps, 3 * (2 + BUCKETS as usize));
}

#[test]
fn a_key_that_moves_behind_the_scan_is_found() {
    // Slot 0 is node 0's, the first; its keys are on their way when node 0 is scanned, and then at node 1.
    let mut world = World::new();
    world.begin_move(0, 1);
    let key = (0..KEYS).find(|&key| range_of(key) == 0).expect("a key");
    world.go_on(0, false);
    assert!(world.servers[1].keys.contains(&key));
    let (seen, _) = scanned(&mut world, &mut |_, _| ());
    assert_eq!(seen.len(), KEYS);
}

#[test]
fn a_slot_that_stays_on_the_move_does_not_hold_it_up() {
    let mut world = World::new();
    for range in 0..4 {
        world.begin_move(range, (range + 1) % 3);
        world.go_on(range, false);
    }
    let (seen, steps) = scanned(&mut world, &mut |_, _| ());
    assert_eq!(seen.len(), KEYS);
    assert!(steps < 100, "{steps} steps");
}

#[test]
fn a_slot_that_went_there_and_back_between_its_walks_is_not_taken_for_one_on_the_same_move() {
    let mut world = World::new();
    world.begin_move(0, 1);
    let key = (0..KEYS).find(|&key| range_of(key) == 0).expect("a key");
    world.go_on(0, false);
    assert!(world.servers[1].keys.contains(&key));
    let (seen, _) = scanned(&mut world, &mut |world, step| {
        // Node 0 has been walked over without the key, node 1 has not begun: it is at node 0 again.
        if step == 1 + BUCKETS as usize {
            world.go_on(0, true);
            world.begin_move(0, 0);
            world.go_on(0, true);
            world.begin_move(0, 1);
            assert!(world.servers[0].keys.contains(&key));
        }
    });
    assert_eq!(seen.len(), KEYS);
}

#[test]
fn a_slot_on_its_way_to_a_node_that_the_map_does_not_know_asks_for_another_map() {
    let mut world = World::new();
    let (seen, steps) = scanned(&mut world, &mut |world, step| match step {
        // Node 2 dies and node 3 takes over; slot 0 leaves node 0 for it, and stays on the move.
        0 => world.fail_over(2, true),
        1 => world.begin_move(0, 3),
        _ => {}
    });
    assert_eq!(seen.len(), KEYS);
    assert!(steps < 100, "{steps} steps");
}

#[test]
fn a_slot_on_its_way_to_a_node_that_no_map_knows_does_not_hold_up_the_others() {
    let mut course = Course::new(&Options::default());
    let mut world = World::new();
    let map = world.map();
    let to = world.start();
    world.begin_move(0, to);
    let (mut walked, mut refreshes) = (BTreeSet::new(), 0);
    loop {
        match step_answered(&mut course, &world, &map) {
            Step::Page { node, .. } => _ = walked.insert(server_of(&node)),
            Step::Refresh { .. } => refreshes += 1,
            Step::Failed(error) => break assert_eq!(error.status(), Status::TryAgain),
            Step::Look { .. } | Step::Wait { .. } => {}
            Step::Done => panic!("slot 0 is not done"),
        }
    }
    assert_eq!(walked, BTreeSet::from([0, 1, 2]));
    assert_eq!(course.left.iter().collect::<Vec<_>>(), [0]);
    assert!(refreshes > 5, "{refreshes} refreshes");
    // Once its new node serves it, any map tells of that one.
    world.go_on(0, true);
    let map = world.map();
    let is_done = |_| matches!(step_answered(&mut course, &world, &map), Step::Done);
    assert!((0..20).any(is_done));
}

/// A step, and what comes of it: each walk is one page.
fn step_answered(course: &mut Course, world: &World, map: &SlotMap) -> Step {
    let jitter = &mut |bound| bound;
    let step = course.step(map, jitter);
    if let Step::Look { node } | Step::Page { node, .. } = &step {
        let text = world.cluster_nodes(Some(server_of(node)));
        let sight = Sight::read(&text).expect("a sight");
        match &step {
            Step::Look { .. } => course.sighted(&sight, None, jitter),
            _ => course.paged(0, &sight),
        }
    }
    step
}

#[test]
fn slots_that_never_rest_end_in_an_error_and_the_scan_goes_on() {
    let mut course = Course::new(&Options::default());
    let mut world = World::new();
    let map = world.map();
    let jitter = &mut |bound| bound;
    let mut failures = 0;
    for _ in 0..2000 {
        match course.step(&map, jitter) {
            Step::Look { node } => {
                let text = world.cluster_nodes(Some(server_of(&node)));
                // Each look is of another run.
                world.runs += 1;
                let run = world.runs.to_string();
                course.sighted(&Sight::read(&text).expect("a sight"), Some(&run), jitter);
            }
            Step::Page { node, .. } => {
                let text = world.cluster_nodes(Some(server_of(&node)));
                course.paged(0, &Sight::read(&text).expect("a sight"));
            }
            Step::Failed(error) => {
                assert_eq!(error.status(), Status::TryAgain);
                failures += 1;
            }
            Step::Refresh { .. } | Step::Wait { .. } => {}
            Step::Done => panic!("nothing was ever whole"),
        }
    }
    assert!(failures > 5);
}

#[test]
fn what_does_not_pass_is_told_and_the_page_is_asked_for_again() {
    let mut course = Course::new(&Options::default());
    let world = World::new();
    let map = world.map();
    let jitter = &mut |bound| bound;
    let Step::Look { node } = course.step(&map, jitter) else { panic!("a look is first") };
    let text = world.cluster_nodes(Some(server_of(&node)));
    course.sighted(&Sight::read(&text).expect("a sight"), None, jitter);
    assert!(matches!(course.step(&map, jitter), Step::Page { cursor: 0, .. }));
    course.failed(Error::new(Status::PoolExhausted, "full"), jitter);
    assert!(matches!(course.step(&map, jitter), Step::Failed(_)));
    assert!(matches!(course.step(&map, jitter), Step::Page { cursor: 0, .. }));
    course.failed(Error::new(Status::Connection, "reset").on_node(&node), jitter);
    assert!(matches!(course.step(&map, jitter), Step::Refresh { suspect: Some(_) }));
    assert!(matches!(course.step(&map, jitter), Step::Wait { .. }));
    assert!(matches!(course.step(&map, jitter), Step::Page { cursor: 0, .. }));
    let error = course.out_of_time();
    assert_eq!((error.status(), error.node()), (Status::Timeout, &*node.to_string()));
}

#[test]
fn without_a_map_it_asks_for_one() {
    let mut course = Course::new(&Options::default());
    let jitter = &mut |bound| bound;
    assert!(matches!(course.step(&SlotMap::empty(), jitter), Step::Refresh { suspect: None }));
    assert!(matches!(course.step(&SlotMap::empty(), jitter), Step::Wait { .. }));
    assert!(matches!(course.step(&World::new().map(), jitter), Step::Look { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_key_that_was_there_throughout_is_seen(
        events in prop::collection::vec((0..24_u8, 0..64_usize, 0..64_usize), 0..400),
    ) {
        let mut world = World::new();
        let (seen, _) = scanned(&mut world, &mut |world, step| {
            if let Some(&event) = events.get(step) {
                world.happens(event);
            }
        });
        let missed: Vec<_> = (0..KEYS).filter(|key| !seen.contains(key)).collect();
        prop_assert!(missed.is_empty(), "{:?}", missed);
    }
}
