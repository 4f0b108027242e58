//! A node's channel: gets a connection when a call needs one, and gives it back once nothing is owed on it.

use std::sync::Arc;

use super::carrier::Carrier as _;
pub(crate) use super::line::Call;
use super::line::Line;
use super::queue::{ALONE, Mail, Outcome, Seat};
use super::state::Commands;
use super::turns::{Guard, Turns};
use super::waited::{Alone, Waited};
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::InFlightFull;
use crate::pool::{Pool, Way};
use crate::resp::Reply;

/// See the module's comment.
#[derive(Default)]
pub(crate) struct Channel {
    turns: Turns<Line>,
}

/// Commands that were sent, or will be, and are to be waited for.
pub(crate) struct Ticket {
    line: Arc<Line>,
    seat: Seat,
}

/// What became of one command.
pub(crate) enum Called {
    /// It was answered, and no more is to be said.
    Reply(Reply, Peer),
    /// Anything else.
    Replies(Replies),
}

/// What became of commands.
pub(crate) struct Replies {
    /// Who was asked.
    pub(crate) peer: Peer,
    /// The replies that have come.
    pub(crate) mail: Mail<Reply>,
    /// The node had lost its role when some of them came.
    pub(crate) is_demoted: bool,
    /// Why some have not come, and how many of their commands may have left.
    pub(crate) lost: Option<(Error, usize)>,
}

/// Who was asked.
pub(crate) struct Peer(Arc<Line>);

impl Peer {
    /// The node.
    pub(crate) fn node(&self) -> &NodeAddress {
        self.0.node()
    }

    /// It is a replica.
    pub(crate) fn is_replica(&self) -> bool {
        self.0.is_readonly()
    }

    /// It says that it cannot answer reads now.
    pub(crate) fn note_refusal(&self, pool: &Pool) {
        if self.0.is_readonly() {
            pool.note_refusal(self.0.stamp);
        }
    }
}

impl Channel {
    /// Sends one command and waits for its reply, together with whoever else uses the channel.
    ///
    /// # Errors
    /// Nothing was sent: LIMIT; TIMEOUT, CANCELLED; those of getting a connection. None: the way was an older one.
    #[inline]
    pub(crate) fn call(
        &self,
        pool: &Pool,
        way: &Way,
        commands: &Commands<'_>,
        call: &Call<'_>,
    ) -> Result<Option<Called>> {
        let Some((state, line)) = self.prepare(pool, way, commands, call)? else {
            return Ok(None);
        };
        let (state, seat) = self.turns.submit(state, &line, commands, Mail::One(None), call);
        let waited = if seat == ALONE {
            match self.turns.wait_alone(state, &line, call) {
                Alone::Reply { reply, is_demoted: false, free: None } => {
                    return Ok(Some(Called::Reply(reply, Peer(line))));
                }
                Alone::Reply { reply, is_demoted, free } => {
                    let mail = Mail::One(Some(reply));
                    Waited { outcome: Some(Outcome { mail, is_demoted, lost: None }), free }
                }
                Alone::Other(waited) => waited,
            }
        } else {
            match self.turns.wait(state, &line, seat, call) {
                Some(waited) => waited,
                None => return Ok(None),
            }
        };
        Ok(finish(pool, line, waited, call).map(Called::Replies))
    }

    /// Sends commands and returns: they are to be waited for by [`Channel::wait`], and soon. Errors as
    /// [`Channel::call`].
    pub(crate) fn submit(
        &self,
        pool: &Pool,
        way: &Way,
        commands: &Commands<'_>,
        call: &Call<'_>,
    ) -> Result<Option<Ticket>> {
        let Some((state, line)) = self.prepare(pool, way, commands, call)? else {
            return Ok(None);
        };
        let mail = Mail::Many(Vec::with_capacity(commands.lengths.len()));
        let (state, seat) = self.turns.submit(state, &line, commands, mail, call);
        self.turns.step_aside(state, seat);
        Ok(Some(Ticket { line, seat }))
    }

    /// Waits for the replies to commands that were submitted. The ticket again, if the wait was put off.
    pub(crate) fn wait(
        &self,
        pool: &Pool,
        ticket: Ticket,
        call: &Call<'_>,
    ) -> Result<Option<Replies>, Ticket> {
        let Ticket { line, seat } = ticket;
        match self.turns.wait(self.turns.lock(), &line, seat, call) {
            Some(waited) => Ok(finish(pool, line, waited, call)),
            None => Err(Ticket { line, seat }),
        }
    }

