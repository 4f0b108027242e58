//! While a shard's primary is in trouble, its replicas are asked ROLE: who has been promoted says so before a view
//! of the topology does, and at no cost to the nodes that tell those.
//!
//! The threads that wait for the shard do it, one at a time and at most every 20 ms. The connections are the
//! probe's own, beyond limits and statistics, and last while it goes on.
//!
//! Lock: `Probes`, alone: held for a few instructions, never while anybody is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::member::MemberKey;
use super::pool::{Core, Pool};
use super::redirect::Named;
use crate::command::Command;
use crate::connection::{Connection, Destination, Dialer};
use crate::deadline::Deadline;
use crate::log::Level;
use crate::node::NodeAddress;
use crate::os::futex::Mutex;
use crate::resp::{Kind, ReplyRef};
use crate::topology::KnownNode;

/// From the beginning of a shard's probe to that of its next.
const INTERVAL: Duration = Duration::from_millis(20);

/// What one replica may take for a dial, and for its answer.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long one that did not answer is left out: at first, and at most.
const RESTS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// How long one that refuses ROLE is left out: refreshes alone do it then.
const DENIED: Duration = Duration::from_secs(1);

/// How long connections are kept for the shard's next probe.
const KEPT: Duration = Duration::from_secs(1);

/// The shards that are probed.
#[derive(Default)]
pub(super) struct Probes(Mutex<Vec<Shard>>);

struct Shard {
    /// The primary in trouble, by which the shard is known.
    primary: MemberKey,
    /// Somebody asks right now, and has the lines.
    in_flight: bool,
    began: Instant,
    lines: Vec<Line>,
}

/// What is kept of one replica.
struct Line {
    node: NodeAddress,
    connection: Option<Connection>,
    rests_until: Option<Instant>,
    rest: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Primary,
    Replica,
    Denied,
}

impl Probes {
    /// The right to ask the shard's replicas; None if somebody does, or did a moment ago.
    fn begin(&self, primary: MemberKey) -> Option<Turn<'_>> {
        let now = Instant::now();
        let mut shards = self.0.lock();
        let at = shards.iter().position(|shard| shard.primary == primary);
        let lines = match at {
            Some(at) => {
                let shard = &mut shards[at];
                if shard.in_flight || now.saturating_duration_since(shard.began) < INTERVAL {
                    return None;
                }
                (shard.in_flight, shard.began) = (true, now);
                std::mem::take(&mut shard.lines)
            }
            None => {
                shards.push(Shard { primary, in_flight: true, began: now, lines: Vec::new() });
                Vec::new()
            }
        };
        Some(Turn { probes: self, primary, lines })
    }

    /// Closes the connections of shards that nobody probes any more.
    pub(super) fn tidy(&self) {
        self.close(|shard| shard.began.elapsed() > KEPT);
    }

    pub(super) fn close_all(&self) {
        self.close(|_| true);
    }

    fn close(&self, is_over: impl Fn(&Shard) -> bool) {
        let mut over = Vec::new();
        let mut shards = self.0.lock();
        let mut at = 0;
        while let Some(shard) = shards.get(at) {
            if !shard.in_flight && is_over(shard) {
                over.push(shards.swap_remove(at));
            } else {
                at += 1;
            }
        }
        drop(shards);
        drop(over);
    }
}

/// The right to probe a shard, given back when dropped, with the lines for the next probe.
struct Turn<'a> {
    probes: &'a Probes,
    primary: MemberKey,
    lines: Vec<Line>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut shards = self.probes.0.lock();
        if let Some(shard) = shards.iter_mut().find(|shard| shard.primary == self.primary) {
            shard.in_flight = false;
            shard.lines = std::mem::take(&mut self.lines);
        }
    }
}

