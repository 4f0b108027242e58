//! Connections of links: taken from the pool, sent on, given back, lost.

use std::mem;
use std::time::{Duration, Instant};

use super::call::CallId;
use super::link::Door;
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::Event;
use crate::deadline::Deadline;
use crate::error::{Error, Status};
use crate::log::Level;
use crate::options::PoolExhausted;
use crate::os::sockets::Readiness;
use crate::pool::{Lease, Pool, Standing, Taken};

/// A connection on which nothing has moved for longer is looked at before it is used.
const LOOK_AFTER: Duration = Duration::from_millis(10);
/// How soon a full pool is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(5);
/// For how long an idle connection is kept from others.
const KEPT: Duration = Duration::from_secs(1);

impl Reactor {
    /// Sends what links have gathered.
    #[inline]
    pub(super) fn flush_all(&mut self) {
        // What fails and is sent elsewhere at once is listed anew meanwhile.
        while let Some(at) = self.dirty.pop() {
            self.flush(at as usize);
        }
    }

    /// Sends what the kernel takes now of what a link has gathered; makes its connection where there is none.
    pub(super) fn flush(&mut self, at: usize) {
        let Some(link) = self.link(at) else { return };
        link.is_dirty = false;
        if link.queue.unsent().is_empty() {
            return;
        }
        // Of a submit's own: it may be long since the last poll.
        let now = Instant::now();
        if let Door::Open(lease) = &mut link.door {
            let is_quiet = !link.queue.owes();
            let is_old = now.saturating_duration_since(link.moved) >= LOOK_AFTER;
            if link.retires && !is_quiet {
                // First what was sent is answered: no command overtakes another on its way.
                return;
            }
            if is_quiet && is_old && !lease.connection().is_idle_and_open() {
                drop(self.take_connection(at));
            } else if link.retires || is_quiet && is_old && !lease.is_kept() {
                self.give_back(at);
            }
        }
        if self.is_held_back(at) {
            self.hold_back_all(at);
        }
        let Some(link) = self.link(at).filter(|link| !link.queue.unsent().is_empty()) else {
            return;
        };
        let Door::Open(lease) = &mut link.door else {
            if matches!(link.door, Door::Closed) {
                self.open(at);
            }
            return;
        };
        if !link.queue.owes() {
            link.moved = now;
        }
        match lease.connection().offer(link.queue.unsent()) {
            Ok(count) => {
                link.admitted = 0;
                link.queue.note_sent(count);
                let left = link.queue.left(lease.peer().may_have_left(0));
                let connection = lease.connection();
                link.queue.tell(left, |effect| connection.expect(effect));
                let writes = !link.queue.unsent().is_empty();
                if writes != link.writes {
                    link.writes = writes;
                    self.watch(at);
                }
            }
            Err(error) => self.crash(at, &error),
        }
    }

    /// Has the epoll set watch a link's connection for what it waits for.
    fn watch(&mut self, at: usize) {
        let Some(link) = self.links.get(at).and_then(Option::as_deref) else { return };
        let token = Self::token(at, link.serial);
        let (fd, wanted) = match &link.door {
            Door::Open(lease) => {
                (Some(lease.peer().fd()), Readiness { readable: true, writable: link.writes })
            }
            Door::Dialing(dial) => (dial.fd(), dial.wanted()),
            Door::Closed | Door::Full { .. } => return,
        };
        if let Some(fd) = fd
            && let Err(error) = self.epoll.watch(fd, token, wanted)
        {
            let message = format!("the system watches no more connections: {error}");
            let error = Error::new(Status::Limit, message);
            match &link.door {
                Door::Open(_) => self.crash(at, &error),
                _ => self.unopened(at, &error),
            }
        }
    }

