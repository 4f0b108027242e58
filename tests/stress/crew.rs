//! What the threads of a round share, and what each of them does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rediscluster::os::futex::Mutex;

use crate::api::{self, *};
use crate::fake::Fake;
use crate::watchdog::Watched;

/// One pool on one set of nodes, and the threads on it.
pub struct Round {
    pub pool: Pool,
    /// A pool that nothing is ever checked out of.
    pub stranger: Pool,
    pub fake: Fake,
    pub limit: i64,
    pub limit_per_node: i64,
    /// The pool waits where a limit is reached.
    pub blocking: bool,
    pub closing: AtomicBool,
    pub done: AtomicBool,
    /// Connections that another thread than the getter releases.
    pub to_release: Queue,
    /// Connections that another thread interrupts at any time, also after their release.
    pub to_interrupt: Queue,
    /// Round trips that went well, and all that ended otherwise.
    pub good: AtomicU64,
    pub failed: AtomicU64,
    pub misused: AtomicU64,
}

/// Connections on the way from thread to thread.
pub struct Queue(Mutex<VecDeque<usize>>);

impl Queue {
    pub const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn push(&self, connection: usize) {
        self.0.lock().push_back(connection);
    }

    fn pop(&self) -> Option<usize> {
        self.0.lock().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// A thread's own random numbers and its sign of life.
pub struct Hand<'a> {
    pub number: usize,
    pub alive: &'a AtomicU64,
    pub random: fastrand::Rng,
    count: u64,
}

impl<'a> Hand<'a> {
    pub fn new(number: usize, alive: &'a AtomicU64) -> Self {
        Self { number, alive, random: fastrand::Rng::with_seed(number as u64 + 1), count: 0 }
    }

    pub fn beat(&self) {
        self.alive.fetch_add(1, Ordering::Relaxed);
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.random.usize(..all.len())]
    }

    /// Never the same twice, over all threads.
    pub fn unique(&mut self) -> String {
        self.count += 1;
        format!("{}:{}:{}", self.number, self.count, "x".repeat(self.random.usize(..40)))
    }
}

impl Round {
    /// Gets, uses and gives back connections until the pool is closed.
    pub fn work(&self, hand: &mut Hand<'_>) {
        loop {
            hand.beat();
            let target = self.target(hand);
            let timeout = hand.one_of(&[0, 5, 50, 300, 300, 300, -1, -2]);
            match self.pool.get(&target, timeout) {
                Ok(connection) => self.use_connection(connection, hand),
                Err(Failure(REDISCLUSTER_ERROR_CLOSED, _)) => {
                    assert!(self.is_over(), "closed before anybody closed it");
                    return;
                }
                Err(failure) => {
                    self.note_get(&failure, &target);
                    std::thread::yield_now();
                }
            }
        }
    }

    fn target(&self, hand: &mut Hand<'_>) -> Target {
        match hand.random.u32(..8) {
            0..3 => Target::Slot(hand.random.i32(0..16384)),
            3..5 => Target::Key(hand.unique().into_bytes()),
            5..7 => {
                let node = hand.random.usize(..self.fake.addresses.len());
                Target::Node(self.fake.addresses[node].clone())
            }
            _ => Target::Random,
        }
    }

