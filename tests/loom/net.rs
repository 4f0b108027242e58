//! The other end of every connection of a model, and what it has seen.
//!
//! A command is two bytes: its number, and the number again with [`CHECK`]. Its reply is the number.

use std::sync::Arc;

use loom::sync::{Condvar, Mutex, MutexGuard};

use crate::carrier::{Carrier, OnReadable, Received};
use crate::deadline::{Clock, Deadline, End};

pub const CHECK: u8 = 0x5a;
/// What ASKING has in the place of a number, and is answered with.
pub const ASKING: u8 = 100;

/// Why a reply did not come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    Ended(End),
    Broken,
    Stray,
}

/// How the other end of a connection behaves.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Commands are answered as they come; otherwise when the model says so.
    pub answers: bool,
    /// Takes so many bytes, and breaks then.
    pub takes: usize,
    /// Reads so many bytes, and no more before it is to answer.
    pub reads: usize,
    /// Answers a command at its first byte.
    pub is_hasty: bool,
    /// Reads no more while so many of its replies are unread.
    pub window: usize,
    /// So many replies come by one receive.
    pub at_once: usize,
}

pub const GOOD: Manner = Manner {
    answers: true,
    takes: usize::MAX,
    reads: usize::MAX,
    is_hasty: false,
    window: usize::MAX,
    at_once: usize::MAX,
};

/// One connection, seen from the other end.
struct Remote {
    manner: Manner,
    /// Bytes of a command that has not come completely.
    begun: Option<u8>,
    taken: usize,
    /// Commands that have come and are not answered.
    unanswered: Vec<u8>,
    /// Replies that are not received.
    replies: Vec<u8>,
    is_broken: bool,
    is_open: bool,
    is_sending: bool,
    is_receiving: bool,
    sender: Option<Arc<Clock>>,
    receiver: Option<Arc<Clock>>,
}

/// What all connections share.
#[derive(Default)]
pub struct State {
    remotes: Vec<Remote>,
    /// The first connection answers by now, whatever its manner.
    is_answering: bool,
    /// The numbers of all commands that have come completely, in their order.
    pub executed: Vec<u8>,
}

pub struct Net {
    manners: Vec<Manner>,
    /// Whom a caller finds leading it takes for silent.
    is_stale: bool,
    /// A connection stays at hand while nothing is owed on it.
    pub stays: bool,
    pub state: Mutex<State>,
}

impl Net {
    /// The connections behave so, one after the other; all further ones are good.
    pub fn new(manners: &[Manner], is_stale: bool, stays: bool) -> Arc<Self> {
        Arc::new(Self {
            manners: manners.to_vec(),
            is_stale,
            stays,
            state: Mutex::new(State::default()),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A new connection.
    pub fn connect(self: &Arc<Self>, epoch: u32) -> Arc<Line> {
        let mut state = self.lock();
        let number = state.remotes.len();
        // The node never has commands of two connections of one channel at once.
        let is_owed = state.remotes.iter().any(|remote| remote.is_open && remote.owes());
        assert!(!is_owed, "a connection is made while another owes replies");
        let mut manner = self.manners.get(number).copied().unwrap_or(GOOD);
        if number == 0 && state.is_answering {
            manner = Manner { answers: true, reads: usize::MAX, ..manner };
        }
        state.remotes.push(Remote {
            manner,
            begun: None,
            taken: 0,
            unanswered: Vec::new(),
            replies: Vec::new(),
            is_broken: false,
            is_open: true,
            is_sending: false,
            is_receiving: false,
            sender: None,
            receiver: None,
        });
        Arc::new(Line { net: self.clone(), number, epoch })
    }

    /// From now on the first connection answers, also what has come before.
    pub fn answer(&self) {
        let mut state = self.lock();
        state.is_answering = true;
        if let Some(remote) = state.remotes.first_mut() {
            remote.manner.answers = true;
            remote.manner.reads = usize::MAX;
            remote.replies.append(&mut remote.unanswered);
            remote.ring();
        }
    }

    /// The first connection breaks, if there is one.
    pub fn end(&self) {
        if let Some(remote) = self.lock().remotes.first_mut() {
            remote.is_broken = true;
            remote.ring();
        }
    }

    /// How many connections are held.
    pub fn open(&self) -> usize {
        self.lock().remotes.iter().filter(|remote| remote.is_open).count()
    }
}

impl Remote {
    /// Something was sent that is not answered.
    fn owes(&self) -> bool {
        self.begun.is_some() || !self.unanswered.is_empty() || !self.replies.is_empty()
    }

    fn reads_no_more(&self) -> bool {
        self.taken >= self.manner.reads || self.replies.len() >= self.manner.window
    }

    /// Wakes who waits on the connection: something has changed.
    fn ring(&self) {
        for clock in [&self.sender, &self.receiver].into_iter().flatten() {
            clock.bell.notify_all();
        }
    }

    /// Takes what it takes of the bytes: how many.
    fn take(&mut self, bytes: &[u8], executed: &mut Vec<u8>) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.taken == self.manner.takes {
                self.is_broken = true;
            }
            if self.is_broken || !self.is_open || self.reads_no_more() {
                return index;
            }
            self.taken += 1;
            let number = match self.begun.take() {
                None => {
                    self.begun = Some(byte);
                    if !self.manner.is_hasty {
                        continue;
                    }
                    byte
                }
                Some(number) => {
                    assert_eq!(byte, number ^ CHECK, "bytes of two commands are mixed");
                    executed.push(number);
                    if self.manner.is_hasty {
                        continue;
                    }
                    number
                }
            };
            let to = if self.manner.answers { &mut self.replies } else { &mut self.unanswered };
            to.push(number);
        }
        bytes.len()
    }
}

/// One connection, seen from this end.
pub struct Line {
    net: Arc<Net>,
    number: usize,
    pub epoch: u32,
}

impl Line {
    fn with<T>(&self, act: impl FnOnce(&mut Remote, &mut Vec<u8>) -> T) -> T {
        let mut state = self.net.lock();
        let State { remotes, executed, .. } = &mut *state;
        act(&mut remotes[self.number], executed)
    }

