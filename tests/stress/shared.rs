//! A client whose threads share its connections, while calls time out and are cancelled, connections die, nodes hang
//! and, at the end, its pool closes under load. Every reply must be its own command's.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use rediscluster::os::futex::Mutex;

use crate::api::{Failure, Pool, Result, Status, Status::*};
use crate::client_api::{Cancel, Client};
use crate::crew::{Hand, pause};
use crate::fake::Fake;
use crate::watchdog::Watched;

/// One client, and the threads on it.
pub struct Shared {
    pub client: Client,
    pub fake: Fake,
    pub closing: AtomicBool,
    pub done: AtomicBool,
    /// Tokens that another thread fires, at any time.
    to_cancel: Mutex<Vec<Weak<Cancel>>>,
    pub good: AtomicU64,
    pub timed_out: AtomicU64,
    pub cancelled: AtomicU64,
    pub broken: AtomicU64,
}

impl Shared {
    pub fn new(client: Client, fake: Fake) -> Self {
        Self {
            client,
            fake,
            closing: AtomicBool::new(false),
            done: AtomicBool::new(false),
            to_cancel: Mutex::new(Vec::new()),
            good: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            broken: AtomicU64::new(0),
        }
    }

    /// Calls until the pool is closed.
    pub fn work(&self, hand: &mut Hand<'_>) {
        loop {
            hand.beat();
            match self.talk(hand) {
                Ok(()) => self.good.fetch_add(1, Ordering::Relaxed),
                Err(Failure(REDISCLUSTER_ERROR_CLOSED, _)) => {
                    assert!(self.is_over(), "closed before anybody closed it");
                    return;
                }
                Err(failure) => self.note(&failure),
            };
        }
    }

    fn note(&self, Failure(status, text): &Failure) -> u64 {
        let count = match *status {
            REDISCLUSTER_ERROR_TIMEOUT | REDISCLUSTER_ERROR_POOL_TIMEOUT => &self.timed_out,
            REDISCLUSTER_ERROR_CANCELLED => &self.cancelled,
            REDISCLUSTER_ERROR_CONNECTION | REDISCLUSTER_ERROR_UNREACHABLE => &self.broken,
            _ => panic!("a call gave {status:?}: {text}"),
        };
        count.fetch_add(1, Ordering::Relaxed)
    }

    /// One or a few calls.
    fn talk(&self, hand: &mut Hand<'_>) -> Result<()> {
        let value = hand.unique();
        let value = value.as_bytes();
        let key = [b"key:", value].concat();
        let client = self.client;
        let timeout = hand.one_of(&[100, 500, 500, -2]);
        match hand.random.u32(..64) {
            // Answered late: nobody else may be given what it gets.
            0..4 => {
                let slow = [b"slow:", value].concat();
                let timeout = hand.one_of(&[0, 1, 5, 30]);
                let reply = client.command(&[b"GET", &slow], timeout, None)?;
                assert_eq!(reply, slow);
            }
            4..8 => self.cancel_one(&[b"slow:", value].concat())?,
            8..14 => {
                let lag = [b"lag:", value].concat();
                let timeout = hand.one_of(&[1, 2, 4, 100]);
                assert_eq!(client.command(&[b"GET", &lag], timeout, None)?, lag);
            }
            14 => drop(client.command(&[b"GET", b"close"], timeout, None)?),
            15 => drop(client.command(&[b"GET", b"reset"], timeout, None)?),
            16 => drop(client.command(&[b"GET", b"half"], timeout, None)?),
            // Sent from where it is, by its caller alone.
            17..20 => {
                let large = value.repeat(hand.random.usize(1..6_000));
                let timeout = hand.one_of(&[3, 500, 500]);
                assert_eq!(client.command(&[b"SET", &key, &large], timeout, None)?, b"OK");
                let read = client.command(&[b"GET", &key], 1000, None)?;
                assert!(read == large, "{} bytes of {}", read.len(), large.len());
                drop(client.command(&[b"DEL", &key], timeout, None)?);
            }
            20..40 => {
                assert_eq!(client.command(&[b"SET", &key, value], timeout, None)?, b"OK");
                assert_eq!(client.command(&[b"GET", &key], timeout, None)?, value);
                drop(client.command(&[b"DEL", &key], timeout, None)?);
            }
            _ => assert_eq!(client.command(&[b"ECHO", value], timeout, None)?, value),
        }
        Ok(())
    }

    /// A call that another thread may end at any time.
    fn cancel_one(&self, key: &[u8]) -> Result<()> {
        let token = Arc::new(Cancel::new());
        self.to_cancel.lock().push(Arc::downgrade(&token));
        let reply = self.client.command(&[b"GET", key], 500, Some(&token))?;
        assert_eq!(reply, key);
        Ok(())
    }

    /// Cancels what others wait for.
    pub fn cancel(&self, hand: &mut Hand<'_>) {
        while !self.done.load(Ordering::Acquire) {
            hand.beat();
            let token = self.to_cancel.lock().pop();
            if let Some(token) = token.and_then(|token| token.upgrade()) {
                token.fire();
            }
            pause(hand.random.u64(1..10));
        }
    }

    /// Does to the pool what may be done at any time.
    pub fn govern(&self, hand: &mut Hand<'_>) {
        let pool = self.client.pool();
        while !self.is_over() {
            hand.beat();
            let result = match hand.random.u32(..8) {
                0 => pool.reset(500),
                1 => pool.disconnect(),
                2..4 => pool.refresh(hand.one_of(&[0, 20, 500])),
                _ => pool.maintain(hand.one_of(&[0, 10, 100])).map(drop),
            };
            if let Err(Failure(status, text)) = result {
                let expected: &[Status] = &[
                    REDISCLUSTER_ERROR_UNREACHABLE,
                    REDISCLUSTER_ERROR_TIMEOUT,
                    REDISCLUSTER_ERROR_CONNECTION,
                ];
                let is_closed = status == REDISCLUSTER_ERROR_CLOSED && self.is_over();
                assert!(
                    expected.contains(&status) || is_closed,
                    "the pool gave {status:?}: {text}"
                );
            }
            pause(hand.random.u64(5..60));
        }
    }

    /// Kills, revives and pauses nodes, and moves slots.
    pub fn wreck(&self, hand: &mut Hand<'_>) {
        self.fake.wreck(hand, || self.is_over());
    }
}

impl Watched for Shared {
    fn is_over(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    fn pool(&self) -> Pool {
        self.client.pool()
    }

    fn fake(&self) -> &Fake {
        &self.fake
    }
}