    fn note_get(&self, Failure(status, text): &Failure, target: &Target) {
        let expected = match status {
            REDISCLUSTER_ERROR_POOL_TIMEOUT => self.blocking,
            REDISCLUSTER_ERROR_UNKNOWN_NODE => matches!(target, Target::Node(_)),
            REDISCLUSTER_ERROR_POOL_EXHAUSTED
            | REDISCLUSTER_ERROR_TIMEOUT
            | REDISCLUSTER_ERROR_CONNECTION
            | REDISCLUSTER_ERROR_UNREACHABLE => true,
            _ => false,
        };
        assert!(expected, "a get gave {status:?}: {text}");
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    fn use_connection(&self, connection: usize, hand: &mut Hand<'_>) {
        let interruptible = hand.random.u32(..16) == 0;
        if interruptible {
            self.to_interrupt.push(connection);
        }
        let mut ended = Ok(());
        for _ in 0..hand.random.u32(1..4) {
            ended = self.talk(connection, hand);
            if ended.is_err() {
                break;
            }
        }
        if let Err(Failure(status, text)) = ended {
            let expected = match status {
                REDISCLUSTER_ERROR_CANCELLED => interruptible,
                REDISCLUSTER_ERROR_TIMEOUT => true,
                REDISCLUSTER_ERROR_CONNECTION => true,
                _ => false,
            };
            assert!(expected, "a command gave {status:?}: {text}");
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        match hand.random.u32(..4) {
            0 => self.to_release.push(connection),
            1 => self.misuse(connection),
            2 => api::release(connection).expect("it is checked out"),
            _ => self.pool.release(connection).expect("it is checked out"),
        }
    }

    /// One exchange. Each reply that comes must be its own command's.
    fn talk(&self, connection: usize, hand: &mut Hand<'_>) -> Result<()> {
        let value = hand.unique();
        let value = value.as_bytes();
        let timeout = hand.one_of(&[50, 500, 500, -2]);
        match hand.random.u32(..64) {
            0 => drop(api::command(connection, &[b"GET", b"slow"], 20)?),
            1 => drop(api::command(connection, &[b"GET", b"close"], timeout)?),
            2 => drop(api::command(connection, &[b"GET", b"reset"], timeout)?),
            3 => drop(api::command(connection, &[b"GET", b"half"], timeout)?),
            // Not to be pooled again: a reply is not read.
            4 => drop(api::pipeline(connection, &[&[b"GET", b"slow"]], 0)?),
            5..20 => {
                let key = [b"key:", value].concat();
                let all: [&[&[u8]]; 4] =
                    [&[b"SET", &key, value], &[b"ECHO", &key], &[b"GET", &key], &[b"DEL", &key]];
                let replies = api::pipeline(connection, &all, timeout)?;
                assert_eq!(replies[..3], [b"OK".to_vec(), key.clone(), value.to_vec()]);
                self.good.fetch_add(1, Ordering::Relaxed);
            }
            20..24 => {
                let key = [b"key:", value].concat();
                assert_eq!(api::command(connection, &[b"SET", &key, value], timeout)?, b"OK");
                assert_eq!(api::command(connection, &[b"GET", &key], timeout)?, value);
                drop(api::command(connection, &[b"DEL", &key], timeout)?);
                self.good.fetch_add(1, Ordering::Relaxed);
            }
            _ => {
                assert_eq!(api::command(connection, &[b"ECHO", value], timeout)?, value);
                self.good.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Gives it back in every wrong way, and once in a right one.
    fn misuse(&self, connection: usize) {
        let refused = |result: Result<()>, expected: Status| match result {
            Err(Failure(status, _)) if status == expected => {}
            other => panic!("misuse gave {other:?} for {expected:?}"),
        };
        refused(self.stranger.release(connection), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
        refused(api::release(0), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
        refused(api::release(connection & !1), REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        // From two threads at once: one of them has it.
        let other = std::thread::spawn(move || api::release(connection).is_ok());
        let own = api::release(connection).is_ok();
        assert!(own != other.join().expect("a thread that releases"), "released {own} twice");
        refused(api::release(connection), REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        refused(self.pool.release(connection), REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        refused(api::interrupt(connection), REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        let used = api::command(connection, &[b"PING"], 10).map(drop);
        refused(used, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        assert!(api::is_broken(connection));
        self.misused.fetch_add(1, Ordering::Relaxed);
    }

    /// Releases what others got.
    pub fn release(&self, hand: &mut Hand<'_>) {
        while !(self.done.load(Ordering::Acquire) && self.to_release.is_empty()) {
            hand.beat();
            match self.to_release.pop() {
                Some(connection) => self.pool.release(connection).expect("it is checked out"),
                None => pause(1),
            }
        }
    }

    /// Interrupts what others use, or have used.
    pub fn interrupt(&self, hand: &mut Hand<'_>) {
        while !self.done.load(Ordering::Acquire) {
            hand.beat();
            match self.to_interrupt.pop() {
                Some(connection) => match api::interrupt(connection) {
                    Ok(()) | Err(Failure(REDISCLUSTER_ERROR_NOT_CHECKED_OUT, _)) => {}
                    other => panic!("an interrupt gave {other:?}"),
                },
                None => pause(1),
            }
        }
    }

    /// Does to the whole pool what may be done at any time.
    pub fn govern(&self, hand: &mut Hand<'_>) {
        while !self.is_over() {
            hand.beat();
            let result = match hand.random.u32(..12) {
                0 => self.pool.reset(500),
                1 => self.pool.disconnect(),
                2..4 => self.pool.refresh(hand.one_of(&[0, 20, 500])),
                4..8 => self.pool.maintain(hand.one_of(&[0, 10, 200])).map(drop),
                _ => {
                    self.pool.walk_topology();
                    Ok(())
                }
            };
            if let Err(Failure(status, text)) = result {
                let expected = matches!(
                    status,
                    REDISCLUSTER_ERROR_UNREACHABLE
                        | REDISCLUSTER_ERROR_TIMEOUT
                        | REDISCLUSTER_ERROR_CONNECTION
                ) || status == REDISCLUSTER_ERROR_CLOSED && self.is_over();
                assert!(expected, "the whole pool gave {status:?}: {text}");
            }
            pause(hand.random.u64(1..30));
        }
    }

    /// Looks at the numbers all the time.
    pub fn watch(&self, hand: &mut Hand<'_>) {
        while !self.done.load(Ordering::Acquire) {
            hand.beat();
            self.check_limits();
            pause(2);
        }
    }

    /// Kills, revives, pauses and moves nodes.
    pub fn wreck(&self, hand: &mut Hand<'_>) {
        self.fake.wreck(hand, || self.is_over());
    }
}

impl Watched for Round {
    fn is_over(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    fn pool(&self) -> Pool {
        self.pool
    }

    fn fake(&self) -> &Fake {
        &self.fake
    }
}

pub fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