    /// Makes sure of a connection that takes commands. None: the way was an older one.
    #[inline]
    fn prepare<'a>(
        &'a self,
        pool: &Pool,
        way: &Way,
        commands: &Commands<'_>,
        call: &Call<'_>,
    ) -> Result<Option<(Guard<'a, Line>, Arc<Line>)>> {
        let mut state = self.turns.lock();
        let most = pool.options().max_in_flight;
        loop {
            if let Some(line) = state.line() {
                let is_idle = state.is_idle();
                // What has been idle goes to the pool, which looks at it before it is used again.
                let is_wanted =
                    way.is_that_of(line.stamp) && !state.is_closing && !line.is_wanted_back();
                let is_good = is_wanted && (!is_idle || !line.is_stale());
                let has_room = state.queue.len() < most;
                if is_good && has_room && !state.has_to_wait(commands) {
                    let line = Arc::clone(line);
                    return Ok(Some((state, line)));
                }
                state = self.make_way(state, pool, is_good, has_room, call)?;
                continue;
            }
            state = match self.open(state, pool, way, call)? {
                Some(state) => state,
                None => return Ok(None),
            };
        }
    }

    /// There is a connection that takes no commands now: gives it back, or waits for its time.
    #[cold]
    fn make_way<'a>(
        &'a self,
        mut state: Guard<'a, Line>,
        pool: &Pool,
        is_good: bool,
        has_room: bool,
        call: &Call<'_>,
    ) -> Result<Guard<'a, Line>> {
        if !is_good && state.is_idle() {
            let free = state.release();
            drop(self.turns.announce(state));
            if let Some(free) = free {
                free.give_back();
            }
            return Ok(self.turns.lock());
        }
        let options = pool.options();
        if is_good && !has_room && options.in_flight_full == InFlightFull::Error {
            return Err(full(options.max_in_flight));
        }
        state.is_closing |= !is_good;
        let state = self.turns.await_change(state, call);
        check_time(call)?;
        Ok(state)
    }

    /// True if it has a connection.
    pub(crate) fn is_open(&self) -> bool {
        self.turns.lock().line().is_some()
    }

    /// Gives the connection back if nothing is owed on it.
    pub(crate) fn give_back(&self) {
        let mut state = self.turns.lock();
        if state.line().is_none() || !state.is_idle() {
            return;
        }
        let free = state.release();
        drop(self.turns.announce(state));
        if let Some(free) = free {
            free.give_back();
        }
    }

    /// There is no connection: gets one, or waits for who is getting it. None: the way was an older one.
    #[cold]
    fn open<'a>(
        &'a self,
        mut state: Guard<'a, Line>,
        pool: &Pool,
        way: &Way,
        call: &Call<'_>,
    ) -> Result<Option<Guard<'a, Line>>> {
        if state.is_opening && !call.waits {
            let message = "another call is getting the node's connection";
            return Err(Error::new(Status::PoolExhausted, message));
        }
        if state.is_opening {
            let seen = state.attempts;
            let state = self.turns.await_change(state, call);
            check_time(call)?;
            return match &state.refusal {
                Some(refusal) if state.attempts != seen && state.line().is_none() => {
                    Err(refusal.clone())
                }
                _ => Ok(Some(state)),
            };
        }
        let options = pool.options();
        if let Some(lease) = pool.take_fresh(way) {
            state.open(Line::new(lease, options.socket_timeout, pool.lends()));
            return Ok(Some(state));
        }
        state.is_opening = true;
        drop(state);
        let taken = if call.is_stopped() {
            Err(Error::new(Status::Cancelled, "the call was cancelled by its token"))
        } else {
            pool.take_of(way, call.deadline, call.waits, call.stop)
        };
        let mut state = self.turns.lock();
        state.is_opening = false;
        // Who fails for want of its own time, or may not wait, says nothing of the others.
        let is_own = !call.waits || call.deadline.has_passed() || call.is_stopped();
        state.attempts = state.attempts.wrapping_add(1);
        state.refusal = taken.as_ref().err().filter(|_| !is_own).cloned();
        let outcome = match taken {
            Ok(Some(lease)) => {
                state.open(Line::new(lease, options.socket_timeout, pool.lends()));
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        let state = self.turns.announce(state);
        Ok(outcome?.then_some(state))
    }
}

/// What became of a caller's commands, and what is to be done about it.
fn finish(pool: &Pool, line: Arc<Line>, waited: Waited<Line>, call: &Call<'_>) -> Option<Replies> {
    if let Some(free) = &waited.free {
        free.give_back();
    }
    let outcome = waited.outcome?;
    // A call that has ended says so, whatever it met.
    let lost = outcome.lost.map(|lost| (line.ended(call).unwrap_or(lost.error), lost.sent));
    if let Some((error, _)) = &lost
        && error.status() == Status::Timeout
        && line.is_stale()
    {
        pool.note_silence(line.stamp);
    }
    Some(Replies { peer: Peer(line), mail: outcome.mail, is_demoted: outcome.is_demoted, lost })
}

fn check_time(call: &Call<'_>) -> Result<()> {
    if call.is_stopped() {
        return Err(Error::new(Status::Cancelled, "the call was cancelled before it was sent"));
    }
    if call.deadline.has_passed() {
        let message = "no time was left to send the command; it was not sent";
        return Err(Error::new(Status::Timeout, message));
    }
    Ok(())
}

#[cold]
fn full(most: usize) -> Error {
    let message = format!(
        "{most} commands wait for their replies on the node's connection (option \"max_in_flight\"): take fewer at once, \
         or let them wait (\"in_flight_full\")"
    );
    Error::new(Status::Limit, message)
}
