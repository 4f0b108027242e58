//! One command over its node's channel, which it shares with other calls: the blocking driver of an
//! [`Execution`] there.

use std::time::{Duration, Instant};

use super::client::Client;
use super::exchange::{Exchange, pause};
use super::execution::{Execution, is_final};
use super::flight::loss;
use super::flights::{LOOK_INTERVAL, Terms};
use super::lent::LARGE;
use super::next::Next;
use super::part::Part;
use super::step::Event;
use crate::channel::{Call, Called, Channels, Commands, Mail, Replies};
use crate::connection::ASKING;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::pool::{Standing, Stop, Target, Way};
use crate::resp::Reply;

impl Client {
    /// The quick way: one command, the channel of its slot's node, a reply that ends it. None in place of the reply: what
    /// happened goes on as an event.
    #[inline]
    pub(super) fn try_shared(
        &self,
        channels: &Channels,
        target: &Target,
        encoded: &[u8],
        deadline: Deadline,
        left: Option<Duration>,
    ) -> Result<Reply, Option<Event>> {
        let pool = self.pool();
        let way = pool.way(target, &[]).filter(|way| !way.is_suspect).ok_or(None)?;
        let channel = channels.of(&way).ok_or(None)?;
        let call = Call::beginning(deadline, left);
        let (large, lengths) = ([encoded], [encoded.len()]);
        let commands = match encoded.len() > LARGE {
            true => Commands { bytes: &[], behind: &large, lengths: &lengths, is_asking: false },
            false => Commands { bytes: encoded, behind: &[], lengths: &lengths, is_asking: false },
        };
        match channel.call(pool, &way, &commands, &call) {
            Ok(Some(Called::Reply(reply, _))) if is_final(reply.root()) => Ok(reply),
            Ok(Some(called)) => Err(Some(self.event_of(called))),
            // The long way looks again.
            Ok(None) => Err(None),
            Err(error) => Err(Some(Event::Failed { error, sent: false, had_connection: false })),
        }
    }

    /// Runs one command to its end; `begun`: from what its first try met.
    #[cold]
    pub(super) fn run_shared(
        &self,
        channels: &Channels,
        terms: &Terms<'_>,
        part: &Part<'_>,
        begun: Option<(Event, Duration)>,
    ) -> Result<Reply> {
        let pool = self.pool();
        let mut execution = Execution::new(terms.rules, part.home.target(), part.replays);
        let mut jitter = |bound: Duration| bound.mul_f64(fastrand::f64());
        if let Some((event, took)) = begun {
            execution.on(event, took, &mut jitter);
        }
        loop {
            match Next::of(&mut execution, pool, terms) {
                Next::Send { target, asking } if pool.holds_back(&target) => {
                    execution.hold_back(target, asking, LOOK_INTERVAL);
                }
                Next::Send { target, asking } => {
                    let began = Instant::now();
                    let event = self.send_shared(channels, terms, part, &target, asking);
                    execution.on(event, began.elapsed(), &mut jitter);
                }
                Next::Wait { until } => pause(pool, terms, execution.awaited_slot(), until),
                Next::Done(result) => return result,
            }
        }
    }

