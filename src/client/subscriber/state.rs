//! The driver: does what the machine says, and tells it what arrives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::links::{Links, Wake};
use super::machine::Machine;
use super::message::Message;
use super::name::Kind;
use super::reports::refusal;
use super::routes::Map;
use super::steps::Step;
use crate::client::Client;
use crate::connection::Redirect;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::node::NodeAddress;
use crate::os::epoll::Epoll;
use crate::os::fork;
use crate::pool::Pool;
use crate::resp::{self, Reply};
use crate::slot::key_slot;

/// What is taken from one connection before the others have their turn.
const AT_ONCE: usize = 1024;
/// While there is something for the reader, the sockets are looked at so often.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// All of a subscriber but its epoll set; of one process.
pub(super) struct State {
    pub(super) generation: u32,
    client: Arc<Client>,
    machine: Machine,
    links: Links,
    /// When the machine has something to do.
    due: Option<Instant>,
    looked: Instant,
    readable: Vec<u64>,
    /// The program waits on the descriptor.
    pub(super) is_polled: bool,
    /// What failed last, until something works.
    pub(super) trouble: Option<Error>,
}

impl State {
    pub(super) fn new(client: &Arc<Client>, epoll: &Epoll, wake: Arc<Wake>) -> Result<Self> {
        Ok(Self {
            generation: fork::generation(),
            client: client.clone(),
            machine: Machine::new(client.pool().options()),
            links: Links::new(epoll, wake)?,
            due: None,
            looked: Instant::now(),
            readable: Vec::new(),
            is_polled: false,
            trouble: None,
        })
    }

    /// In a forked child: the same subscriptions as the parent's, to be asked for anew.
    pub(super) fn inherit(&mut self, parent: &Self) {
        let now = Instant::now();
        for (kind, name, was_there) in parent.machine.wanted() {
            self.machine.subscribe(kind, name, was_there, now);
        }
        self.is_polled = parent.is_polled;
        self.due = self.machine.due();
    }

    fn pool(&self) -> &Pool {
        self.client.pool()
    }

    pub(super) fn subscribe(&mut self, kind: Kind, name: &[u8]) {
        // What failed before says nothing of this one.
        self.trouble = None;
        self.machine.subscribe(kind, name, false, Instant::now());
        self.due = self.machine.due();
    }

    pub(super) fn unsubscribe(&mut self, kind: Kind, name: &[u8]) {
        self.machine.unsubscribe(kind, name);
        self.due = self.machine.due();
    }

    /// The number of the subscription while it is wanted, and whether it is confirmed.
    pub(super) fn standing(&self, kind: Kind, name: &[u8]) -> Option<(u64, bool)> {
        self.machine.standing(kind, name)
    }

    /// Why the subscription of this number was refused, where the reader does not know yet.
    pub(super) fn take_refusal(&mut self, serial: u64) -> Option<Error> {
        self.machine.take_refusal(serial).and_then(|message| message.refusal().cloned())
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        self.machine.pop()
    }

    pub(super) fn is_full(&self) -> bool {
        self.machine.is_full()
    }

    /// Takes what has arrived and does what is due. No wait for messages; but connections that are missing are
    /// made here, up to the first that cannot be.
    pub(super) fn advance(&mut self, epoll: &Epoll) -> Result<()> {
        let now = Instant::now();
        if !self.machine.has_ready() || now.saturating_duration_since(self.looked) >= LOOK_AGAIN {
            self.look(epoll, Deadline::at(now))?;
        }
        if self.due.is_some_and(|due| due <= now) {
            self.work(epoll)?;
        }
        Ok(())
    }

    /// Waits until something has arrived, is due, or the deadline passes, and takes what has arrived.
    pub(super) fn wait(&mut self, epoll: &Epoll, deadline: Deadline) -> Result<()> {
        let due = self.due.map_or(Deadline::NEVER, Deadline::at);
        self.look(epoll, deadline.earlier(due))
    }

    /// At the end of a call: what a program that waits on the descriptor is to know.
    pub(super) fn announce(&mut self) {
        if self.is_polled {
            let in_memory = self.machine.has_ready() || self.links.has_more();
            self.links.announce(in_memory, self.due);
        }
    }

    fn look(&mut self, epoll: &Epoll, deadline: Deadline) -> Result<()> {
        let mut readable = std::mem::take(&mut self.readable);
        let mut outcome = Ok(());
        // Each wait tells of so many at most; those that were read give way to the others.
        for round in 0..64 {
            let deadline = if round == 0 { deadline } else { Deadline::after(Duration::ZERO) };
            outcome = self.links.wait(epoll, deadline, &mut readable);
            let now = Instant::now();
            self.looked = now;
            for &link in &readable {
                self.receive(epoll, link, now);
            }
            if outcome.is_err() || readable.len() < Epoll::EVENTS || self.machine.is_full() {
                break;
            }
        }
        self.readable = readable;
        self.due = self.machine.due();
        outcome
    }

