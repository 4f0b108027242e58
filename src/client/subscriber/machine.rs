//! What is to be done next, for all subscriptions together. No I/O, no clock of its own.
//!
//! A driver asks [`Machine::step`] until it says `None`, does what it says, and tells how that went; it tells
//! of everything that arrives, and of connections that end. What the reader is to have comes out by
//! [`Machine::pop`], in order: a gap is told when its subscription is there again, before the first message
//! behind it, so that who reads anew what was missed misses nothing more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::backoff::Backoff;
use super::link::{Asked, Choice, Line, Link, Place, command};
use super::message::Message;
use super::name::{Kind, Name};
use super::ready::Ready;
use super::routes::Routes;
use super::subscription::{Standing, Subscription, Subscriptions};
use crate::command::Command;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::resp::Reply;

/// A connection that lived so long was a good one: its end counts as no failure.
const GOOD_LIFE: Duration = Duration::from_secs(1);

/// What a driver is to do.
#[derive(Debug)]
pub(super) enum Step {
    /// Ask for the topology, those nodes last, and tell by [`Machine::refreshed`].
    Refresh { suspects: Vec<NodeAddress>, within: Duration },
    /// Connect, and tell by [`Machine::dialled`] or [`Machine::dial_failed`].
    Dial { link: u64, node: NodeAddress, within: Duration },
    /// Send; a failure is [`Machine::lost`].
    Send { link: u64, command: Command },
    /// Close the connection; the machine knows already.
    Close { link: u64 },
}

/// All subscriptions and the connections they are on.
pub(super) struct Machine {
    backoff: Backoff,
    /// Silence after which a sign of life is asked for, and the longest silence while one is owed.
    interval: Duration,
    longest_silence: Duration,
    subscriptions: Subscriptions,
    links: Vec<Link>,
    /// What is to be sent where it belongs, not before that time.
    delayed: BTreeMap<(Instant, u64), Name>,
    /// Not before which time the topology is to be asked for.
    refresh: Option<Instant>,
    suspects: Vec<NodeAddress>,
    refresh_failures: u32,
    ready: Ready,
    /// Something in `ready` may belong to subscriptions that have ended.
    has_stale: bool,
    numbers: u64,
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

    /// The next thing to do, if one is due.
    pub(super) fn step(&mut self, routes: &impl Routes, now: Instant) -> Option<Step> {
        self.assign_delayed(routes, now);
        if self.refresh.is_some_and(|at| at <= now) {
            self.refresh = None;
            let suspects = std::mem::take(&mut self.suspects);
            return Some(Step::Refresh {
                suspects,
                within: self.backoff.dial(self.refresh_failures),
            });
        }
        self.links
            .retain(|link| link.line.is_some() || !link.queue.is_empty() || link.not_before > now);
        // What is quick goes first: a dial makes everybody wait.
        for at in 0..self.links.len() {
            if let Some(step) = self.step_of_line(at, routes, now) {
                return Some(step);
            }
        }
        let ids: Vec<u64> = self.links.iter().map(|link| link.id).collect();
        ids.into_iter().find_map(|id| self.step_to_dial(id, routes, now))
    }