    /// Takes a connection for a link.
    fn open(&mut self, at: usize) {
        let Some(link) = self.links.get(at).and_then(Option::as_deref) else { return };
        // Its commands have their own deadlines.
        let deadline = Deadline::after(self.pool().options().socket_connect_timeout);
        let taken = self.pool().begin_take(&link.target, deadline);
        match taken {
            Ok(Taken::Lease(lease)) => self.opened(at, lease),
            Ok(Taken::Dial(dial)) => {
                if let Some(link) = self.link(at) {
                    link.door = Door::Dialing(dial);
                }
                self.step_dial(at);
            }
            Ok(Taken::Full(error)) => self.is_full(at, error),
            Err(error) => self.unopened(at, &error),
        }
    }

    /// Goes on with a dial as far as can be now.
    pub(super) fn step_dial(&mut self, at: usize) {
        let Some(link) = self.link(at) else { return };
        let Door::Dialing(dial) = &mut link.door else { return };
        match dial.step() {
            Ok(Some(lease)) => self.opened(at, lease),
            Ok(None) => self.watch(at),
            Err(error) => {
                link.door = Door::Closed;
                match error.status() {
                    Status::PoolExhausted => self.is_full(at, error),
                    _ => self.unopened(at, &error),
                }
            }
        }
    }

    fn opened(&mut self, at: usize, lease: Box<Lease>) {
        let now = Instant::now();
        let Some(link) = self.link(at) else { return };
        link.door = Door::Open(lease);
        (link.moved, link.writes, link.retires) = (now, false, false);
        self.tidy_at.get_or_insert(now + KEPT);
        self.watch(at);
        self.flush(at);
    }

    /// There is no connection for a link: why, its commands are told.
    fn unopened(&mut self, at: usize, error: &Error) {
        let Some(link) = self.link(at) else { return };
        link.door = Door::Closed;
        link.admitted = 0;
        let is_own = link.is_own;
        // Its node has left or lost its role meanwhile: the map is a newer one.
        if matches!(error.status(), Status::Cancelled | Status::UnknownNode) && !is_own {
            let seen = self.seen;
            self.sync();
            if self.seen != seen {
                return;
            }
        }
        let error = match error.status() {
            Status::Cancelled => {
                Error::new(Status::Connection, "the node lost its role while it was dialled")
            }
            _ => error.clone(),
        };
        self.lose_all(at, 0, &error, false);
        if is_own {
            self.drop_link(at);
        }
    }

    /// The pool has no place for a link's connection. Connections of this loop make room; else it is asked again.
    #[cold]
    fn is_full(&mut self, at: usize, error: Error) {
        let options = self.pool().options();
        let (waits, has_total) =
            (options.pool_exhausted == PoolExhausted::Block, options.max_connections.is_some());
        let mut others: Vec<(bool, Instant, usize)> = self
            .places()
            .filter(|(other, link)| *other != at && matches!(link.door, Door::Open(_)))
            .map(|(other, link)| (!link.is_idle(), link.moved, other))
            .collect();
        others.sort_unstable();
        let first = others.first().copied().filter(|_| has_total);
        if let Some((false, _, idle)) = first {
            self.give_back(idle);
            return self.open(at);
        }
        // A place of its own that is dialled in is one that comes back, too.
        let dials = self.places().any(|(_, link)| matches!(link.door, Door::Dialing(_)));
        if others.is_empty() && !dials && !waits {
            return self.unopened(at, &error);
        }
        if let Some((.., busy)) = first
            && let Some(link) = self.link(busy)
        {
            link.retires |= !link.is_own;
        }
        let again = self.now + ASK_AGAIN;
        if let Some(link) = self.link(at) {
            link.door = Door::Full { error, again };
        }
    }

    /// Asks for places again, and goes on with dials.
    pub(super) fn open_more(&mut self) {
        for at in 0..self.links.len() {
            let now = self.now;
            let Some(link) = self.link(at) else { continue };
            match &link.door {
                Door::Dialing(_) => self.step_dial(at),
                Door::Full { again, .. } if *again <= now => {
                    link.door = Door::Closed;
                    match link.queue.is_empty() {
                        true => {}
                        false => self.open(at),
                    }
                }
                _ => {}
            }
        }
    }