    fn receive(&mut self, epoll: &Epoll, link: u64, now: Instant) {
        for _ in 0..AT_ONCE {
            if self.machine.is_full() {
                return;
            }
            match self.links.receive(link, now) {
                Ok(Some(reply)) => {
                    if reply.root().kind() == resp::Kind::Error {
                        self.note(link, &reply);
                    }
                    self.machine.arrived(link, reply, now);
                }
                Ok(None) => return,
                Err(error) => return self.lose(epoll, link, error),
            }
        }
    }

    /// A refusal: of one because the slot has gone the pool learns where.
    fn note(&mut self, link: u64, reply: &Reply) {
        let root = reply.root();
        let code = root.error_code().unwrap_or_default();
        if code != "MOVED" {
            self.trouble = self.links.node(link).map(|node| refusal(reply, code, node));
            return;
        }
        let moved = Redirect::parse(root.bytes().unwrap_or_default()).and_then(|redirect| {
            // Without a host it is the one that answered.
            let host = match redirect.to.host {
                "" => self.links.node(link).map_or("", |node| &node.host),
                host => host,
            };
            let node = NodeAddress::new(host, redirect.to.port).to_string();
            self.pool().moved(redirect.slot.into(), &node)
        });
        if let Err(error) = moved {
            self.log(Level::Warning, format_args!("a redirect leads nowhere: {error}"));
        }
    }

    /// Does what is due. After a dial that failed, and may have taken long, the rest is for the next time.
    fn work(&mut self, epoll: &Epoll) -> Result<()> {
        self.pool().check_open()?;
        let client = self.client.clone();
        let pool = client.pool();
        let read_from = pool.options().read_from;
        let mut map = pool.topology();
        loop {
            let now = Instant::now();
            let Some(step) = self.machine.step(&Map { map: &map, read_from }, now) else { break };
            match step {
                Step::Send { link, command } => {
                    let deadline = Deadline::after(pool.options().socket_timeout);
                    if let Err(error) = self.links.send(link, &command, deadline) {
                        self.lose(epoll, link, error);
                    }
                }
                Step::Close { link } => {
                    self.log(Level::Info, format_args!("a subscriber's connection is closed"));
                    self.links.close(epoll, link);
                }
                Step::Refresh { suspects, within } => {
                    let refreshed = pool.refresh_after(&suspects, Deadline::after(within));
                    let took = now.elapsed();
                    self.machine.refreshed(refreshed.is_err().then_some(took), Instant::now());
                    if let Err(error) = refreshed {
                        self.trouble = Some(error);
                    }
                    map = pool.topology();
                }
                Step::Dial { link, node, within } => {
                    let dialled = pool
                        .dial(&node, Deadline::after(within))
                        .and_then(|connection| self.links.add(epoll, link, connection));
                    let done = Instant::now();
                    match dialled {
                        Ok(()) => {
                            self.log(Level::Debug, format_args!("subscribing at {node}"));
                            self.machine.dialled(link, node, done);
                            self.trouble = None;
                        }
                        Err(error) => {
                            self.log(
                                Level::Warning,
                                format_args!("no subscribing at {node}: {error}"),
                            );
                            self.machine.dial_failed(link, node, done - now, done);
                            self.trouble = Some(error);
                            break;
                        }
                    }
                }
            }
        }
        self.due = self.machine.due();
        Ok(())
    }

    fn lose(&mut self, epoll: &Epoll, link: u64, error: Error) {
        self.log(Level::Warning, format_args!("a subscriber's connection is lost: {error}"));
        self.links.close(epoll, link);
        self.machine.lost(link, Instant::now());
        self.trouble = Some(error);
    }

    fn log(&self, level: Level, text: std::fmt::Arguments<'_>) {
        self.pool().options().log.line(level, text);
    }

    /// Why the subscription is not confirmed yet, as far as that is known.
    pub(super) fn reason(&self, kind: Kind, name: &[u8]) -> Option<Error> {
        let slot = key_slot(name);
        if kind == Kind::Shard && self.pool().topology().primary_of(slot).is_none() {
            let message = format!("no node serves slot {slot}");
            return Some(Error::new(Status::SlotNotCovered, message).on_slot(slot));
        }
        self.trouble.clone()
    }

    /// What a call that waits is told of trouble that time does not end.
    pub(super) fn hopeless(&self) -> Option<Error> {
        let trouble = self.trouble.as_ref()?;
        use Status::{Auth, Closed, Config, Tls};
        matches!(trouble.status(), Auth | Closed | Config | Tls).then(|| trouble.clone())
    }
}
