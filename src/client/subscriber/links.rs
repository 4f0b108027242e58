//! The connections of a subscriber, and the one descriptor that tells of them all.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::command::Command;
use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::epoll::{Bell, Epoll, Timer};
use crate::resp::Reply;

/// Tokens that are no link's number.
const TIMER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;

/// A timer that fires this much early does no harm, and need not be set again for each message.
const TIMER_SLACK: Duration = Duration::from_millis(1);

/// What other threads wake a subscriber by, and the subscriber its program.
pub(super) struct Wake {
    bell: io::Result<Bell>,
    interrupted: AtomicBool,
}

impl Wake {
    pub(super) fn new() -> Self {
        Self { bell: Bell::new(), interrupted: AtomicBool::new(false) }
    }

    /// The call under way, or the next one, is to end.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        self.ring();
    }

    /// True once after each interruption.
    pub(super) fn take_interruption(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) && self.interrupted.swap(false, Ordering::Acquire)
    }

    fn ring(&self) {
        if let Ok(bell) = &self.bell {
            bell.ring();
        }
    }

    fn silence(&self) {
        if let Ok(bell) = &self.bell {
            bell.silence();
        }
    }
}

/// Connections by link, all in one epoll set.
pub(super) struct Links {
    connections: HashMap<u64, Wired>,
    timer: Timer,
    /// When the timer fires; `None`: never.
    timer_at: Option<Instant>,
    wake: Arc<Wake>,
    /// The bell rings because something is in memory.
    rings: bool,
    tokens: Vec<u64>,
}

struct Wired {
    connection: Connection,
    /// There may be more in memory, where the socket does not tell of it.
    more: bool,
}

impl Links {
    /// No connections; timer and bell are put into the set.
    ///
    /// # Errors
    /// LIMIT: the process has too many descriptors open.
    pub(super) fn new(epoll: &Epoll, wake: Arc<Wake>) -> Result<Self> {
        let timer = Timer::new().map_err(|error| no_descriptor(&error))?;
        epoll.add(timer.fd(), TIMER).map_err(|error| no_descriptor(&error))?;
        match &wake.bell {
            Ok(bell) => epoll.add(bell.fd(), BELL).map_err(|error| no_descriptor(&error))?,
            Err(error) => return Err(no_descriptor(error)),
        }
        Ok(Self {
            connections: HashMap::new(),
            timer,
            timer_at: None,
            wake,
            rings: false,
            tokens: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, epoll: &Epoll, link: u64, connection: Connection) -> Result<()> {
        epoll.add(connection.fd(), link).map_err(|error| no_descriptor(&error))?;
        // What came right behind the handshake is in memory.
        self.connections.insert(link, Wired { connection, more: true });
        Ok(())
    }

    pub(super) fn close(&mut self, epoll: &Epoll, link: u64) {
        if let Some(wired) = self.connections.remove(&link) {
            epoll.remove(wired.connection.fd());
        }
    }

    /// Sends a command; its answers come by [`Links::receive`].
    pub(super) fn send(&mut self, link: u64, command: &Command, deadline: Deadline) -> Result<()> {
        let Some(wired) = self.connections.get_mut(&link) else { return Ok(()) };
        // What arrives while the system takes no more is held by the connection.
        wired.more = true;
        wired.connection.append(command)?;
        wired.connection.flush(deadline)
    }

    /// The next of what has arrived, without waiting. None: there is no more now.
    pub(super) fn receive(&mut self, link: u64, now: Instant) -> Result<Option<Reply>> {
        let Some(wired) = self.connections.get_mut(&link) else { return Ok(None) };
        let received = wired.connection.read(Deadline::at(now));
        wired.more = matches!(received, Ok(Some(_)));
        received
    }

    /// The node at the other end.
    pub(super) fn node(&self, link: u64) -> Option<&NodeAddress> {
        self.connections.get(&link).map(|wired| wired.connection.node())
    }

    /// Something may be in memory.
    pub(super) fn has_more(&self) -> bool {
        self.connections.values().any(|wired| wired.more)
    }

    /// Waits until something can be read, or the deadline passes, and tells on which links.
    pub(super) fn wait(
        &mut self,
        epoll: &Epoll,
        deadline: Deadline,
        readable: &mut Vec<u64>,
    ) -> Result<()> {
        readable.clear();
        // The sockets do not tell of what is in memory.
        let deadline = if self.has_more() { Deadline::after(Duration::ZERO) } else { deadline };
        epoll.wait(deadline, &mut self.tokens).map_err(|error| {
            Error::new(Status::Internal, format!("waiting for messages failed: {error}"))
        })?;
        let tokens = std::mem::take(&mut self.tokens);
        for &token in &tokens {
            match token {
                // Once fired it stays readable until it is set anew.
                TIMER => self.set_timer(None),
                BELL => {
                    self.wake.silence();
                    self.rings = false;
                }
                link => readable.push(link),
            }
        }
        self.tokens = tokens;
        let more = self.connections.iter().filter(|(_, wired)| wired.more).map(|(&link, _)| link);
        readable.extend(more);
        readable.sort_unstable();
        readable.dedup();
        Ok(())
    }

    /// Makes the descriptor tell a program that polls it: now, because something is in memory, or at that time.
    pub(super) fn announce(&mut self, in_memory: bool, at: Option<Instant>) {
        if in_memory != self.rings {
            self.rings = in_memory;
            if in_memory { self.wake.ring() } else { self.wake.silence() }
        }
        let is_near = match (self.timer_at, at) {
            (None, None) => true,
            // Too early does no harm.
            (Some(set), Some(at)) => set <= at + TIMER_SLACK && set > Instant::now(),
            _ => false,
        };
        if !is_near {
            self.set_timer(at);
        }
    }

    fn set_timer(&mut self, at: Option<Instant>) {
        let after = at.map(|at| at.saturating_duration_since(Instant::now()));
        // It can only fail for a time that is none; then the next call tries again.
        self.timer_at = if self.timer.set(after).is_ok() { at } else { None };
    }
}

#[cold]
pub(super) fn no_descriptor(error: &io::Error) -> Error {
    Error::new(
        Status::Limit,
        format!("the system gives no descriptor to wait on ({error}): close some, or allow more"),
    )
}
