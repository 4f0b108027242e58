//! Commands on one connection, on their way.

use std::mem;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::os::sockets::Readiness;
use crate::pool::Lease;
use crate::resp::Reply;

use super::cancel::Watched;
use super::execution::is_final;
use super::part::Part;

/// A command, or its ASKING, that was sent on a flight's connection.
struct Sent {
    /// The command's part; [`NONE`] of what is no command, and of one whose reply was not the end of it.
    part: u32,
    /// Where it begins among all bytes that were ever queued.
    start: usize,
}

/// What was sent on one connection, in its order: first that which was answered.
pub(super) struct Commands {
    sent: Vec<Sent>,
    answered: usize,
}

impl Commands {
    /// The commands that were answered, and are not told yet that the answer holds.
    pub(super) fn answered(&self) -> impl Iterator<Item = usize> {
        let answered = self.sent.iter().take(self.answered);
        answered.map(|sent| sent.part).filter(|&part| part != NONE).map(|part| part as usize)
    }
}

/// In [`Sent::part`].
const NONE: u32 = u32::MAX;

/// Commands on one connection.
pub(super) struct Flight<'p> {
    pub(super) lease: Box<Lease>,
    pub(super) watched: Option<Watched>,
    pub(super) commands: Commands,
    /// Sent behind what is queued on the connection, from where it is.
    behind: &'p [&'p [u8]],
    /// How many bytes were queued before those that are so now; all have left.
    before: usize,
    /// Of the bytes queued now, how many have left.
    sent: usize,
    pub(super) began: Instant,
    /// When something last moved.
    pub(super) moved: Instant,
    /// Replies that are not the end of their commands.
    pub(super) refused: Vec<(usize, Reply)>,
    /// Scripts whose text it has carried.
    scripts: Vec<usize>,
}

impl<'p> Flight<'p> {
    pub(super) fn new(lease: Box<Lease>, watched: Option<Watched>, commands: usize) -> Self {
        let now = Instant::now();
        Self {
            lease,
            watched,
            commands: Commands { sent: Vec::with_capacity(commands), answered: 0 },
            behind: &[],
            before: 0,
            sent: 0,
            began: now,
            moved: now,
            refused: Vec::new(),
            scripts: Vec::new(),
        }
    }

    /// Queues commands, each with ASKING in front of it if it is for a slot on the move.
    pub(super) fn queue(&mut self, parts: &[Part<'p>], commands: &[(u32, bool)]) {
        if self.queued() == 0 {
            self.before += mem::take(&mut self.sent);
        }
        let mut queue = self.lease.connection().queue();
        for &(index, asking) in commands {
            let Some(part) = parts.get(index as usize) else { continue };
            // What stands behind the queue cannot be followed by anything.
            queue.more(mem::take(&mut self.behind));
            if asking {
                let start = self.before + queue.asking();
                self.commands.sent.push(Sent { part: NONE, start });
            }
            let encoded = match part.script() {
                None => part.encoded,
                Some(script) if script.is_known || self.scripts.contains(&script.id) => {
                    part.encoded
                }
                Some(script) => {
                    self.scripts.push(script.id);
                    script.in_full
                }
            };
            let start = self.before + queue.command(encoded);
            self.commands.sent.push(Sent { part: index, start });
            self.behind = part.behind();
        }
    }

    /// Sends what the kernel takes now.
    pub(super) fn send(&mut self) -> Result<()> {
        self.sent = self.lease.connection().push(self.sent, self.behind)?;
        if self.lease.peer().queued() == 0 {
            self.behind = &[];
        }
        Ok(())
    }

    /// How many bytes are to be sent, sent ones included until all of them are.
    fn queued(&self) -> usize {
        let behind = self.behind.iter().map(|piece| piece.len()).sum::<usize>();
        self.lease.peer().queued() + behind
    }

    /// What it waits for.
    pub(super) fn wanted(&self) -> Readiness {
        Readiness { readable: true, writable: self.lease.peer().queued() > 0 }
    }

    /// Receives and sends what can be now, and hands replies to their commands: those that are not the end of
    /// theirs go to `refused`. `shared`: small replies share memory.
    pub(super) fn attend(
        &mut self,
        parts: &mut [Part<'p>],
        ready: Readiness,
        shared: bool,
    ) -> Result<()> {
        self.moved = Instant::now();
        if ready.readable {
            let Self { lease, commands: Commands { sent, answered }, refused, .. } = self;
            lease.connection().pull(shared, |reply| {
                let Some(sent) = sent.get_mut(*answered) else { return };
                *answered += 1;
                // What ASKING is answered tells nothing: the command's own reply does.
                let Some(part) = parts.get_mut(sent.part as usize) else { return };
                if is_final(reply.root()) && !part.lacks_script(&reply) {
                    part.outcome = Some(Ok(reply));
                } else {
                    refused.push((sent.part as usize, reply));
                    sent.part = NONE;
                }
            })?;
        }
        if ready.writable { self.send() } else { Ok(()) }
    }

    /// Everything has been answered.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.commands.answered == self.commands.sent.len()
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
        let awaited = self.commands.sent.drain(self.commands.answered..);
        let commands = awaited.filter(|one| one.part != NONE);
        commands.map(|one| (one.part as usize, one.start < left)).collect()
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;

/// A connection has ended in a call. Answers why, and whether bytes of the command have left.
pub(crate) fn loss(lease: Box<Lease>, error: Error, is_cancelled: bool) -> (Error, bool) {
    let sent = error.maybe_executed();
    (lease.reason(error, is_cancelled), sent)
}
