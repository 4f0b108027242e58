//! Commands on one connection, on their way.

use std::collections::VecDeque;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::os::sockets::Readiness;
use crate::pool::Lease;
use crate::resp::Reply;

use super::cancel::Watched;
use super::part::Part;

/// A command, or its ASKING, that a flight's connection owes a reply for.
struct Awaited {
    part: Option<usize>,
    /// Where it begins among the bytes queued.
    start: usize,
}

/// Commands on one connection.
pub(super) struct Flight {
    pub(super) lease: Box<Lease>,
    pub(super) watched: Option<Watched>,
    awaited: VecDeque<Awaited>,
    /// Of the bytes queued, how many have left.
    sent: usize,
    pub(super) began: Instant,
    /// When something last moved.
    pub(super) moved: Instant,
    /// Commands that were answered, and are not told yet that the answer holds.
    pub(super) answered: Vec<usize>,
    /// Scripts whose text it has carried.
    scripts: Vec<usize>,
}

impl Flight {
    pub(super) fn new(lease: Box<Lease>, watched: Option<Watched>, commands: usize) -> Self {
        let now = Instant::now();
        Self {
            lease,
            watched,
            awaited: VecDeque::with_capacity(commands),
            sent: 0,
            began: now,
            moved: now,
            answered: Vec::with_capacity(commands),
            scripts: Vec::new(),
        }
    }

    /// Queues a command, with ASKING in front of it if it is for a slot on the move.
    #[inline]
    pub(super) fn queue(&mut self, parts: &[Part<'_>], index: usize, asking: bool) {
        let connection = self.lease.connection();
        if connection.queued() == 0 {
            self.sent = 0;
        }
        if asking {
            let start = connection.queued();
            connection.queue_asking();
            self.awaited.push_back(Awaited { part: None, start });
        }
        let part = &parts[index];
        let encoded = match part.script {
            Some(script) if !script.is_known && !self.scripts.contains(&script.id) => {
                self.scripts.push(script.id);
                script.in_full
            }
            _ => part.encoded,
        };
        let start = connection.queue(encoded);
        self.awaited.push_back(Awaited { part: Some(index), start });
    }

    /// Sends what the kernel takes now.
    pub(super) fn send(&mut self) -> Result<()> {
        self.sent = self.lease.connection().push(self.sent)?;
        Ok(())
    }

    /// What it waits for.
    pub(super) fn wanted(&self) -> Readiness {
        Readiness { readable: true, writable: self.lease.peer().queued() > 0 }
    }

    /// Receives and sends what can be now.
    pub(super) fn attend(&mut self, ready: Readiness) -> Result<()> {
        self.moved = Instant::now();
        if ready.readable {
            self.lease.connection().pull()?;
        }
        if ready.writable { self.send() } else { Ok(()) }
    }

    /// The next command's reply that has come.
    #[inline]
    pub(super) fn next_reply(&mut self) -> Option<(usize, Reply)> {
        loop {
            let reply = self.lease.connection().pop()?;
            // What ASKING is answered tells nothing: the command's own reply does.
            if let Some(part) = self.awaited.pop_front()?.part {
                return Some((part, reply));
            }
        }
    }

    /// Everything has been answered.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Ends the connection: the server has been silent too long, or the call's time is over.
    pub(super) fn give_up(&mut self, in_time: bool) -> Error {
        self.lease.connection().give_up(in_time)
    }

    /// The connection has ended: which commands will not be answered any more, and whether bytes of each have
    /// left.
    pub(super) fn lost(&mut self) -> Vec<(usize, bool)> {
        let connection = self.lease.peer();
        let left = match connection.queued() {
            // All of it was sent.
            0 => usize::MAX,
            _ => connection.may_have_left(self.sent),
        };
        let awaited = std::mem::take(&mut self.awaited).into_iter();
        awaited.filter_map(|one| Some((one.part?, one.start < left))).collect()
    }
}