    /// One try at one target; of several nodes that may answer, at one after the other.
    fn send_shared(
        &self,
        channels: &Channels,
        terms: &Terms<'_>,
        part: &Part<'_>,
        target: &Target,
        asking: bool,
    ) -> Event {
        let failed = |error| Event::Failed { error, sent: false, had_connection: false };
        let pool = self.pool();
        let deadline = terms.rules.deadline;
        if let Err(error) = pool.discover(deadline) {
            return failed(error);
        }
        let stop = terms.watch.is_set().then_some(&terms.watch as &dyn Stop);
        let (encoded, behind) = (part.encoded, part.behind());
        let asked = if asking { [ASKING, encoded].concat() } else { Vec::new() };
        let bytes = if asking { &*asked } else { encoded };
        let length = behind.iter().fold(encoded.len(), |sum, piece| sum + piece.len());
        let lengths = [ASKING.len(), length];
        let lengths = if asking { &lengths[..] } else { &lengths[1..] };
        let large = [bytes];
        let commands = match behind.is_empty() && bytes.len() > LARGE {
            true => Commands { bytes: &[], behind: &large, lengths, is_asking: asking },
            false => Commands { bytes, behind, lengths, is_asking: asking },
        };
        let (mut tried, mut last) = (Vec::<Way>::new(), None);
        while let Some(way) = pool.way(target, &tried)
            && let Some(channel) = channels.of(&way)
        {
            let call = Call::new(deadline, stop);
            let called = channel.call(pool, &way, &commands, &call);
            terms.watch.has_dialled();
            match called {
                Ok(Some(called)) => return self.event_of(called),
                Ok(None) if !deadline.has_passed() => {}
                Ok(None) => return failed(Self::no_time()),
                Err(error) => {
                    let another_may = matches!(target, Target::Reader(..) | Target::Any)
                        && matches!(
                            error.status(),
                            Status::Connection | Status::Timeout | Status::Loading
                        );
                    if !another_may || deadline.has_passed() {
                        return failed(error);
                    }
                    tried.push(way);
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) => failed(error),
            None => self.send_alone(terms, part, target, asking),
        }
    }

    /// The same on a connection of its own: to a node that no map tells.
    fn send_alone(
        &self,
        terms: &Terms<'_>,
        part: &Part<'_>,
        target: &Target,
        asking: bool,
    ) -> Event {
        let pool = self.pool();
        let stop = terms.watch.is_set().then_some(&terms.watch as &dyn Stop);
        let taken = pool.take(target, terms.rules.deadline, true, stop);
        terms.watch.has_dialled();
        let mut lease = match taken {
            Ok(lease) => lease,
            Err(error) => return Event::Failed { error, sent: false, had_connection: false },
        };
        let mut queue = lease.connection().queue();
        if asking {
            queue.asking();
        }
        queue.command(part.encoded);
        queue.more(part.behind());
        let mut exchange = Exchange::run(&mut lease, usize::from(asking) + 1, terms);
        if let Some(error) = exchange.failure.take() {
            let (error, _) = loss(lease, error, terms.watch.is_fired());
            return Event::Failed { error, sent: exchange.any_left, had_connection: true };
        }
        let Some(reply) = exchange.replies.pop() else {
            let error = Error::new(Status::Internal, "an exchange ended without its reply");
            return Event::Failed { error, sent: true, had_connection: true };
        };
        lease.note(&reply);
        let (node, by_replica) = (lease.peer().node().clone(), lease.peer().is_readonly());
        let demoted = pool.take_back_answered(lease) != Standing::Good;
        Event::Answered { node, reply, by_replica, demoted }
    }

    /// What became of one command on a channel.
    #[cold]
    fn event_of(&self, called: Called) -> Event {
        let (reply, peer, demoted, lost) = match called {
            Called::Reply(reply, peer) => (Some(reply), peer, false, None),
            Called::Replies(Replies { peer, mail, is_demoted, lost }) => {
                let reply = match mail {
                    Mail::One(one) => one,
                    Mail::Many(mut many) => many.pop(),
                };
                (reply, peer, is_demoted, lost)
            }
        };
        let Some(reply) = reply else {
            let (error, sent) = lost.unwrap_or_else(|| {
                (Error::new(Status::Internal, "a command was left without its reply"), 1)
            });
            return Event::Failed { error, sent: sent > 0, had_connection: true };
        };
        if matches!(reply.root().error_code(), Some("LOADING" | "MASTERDOWN")) {
            peer.note_refusal(self.pool());
        }
        let (node, by_replica) = (peer.node().clone(), peer.is_replica());
        Event::Answered { node, reply, by_replica, demoted }
    }

    fn no_time() -> Error {
        let message = "no time was left to send the command; it was not sent";
        Error::new(Status::Timeout, message)
    }
}