    /// What a connection is to do.
    fn step_of_line(&mut self, at: usize, routes: &impl Routes, now: Instant) -> Option<Step> {
        let is_full = self.is_full();
        let subscriptions = &mut self.subscriptions;
        let Link { id, queue, line, .. } = self.links.get_mut(at)?;
        let (id, line) = (*id, line.as_mut()?);
        if line.doomed {
            self.lost(id, now);
            return Some(Step::Close { link: id });
        }
        if !line.endings.is_empty() && line.room() > 0 {
            let names = line.endings.next(line.room(), |name| match subscriptions.of(name) {
                Some(one) if !one.wanted && one.standing == Standing::Confirmed(id) => {
                    one.standing = Standing::Ending(id);
                    Choice::Take
                }
                _ => Choice::Skip,
            });
            if let Some(first) = names.front() {
                let command = command(first.kind.ends_by(), &names);
                line.asks(Asked::End(names), now);
                return Some(Step::Send { link: id, command });
            }
        }
        if !queue.is_empty() && line.room() > 0 {
            let names = queue.next(line.room(), |name| match subscriptions.of(name) {
                Some(one) if one.wanted && one.standing == Standing::Absent => {
                    if one.alone {
                        Choice::Alone
                    } else {
                        Choice::Take
                    }
                }
                _ => Choice::Skip,
            });
            for name in &names {
                if let Some(one) = subscriptions.of(name) {
                    one.standing = Standing::Asked(id);
                }
            }
            if let Some(first) = names.front() {
                let command = command(first.kind.begins_by(), &names);
                line.asks(Asked::Begin(names), now);
                return Some(Step::Send { link: id, command });
            }
        }
        if is_full || now < line.patience_ends(self.interval, self.longest_silence) {
            return None;
        }
        if !line.is_quiet() {
            self.lost(id, now);
            return Some(Step::Close { link: id });
        }
        if line.confirmed == 0 {
            // Nobody is subscribed to anything there.
            self.links[at].line = None;
            return Some(Step::Close { link: id });
        }
        let node = line.node.clone();
        if !self.belongs(id, &node, routes) {
            self.lost(id, now);
            return Some(Step::Close { link: id });
        }
        let line = line_of(&mut self.links, id)?;
        line.asks(Asked::Ping, now);
        Some(Step::Send { link: id, command: Command::of(&[b"PING"]) })
    }

    /// The node still is where the link's subscriptions belong: one that has left the cluster, or lost its slots
    /// without a word, would be silent for ever.
    fn belongs(&self, id: u64, node: &NodeAddress, routes: &impl Routes) -> bool {
        routes.knows(node)
            && self.subscriptions.iter().all(|(kind, bytes, one)| {
                kind != Kind::Shard
                    || one.standing != Standing::Confirmed(id)
                    || routes.serves(node, crate::slot::key_slot(bytes))
            })
    }

    fn step_to_dial(&mut self, id: u64, routes: &impl Routes, now: Instant) -> Option<Step> {
        let link = self.links.iter_mut().find(|link| link.id == id)?;
        if link.line.is_some() || link.not_before > now {
            return None;
        }
        // What waits here may belong elsewhere by now.
        for name in link.queue.take() {
            self.assign(name, routes, now);
        }
        let link = self.links.iter_mut().find(|link| link.id == id)?;
        if link.queue.is_empty() {
            return None;
        }
        let node = match &link.place {
            Place::Node(node) => Some(node.clone()),
            Place::Any => routes.any(&link.avoided),
        };
        let within = self.backoff.dial(link.failures);
        match node {
            Some(node) => Some(Step::Dial { link: id, node, within }),
            None => {
                // No node is known.
                link.not_before = now + self.backoff.pause(link.failures + 1);
                link.failures = link.failures.saturating_add(1);
                self.want_refresh(now);
                self.step_refresh()
            }
        }
    }

    fn step_refresh(&mut self) -> Option<Step> {
        self.refresh = None;
        let suspects = std::mem::take(&mut self.suspects);
        Some(Step::Refresh { suspects, within: self.backoff.dial(self.refresh_failures) })
    }

    /// The topology was asked for; `took`: how long that took where it failed.
    pub(super) fn refreshed(&mut self, took: Option<Duration>, now: Instant) {
        match took {
            None => self.refresh_failures = 0,
            Some(took) => {
                self.refresh_failures = self.refresh_failures.saturating_add(1);
                // Others are not to wait for this most of the time.
                let pause = self.backoff.pause(self.refresh_failures).max(took * 2);
                self.refresh = Some(now + pause);
            }
        }
    }

    /// A dial worked.
    pub(super) fn dialled(&mut self, link: u64, node: NodeAddress, now: Instant) {
        if let Some(link) = self.links.iter_mut().find(|one| one.id == link) {
            link.line = Some(Line::new(node, now));
            link.avoided.clear();
        }
    }

    /// A dial failed, after so long.
    pub(super) fn dial_failed(
        &mut self,
        link: u64,
        node: NodeAddress,
        took: Duration,
        now: Instant,
    ) {
        let backoff = self.backoff;
        if let Some(link) = self.links.iter_mut().find(|one| one.id == link) {
            link.failures = link.failures.saturating_add(1);
            link.not_before = now + backoff.pause(link.failures).max(took * 2);
            link.avoided.push(node.clone());
        }
        self.suspect(node, now);
    }

