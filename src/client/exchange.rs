//! Several commands on one connection, sent in one write, by a call that has it to itself.

use std::time::Instant;

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::os::poll::PollSet;
use crate::os::sockets::Readiness;
use crate::pool::{Lease, Pool};
use crate::resp::Reply;

use super::flights::Terms;

/// What came of it.
pub(super) struct Exchange {
    /// The replies that have come, in order.
    pub(super) replies: Vec<Reply>,
    /// Why not all have: the connection has ended.
    pub(super) failure: Option<Error>,
    /// The last byte may have left, and every one before it.
    pub(super) all_left: bool,
    /// A byte may have left.
    pub(super) any_left: bool,
}

impl Exchange {
    /// Sends what is queued on the connection, and waits for as many replies as that is owed.
    pub(super) fn run(lease: &mut Lease, count: usize, terms: &Terms<'_>) -> Self {
        let watched = terms.watch.add(|| lease.peer().interrupter());
        let total = lease.peer().queued();
        let mut talk = Talk { connection: lease.connection(), sent: 0, replies: Vec::new(), count };
        let failure = talk.finish(terms).err();
        let Talk { sent, replies, .. } = talk;
        terms.watch.remove(watched);
        let left = match lease.peer().queued() {
            0 => total,
            _ => lease.peer().may_have_left(sent),
        };
        Self { replies, failure, all_left: left >= total, any_left: left > 0 }
    }
}

struct Talk<'a> {
    connection: &'a mut Connection,
    /// Of the bytes queued, how many have left.
    sent: usize,
    replies: Vec<Reply>,
    count: usize,
}

impl Talk<'_> {
    fn finish(&mut self, terms: &Terms<'_>) -> Result<()> {
        let mut polls = PollSet::default();
        let mut moved = Instant::now();
        self.sent = self.connection.push(self.sent)?;
        while !self.is_over() {
            let silent = terms.silence.and_then(|silence| moved.checked_add(silence));
            let until = terms.rules.deadline.earlier(silent.map_or(Deadline::NEVER, Deadline::at));
            let writable = self.connection.queued() > 0;
            polls.clear();
            polls.add(self.connection.fd(), Readiness { readable: true, writable });
            let ready = match polls.wait(until) {
                Ok(()) => polls.ready(0),
                Err(_) => Readiness { readable: true, writable },
            };
            let is_ready = ready.readable || ready.writable;
            if is_ready {
                moved = Instant::now();
                if ready.readable {
                    self.receive()?;
                }
                if ready.writable {
                    self.sent = self.connection.push(self.sent)?;
                }
            } else if until.has_passed() {
                // A last look at what has come.
                self.receive()?;
            }
            // A peer that never pauses prolongs nothing.
            let end = if is_ready { terms.rules.deadline } else { until };
            if end.has_passed() && !self.is_over() {
                let in_time = !terms.rules.deadline.has_passed();
                return Err(self.connection.give_up(in_time));
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.replies.len() >= self.count && self.connection.queued() == 0
    }

    /// Takes what has come; what came in front of a failure counts.
    fn receive(&mut self) -> Result<()> {
        let Self { connection, replies, .. } = self;
        connection.pull(false, |reply| replies.push(reply)).map(drop)
    }
}

/// How soon a call that only waits sees that it was cancelled, and how often it looks for a new primary.
const LOOK_INTERVAL: std::time::Duration = std::time::Duration::from_millis(10);

/// Lets time pass until then, until the map is another or the call is cancelled. `awaited`: a slot whose new
/// primary is looked for meanwhile.
pub(super) fn pause(pool: &Pool, terms: &Terms<'_>, awaited: Option<u16>, until: Instant) {
    let seen = pool.map_changes();
    let end = Deadline::at(until).earlier(terms.rules.deadline);
    while !end.has_passed() && pool.map_changes() == seen && !terms.watch.is_fired() {
        if awaited.is_some_and(|slot| pool.hurry(slot, end)) {
            return;
        }
        let looks = awaited.is_some() || terms.watch.is_set();
        let next = if looks { end.earlier(Deadline::after(LOOK_INTERVAL)) } else { end };
        pool.wait_for_change(seen, next);
    }
}
