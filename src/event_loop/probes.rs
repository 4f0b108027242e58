//! While a shard's primary is in trouble and commands wait for it, its replicas are asked ROLE: who has been promoted
//! says so before a view of the topology does.

use std::time::{Duration, Instant};

use super::link::Door;
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::LOOK_INTERVAL;
use crate::node::NodeAddress;
use crate::pool::Target;
use crate::resp::{Kind, Reply, ReplyRef};

const ROLE: &[u8] = b"*1\r\n$4\r\nROLE\r\n";
/// What a replica may take to answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long one that could not be dialled is left out.
const REST: Duration = Duration::from_millis(250);

/// When replicas are asked next, and which are not.
#[derive(Default)]
pub(super) struct Probes {
    next: Option<Instant>,
    /// The primary of each slot that was asked for, when it was.
    primaries: Vec<(u16, NodeAddress)>,
    resting: Vec<(NodeAddress, Instant)>,
}

impl Probes {
    /// When it is time to ask again; None: nobody waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }
}

impl Reactor {
    /// Asks the replicas of shards that commands wait for.
    pub(super) fn probe(&mut self) {
        if self.waiting.is_empty() {
            self.probes.next = None;
            return;
        }
        let now = self.now;
        if self.probes.next.is_some_and(|next| next > now) {
            return;
        }
        let slots = self.awaited_slots();
        self.probes.next = (!slots.is_empty()).then(|| now + LOOK_INTERVAL);
        self.probes.primaries.clear();
        self.probes.resting.retain(|(_, until)| *until > now);
        let map = std::sync::Arc::clone(self.routes.map());
        for slot in slots {
            let Some(primary) = map.primary_of(slot) else { continue };
            self.probes.primaries.push((slot, map.nodes()[primary].address.clone()));
            for &replica in map.replicas_of(slot) {
                self.ask_role(slot, &map.nodes()[replica].address);
            }
        }
    }

    /// Slots whose primaries are in doubt, one of each shard: the others are promoted with it.
    fn awaited_slots(&mut self) -> Vec<u16> {
        let mut found: Vec<(u32, u16)> = Vec::new();
        for waiting in &self.waiting {
            let piece = self.calls.get(waiting.what.0).and_then(|call| {
                call.pieces.get(waiting.what.1 as usize)?.execution.as_ref()?.awaited_slot()
            });
            if let Some(slot) = piece
                && let Some(member) = self.routes.primary_member(slot)
                && !found.iter().any(|(other, _)| *other == member)
            {
                found.push((member, slot));
            }
        }
        found.into_iter().map(|(_, slot)| slot).collect()
    }

    fn ask_role(&mut self, slot: u16, node: &NodeAddress) {
        if self.probes.resting.iter().any(|(other, _)| other == node) {
            return;
        }
        let Ok(at) = self.place(&Target::Node(node.clone())) else { return };
        let Some(link) = self.link(at) else { return };
        let is_asked =
            link.queue.iter().any(|awaited| matches!(awaited.owner, Owner::Probe { .. }));
        // One that is dialled is asked when it is there; one that is silent not once more.
        if is_asked || matches!(link.door, Door::Dialing(_) | Door::Full { .. }) {
            return;
        }
        let (began, owner) = (self.now, Owner::Probe { slot });
        let deadline = Some(began + PATIENCE);
        let (to_reader, replays) = (false, true);
        let awaited = Awaited { owner, start: 0, began, deadline, slot, to_reader, replays };
        self.append(at, ROLE, awaited);
    }

    /// A replica has said what it is.
    pub(super) fn probed(&mut self, _at: usize, slot: u16, node: &NodeAddress, reply: &Reply) {
        let primary = self.probes.primaries.iter().find(|(other, _)| *other == slot);
        if is_primary(reply.root())
            && let Some((_, primary)) = primary
        {
            self.pool().was_promoted(slot, primary, node);
        } else if reply.root().kind() == Kind::Error {
            self.rest(node.clone());
        }
    }

    pub(super) fn probe_failed(&mut self, at: usize) {
        if let Some(address) = self.link(at).and_then(|link| link.address.clone()) {
            self.rest(address);
        }
    }

    fn rest(&mut self, node: NodeAddress) {
        self.probes.resting.push((node, self.now + REST));
    }
}

/// ROLE begins with "master", "slave" or "sentinel".
fn is_primary(role: ReplyRef<'_>) -> bool {
    let name = match role.kind() {
        Kind::Array => role.children().next().and_then(ReplyRef::bytes),
        _ => None,
    };
    name == Some(b"master")
}
