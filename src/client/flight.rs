//! Commands on one connection, on their way.

use std::collections::VecDeque;
use std::time::Instant;

use crate::error::{Error, Result, Status};
use crate::os::sockets::Readiness;
use crate::pool::{Lease, Pool, Standing};
use crate::resp::Reply;

use super::cancel::Watched;
use super::execution::is_final;
use super::part::Part;

/// A command, or its ASKING, that a flight's connection owes a reply for.
struct Awaited {
    /// The command's part; [`ASKING`] of what is no command.
    part: u32,
    /// Where it begins among all bytes that were ever queued.
    start: usize,
}

/// In [`Awaited::part`].
const ASKING: u32 = u32::MAX;

/// Commands on one connection.
pub(super) struct Flight {
    pub(super) lease: Box<Lease>,
    pub(super) watched: Option<Watched>,
    awaited: VecDeque<Awaited>,
    /// How many bytes were queued before those that are so now; all have left.
    before: usize,
    /// Of the bytes queued now, how many have left.
    sent: usize,
    pub(super) began: Instant,
    /// When something last moved.
    pub(super) moved: Instant,
    /// Commands that were answered, and are not told yet that the answer holds.
    pub(super) answered: Vec<u32>,
    /// Replies that are not the end of their commands.
    pub(super) refused: Vec<(usize, Reply)>,
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
            before: 0,
            sent: 0,
            began: now,
            moved: now,
            answered: Vec::with_capacity(commands),
            refused: Vec::new(),
            scripts: Vec::new(),
        }
    }

    /// Queues commands, each with ASKING in front of it if it is for a slot on the move.
    pub(super) fn queue(&mut self, parts: &[Part<'_>], commands: &[(u32, bool)]) {
        let connection = self.lease.connection();
        if connection.queued() == 0 {
            self.before += std::mem::take(&mut self.sent);
        }
        for &(index, asking) in commands {
            let Some(part) = parts.get(index as usize) else { continue };
            if asking {
                let start = self.before + connection.queued();
                connection.queue_asking();
                self.awaited.push_back(Awaited { part: ASKING, start });
            }
            let encoded = match &part.script {
                None => part.encoded,
                Some(script) if script.is_known || self.scripts.contains(&script.id) => {
                    part.encoded
                }
                Some(script) => {
                    self.scripts.push(script.id);
                    script.in_full
                }
            };
            let start = self.before + connection.queue(encoded);
            self.awaited.push_back(Awaited { part: index, start });
        }
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

    /// Receives and sends what can be now, and hands replies to their commands: those that are not the end of
    /// theirs go to `refused`. `shared`: small replies share memory.
    pub(super) fn attend(
        &mut self,
        parts: &mut [Part<'_>],
        ready: Readiness,
        shared: bool,
    ) -> Result<()> {
        self.moved = Instant::now();
        if ready.readable {
            let Self { lease, awaited, answered, refused, .. } = self;
            lease.connection().pull(shared, |reply| {
                let Some(Awaited { part: index, .. }) = awaited.pop_front() else { return };
                // What ASKING is answered tells nothing: the command's own reply does.
                let Some(part) = parts.get_mut(index as usize) else { return };
                if is_final(reply.root()) && !part.lacks_script(&reply) {
                    part.outcome = Some(Ok(reply));
                    answered.push(index);
                } else {
                    refused.push((index as usize, reply));
                }
            })?;
        }
        if ready.writable { self.send() } else { Ok(()) }
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
            _ => self.before + connection.may_have_left(self.sent),
        };
        let awaited = std::mem::take(&mut self.awaited).into_iter();
        let commands = awaited.filter(|one| one.part != ASKING);
        commands.map(|one| (one.part as usize, one.start < left)).collect()
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;

/// A connection has ended in a call. Answers why, and whether bytes of the command have left.
pub(crate) fn loss(lease: Box<Lease>, error: Error, is_cancelled: bool) -> (Error, bool) {
    let sent = error.maybe_executed();
    (reason(&lease, &error, is_cancelled), sent)
}

/// Why a connection has ended: an interrupted one was ended by the call's token, or because its node lost its
/// role. If the node itself failed, and is a replica, reads pass over it for a while.
pub(crate) fn reason(lease: &Lease, error: &Error, is_cancelled: bool) -> Error {
    let demoted = lease.standing() != Standing::Good;
    if !demoted {
        Pool::note_failure(lease, error);
    }
    if error.status() != Status::Cancelled || is_cancelled {
        return error.clone();
    }
    let node = lease.peer().node();
    let why =
        if demoted { "another node became the primary in its place" } else { "it was interrupted" };
    Error::new(Status::Connection, format!("{node}: the connection was ended: {why}")).on_node(node)
}
