//! What is to be done next, for all subscriptions together. No I/O, no clock of its own.
//!
//! A driver asks [`Machine::step`] (`steps`) until it says `None`, does what it says, and tells how that went;
//! it tells of everything that arrives, and of connections that end (`reports`). What the reader is to have comes out by
//! [`Machine::pop`], in order: a gap is told when its subscription is there again, before the first message
//! behind it, so that who reads anew what was missed misses nothing more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::link::{Line, Link};
use super::message::Message;
use super::name::{Kind, Name};
use super::ready::Ready;
use super::subscription::{Standing, Subscription, Subscriptions};
use crate::node::NodeAddress;
use crate::options::Options;

/// All subscriptions and the connections they are on.
pub(super) struct Machine {
    pub(super) backoff: Backoff,
    /// Silence after which a sign of life is asked for, and the longest silence while one is owed.
    pub(super) interval: Duration,
    pub(super) longest_silence: Duration,
    pub(super) subscriptions: Subscriptions,
    pub(super) links: Vec<Link>,
    /// What is to be sent where it belongs, not before that time.
    pub(super) delayed: BTreeMap<(Instant, u64), Name>,
    /// Not before which time the topology is to be asked for.
    pub(super) refresh: Option<Instant>,
    pub(super) suspects: Vec<NodeAddress>,
    pub(super) refresh_failures: u32,
    pub(super) ready: Ready,
    /// Something in `ready` may belong to subscriptions that have ended.
    pub(super) has_stale: bool,
    pub(super) numbers: u64,
}

impl Machine {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            backoff: Backoff::of(options),
            interval: options.socket_timeout.max(Duration::from_secs(1)),
            longest_silence: options.socket_timeout,
            subscriptions: Subscriptions::default(),
            links: Vec::new(),
            delayed: BTreeMap::new(),
            refresh: None,
            suspects: Vec::new(),
            refresh_failures: 0,
            ready: Ready::new(options.max_in_flight),
            has_stale: false,
            numbers: 0,
        }
    }

    /// The program wants this. `gap`: it had it before, in another process.
    pub(super) fn subscribe(&mut self, kind: Kind, name: &[u8], gap: bool, now: Instant) {
        let serial = self.number();
        match self.subscriptions.get_mut(kind, name) {
            Some(one) if one.wanted => {}
            Some(one) => (one.wanted, one.serial) = (true, serial),
            None => {
                let name = Name { kind, bytes: name.into() };
                let standing = Standing::Absent;
                let one =
                    Subscription { serial, wanted: true, standing, gap, alone: false, failures: 0 };
                self.subscriptions.insert(name.clone(), one);
                self.delay(name, now);
            }
        }
    }

    /// The program does not want it any more: nothing of it is given out from now on.
    pub(super) fn unsubscribe(&mut self, kind: Kind, name: &[u8]) {
        let Some(name) = self.subscriptions.name(kind, name) else { return };
        let Some(one) = self.subscriptions.of(&name) else { return };
        (one.wanted, one.gap) = (false, false);
        self.has_stale = true;
        match one.standing {
            Standing::Absent => self.subscriptions.remove(&name),
            Standing::Confirmed(link) => {
                if let Some(line) = line_of(&mut self.links, link) {
                    line.endings.push(name);
                }
            }
            Standing::Asked(_) | Standing::Ending(_) => {}
        }
    }

    /// A number of the subscription, as long as it is wanted, and whether a server has confirmed it.
    pub(super) fn standing(&self, kind: Kind, name: &[u8]) -> Option<(u64, bool)> {
        let one = self.subscriptions.get(kind, name).filter(|one| one.wanted)?;
        Some((one.serial, matches!(one.standing, Standing::Confirmed(_))))
    }

    /// Takes back what would tell the reader that this subscription was refused.
    pub(super) fn take_refusal(&mut self, serial: u64) -> Option<Message> {
        self.ready.take_refusal(serial)
    }

    /// What the program wants, and whether a server has or had it.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (Kind, &[u8], bool)> {
        let wanted = self.subscriptions.iter().filter(|(_, _, one)| one.wanted);
        wanted.map(|(kind, bytes, one)| {
            (kind, &**bytes, one.gap || matches!(one.standing, Standing::Confirmed(_)))
        })
    }

    /// The next thing for the reader.
    pub(super) fn pop(&mut self) -> Option<Message> {
        loop {
            let Some((serial, message)) = self.ready.pop() else {
                self.has_stale = false;
                return None;
            };
            if !self.has_stale || message.refusal().is_some() {
                return Some(message);
            }
            let of = self.subscriptions.get(message.kind(), message.name());
            if of.is_some_and(|one| one.wanted && one.serial == serial) {
                return Some(message);
            }
        }
    }

    /// There is something for the reader.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Nothing more is to be received until something is taken.
    pub(super) fn is_full(&self) -> bool {
        self.ready.is_full()
    }

    /// When [`Machine::step`] has something to do; `None`: when something arrives.
    pub(super) fn due(&self) -> Option<Instant> {
        let delayed = self.delayed.first_key_value().map(|(&(at, _), _)| at);
        let links = self.links.iter().filter_map(|link| self.due_of(link));
        links.chain(delayed).chain(self.refresh).min()
    }

    fn due_of(&self, link: &Link) -> Option<Instant> {
        let Some(line) = &link.line else {
            return (!link.queue.is_empty()).then_some(link.not_before);
        };
        let may_send = line.room() > 0 && !(link.queue.is_empty() && line.endings.is_empty());
        if may_send || line.doomed {
            return Some(line.since);
        }
        // A full subscriber does not listen, and so judges nobody by silence.
        (!self.is_full()).then(|| line.patience_ends(self.interval, self.longest_silence))
    }

    pub(super) fn delay(&mut self, name: Name, until: Instant) {
        let number = self.number();
        self.delayed.insert((until, number), name);
    }

    pub(super) fn suspect(&mut self, node: NodeAddress, now: Instant) {
        if !self.suspects.contains(&node) {
            self.suspects.push(node);
        }
        self.want_refresh(now);
    }

    pub(super) fn want_refresh(&mut self, now: Instant) {
        self.refresh.get_or_insert(now);
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// The connection of a link.
pub(super) fn line_of(links: &mut [Link], id: u64) -> Option<&mut Line> {
    links.iter_mut().find(|link| link.id == id)?.line.as_mut()
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
