//! stress [SECONDS]: everything a program may do to a pool, and to a client whose threads share connections, done by
//! many threads at once, on nodes that die, hang and move. Every reply must be its own command's, both limits must hold at every moment,
//! and at the end nothing is left. Meant to run under ThreadSanitizer (scripts/stress), so it is a plain
//! program, its own locks are the library's, and the nodes are another process.
//!
//! It calls the C functions, not the Rust ones below them: that is the way of every program, with the
//! handles as values, the error objects and the checks of what comes in.

#![allow(unsafe_code)]

mod api;
mod client_api;
mod crew;
mod fake;
mod shared;
#[cfg(rediscluster_tsan)]
mod tsan;
mod watchdog;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rediscluster::ffi::stats::rediscluster_stat::*;

use api::Pool;
use client_api::Client;
use crew::{Hand, Queue, Round, pause};
use fake::Fake;
use shared::Shared;

/// What the pools are like: in all, a node, blocking, and what else is set.
type Kind = (i64, i64, bool, &'static [(&'static str, &'static str)]);

const KINDS: [Kind; 3] = [
    (
        8,
        3,
        true,
        &[
            ("max_idle_time", "40"),
            ("max_lifetime", "400"),
            ("health_check_interval", "10"),
            ("topology_refresh_interval", "100"),
        ],
    ),
    (4, 4, true, &[("init_slot_cache", "no"), ("timeout", "200")]),
    (6, 2, false, &[("health_check_interval", "20"), ("protocol", "3")]),
];

/// What the clients are like whose threads share connections.
const SHARED: [&[(&str, &str)]; 2] = [
    &[("max_idle_time", "40"), ("max_lifetime", "400"), ("topology_refresh_interval", "100")],
    &[("max_in_flight", "3"), ("protocol", "3"), ("read_from", "replica_preferred")],
];

const WORKERS: usize = 10;

fn main() {
    #[cfg(rediscluster_fault = "race")]
    planted();
    let seconds = std::env::args().nth(1).map_or(30.0, |text| {
        text.parse::<f64>().unwrap_or_else(|_| panic!("usage: stress [SECONDS]"))
    });
    let each = Duration::from_secs_f64(seconds / (KINDS.len() + SHARED.len()) as f64);
    for kind in &KINDS {
        run(kind, each);
    }
    for more in SHARED {
        run_shared(more, each);
    }
}

/// The race that `--cfg rediscluster_fault="race"` plants in the library.
#[cfg(rediscluster_fault = "race")]
fn planted() {
    unsafe extern "C" {
        safe fn rediscluster_fault_race() -> i32;
    }
    rediscluster_fault_race();
}

fn run(&(limit, limit_per_node, blocking, more): &Kind, time: Duration) {
    let fake = Fake::start();
    let nodes = fake.addresses.join(",");
    let (all, by_node) = (limit.to_string(), limit_per_node.to_string());
    let mut settings = vec![
        ("startup_nodes", nodes.as_str()),
        ("max_connections", all.as_str()),
        ("max_connections_per_node", by_node.as_str()),
        ("pool_exhausted", if blocking { "block" } else { "error" }),
        ("socket_connect_timeout", "300"),
        ("socket_timeout", "500"),
        ("command_timeout", "1000"),
        ("topology_refresh_min_interval", "10"),
    ];
    settings.extend(more);
    let round = Arc::new(Round {
        pool: Pool::new(&settings).expect("a pool"),
        stranger: Pool::new(&[("startup_nodes", &nodes), ("init_slot_cache", "no")])
            .expect("another pool"),
        fake,
        limit,
        limit_per_node,
        blocking,
        closing: AtomicBool::new(false),
        done: AtomicBool::new(false),
        to_release: Queue::new(),
        to_interrupt: Queue::new(),
        good: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        misused: AtomicU64::new(0),
    });
    let watchdog = watchdog::start(&round, WORKERS + 6, time);
    let start = |number: usize, job: fn(&Round, &mut Hand<'_>)| {
        let (round, watchdog) = (round.clone(), watchdog.clone());
        std::thread::spawn(move || job(&round, &mut Hand::new(number, &watchdog.alive[number])))
    };
    let mut users: Vec<_> = (0..WORKERS).map(|number| start(number, Round::work)).collect();
    users.push(start(WORKERS, Round::govern));
    users.push(start(WORKERS + 1, Round::wreck));
    let helpers = vec![
        start(WORKERS + 2, Round::release),
        start(WORKERS + 3, Round::release),
        start(WORKERS + 4, Round::interrupt),
        start(WORKERS + 5, Round::watch),
    ];

    let begun = Instant::now();
    while begun.elapsed() < time && !watchdog.failed() {
        pause(10);
    }
    round.closing.store(true, Ordering::Release);
    round.pool.close().expect("a pool closes");
    join(users);
    round.done.store(true, Ordering::Release);
    join(helpers);
    watchdog.end();
    round.check_end();
    // SAFETY: the threads that used the pools have ended.
    unsafe {
        round.pool.free();
        round.stranger.free();
    }
}

fn run_shared(more: &[(&str, &str)], time: Duration) {
    let fake = Fake::start();
    let nodes = fake.addresses.join(",");
    let mut settings = vec![
        ("startup_nodes", nodes.as_str()),
        ("shared", "yes"),
        ("socket_connect_timeout", "300"),
        ("socket_timeout", "500"),
        ("command_timeout", "1000"),
        ("topology_refresh_min_interval", "10"),
    ];
    settings.extend(more);
    let client = Client::new(&settings).expect("a client");
    let round = Arc::new(Shared::new(client, fake));
    let watchdog = watchdog::start(&round, WORKERS + 3, time);
    let start = |number: usize, job: fn(&Shared, &mut Hand<'_>)| {
        let (round, watchdog) = (round.clone(), watchdog.clone());
        std::thread::spawn(move || job(&round, &mut Hand::new(number, &watchdog.alive[number])))
    };
    let mut users: Vec<_> = (0..WORKERS).map(|number| start(number, Shared::work)).collect();
    users.push(start(WORKERS, Shared::govern));
    users.push(start(WORKERS + 1, Shared::wreck));
    let canceller = start(WORKERS + 2, Shared::cancel);

    let begun = Instant::now();
    while begun.elapsed() < time && !watchdog.failed() {
        pause(10);
    }
    round.closing.store(true, Ordering::Release);
    client.pool().close().expect("a pool closes");
    join(users);
    round.done.store(true, Ordering::Release);
    join(vec![canceller]);
    watchdog.end();
    check_closed(client.pool(), &round.fake);
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "shared, {more:?}: {} good calls, {} out of time, {} cancelled, {} broken; {} dialled",
        count(&round.good),
        count(&round.timed_out),
        count(&round.cancelled),
        count(&round.broken),
        client.pool().stats().of(None, REDISCLUSTER_STAT_CREATED),
    );
    assert!(count(&round.good) > 20, "hardly anything went well");
    assert!(count(&round.timed_out) > 0, "nothing ran out of time");
    // SAFETY: the threads that used the client have ended.
    unsafe { client.free() };
}

