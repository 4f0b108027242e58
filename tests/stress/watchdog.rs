//! Ends the program, with the pool's numbers, when a thread hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rediscluster::ffi::stats::rediscluster_stat::*;

use crate::api::Pool;
use crate::crew::pause;
use crate::fake::Fake;

/// No call lasts longer than this: a dial, a discovery and a wait one after the other, on a slow and busy
/// machine.
const LONGEST: Duration = Duration::from_secs(40);

/// What is watched over.
pub trait Watched: Send + Sync + 'static {
    /// Its threads may end.
    fn is_over(&self) -> bool;

    /// Whose numbers are told when a thread hangs.
    fn pool(&self) -> Pool;

    /// The nodes.
    fn fake(&self) -> &Fake;
}

/// The threads' signs of life.
pub struct Watchdog {
    pub alive: Vec<AtomicU64>,
    ended: AtomicBool,
    failed: AtomicBool,
}

/// Starts watching over a round: each thread moves on within [`LONGEST`] or has ended with the round.
pub fn start<W: Watched>(round: &Arc<W>, threads: usize, time: Duration) -> Arc<Watchdog> {
    let alive = (0..threads).map(|_| AtomicU64::new(0)).collect();
    let watchdog =
        Watchdog { alive, ended: AtomicBool::new(false), failed: AtomicBool::new(false) };
    let watchdog = Arc::new(watchdog);
    let (watching, round) = (watchdog.clone(), round.clone());
    std::thread::spawn(move || watching.watch(&*round, time));
    // A panic in a thread is the end of the round, not of that thread alone.
    let failing = watchdog.clone();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        print(info);
        failing.failed.store(true, Ordering::Release);
    }));
    watchdog
}

impl Watchdog {
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn watch(&self, round: &dyn Watched, time: Duration) {
        let begun = Instant::now();
        let mut seen: Vec<(u64, Instant)> = vec![(0, begun); self.alive.len()];
        while !self.ended.load(Ordering::Acquire) {
            pause(100);
            for (number, (beats, since)) in seen.iter_mut().enumerate() {
                let now = self.alive[number].load(Ordering::Relaxed);
                if now != *beats {
                    (*beats, *since) = (now, Instant::now());
                }
                let may_have_ended = round.is_over();
                if since.elapsed() > LONGEST && !may_have_ended || begun.elapsed() > time + LONGEST
                {
                    eprintln!("thread {number} hangs after {now} steps");
                    dump(round);
                    std::process::abort();
                }
            }
        }
    }
}

fn dump(round: &dyn Watched) {
    // If the pool's own lock is what hangs, this hangs too; the line above is out by then.
    std::thread::spawn(|| {
        pause(2000);
        eprintln!("the statistics hang, too");
        std::process::abort();
    });
    let stats = round.pool().stats();
    let nodes = round.fake().addresses.iter().map(|node| Some(node.as_str()));
    for node in std::iter::once(None).chain(nodes) {
        let of = |what| stats.of(node, what);
        eprintln!(
            "{}: {} open, {} idle, {} in use, {} dialing, {} waiting, {} dialled, {} closed",
            node.unwrap_or("all"),
            of(REDISCLUSTER_STAT_OPEN),
            of(REDISCLUSTER_STAT_IDLE),
            of(REDISCLUSTER_STAT_IN_USE),
            of(REDISCLUSTER_STAT_DIALING),
            of(REDISCLUSTER_STAT_WAITING),
            of(REDISCLUSTER_STAT_CREATED),
            of(REDISCLUSTER_STAT_CLOSED),
        );
    }
}
