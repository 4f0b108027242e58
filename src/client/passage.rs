//! Commands of one call that travel on a node's channel, among those of other calls.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::execution::is_final;
use super::flights::Flights;
use super::launch::Group;
use super::part::Part;
use super::step::Event;
use crate::channel::{Call, Channel, Commands, Mail, Replies, Ticket};
use crate::deadline::Deadline;
use crate::error::{Error, Status};
use crate::pool::{Stop, Target, Way};

/// More bytes or commands than these take a connection of their own, for others would wait behind them.
const MOST_BYTES: usize = 64 * 1024;
const MOST_COMMANDS: usize = 1024;

/// How long one node is waited for before another is looked at.
pub(super) const SLICE: Duration = Duration::from_millis(5);

/// A channel for a group's commands.
pub(super) struct Berth<'a> {
    way: Way,
    pub(super) channel: &'a Channel,
}

/// Commands that were sent, in their order.
pub(super) struct Passage<'a> {
    channel: &'a Channel,
    ticket: Ticket,
    parts: Vec<(u32, bool)>,
    began: Instant,
}

impl<'a, 'p> Flights<'a, 'p> {
    /// Whether these commands may go among others.
    fn may_share(parts: &[Part<'p>], group: &Group) -> bool {
        let mut bytes = 0;
        group.parts.len() <= MOST_COMMANDS
            && group.parts.iter().all(|&(index, asking)| {
                let Some(part) = parts.get(index as usize) else { return false };
                bytes += part.encoded.len();
                // What stands for itself alone has a connection for itself.
                !asking && part.special.is_none() && bytes <= MOST_BYTES
            })
    }

    /// The channel that the group's commands may share. Of nodes that answer reads in turn this is one's turn.
    pub(super) fn berth(&self, parts: &[Part<'p>], group: &Group) -> Option<Berth<'a>> {
        let channels = self.channels.filter(|_| Self::may_share(parts, group))?;
        let way = self.pool.way(&group.target, &[])?;
        Some(Berth { way, channel: channels.of(&way)? })
    }

    /// Sends a group's commands on a channel, which gets a connection by the deadline; where a limit is reached it is
    /// waited for if `waits`. The group again where the way was an older one, or with the reason why they could not be
    /// sent.
    pub(super) fn share(
        &mut self,
        parts: &[Part<'p>],
        group: Group,
        Berth { way, channel }: Berth<'a>,
        deadline: Deadline,
        waits: bool,
    ) -> Result<(), (Group, Option<Error>)> {
        if self.terms.watch.is_fired() {
            let message = "the call was cancelled by its token";
            return Err((group, Some(Error::new(Status::Cancelled, message))));
        }
        let commands = || group.parts.iter().filter_map(|&(index, _)| parts.get(index as usize));
        let lengths: Vec<usize> = commands().map(|part| part.encoded.len()).collect();
        let mut bytes = Vec::with_capacity(lengths.iter().sum());
        commands().for_each(|part| bytes.extend_from_slice(part.encoded));
        let commands = Commands { bytes: &bytes, behind: &[], lengths: &lengths, is_asking: false };
        let began = Instant::now();
        let mut call = self.call(deadline);
        call.waits = waits;
        let submitted = channel.submit(self.pool, &way, &commands, &call);
        self.terms.watch.has_dialled();
        match submitted {
            Ok(Some(ticket)) => {
                self.passages.push(Passage { channel, ticket, parts: group.parts, began });
                Ok(())
            }
            // The map is a newer one: the pool goes by it.
            Ok(None) => Err((group, None)),
            Err(error) => Err((group, Some(error))),
        }
    }

    /// A connection of their own is wanted for commands that go there: the channel's is the nearest, if nobody uses it.
    pub(super) fn free_channel(&self, target: &Target) {
        if let Some(channels) = self.channels
            && let Target::Primary(_) = target
            && let Some(way) = self.pool.way(target, &[])
            && let Some(channel) = channels.of(&way)
        {
            channel.give_back();
        }
    }

    fn call(&self, deadline: Deadline) -> Call<'a> {
        let terms = self.terms;
        let stop = terms.watch.is_set().then_some(&terms.watch as &dyn Stop);
        let mut call = Call::new(deadline, stop);
        call.shares_memory = terms.shares_memory;
        call
    }

    /// Takes what comes by channels: each node has its turn, and the last is waited for as long as there is nothing else
    /// to do.
    pub(super) fn collect(&mut self, parts: &mut [Part<'p>]) {
        let passages = mem::take(&mut self.passages);
        let mut left = passages.len();
        for Passage { channel, ticket, parts: group, began } in passages {
            left -= 1;
            let call = self.call(self.terms.rules.deadline);
            if left > 0 || self.has_more_to_do() {
                call.put_off(Deadline::after(SLICE));
            }
            match channel.wait(self.pool, ticket, &call) {
                Ok(replies) => self.arrive(parts, &group, replies, began.elapsed()),
                Err(ticket) => self.passages.push(Passage { channel, ticket, parts: group, began }),
            }
        }
    }

    /// Commands have been answered, or will not be.
    fn arrive(
        &mut self,
        parts: &mut [Part<'p>],
        group: &[(u32, bool)],
        replies: Option<Replies>,
        took: Duration,
    ) {
        let fraction = fastrand::f64();
        let Some(Replies { peer, mail, is_demoted, lost }) = replies else { return };
        let many = match mail {
            Mail::Many(many) => many,
            Mail::One(one) => one.into_iter().collect(),
        };
        let node = self.terms.names_nodes.then(|| Arc::new(peer.node().clone()));
        let mut commands = group.iter().map(|&(index, _)| index as usize);
        for (reply, index) in many.into_iter().zip(commands.by_ref()) {
            if !is_demoted && is_final(reply.root()) {
                parts[index].outcome = Some(Ok(reply));
                parts[index].node.clone_from(&node);
                continue;
            }
            if matches!(reply.root().error_code(), Some("LOADING" | "MASTERDOWN")) {
                peer.note_refusal(self.pool);
            }
            let (node, by_replica) = (peer.node().clone(), peer.is_replica());
            let event = Event::Answered { node, reply, by_replica, demoted: is_demoted };
            self.tell(parts, index, event, took, fraction);
        }
        let (error, sent) = lost.unwrap_or_else(|| {
            (Error::new(Status::Internal, "a command was left without its reply"), usize::MAX)
        });
        for (at, index) in commands.enumerate() {
            let event =
                Event::Failed { error: error.clone(), sent: at < sent, had_connection: true };
            self.tell(parts, index, event, took, fraction);
        }
    }
}