    /// Nothing is owed on it any more.
    pub fn give_back(&self) {
        self.with(|remote, _| {
            assert!(remote.is_open, "what was closed goes back");
            assert!(!remote.owes(), "a reply is owed");
            assert!(!remote.is_sending && !remote.is_receiving, "it is used");
            remote.is_open = false;
        });
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, bell: &Condvar) -> MutexGuard<'a, State> {
        bell.wait(state).unwrap()
    }
}

impl Carrier for Line {
    type Reply = u8;
    type Error = Error;
    type Call<'a> = Arc<Clock>;

    // As few as there are threads in a model.
    const FEW: usize = 1;

    fn send(
        &self,
        first: &[u8],
        behind: &[&[u8]],
        call: &Arc<Clock>,
        on_readable: OnReadable<'_, Error>,
    ) -> Result<(), (usize, Error)> {
        self.with(|remote, _| {
            assert!(!remote.is_sending, "two send at once");
            remote.is_sending = true;
            remote.sender = Some(call.clone());
        });
        let second = behind.concat();
        let mut sent = 0;
        let ended = loop {
            let mut state = self.net.lock();
            let State { remotes, executed, .. } = &mut *state;
            let remote = &mut remotes[self.number];
            let more =
                if sent < first.len() { &first[sent..] } else { &second[sent - first.len()..] };
            let count = remote.take(more, executed);
            sent += count;
            if count > 0
                && let Some(receiver) = &remote.receiver
            {
                receiver.bell.notify_all();
            }
            if sent == first.len() + second.len() {
                break Ok(());
            }
            if remote.is_broken || !remote.is_open {
                break Err((sent, Error::Broken));
            }
            if let Some(end) = call.ended() {
                break Err((sent, Error::Ended(end)));
            }
            if !remote.reads_no_more() {
                continue;
            }
            if remote.replies.is_empty() {
                drop(self.wait(state, &call.bell));
                continue;
            }
            drop(state);
            match on_readable() {
                Ok(true) => {}
                // After a while it looks again.
                Ok(false) => loom::thread::yield_now(),
                Err(error) => break Err((sent, error)),
            }
        };
        self.with(|remote, _| {
            remote.is_sending = false;
            remote.sender = None;
        });
        ended
    }

    fn own(reply: u8) -> u8 {
        reply
    }

    fn receive(&self, call: Option<&Arc<Clock>>, arrived: &mut Vec<u8>) -> Received<Error> {
        let mut state = self.net.lock();
        let remote = &mut state.remotes[self.number];
        assert!(!remote.is_receiving, "two receive at once");
        remote.is_receiving = true;
        remote.receiver = call.cloned();
        let outcome = loop {
            let remote = &mut state.remotes[self.number];
            if !remote.replies.is_empty() {
                let count = remote.replies.len().min(remote.manner.at_once);
                arrived.extend(remote.replies.drain(..count));
                if let Some(sender) = &remote.sender {
                    sender.bell.notify_all();
                }
                break Ok(true);
            }
            if remote.is_broken || !remote.is_open {
                break Err(Error::Broken);
            }
            let Some(call) = call else { break Ok(false) };
            let until = Deadline::next_of(call);
            if until.has_passed() {
                break Ok(false);
            }
            state = self.wait(state, &call.bell);
            if until.has_passed() {
                break Ok(false);
            }
        };
        let remote = &mut state.remotes[self.number];
        remote.is_receiving = false;
        remote.receiver = None;
        Received { is_demoted: false, outcome }
    }

    fn end(&self) {
        self.with(|remote, _| {
            remote.is_broken = true;
            remote.ring();
        });
    }

    fn stray(&self) -> Error {
        Error::Stray
    }

    fn cut_off(&self) -> Error {
        Error::Broken
    }

    fn sleeps_until(call: &Arc<Clock>) -> Deadline {
        Deadline::next_of(call)
    }

    fn is_put_off(call: &Arc<Clock>) -> bool {
        call.is_put_off()
    }

    fn is_stale(&self) -> bool {
        self.net.is_stale
    }

    fn stays(&self) -> bool {
        self.net.stays
    }

    fn ended(&self, call: &Arc<Clock>) -> Option<Error> {
        call.ended().map(Error::Ended)
    }

    fn close(&self) {
        self.with(|remote, _| {
            assert!(remote.is_open, "closed twice");
            assert!(!remote.is_receiving, "closed while somebody receives");
            remote.is_open = false;
            remote.ring();
        });
    }
}
