//! What the machine is told: how dials and refreshes went, what has arrived, what has ended.

use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::link::{Asked, Line};
use super::machine::{Machine, line_of};
use super::message::Message;
use super::name::{Kind, Name};
use super::subscription::Standing;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::resp::Reply;

/// A connection that lived so long was a good one: its end counts as no failure.
const GOOD_LIFE: Duration = Duration::from_secs(1);

impl Machine {
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
            self.ready.push(one.serial, Message::gap(&name, line.text.clone()));
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
                    self.ready.push(serial, Message::refused(&name, node, error));
                }
            }
        }
        if code == "NOAUTH"
            && let Some(line) = line_of(&mut self.links, id)
        {
            line.doomed = true;
        }
    }
}

/// The server's own words: of a refusal they hold no name.
pub(super) fn refusal(reply: &Reply, code: &str, node: &NodeAddress) -> Error {
    let text = String::from_utf8_lossy(reply.root().bytes().unwrap_or_default());
    let text = text.split(", with args beginning with").next().unwrap_or_default();
    let text = text.replace(char::is_control, " ");
    Error::new(Status::Server, format!("{node}: the subscription was refused: {text}"))
        .on_node(node)
        .with_server_code(code)
}
