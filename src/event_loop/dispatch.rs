//! Which link a command goes to, by the present map.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::link::{Door, Link};
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::Event;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::pool::{Target, uncovered, unknown};

/// What stands in a queue and has not left: where it is to go now.
pub(super) struct Homeless {
    awaited: Awaited,
    bytes: Vec<u8>,
}

impl Reactor {
    /// The link of a slot's primary, or of who answers its next read, where the map tells and a link is there.
    #[inline]
    pub(super) fn quick_link(&mut self, slot: u16, to_reader: bool) -> Option<usize> {
        if self.seen != self.pool().map_changes() {
            self.sync();
        }
        let member = match to_reader {
            false => self.routes.primary_member(slot)?,
            true => self.way(&Target::Reader(slot, None))?,
        };
        let place = self.by_member.get(member as usize).copied().unwrap_or(0);
        match place {
            0 => self.link_of_member(member),
            place => Some(place as usize - 1),
        }
    }

    /// The link that commands for the target go to.
    ///
    /// # Errors
    /// SLOT_NOT_COVERED, UNKNOWN_NODE; PROTOCOL for a redirect that leads nowhere.
    pub(super) fn place(&mut self, target: &Target) -> Result<usize> {
        self.sync();
        let member = match target {
            Target::Primary(slot) => self.routes.primary_member(*slot),
            Target::Reader(..) => self.way(target),
            // One that is connected is well, as far as anybody knows.
            Target::Any => match self.some_open_link() {
                Some(at) => return Ok(at),
                None => self.way(target),
            },
            Target::Node(node) => return self.link_to(node).ok_or_else(|| unknown(node)),
            Target::Named(announced) => {
                let Some(named) = self.pool().named(announced) else {
                    let message = "the redirect names a node that cannot be dialled";
                    return Err(Error::new(Status::Protocol, message));
                };
                let address = named.address().clone();
                if let Some(at) = self.link_to(&address) {
                    return Ok(at);
                }
                let is_it = |link: &Link| !link.is_own && link.address.as_ref() == Some(&address);
                let known = self.places().find(|(_, link)| is_it(link)).map(|(at, _)| at);
                return Ok(known.unwrap_or_else(|| self.new_link(target.clone(), Some(address))));
            }
        };
        member
            .and_then(|member| self.link_of_member(member))
            .ok_or_else(|| uncovered(target.slot().unwrap_or(0)))
    }

    /// A link with a connection to a primary; where nobody writes, to any node.
    fn some_open_link(&self) -> Option<usize> {
        let takes_replicas = self.pool().options().readonly;
        let is_fit = |link: &Link| match &link.door {
            Door::Open(lease) => {
                !link.is_own && !link.retires && (takes_replicas || !lease.peer().is_readonly())
            }
            _ => false,
        };
        let fit: Vec<usize> =
            self.places().filter(|(_, link)| is_fit(link)).map(|(at, _)| at).collect();
        fit.get(fastrand::usize(..fit.len().max(1))).copied()
    }

    /// Whose turn it is among several who may answer: a member of the pool.
    fn way(&self, target: &Target) -> Option<u32> {
        self.pool().way(target, &[]).map(|way| way.member() as u32)
    }

    /// The link of a member of the present map; a new one where it has none.
    fn link_of_member(&mut self, member: u32) -> Option<usize> {
        if let Some(&place) = self.by_member.get(member as usize)
            && place != 0
        {
            return Some(place as usize - 1);
        }
        let map = Arc::clone(self.routes.map());
        let node = (0..map.nodes().len()).find(|&at| self.routes.member_at(at) == Some(member))?;
        let address = map.nodes()[node].address.clone();
        let at = self.new_link(Target::Node(address.clone()), Some(address));
        self.enter(member, at);
        Some(at)
    }

    fn enter(&mut self, member: u32, at: usize) {
        let member = member as usize;
        if self.by_member.len() <= member {
            self.by_member.resize(member + 1, 0);
        }
        self.by_member[member] = at as u32 + 1;
    }

    fn link_to(&mut self, node: &NodeAddress) -> Option<usize> {
        let at = self.routes.map().find_address(node)?;
        self.link_of_member(self.routes.member_at(at)?)
    }

    fn new_link(&mut self, target: Target, address: Option<NodeAddress>) -> usize {
        let mut link = Link::new(0, target, address, Instant::now());
        link.silence = Some(self.pool().options().socket_timeout);
        self.add_link(link)
    }

    /// A link for one command that blocks.
    pub(super) fn own_link(&mut self, target: Target, silence: Option<Duration>) -> usize {
        let mut link = Link::new(0, target, None, Instant::now());
        (link.silence, link.is_own) = (silence, true);
        self.add_link(link)
    }

