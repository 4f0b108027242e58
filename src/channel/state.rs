//! What the callers of a channel share beside their queue: the connection, and who does what with it. Under the lock of
//! [`turns`](super::turns).

use std::mem;
use std::sync::Arc;

use super::carrier::Carrier;
use super::queue::{Delivered, Queue, Seat};

/// Every caller, in the bits by which they sleep.
pub(super) const ALL: u32 = u32::MAX;

/// What the callers share.
pub(crate) struct State<L: Carrier> {
    pub(crate) queue: Queue<L::Reply, L::Error>,
    /// None: there is no connection.
    pub(super) line: Option<Arc<L>>,
    /// Tells one connection from the next.
    pub(super) number: u32,
    /// A caller is sending.
    pub(super) is_writing: bool,
    /// Memory for what arrives.
    pub(super) arrived: Vec<L::Reply>,
    /// What a writer met, for who leads to tell: so many bytes of the stream may have left, and why no more.
    pub(super) broken: Option<(u64, L::Error)>,
    /// Somebody waits for something else than a reply: room, the turn to write, a connection.
    pub(super) is_awaited: bool,
    /// A caller is getting a connection.
    pub(crate) is_opening: bool,
    /// How often a caller tried to get one.
    pub(crate) attempts: u32,
    /// Why the last try failed, if others would fail alike.
    pub(crate) refusal: Option<L::Error>,
    /// The connection is to go back once all is answered: nothing more is sent.
    pub(crate) is_closing: bool,
}

/// What a caller sends.
#[derive(Clone, Copy)]
pub(crate) struct Commands<'a> {
    /// Their bytes.
    pub(crate) bytes: &'a [u8],
    /// What stands behind them, one piece behind the other: sent from where it is, never copied.
    pub(crate) behind: &'a [&'a [u8]],
    /// How long each of them is.
    pub(crate) lengths: &'a [usize],
    /// The first one is ASKING for the second.
    pub(crate) is_asking: bool,
}

impl<L: Carrier> Default for State<L> {
    fn default() -> Self {
        Self {
            queue: Queue::default(),
            line: None,
            number: 0,
            is_writing: false,
            arrived: Vec::new(),
            broken: None,
            is_awaited: false,
            is_opening: false,
            attempts: 0,
            refusal: None,
            is_closing: false,
        }
    }
}

impl<L: Carrier> State<L> {
    /// The connection, if there is one.
    #[inline]
    pub(crate) fn line(&self) -> Option<&Arc<L>> {
        self.line.as_ref()
    }

    /// A connection is there from now on.
    #[inline]
    pub(crate) fn open(&mut self, line: Arc<L>) {
        self.line = Some(line);
        self.number = self.number.wrapping_add(1);
        self.is_closing = false;
        self.broken = None;
    }

    /// True if a caller with pieces that are not to be copied has to wait for its turn to write.
    #[inline]
    pub(crate) fn has_to_wait(&self, commands: &Commands<'_>) -> bool {
        !commands.behind.is_empty() && (self.is_writing || self.broken.is_some())
    }

    /// Nobody waits for what the other end still owes, or would learn that it has gone.
    #[inline]
    pub(super) fn is_of_no_use(&self) -> bool {
        let is_gone = self.broken.is_some() && self.queue.is_empty();
        !self.is_writing && (is_gone || self.queue.is_deserted())
    }

    /// Nothing is owed, and nobody writes.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.is_writing && self.broken.is_none()
    }

    /// The connection, which is idle: it is nobody's any more.
    #[inline]
    pub(crate) fn release(&mut self) -> Option<Arc<L>> {
        self.number = self.number.wrapping_add(1);
        self.line.take()
    }

    /// The caller leads no more: whom to wake.
    #[inline]
    pub(super) fn pass_on(&mut self, seat: Seat) -> u32 {
        if self.queue.lead() != Some(seat) {
            return 0;
        }
        self.queue.pass_lead(seat).map_or(0, |next| 1 << (next % 32))
    }

    /// Hands out what has arrived: whom to wake but the caller itself, and whether there was a reply too many.
    #[inline]
    pub(super) fn hand_out(
        &mut self,
        arrived: &mut Vec<L::Reply>,
        is_demoted: bool,
        own: Seat,
    ) -> (u32, bool) {
        let (mut bits, mut stray) = (0, false);
        if !arrived.is_empty() && mem::take(&mut self.is_awaited) {
            bits = ALL;
        }
        for mut reply in arrived.drain(..) {
            if self.queue.next() != Some(own) {
                reply = L::own(reply);
            }
            match self.queue.deliver(reply, is_demoted) {
                Delivered::Completed(seat) if seat != own => bits |= 1 << (seat % 32),
                Delivered::Completed(_) | Delivered::Kept => {}
                Delivered::Stray => stray = true,
            }
        }
        (bits, stray)
    }
}
