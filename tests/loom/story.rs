//! What each model is made of: callers begin, things happen, all end; then nothing may be left, and every command
//! must have fared as its caller was told.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::channel::{Ask, Channel, Tried};
use crate::deadline::{Clock, End};
use crate::net::{Error, Manner, Net};

/// How often a caller tries again where the connection broke.
const TRIES: usize = 3;

pub struct Story {
    pub net: Arc<Net>,
    pub channel: Arc<Channel>,
    callers: Vec<Caller>,
}

pub struct Caller {
    /// Of each call.
    clocks: Vec<Arc<Clock>>,
    may_end: Vec<bool>,
    thread: JoinHandle<Vec<Account>>,
}

/// Of one call.
pub struct Account {
    numbers: Vec<u8>,
    answered: usize,
    is_ended: bool,
    /// Of its commands so many may have left, counting each try.
    sent: usize,
}

impl Story {
    pub fn new(manners: &[Manner]) -> Self {
        Self::with_room(manners, usize::MAX)
    }

    pub fn with_room(manners: &[Manner], max_in_flight: usize) -> Self {
        Self::on(Net::new(manners, false, false), max_in_flight)
    }

    pub fn on(net: Arc<Net>, max_in_flight: usize) -> Self {
        Self { channel: Channel::new(&net, max_in_flight), net, callers: Vec::new() }
    }

    /// A thread that asks for one after the other; each is tried again when a connection breaks.
    pub fn caller(&mut self, asks: &[Ask]) {
        let clocks: Vec<_> = asks.iter().map(|_| Clock::new()).collect();
        let (channel, asks, own) = (self.channel.clone(), asks.to_vec(), clocks.clone());
        self.spawn(clocks, move || {
            let each = asks.iter().zip(&own);
            each.map(|(ask, clock)| Account::of(ask, || channel.call(ask, clock))).collect()
        });
    }

    /// A thread of its own kind.
    pub fn spawn(
        &mut self,
        clocks: Vec<Arc<Clock>>,
        body: impl FnOnce() -> Vec<Account> + 'static,
    ) {
        let may_end = vec![false; clocks.len()];
        self.callers.push(Caller { clocks, may_end, thread: thread::spawn(body) });
    }

    /// This call of this caller ends at this moment.
    pub fn end(&mut self, caller: usize, call: usize, how: End) {
        let caller = &mut self.callers[caller];
        caller.may_end[call] = true;
        caller.clocks[call].end(how);
        caller.clocks[call].ring(&self.net.state);
    }

    /// This call of this caller wakes for nothing.
    pub fn tick(&self, caller: usize, call: usize) {
        let clock = &self.callers[caller].clocks[call];
        clock.tick();
        clock.ring(&self.net.state);
    }

    /// The wait of this call of this caller is put off, if it waits now.
    pub fn put_off(&self, caller: usize, call: usize) {
        let clock = &self.callers[caller].clocks[call];
        clock.put_off();
        clock.ring(&self.net.state);
    }

    /// All end, and nothing is left.
    pub fn finish(self) {
        let mut accounts = Vec::new();
        for caller in self.callers {
            let own = caller.thread.join().expect("a thread that has not failed");
            for (account, may_end) in own.iter().zip(&caller.may_end) {
                assert!(*may_end || !account.is_ended, "a call ended before its time");
            }
            accounts.extend(own);
        }
        for account in &accounts {
            assert!(account.is_ended || account.answered == account.numbers.len());
        }
        let state = self.channel.turns.lock();
        assert!(state.queue.is_empty() && !state.queue.has_gathered(), "the queue is not empty");
        assert_eq!(state.queue.lead(), None, "who has left leads");
        let is_kept = state.line().is_some();
        assert!(!is_kept || self.net.stays && state.is_idle(), "a connection is held by nobody");
        drop(state);
        assert_eq!(self.net.open(), usize::from(is_kept), "a connection is open, and has no line");
        let executed = &self.net.lock().executed;
        for account in &accounts {
            let count = executed.iter().filter(|number| account.numbers.contains(number)).count();
            assert!(count <= account.answered + account.sent, "sent, and said not to be");
        }
    }
}

impl Account {
    /// Of a call that is tried again where the connection broke.
    pub fn of(ask: &Ask, mut call: impl FnMut() -> Tried) -> Self {
        let mut account =
            Self { numbers: ask.numbers.clone(), answered: 0, is_ended: false, sent: 0 };
        for _ in 0..TRIES {
            match call() {
                Tried::Answered => {
                    account.answered = ask.numbers.len();
                    return account;
                }
                Tried::NotSent(_) => {
                    account.is_ended = true;
                    return account;
                }
                Tried::Lost { error, answered, sent } => {
                    account.sent += answered + sent;
                    match error {
                        Error::Ended(_) => {
                            account.is_ended = true;
                            return account;
                        }
                        Error::Stray => panic!("a reply that nobody is owed"),
                        Error::Broken => {}
                    }
                }
            }
        }
        panic!("one connection broke, and {TRIES} tries failed");
    }
}
