//! Many callers in real threads on one [`Turns`], over a connection that takes pieces, answers late and breaks: more
//! callers than there are bits to sleep by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::channel::carrier::{OnReadable, Received};

const CALLERS: u64 = 64;
const CALLS: u64 = 60;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Error {
    Late,
    Gone,
}

/// One connection, with the other end.
struct Wire {
    remote: Mutex<Remote>,
    /// A break after so many bytes.
    breaks_after: usize,
}

struct Remote {
    bytes: Vec<u8>,
    /// Numbers of commands that have come and are not answered.
    owed: Vec<u64>,
    is_gone: bool,
    is_sending: bool,
    is_receiving: bool,
    random: fastrand::Rng,
    taken: usize,
}

fn pause() {
    thread::sleep(Duration::from_micros(20));
}

impl Wire {
    fn new(random: &mut fastrand::Rng) -> Arc<Self> {
        let remote = Remote {
            bytes: Vec::new(),
            owed: Vec::new(),
            is_gone: false,
            is_sending: false,
            is_receiving: false,
            random: random.fork(),
            taken: 0,
        };
        let breaks_after = random.usize(2_000..20_000);
        Arc::new(Self { remote: Mutex::new(remote), breaks_after })
    }
}

impl Carrier for Wire {
    type Reply = u64;
    type Error = Error;
    type Call<'a> = Deadline;

    fn send(
        &self,
        first: &[u8],
        behind: &[&[u8]],
        _: &Deadline,
        on_readable: OnReadable<'_, Error>,
    ) -> Result<(), (usize, Error)> {
        let all = [first, &behind.concat()].concat();
        let mut sent = 0;
        assert!(!std::mem::replace(&mut self.remote.lock().is_sending, true), "two send");
        let ended = loop {
            let mut remote = self.remote.lock();
            if remote.is_gone {
                break Err((sent, Error::Gone));
            }
            let end = (sent + remote.random.usize(1..4_000)).min(all.len());
            remote.bytes.extend_from_slice(&all[sent..end]);
            remote.taken += end - sent;
            sent = end;
            let whole = remote.bytes.len() / 8 * 8;
            let numbers: Vec<u64> = remote.bytes[..whole]
                .chunks(8)
                .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            remote.bytes.drain(..whole);
            // A large command is its number again and again, marked, and once more at its end.
            remote.owed.extend(numbers.into_iter().filter(|number| number >> 63 == 0));
            remote.is_gone |= remote.taken > self.breaks_after;
            if sent == all.len() {
                break Ok(());
            }
            drop(remote);
            if let Err(error) = on_readable() {
                break Err((sent, error));
            }
        };
        self.remote.lock().is_sending = false;
        ended
    }

    fn own(reply: u64) -> u64 {
        reply
    }

    fn receive(&self, call: Option<&Deadline>, arrived: &mut Vec<u64>) -> Received<Error> {
        let is_second = std::mem::replace(&mut self.remote.lock().is_receiving, true);
        assert!(!is_second, "two receive");
        let outcome = loop {
            let mut remote = self.remote.lock();
            let most = remote.owed.len();
            if most > 0 {
                let count = remote.random.usize(1..=most);
                arrived.extend(remote.owed.drain(..count));
                break Ok(true);
            }
            if remote.is_gone {
                break Err(Error::Gone);
            }
            drop(remote);
            match call {
                None => break Ok(false),
                Some(deadline) if deadline.has_passed() => break Ok(false),
                Some(_) => pause(),
            }
        };
        self.remote.lock().is_receiving = false;
        Received { is_demoted: false, outcome }
    }

    fn end(&self) {
        self.remote.lock().is_gone = true;
    }

    fn stray(&self) -> Error {
        panic!("a reply that nobody is owed");
    }

    fn cut_off(&self) -> Error {
        Error::Gone
    }

    fn sleeps_until(call: &Deadline) -> Deadline {
        *call
    }

    fn is_put_off(_: &Deadline) -> bool {
        false
    }

    fn ended(&self, call: &Deadline) -> Option<Error> {
        call.has_passed().then_some(Error::Late)
    }