    /// The connection has ended. Messages that came before are the reader's all the same.
    pub(super) fn lost(&mut self, id: u64, now: Instant) {
        let Some(link) = self.links.iter_mut().find(|one| one.id == id) else { return };
        let Some(line) = link.line.take() else { return };
        let lived = now.saturating_duration_since(line.since);
        link.failures = if lived >= GOOD_LIFE { 0 } else { link.failures.saturating_add(1) };
        link.not_before = now + self.backoff.pause(link.failures);
        link.avoided.push(line.node.clone());
        let names = self.subscriptions.names(|one| {
            use Standing::{Absent, Asked, Confirmed, Ending};
            match one.standing {
                Asked(on) | Confirmed(on) | Ending(on) => on == id,
                Absent => false,
            }
        });
        for name in names {
            let Some(one) = self.subscriptions.of(&name) else { continue };
            if !one.wanted {
                self.subscriptions.remove(&name);
                continue;
            }
            one.gap |= matches!(one.standing, Standing::Confirmed(_));
            one.standing = Standing::Absent;
            link.queue.push(name);
        }
        self.suspect(line.node, now);
    }

    /// Something has arrived on the connection.
    pub(super) fn arrived(&mut self, id: u64, reply: Reply, now: Instant) {
        let Some(line) = line_of(&mut self.links, id) else { return };
        line.heard = now;
        match Arrival::of(reply.root()) {
            Arrival::Published(kind, name) => {
                let of = self.subscriptions.get(kind, name);
                if let Some(one) = of
                    && one.wanted
                    && one.standing == Standing::Confirmed(id)
                {
                    let (serial, node) = (one.serial, line.text.clone());
                    self.ready.push(serial, Message::published(kind, node, reply));
                }
            }
            Arrival::Began(kind, name) => {
                if let Some(name) = line.has_begun(kind, name) {
                    self.has_begun(id, name);
                }
            }
            Arrival::Ended(kind, name) => match line.has_ended(kind, name) {
                Some(name) => self.has_ended(id, name, now),
                None => self.was_ended(id, kind, name, now),
            },
            Arrival::Pong => line.has_ponged(),
            Arrival::Refused => match line.was_refused() {
                Some(Asked::Begin(names)) => self.was_refused(id, names.into(), &reply, now),
                // It is not ours to end: what comes of it is dropped.
                Some(Asked::End(names)) => {
                    for name in names {
                        if let Some(one) = self.subscriptions.of(&name) {
                            one.standing = Standing::Confirmed(id);
                        }
                    }
                }
                Some(Asked::Ping) | None => {}
            },
            Arrival::Other => {}
        }
    }

    fn has_begun(&mut self, id: u64, name: Name) {
        let Some(line) = line_of(&mut self.links, id) else { return };
        let Some(one) = self.subscriptions.of(&name) else { return };
        one.standing = Standing::Confirmed(id);
        (one.alone, one.failures) = (false, 0);
        line.confirmed += 1;
        if !one.wanted {
            line.endings.push(name);
        } else if std::mem::take(&mut one.gap) {
            self.ready.push(one.serial, Message::gap(name, line.text.clone()));
        }
    }

    /// It has ended because we asked for that.
    fn has_ended(&mut self, id: u64, name: Name, now: Instant) {
        let Some(one) = self.subscriptions.of(&name) else { return };
        if one.standing != Standing::Ending(id) {
            return;
        }
        one.standing = Standing::Absent;
        let wanted = one.wanted;
        if let Some(line) = line_of(&mut self.links, id) {
            line.confirmed = line.confirmed.saturating_sub(1);
        }
        // Wanted again meanwhile.
        if wanted { self.delay(name, now) } else { self.subscriptions.remove(&name) }
    }