fn join(threads: Vec<std::thread::JoinHandle<()>>) {
    for thread in threads {
        // It has said what went wrong.
        if thread.join().is_err() {
            std::process::exit(1);
        }
    }
}

/// After the close: everything was given back.
fn check_closed(pool: Pool, fake: &Fake) {
    let stats = pool.stats();
    for what in [
        REDISCLUSTER_STAT_OPEN,
        REDISCLUSTER_STAT_IDLE,
        REDISCLUSTER_STAT_IN_USE,
        REDISCLUSTER_STAT_DIALING,
        REDISCLUSTER_STAT_WAITING,
    ] {
        assert_eq!(stats.of(None, what), 0, "{what:?} after the close");
    }
    let number = |what| stats.of(None, what);
    assert_eq!(number(REDISCLUSTER_STAT_CREATED), number(REDISCLUSTER_STAT_CLOSED));
    // The nodes' threads see the last end a moment later.
    let end = Instant::now() + Duration::from_secs(10);
    while fake.connections(None).open > 0 {
        assert!(Instant::now() < end, "connections are open after the close");
        pause(5);
    }
}

impl Round {
    /// What the pool says of itself at this moment.
    fn check_limits(&self) {
        let stats = self.pool.stats();
        let held = |node| {
            stats.of(node, REDISCLUSTER_STAT_OPEN) + stats.of(node, REDISCLUSTER_STAT_DIALING)
        };
        assert!(held(None) <= self.limit, "{} places", held(None));
        for node in &self.fake.addresses {
            assert!(held(Some(node)) <= self.limit_per_node, "{} places", held(Some(node)));
        }
    }

    /// After the close: everything was given back, and no node ever saw too much.
    fn check_end(&self) {
        check_closed(self.pool, &self.fake);
        let stats = self.pool.stats();
        let number = |what| stats.of(None, what);
        // One more is the refresh, which takes no place of the pool.
        let max = self.fake.connections(None).max as i64;
        assert!(max <= self.limit + 1, "{max} connections at once, allowed {}", self.limit);
        for node in 1..=self.fake.addresses.len() {
            let max = self.fake.connections(Some(node)).max as i64;
            assert!(max <= self.limit_per_node + 1, "{max} connections at node {node} at once");
        }
        let (good, failed) =
            (self.good.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        println!(
            "{} in all, {} a node, {}: {good} exchanges, {failed} failures, {} misuses; {} dialled, \
             {} evicted, {} waits, {} in vain, {} refreshes, most at once {max}",
            self.limit,
            self.limit_per_node,
            if self.blocking { "waiting" } else { "not waiting" },
            self.misused.load(Ordering::Relaxed),
            number(REDISCLUSTER_STAT_CREATED),
            number(REDISCLUSTER_STAT_EVICTED),
            number(REDISCLUSTER_STAT_WAITS),
            number(REDISCLUSTER_STAT_TIMEOUTS),
            number(REDISCLUSTER_STAT_REFRESHES),
        );
        assert!(good > 20, "hardly anything went well");
    }
}