    /// Follows the map where it is a newer one: links stand for other members, and what has not left goes where it
    /// belongs by now.
    pub(super) fn sync(&mut self) {
        let seen = self.pool().map_changes();
        if self.seen == seen {
            return;
        }
        (self.seen, self.routes) = (seen, self.pool().routes());
        self.by_member.clear();
        for at in 0..self.links.len() {
            let Some(link) = self.links[at].as_deref_mut() else { continue };
            if let Door::Open(lease) = &link.door {
                link.retires |= !lease.is_kept();
            }
            let Some(address) = link.address.as_ref().filter(|_| !link.is_own) else { continue };
            let node = self.routes.map().find_address(address);
            if let Some(member) = node.and_then(|node| self.routes.member_at(node)) {
                // A node that only a redirect had named may be in the map by now.
                link.target = Target::Node(address.clone());
                self.enter(member, at);
            } else if link.queue.is_empty() && matches!(link.door, Door::Closed | Door::Open(_)) {
                self.drop_link(at);
            }
        }
        for at in 0..self.links.len() {
            self.rehome(at);
        }
    }

    /// Sends what has not left of a link's queue where it belongs by now, which may be the same link.
    pub(super) fn rehome(&mut self, at: usize) {
        match self.link(at) {
            Some(link) if !link.is_own => link.admitted = 0,
            _ => return,
        }
        for Homeless { awaited, bytes } in self.take_unsent(at) {
            match awaited.owner {
                Owner::Command { tag } => match self.place(&awaited.home()) {
                    Ok(at) => self.append(at, &bytes, awaited),
                    Err(error) => {
                        let id = self.call_of(&awaited, tag, &bytes);
                        let event = Event::Failed { error, sent: false, had_connection: false };
                        self.tell(id, 0, event, self.took(awaited.began), fastrand::f64());
                    }
                },
                Owner::Piece { call, index } => {
                    let target = self.target_of(call, index);
                    if let Some((target, asking)) = target {
                        self.send(call, index, target, asking);
                    }
                }
                Owner::Probe { .. } | Owner::Asking | Owner::Nobody => {}
            }
        }
    }

    /// Where a piece goes this time.
    pub(super) fn target_of(
        &mut self,
        call: super::call::CallId,
        index: u32,
    ) -> Option<(Target, bool)> {
        self.calls.get(call)?.pieces.get(index as usize)?.sending.clone()
    }

    /// What has not left of a link's queue and was not admitted, taken out.
    pub(super) fn take_unsent(&mut self, at: usize) -> Vec<Homeless> {
        let mut homeless = Vec::new();
        if let Some(link) = self.link(at) {
            let first = link.queue.first_unsent(link.left()).max(link.admitted);
            link.queue.take_from(first, |lost| {
                homeless.push(Homeless { awaited: lost.awaited, bytes: lost.bytes.to_vec() });
            });
        }
        homeless
    }

    /// The primary of what a link is about to send is silent, and other commands find out whether it is well.
    pub(super) fn is_held_back(&mut self, at: usize) -> bool {
        let Some(link) = self.link(at) else { return false };
        let (admitted, is_open) = (link.admitted, matches!(link.door, Door::Open(_)));
        let first = link.queue.first_unsent(link.left()).max(admitted);
        let slot = match link.queue.get(first) {
            Some(Awaited { owner: Owner::Command { .. }, slot, to_reader: false, .. }) => *slot,
            Some(&Awaited { owner: Owner::Piece { call, index }, .. }) => {
                match self.target_of(call, index) {
                    Some((Target::Primary(slot), _)) => slot,
                    _ => return false,
                }
            }
            _ => return false,
        };
        // While those that were admitted are on their way, no others are.
        let admits = match admitted {
            0 => self.pool().admits(slot),
            _ => !self.pool().is_suspect(slot),
        };
        if admits
            && !is_open
            && let Some(link) = self.link(at)
        {
            link.admitted = link.queue.len();
        }
        !admits
    }

    /// What a link was about to send waits a moment, or for another primary.
    #[cold]
    pub(super) fn hold_back_all(&mut self, at: usize) {
        let homeless = self.take_unsent(at);
        if self.link(at).is_some_and(|link| link.is_own && link.queue.is_empty()) {
            self.drop_link(at);
        }
        for Homeless { awaited, bytes } in homeless {
            match awaited.owner {
                Owner::Command { tag } => {
                    let id = self.call_of(&awaited, tag, &bytes);
                    self.hold_back(id, 0, awaited.home(), false);
                }
                Owner::Piece { call, index } => {
                    if let Some((target, asking)) = self.target_of(call, index) {
                        self.hold_back(call, index, target, asking);
                    }
                }
                Owner::Probe { .. } | Owner::Asking | Owner::Nobody => {}
            }
        }
    }

    /// A link is no more. Its connection closes.
    pub(super) fn drop_link(&mut self, at: usize) {
        let Some(link) = self.links.get_mut(at).and_then(Option::take) else { return };
        if let Door::Open(lease) = &link.door {
            self.epoll.remove(lease.peer().fd());
        }
        for place in &mut self.by_member {
            if *place == at as u32 + 1 {
                *place = 0;
            }
        }
        mem::drop(link);
    }
}