impl Turn<'_> {
    /// The first of the replicas that says it is a primary by now. Those already connected are asked first: one
    /// that has to be dialled may be silent.
    fn ask<'a>(
        &mut self,
        replicas: &[&'a KnownNode],
        dialer: &Dialer,
        deadline: Deadline,
    ) -> Option<&'a KnownNode> {
        self.lines.retain(|line| replicas.iter().any(|replica| replica.address == line.node));
        for replica in replicas {
            if !self.lines.iter().any(|line| line.node == replica.address) {
                self.lines.push(Line::to(&replica.address));
            }
        }
        self.lines.sort_by_key(|line| line.connection.is_none());
        self.lines.iter_mut().find_map(|line| {
            let replica = *replicas.iter().find(|replica| replica.address == line.node)?;
            (line.ask(replica, dialer, deadline)? == Answer::Primary).then_some(replica)
        })
    }
}

impl Line {
    fn to(node: &NodeAddress) -> Self {
        Self { node: node.clone(), connection: None, rests_until: None, rest: RESTS.0 }
    }

    /// What the replica says it is; None if it rests, does not answer, or no time is left.
    fn ask(&mut self, replica: &KnownNode, dialer: &Dialer, deadline: Deadline) -> Option<Answer> {
        if deadline.has_passed() || self.rests_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let answer = self.exchange(replica, dialer, deadline);
        let rest = match answer {
            Some(Answer::Primary | Answer::Replica) => {
                (self.rests_until, self.rest) = (None, RESTS.0);
                return answer;
            }
            Some(Answer::Denied) => DENIED,
            // The caller's own time was too short: that says nothing.
            None if deadline.has_passed() => return None,
            None => {
                let longer = RESTS.1.min(self.rest * 2);
                std::mem::replace(&mut self.rest, longer)
            }
        };
        self.rests_until = Instant::now().checked_add(rest);
        answer
    }

    fn exchange(
        &mut self,
        replica: &KnownNode,
        dialer: &Dialer,
        deadline: Deadline,
    ) -> Option<Answer> {
        let bounded = || deadline.earlier(Deadline::after(PATIENCE));
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let hostname = replica.hostname.as_deref();
                let to = Destination { hostname, ..Destination::from(&replica.address) };
                dialer.dial(to, bounded()).ok()?
            }
        };
        let reply = connection.command(&Command::of(&[b"ROLE"]), bounded()).ok()?;
        self.connection = Some(connection);
        Some(read(reply.root()))
    }
}

/// ROLE begins with "master", "slave" or "sentinel".
fn read(role: ReplyRef<'_>) -> Answer {
    let name = match role.kind() {
        Kind::Array => role.children().next().and_then(ReplyRef::bytes),
        _ => return Answer::Denied,
    };
    if name == Some(b"master") { Answer::Primary } else { Answer::Replica }
}

impl Core {
    pub(super) fn hurry(self: &Arc<Self>, slot: u16, deadline: Deadline) -> bool {
        let routes = self.routes();
        let Some(primary) = routes.primary_of(slot) else { return false };
        let nodes = routes.map.nodes();
        let replicas: Vec<&KnownNode> =
            routes.map.replicas_of(slot).iter().map(|&at| &nodes[at]).collect();
        if replicas.is_empty() || deadline.has_passed() || self.check_open().is_err() {
            return false;
        }
        let Some(mut turn) = self.probes.begin(primary) else { return false };
        let promoted = turn.ask(&replicas, &self.dialer, deadline);
        if promoted.is_some() {
            turn.lines.clear();
        }
        drop(turn);
        self.probes.tidy();
        let is_as_before = || self.routes().primary_of(slot) == Some(primary);
        if let Some(node) = promoted
            && is_as_before()
        {
            let line = format_args!("{} says it is a primary", node.address);
            self.options.log.line(Level::Info, line);
            self.patch(slot, &Named::known(node), None);
        }
        !is_as_before()
    }
}

impl Pool {
    /// To be called by who waits for a slot whose primary does not answer: asks the replicas of its shard whether
    /// one has been promoted, and patches the map if so, within the deadline. Returns at once if another thread
    /// does so, or did less than 20 ms ago. True if the slot has another primary now.
    pub fn hurry(&self, slot: u16, deadline: Deadline) -> bool {
        self.core().hurry(slot, deadline)
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
