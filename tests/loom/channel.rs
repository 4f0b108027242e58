//! What the library's `Channel` does with its turns, where connections come from [`Net`].

use std::sync::Arc;

use crate::deadline::{Clock, End};
use crate::net::{ASKING, CHECK, Error, Line, Net};
use crate::queue::{ALONE, Mail, Outcome, Seat};
use crate::state::Commands;
use crate::turns::{Guard, Turns};
use crate::waited::{Alone, Waited};

/// What a caller asks for.
#[derive(Clone)]
pub struct Ask {
    /// One command each.
    pub numbers: Vec<u8>,
    /// Bytes from here on are sent from where they are.
    pub copied: usize,
    pub is_asking: bool,
    /// Connections of another epoch are not wanted.
    pub epoch: u32,
    /// It is not waited for at once.
    pub is_later: bool,
}

impl Ask {
    pub fn one(number: u8) -> Self {
        Self::many(&[number])
    }

    pub fn many(numbers: &[u8]) -> Self {
        let numbers = numbers.to_vec();
        Self { numbers, copied: usize::MAX, is_asking: false, epoch: 0, is_later: false }
    }

    /// Of this one so many bytes are copied.
    pub fn large(number: u8, copied: usize) -> Self {
        Self { copied, ..Self::one(number) }
    }
}

/// How a try ended.
pub enum Tried {
    Answered,
    /// It was not sent, as far as is known, because the call had ended.
    NotSent(End),
    /// So many replies came, and of the other commands so many may have left.
    Lost {
        error: Error,
        answered: usize,
        sent: usize,
    },
}

/// Commands that are to be waited for.
pub struct Ticket {
    line: Arc<Line>,
    seat: Seat,
}

pub struct Channel {
    pub turns: Turns<Line>,
    pub net: Arc<Net>,
    pub max_in_flight: usize,
}

impl Channel {
    pub fn new(net: &Arc<Net>, max_in_flight: usize) -> Arc<Self> {
        Arc::new(Self { turns: Turns::default(), net: net.clone(), max_in_flight })
    }

    /// Sends one or more commands, and waits.
    pub fn call(&self, ask: &Ask, clock: &Arc<Clock>) -> Tried {
        let (state, Ticket { line, seat }) = match self.submit(ask, clock) {
            Ok(submitted) => submitted,
            Err(end) => return Tried::NotSent(end),
        };
        let waited = if seat == ALONE {
            match self.turns.wait_alone(state, &line, clock) {
                Alone::Reply { reply, free, .. } => {
                    let mail = Mail::One(Some(reply));
                    Waited { outcome: Some(Outcome { mail, is_demoted: false, lost: None }), free }
                }
                Alone::Other(waited) => waited,
            }
        } else {
            self.turns.wait(state, &line, seat, clock).expect("it was not put off")
        };
        finish(waited, ask, clock)
    }

    /// Sends, to be waited for by [`Channel::wait`].
    pub fn begin(&self, ask: &Ask, clock: &Arc<Clock>) -> Result<Ticket, End> {
        let (state, ticket) = self.submit(ask, clock)?;
        self.turns.step_aside(state, ticket.seat);
        Ok(ticket)
    }

    /// None: the wait is put off.
    pub fn wait(&self, ticket: &Ticket, ask: &Ask, clock: &Arc<Clock>) -> Option<Tried> {
        let waited = self.turns.wait(self.turns.lock(), &ticket.line, ticket.seat, clock)?;
        Some(finish(waited, ask, clock))
    }

    fn submit(&self, ask: &Ask, clock: &Arc<Clock>) -> Result<(Guard<'_, Line>, Ticket), End> {
        let mut numbers = ask.numbers.clone();
        if ask.is_asking {
            numbers.insert(0, ASKING);
        }
        let bytes: Vec<u8> = numbers.iter().flat_map(|&number| [number, number ^ CHECK]).collect();
        let (head, tail) = bytes.split_at(ask.copied.min(bytes.len()));
        let lengths = vec![2; numbers.len()];
        let large = [tail];
        let behind = if tail.is_empty() { &[][..] } else { &large };
        let commands =
            Commands { bytes: head, behind, lengths: &lengths, is_asking: ask.is_asking };
        let (state, line) = self.prepare(&commands, ask, clock)?;
        let mail = match ask.numbers.len() {
            1 if !ask.is_later => Mail::One(None),
            _ => Mail::Many(Vec::new()),
        };
        let (state, seat) = self.turns.submit(state, &line, &commands, mail, clock);
        Ok((state, Ticket { line, seat }))
    }

    fn prepare(
        &self,
        commands: &Commands<'_>,
        ask: &Ask,
        clock: &Arc<Clock>,
    ) -> Result<(Guard<'_, Line>, Arc<Line>), End> {
        let mut state = self.turns.lock();
        loop {
            if let Some(line) = state.line() {
                let is_good = line.epoch >= ask.epoch && !state.is_closing;
                let has_room = state.queue.len() < self.max_in_flight;
                if is_good && has_room && !state.has_to_wait(commands) {
                    let line = line.clone();
                    return Ok((state, line));
                }
                if !is_good && state.is_idle() {
                    let free = state.release();
                    drop(self.turns.announce(state));
                    if let Some(free) = free {
                        free.give_back();
                    }
                    state = self.turns.lock();
                    continue;
                }
                state.is_closing |= !is_good;
                state = self.turns.await_change(state, clock);
                clock.ended().map_or(Ok(()), Err)?;
                continue;
            }
            if state.is_opening {
                state = self.turns.await_change(state, clock);
                clock.ended().map_or(Ok(()), Err)?;
                continue;
            }
            state.is_opening = true;
            drop(state);
            let line = self.net.connect(ask.epoch);
            state = self.turns.lock();
            state.is_opening = false;
            state.attempts = state.attempts.wrapping_add(1);
            state.open(line);
            state = self.turns.announce(state);
        }
    }
}

/// What became of it. Each reply must be its own command's.
fn finish(waited: Waited<Line>, ask: &Ask, clock: &Clock) -> Tried {
    if let Some(free) = &waited.free {
        free.give_back();
    }
    let outcome = waited.outcome.expect("a place of its own");
    let replies = match outcome.mail {
        Mail::One(one) => Vec::from_iter(one),
        Mail::Many(many) => many,
    };
    let answered = replies.len();
    assert_eq!(replies, ask.numbers[..answered], "a reply to another command");
    match outcome.lost {
        None => {
            assert_eq!(answered, ask.numbers.len(), "a reply is missing, and nothing is said");
            Tried::Answered
        }
        Some(lost) => {
            assert!(answered + lost.sent <= ask.numbers.len());
            let error = clock.ended().map_or(lost.error, Error::Ended);
            Tried::Lost { error, answered, sent: lost.sent }
        }
    }
}