    /// It has ended because the server says so: its slot has gone.
    fn was_ended(&mut self, id: u64, kind: Kind, name: &[u8], now: Instant) {
        let Some(name) = self.subscriptions.name(kind, name) else { return };
        let Some(one) = self.subscriptions.of(&name) else { return };
        if one.standing != Standing::Confirmed(id) {
            return;
        }
        one.standing = Standing::Absent;
        let wanted = one.wanted;
        one.gap = wanted;
        if let Some(line) = line_of(&mut self.links, id) {
            line.confirmed = line.confirmed.saturating_sub(1);
        }
        if wanted {
            self.delay(name, now)
        } else {
            self.subscriptions.remove(&name)
        }
        self.want_refresh(now);
    }

    fn was_refused(&mut self, id: u64, names: Vec<Name>, reply: &Reply, now: Instant) {
        let code = reply.root().error_code().unwrap_or_default();
        let several = names.len() > 1;
        if matches!(code, "CLUSTERDOWN" | "ASK" | "MASTERDOWN") {
            self.want_refresh(now);
        }
        for name in names {
            let Some(one) = self.subscriptions.of(&name) else { continue };
            one.standing = Standing::Absent;
            if !one.wanted {
                self.subscriptions.remove(&name);
                continue;
            }
            let failures = one.failures;
            match code {
                // The driver has told the pool where the slot is.
                "MOVED" if failures == 0 => {
                    one.failures = 1;
                    self.delay(name, now);
                }
                "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN"
                | "BUSY" | "NOAUTH" => {
                    one.failures = failures.saturating_add(1);
                    let pause = self.backoff.pause(failures + 1);
                    self.delay(name, now + pause);
                    if code == "MOVED" {
                        self.want_refresh(now);
                    }
                }
                // Which of them is refused does not show.
                _ if several => {
                    one.alone = true;
                    self.delay(name, now);
                }
                _ => {
                    let serial = one.serial;
                    let Some(line) = line_of(&mut self.links, id) else { continue };
                    let error = refusal(reply, code, &line.node);
                    let node = line.text.clone();
                    self.subscriptions.remove(&name);
                    self.ready.push(serial, Message::refused(name, node, error));
                }
            }
        }
        if code == "NOAUTH"
            && let Some(line) = line_of(&mut self.links, id)
        {
            line.doomed = true;
        }
    }

    fn assign_delayed(&mut self, routes: &impl Routes, now: Instant) {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let name = entry.remove();
            self.assign(name, routes, now);
        }
    }

    /// Puts the name where it belongs; where nobody serves its slot, that is looked at again later.
    fn assign(&mut self, name: Name, routes: &impl Routes, now: Instant) {
        let Some(one) = self.subscriptions.of(&name) else { return };
        if !one.wanted || one.standing != Standing::Absent {
            return;
        }
        let place = match name.kind {
            Kind::Channel | Kind::Pattern => Place::Any,
            Kind::Shard => match routes.primary(name.group().slot) {
                Some(node) => Place::Node(node),
                None => {
                    one.failures = one.failures.saturating_add(1);
                    let pause = self.backoff.pause(one.failures);
                    self.delay(name, now + pause);
                    self.want_refresh(now);
                    return;
                }
            },
        };
        match self.links.iter_mut().find(|link| link.place == place) {
            Some(link) => link.queue.push(name),
            None => {
                let mut link = Link::new(self.number(), place, now);
                link.queue.push(name);
                self.links.push(link);
            }
        }
    }

    fn delay(&mut self, name: Name, until: Instant) {
        let number = self.number();
        self.delayed.insert((until, number), name);
    }

    fn suspect(&mut self, node: NodeAddress, now: Instant) {
        if !self.suspects.contains(&node) {
            self.suspects.push(node);
        }
        self.want_refresh(now);
    }

    fn want_refresh(&mut self, now: Instant) {
        self.refresh.get_or_insert(now);
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

fn line_of(links: &mut [Link], id: u64) -> Option<&mut Line> {
    links.iter_mut().find(|link| link.id == id)?.line.as_mut()
}

/// The server's own words: of a refusal they hold no name.
fn refusal(reply: &Reply, code: &str, node: &NodeAddress) -> Error {
    let text = String::from_utf8_lossy(reply.root().bytes().unwrap_or_default());
    let text = text.split(", with args beginning with").next().unwrap_or_default();
    let text = text.replace(char::is_control, " ");
    Error::new(Status::Server, format!("{node}: the subscription was refused: {text}"))
        .on_node(node)
        .with_server_code(code)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
