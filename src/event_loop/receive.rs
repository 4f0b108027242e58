//! What arrives on a link, and whose it is.

use std::sync::Arc;

use std::mem;

use super::completion::Completion;
use super::link::Door;
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::{Event, is_final};
use crate::pool::Standing;
use crate::resp::Reply;

impl Reactor {
    /// Receives what is there. The replies of nearly all commands are their completions; the rest is looked at when
    /// it is known what this node's answers are worth.
    pub(super) fn receive(&mut self, at: usize) {
        let first = self.done.len();
        let mut others = mem::take(&mut self.others);
        let Self { links, done, now, .. } = self;
        let Some(link) = links.get_mut(at).and_then(Option::as_deref_mut) else { return };
        let Door::Open(lease) = &mut link.door else { return };
        let (mut seen, mut probes) = (0, 0);
        let queue = &link.queue;
        let outcome = lease.connection().pull(false, |reply| {
            let Some(awaited) = queue.get(seen) else { return };
            match awaited.owner {
                Owner::Command { tag } if is_final(reply.root()) => {
                    done.push_back(Completion { tag, outcome: Ok(reply) });
                }
                Owner::Nobody | Owner::Asking => drop(reply),
                Owner::Probe { .. } => {
                    probes += 1;
                    others.push((seen, reply));
                }
                _ => others.push((seen, reply)),
            }
            seen += 1;
        });
        if matches!(outcome, Ok(true)) {
            link.moved = *now;
        }
        if seen > 0 {
            let answered = match seen == probes {
                true => lease.has_told_role(),
                false => lease.has_answered(),
            };
            link.retires |= answered.is_demoted || answered.is_wanted_back;
            if answered.is_demoted {
                self.doubt(at, seen, first, &mut others);
            }
        }
        if !others.is_empty() {
            let is_demoted = self.link(at).is_some_and(|link| is_demoted(&link.door));
            for (index, reply) in others.drain(..) {
                self.answered(at, index, reply, is_demoted);
            }
        }
        self.others = others;
        if seen > 0
            && let Some(link) = self.link(at)
        {
            link.queue.release(seen);
        }
        if let Err(error) = outcome {
            return self.crash(at, &error);
        }
        self.after(at);
    }

    /// What a link's connection does once something was answered.
    fn after(&mut self, at: usize) {
        let Some(link) = self.link(at) else { return };
        if (link.retires || link.is_own) && !link.queue.owes() {
            let unsent = !link.queue.is_empty();
            self.give_back(at);
            if unsent {
                self.flush(at);
            }
        }
    }

    /// Answers of a node that has lost its role meanwhile: what was completed by them is taken back.
    #[cold]
    fn doubt(&mut self, at: usize, seen: usize, first: usize, others: &mut Vec<(usize, Reply)>) {
        let completed = self.done.split_off(first).into_iter();
        let Some(link) = self.link(at) else { return };
        let passed = |index: &usize| others.iter().any(|(other, _)| other == index);
        let commands = (0..seen).filter(|index| {
            let owner = link.queue.get(*index).map(|awaited| awaited.owner);
            matches!(owner, Some(Owner::Command { .. })) && !passed(index)
        });
        let mut doubted: Vec<(usize, Reply)> =
            commands.zip(completed.filter_map(|done| done.outcome.ok())).collect();
        others.append(&mut doubted);
        others.sort_by_key(|(index, _)| *index);
    }

    /// A reply that is not simply its command's completion.
    #[cold]
    fn answered(&mut self, at: usize, index: usize, reply: Reply, demoted: bool) {
        let Some(link) = self.link(at) else { return };
        let Door::Open(lease) = &link.door else { return };
        let Some(&awaited) = link.queue.get(index) else { return };
        lease.note(&reply);
        let node = lease.peer().node().clone();
        let by_replica = lease.peer().is_readonly();
        let took = self.took(awaited.began);
        let (id, piece) = match awaited.owner {
            Owner::Piece { call, index } => (call, index),
            Owner::Command { tag } => {
                let Some(link) = self.link(at) else { return };
                let bytes = link.queue.bytes_of(index).to_vec();
                (self.call_of(&awaited, tag, &bytes), 0)
            }
            Owner::Probe { slot } => return self.probed(at, slot, &node, &reply),
            Owner::Asking | Owner::Nobody => return,
        };
        if !demoted && is_final(reply.root()) {
            return self.piece_answered(id, piece, awaited, node, reply);
        }
        let event = Event::Answered { node, reply, by_replica, demoted };
        self.tell(id, piece, event, took, fastrand::f64());
    }

    fn piece_answered(
        &mut self,
        id: super::call::CallId,
        index: u32,
        _awaited: Awaited,
        node: crate::node::NodeAddress,
        reply: Reply,
    ) {
        let Some(call) = self.calls.get(id) else { return };
        let names_nodes = call.names_nodes();
        let Some(piece) = call.pieces.get_mut(index as usize) else { return };
        if names_nodes {
            piece.node = Some(Arc::new(node));
        }
        piece.outcome = Some(Ok(reply));
        self.piece_done(id);
    }
}

fn is_demoted(door: &Door) -> bool {
    matches!(door, Door::Open(lease) if lease.standing() != Standing::Good)
}
