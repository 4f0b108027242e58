//! What the machine wants done.

use std::time::{Duration, Instant};

use super::link::{Asked, Choice, Link, Place, command};
use super::machine::{Machine, line_of};
use super::name::{Kind, Name};
use super::routes::Routes;
use super::subscription::Standing;
use crate::command::Command;
use crate::node::NodeAddress;
use crate::slot::key_slot;

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

impl Machine {
    /// The next thing to do, if one is due.
    pub(super) fn step(&mut self, routes: &impl Routes, now: Instant) -> Option<Step> {
        self.assign_delayed(routes, now);
        self.links
            .retain(|link| link.line.is_some() || !link.queue.is_empty() || link.not_before > now);
        // What is quick goes first: a refresh or a dial makes everybody wait.
        for at in 0..self.links.len() {
            if let Some(step) = self.step_of_line(at, routes, now) {
                return Some(step);
            }
        }
        if self.refresh.is_some_and(|at| at <= now) {
            return Some(self.step_to_refresh());
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
                    || routes.serves(node, key_slot(bytes))
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
                Some(self.step_to_refresh())
            }
        }
    }

    fn step_to_refresh(&mut self) -> Step {
        self.refresh = None;
        let suspects = std::mem::take(&mut self.suspects);
        Step::Refresh { suspects, within: self.backoff.dial(self.refresh_failures) }
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
}
