//! All of an event loop in one process.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::call::{CallId, Calls};
use super::completion::Completion;
use super::link::{Door, Link};
use super::probes::Probes;
use super::queue::Owner;
use super::refreshes::Refreshes;
use super::tokens::Tokens;
use super::wake::Wake;
use crate::client::{Client, Waiting};
use crate::error::Result;
use crate::os::epoll::Epoll;
use crate::os::fork;
use crate::pool::{Pool, Routes};
use crate::resp::Reply;

/// See the module's comment.
pub(super) struct Reactor {
    pub(super) generation: u32,
    pub(super) client: Arc<Client>,
    pub(super) epoll: Epoll,
    pub(super) wake: Wake,
    /// The map that links are found by, and its number.
    pub(super) routes: Arc<Routes>,
    pub(super) seen: u32,
    /// By member of the pool, one more than the place of its link; 0: it has none.
    pub(super) by_member: Vec<u32>,
    pub(super) links: Vec<Option<Box<Link>>>,
    pub(super) serials: u32,
    /// Links with something to send.
    pub(super) dirty: Vec<u32>,
    pub(super) calls: Calls,
    /// No call ends by its deadline before this.
    pub(super) calls_due: Option<Instant>,
    pub(super) done: VecDeque<Completion>,
    /// Commands submitted whose completions were not taken, and how many there may be.
    pub(super) in_flight: usize,
    pub(super) most: usize,
    pub(super) waiting: Vec<Waiting<(CallId, u32)>>,
    pub(super) refreshes: Refreshes,
    pub(super) probes: Probes,
    /// Those that may end calls.
    pub(super) tokens: Tokens,
    /// Something was submitted since the last poll.
    pub(super) is_gathering: bool,
    pub(super) is_closed: bool,
    pub(super) now: Instant,
    /// When idle connections are looked through.
    pub(super) tidy_at: Option<Instant>,
    /// Memory for one batch of replies, and of tokens.
    pub(super) others: Vec<(usize, Reply)>,
    pub(super) ready: Vec<u64>,
}

impl Reactor {
    pub(super) fn new(client: Arc<Client>, epoll: Epoll, is_watched: bool) -> Result<Self> {
        let seen = client.pool().map_changes();
        let routes = client.pool().routes();
        let most = client.pool().options().max_in_flight;
        Ok(Self {
            generation: fork::generation(),
            wake: Wake::new(&epoll, is_watched)?,
            epoll,
            routes,
            seen,
            by_member: Vec::new(),
            links: Vec::new(),
            serials: 0,
            dirty: Vec::new(),
            calls: Calls::default(),
            calls_due: None,
            done: VecDeque::new(),
            in_flight: 0,
            most: if most == 0 { usize::MAX } else { most },
            waiting: Vec::new(),
            refreshes: Refreshes::default(),
            probes: Probes::default(),
            tokens: Tokens::default(),
            is_gathering: false,
            is_closed: false,
            now: Instant::now(),
            tidy_at: None,
            others: Vec::new(),
            ready: Vec::new(),
            client,
        })
    }

    #[inline]
    pub(super) fn pool(&self) -> &Pool {
        self.client.pool()
    }

    #[inline]
    pub(super) fn link(&mut self, at: usize) -> Option<&mut Link> {
        self.links.get_mut(at)?.as_deref_mut()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &Link)> + use<'_> {
        self.links.iter().enumerate().filter_map(|(at, link)| Some((at, link.as_deref()?)))
    }

    /// A new link. Answers its place.
    pub(super) fn add_link(&mut self, mut link: Link) -> usize {
        self.serials = (self.serials + 1) & 0x3fff_ffff;
        link.serial = self.serials;
        let link = Some(Box::new(link));
        match self.links.iter().position(Option::is_none) {
            Some(at) => {
                self.links[at] = link;
                at
            }
            None => {
                self.links.push(link);
                self.links.len() - 1
            }
        }
    }

    /// Commands that were submitted and whose completions were not taken.
    pub(super) fn tags(&self) -> Vec<u64> {
        let queued = self.places().flat_map(|(_, link)| link.queue.iter());
        let simple = queued.filter_map(|awaited| match awaited.owner {
            Owner::Command { tag } => Some(tag),
            _ => None,
        });
        let calls = self.calls.iter().map(|(_, call)| call.tag);
        simple.chain(calls).chain(self.done.iter().map(|done| done.tag)).collect()
    }

    /// Gives all connections back that can serve others, and closes the rest.
    pub(super) fn shut(&mut self) {
        for at in 0..self.links.len() {
            let Some(link) = self.links[at].take() else { continue };
            if let Door::Open(lease) = link.door {
                self.epoll.remove(lease.peer().fd());
                if link.queue.is_empty() {
                    Pool::take_back_unused(lease);
                }
            }
        }
        self.by_member.clear();
        self.dirty.clear();
    }

    /// What epoll tells of a link by.
    pub(super) fn token(at: usize, serial: u32) -> u64 {
        u64::from(serial) << 32 | at as u64
    }
}