    fn close(&self) {
        let mut remote = self.remote.lock();
        assert!(!remote.is_receiving, "closed while somebody receives");
        remote.is_gone = true;
    }

    fn is_stale(&self) -> bool {
        false
    }

    fn stays(&self) -> bool {
        true
    }
}

/// A line that takes a command of this caller.
fn prepare<'a>(
    turns: &'a Turns<Wire>,
    commands: &Commands<'_>,
    random: &mut fastrand::Rng,
) -> (Guard<'a, Wire>, Arc<Wire>) {
    let mut state = turns.lock();
    loop {
        if let Some(line) = state.line() {
            if state.queue.len() < 50 && !state.has_to_wait(commands) {
                let line = Arc::clone(line);
                return (state, line);
            }
        } else if !state.is_opening {
            state.open(Wire::new(random));
            continue;
        }
        state = turns.await_change(state, &Deadline::NEVER);
    }
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    late: AtomicU64,
    gone: AtomicU64,
}

fn call(turns: &Turns<Wire>, first: u64, random: &mut fastrand::Rng, counts: &Counts) {
    let is_large = random.u32(..12) == 0;
    let count = if is_large { 1 } else { [1, 1, 1, 1, 5, 20][random.usize(..6)] };
    let numbers: Vec<u64> = (first..first + count).collect();
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    if is_large {
        let marked = (first | 1 << 63).to_le_bytes();
        bytes = [marked.repeat(random.usize(1..800)), bytes].concat();
    }
    let whole = [bytes.len()];
    let each = vec![8; numbers.len()];
    let lengths = if is_large { &whole[..] } else { &each };
    let large = [&*bytes];
    let commands = match is_large {
        true => Commands { bytes: &[], behind: &large, lengths, is_asking: false },
        false => Commands { bytes: &bytes, behind: &[], lengths, is_asking: false },
    };
    let deadline = match random.u32(..6) {
        0 => Deadline::after(Duration::from_micros(random.u64(1..300))),
        _ => Deadline::NEVER,
    };
    let (state, line) = prepare(turns, &commands, random);
    let is_one = count == 1 && random.bool();
    let mail = if is_one { Mail::One(None) } else { Mail::Many(Vec::new()) };
    let (mut state, seat) = turns.submit(state, &line, &commands, mail, &deadline);
    let waited = if seat == ALONE {
        match turns.wait_alone(state, &line, &deadline) {
            Alone::Reply { reply, .. } => {
                assert_eq!([reply], numbers[..]);
                counts.answered.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Alone::Other(waited) => waited,
        }
    } else {
        if !is_one && random.bool() {
            turns.step_aside(state, seat);
            pause();
            state = turns.lock();
        }
        turns.wait(state, &line, seat, &deadline).unwrap()
    };
    let outcome = waited.outcome.unwrap();
    let replies = match outcome.mail {
        Mail::One(one) => Vec::from_iter(one),
        Mail::Many(many) => many,
    };
    assert_eq!(replies, numbers[..replies.len()]);
    let count = match outcome.lost.map(|lost| lost.error) {
        None => {
            assert_eq!(replies.len(), numbers.len());
            &counts.answered
        }
        Some(Error::Late) => {
            assert!(deadline.has_passed());
            &counts.late
        }
        Some(Error::Gone) => &counts.gone,
    };
    count.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn each_of_many_callers_gets_its_own() {
    let counts = Counts::default();
    let turns = Turns::<Wire>::default();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (turns, counts) = (&turns, &counts);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(caller);
                for at in 0..CALLS {
                    call(turns, (caller * CALLS + at) * 100, &mut random, counts);
                }
            });
        }
    });
    let state = turns.lock();
    assert!(state.queue.is_empty() && !state.queue.has_gathered());
    assert_eq!(state.queue.lead(), None);
    assert!(state.line().is_none() || state.is_idle());
    let [answered, late, gone] =
        [&counts.answered, &counts.late, &counts.gone].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(answered + late + gone, CALLERS * CALLS);
    assert!(answered > CALLERS * CALLS / 4, "{answered} answered, {late} late, {gone} gone");
    assert!(late > 0 && gone > 0, "{late} late, {gone} gone");
}
