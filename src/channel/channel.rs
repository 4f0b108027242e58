//! A node's channel: gets a connection when a call needs one, and gives it back once nothing is owed on it.

use std::sync::Arc;

pub(crate) use super::line::Call;
use super::line::Line;
use super::queue::{Mail, Seat};
use super::turns::{Commands, Guard, Turns};
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

/// What became of commands.
pub(crate) struct Replies {
    /// Who was asked.
    line: Arc<Line>,
    /// The replies that have come.
    pub(crate) mail: Mail<Reply>,
    /// The node had lost its role when some of them came.
    pub(crate) is_demoted: bool,
    /// Why some have not come, and how many of their commands may have left.
    pub(crate) lost: Option<(Error, usize)>,
}

impl Replies {
    /// Who was asked.
    pub(crate) fn node(&self) -> &NodeAddress {
        self.line.node()
    }

    /// It is a replica.
    pub(crate) fn is_by_replica(&self) -> bool {
        self.line.is_readonly()
    }

    /// One of the replies says that the node cannot answer reads now.
    pub(crate) fn note_refusal(&self, pool: &Pool) {
        if self.line.is_readonly() {
            pool.note_refusal(self.line.stamp);
        }
    }
}

impl Channel {
    /// Sends commands and waits for their replies, together with whoever else uses the channel.
    ///
    /// # Errors
    /// Nothing was sent: LIMIT; TIMEOUT, CANCELLED; those of getting a connection. None: the way was an older one.
    #[inline]
    pub(crate) fn call(
        &self,
        pool: &Pool,
        way: &Way,
        commands: &Commands<'_>,
        mail: Mail<Reply>,
        call: &Call<'_>,
    ) -> Result<Option<Replies>> {
        let Some((state, line)) = self.prepare(pool, way, commands, call)? else {
            return Ok(None);
        };
        let (state, seat) = self.turns.submit(state, commands, mail, call, line.is_stale());
        Ok(self.finish(pool, state, line, seat, call))
    }

    /// Sends commands and returns: they are to be waited for by [`Channel::wait`], and soon. Errors as
    /// [`Channel::call`].
    pub(crate) fn submit(
        &self,
        pool: &Pool,
        way: &Way,
        commands: &Commands<'_>,
        mail: Mail<Reply>,
        call: &Call<'_>,
    ) -> Result<Option<Ticket>> {
        let Some((state, line)) = self.prepare(pool, way, commands, call)? else {
            return Ok(None);
        };
        let (state, seat) = self.turns.submit(state, commands, mail, call, line.is_stale());
        self.turns.step_aside(state, seat);
        Ok(Some(Ticket { line, seat }))
    }

    /// Waits for the replies to commands that were submitted.
    pub(crate) fn wait(&self, pool: &Pool, ticket: Ticket, call: &Call<'_>) -> Option<Replies> {
        let Ticket { line, seat } = ticket;
        self.finish(pool, self.turns.lock(), line, seat, call)
    }

    #[inline]
    fn finish(
        &self,
        pool: &Pool,
        state: Guard<'_, Line>,
        line: Arc<Line>,
        seat: Seat,
        call: &Call<'_>,
    ) -> Option<Replies> {
        let waited = self.turns.wait(state, seat, call);
        if let Some(free) = &waited.free {
            free.give_back();
        }
        let outcome = waited.outcome?;
        let mut lost = None;
        if let Some(ended) = outcome.lost {
            if ended.error.status() == Status::Timeout && line.is_stale() {
                pool.note_silence(line.stamp);
            }
            lost = Some((ended.error, ended.sent));
        }
        Some(Replies { line, mail: outcome.mail, is_demoted: outcome.is_demoted, lost })
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
        let options = pool.options();
        loop {
            if let Some(line) = state.line() {
                let is_good =
                    way.is_that_of(line.stamp) && !state.is_closing && !line.is_wanted_back();
                let has_room = state.queue.len() < options.max_in_flight;
                if is_good && has_room && !state.has_to_wait(commands) {
                    let line = Arc::clone(line);
                    return Ok(Some((state, line)));
                }
                if is_good && !has_room && options.in_flight_full == InFlightFull::Error {
                    return Err(full(options.max_in_flight).on_node(line.node()));
                }
                state.is_closing |= !is_good;
                state = self.turns.await_change(state, call);
                check_time(call)?;
                continue;
            }
            if !state.is_opening
                && let Some(lease) = pool.take_fresh(way)
            {
                state.open(Line::new(lease, options.socket_timeout));
                continue;
            }
            state = match self.open(state, pool, way, call)? {
                Some(state) => state,
                None => return Ok(None),
            };
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
        state.is_opening = true;
        drop(state);
        let taken = if call.is_stopped() {
            Err(Error::new(Status::Cancelled, "the call was cancelled by its token"))
        } else {
            pool.take_of(way, call.deadline, call.stop)
        };
        let mut state = self.turns.lock();
        state.is_opening = false;
        // Who fails for want of its own time says nothing of the others'.
        let is_own = call.deadline.has_passed() || call.is_stopped();
        state.attempts = state.attempts.wrapping_add(1);
        state.refusal = taken.as_ref().err().filter(|_| !is_own).cloned();
        let outcome = match taken {
            Ok(Some(lease)) => {
                state.open(Line::new(lease, pool.options().socket_timeout));
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        let state = self.turns.announce(state);
        Ok(outcome?.then_some(state))
    }
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