    /// A link's connection goes back to the pool, where nothing is on its way on it; else it closes.
    pub(super) fn give_back(&mut self, at: usize) {
        let Some(link) = self.link(at) else { return };
        let (is_own, owes) = (link.is_own && link.queue.is_empty(), link.queue.owes());
        if let Some(lease) = self.take_connection(at) {
            // A record of TLS that has begun to leave would be another's.
            if !owes && lease.peer().may_have_left(0) == 0 {
                Pool::take_back_unused(lease);
            }
        }
        if is_own {
            self.drop_link(at);
            return;
        }
        // A place may be free now.
        for at in 0..self.links.len() {
            let now = self.now;
            if let Some(Door::Full { again, .. }) = self.link(at).map(|link| &mut link.door) {
                *again = now;
            }
        }
    }

    /// Takes a link's connection away from it.
    fn take_connection(&mut self, at: usize) -> Option<Box<Lease>> {
        let link = self.link(at)?;
        if !matches!(link.door, Door::Open(_)) {
            return None;
        }
        (link.retires, link.writes) = (false, false);
        let Door::Open(lease) = mem::replace(&mut link.door, Door::Closed) else { return None };
        self.epoll.remove(lease.peer().fd());
        Some(lease)
    }

    /// A link's connection has ended before all was answered.
    #[cold]
    pub(super) fn crash(&mut self, at: usize, error: &Error) {
        let Some(link) = self.link(at) else { return };
        let left = link.left();
        let owed = link.queue.owes();
        let is_own = link.is_own;
        link.admitted = 0;
        let Some(lease) = self.take_connection(at) else { return };
        let line = format_args!("a connection is lost: {error}");
        self.pool().log(Level::Info, line);
        // One that ends while nothing is owed says nothing of its node.
        let error = match owed || lease.standing() != Standing::Good {
            true => lease.reason(error.clone(), false),
            false => error.clone(),
        };
        // Closed before anything is sent again: a node never sees a command of both at once.
        drop(lease);
        self.lose_all(at, left, &error, true);
        if is_own {
            self.drop_link(at);
        }
    }

    /// Nothing in a link's queue will be answered: each command is told, and whether bytes of it have left.
    fn lose_all(&mut self, at: usize, left: u64, error: &Error, had_connection: bool) {
        let mut lost: Vec<(CallId, u32, Awaited, bool)> = Vec::new();
        let Some(link) = self.link(at) else { return };
        let mut queue = mem::take(&mut link.queue);
        let mut probed = false;
        queue.take_all(left, |it| match it.awaited.owner {
            Owner::Command { tag } => {
                let id = self.call_of(&it.awaited, tag, it.bytes);
                lost.push((id, 0, it.awaited, it.sent));
            }
            Owner::Piece { call, index } => lost.push((call, index, it.awaited, it.sent)),
            Owner::Probe { .. } => probed = true,
            Owner::Asking | Owner::Nobody => {}
        });
        if let Some(link) = self.link(at) {
            link.queue = queue;
        }
        if probed {
            self.probe_failed(at);
        }
        let fraction = fastrand::f64();
        for (id, index, awaited, sent) in lost {
            let event = Event::Failed { error: error.clone(), sent, had_connection };
            self.tell(id, index, event, self.took(awaited.began), fraction);
        }
    }

    /// Looks through connections: those that are not used go back to the pool, and retired ones are closed.
    pub(super) fn tidy(&mut self) {
        let now = self.now;
        if self.tidy_at.is_none_or(|at| at > now) {
            return;
        }
        self.tidy_at = None;
        for at in 0..self.links.len() {
            let Some(link) = self.link(at) else { continue };
            let Door::Open(lease) = &link.door else { continue };
            if link.is_idle() && (now.saturating_duration_since(link.moved) >= KEPT || link.retires)
            {
                self.give_back(at);
                continue;
            }
            link.retires |= !lease.is_kept();
            self.tidy_at = Some(now + KEPT);
        }
    }
}
