//! A lease of the pool as the connection of many callers.
//!
//! Lock: `lease`. On a plain connection it is the leader's alone, who may wait with it for replies: nobody else asks
//! for it meanwhile, and what is sent goes by the socket. Over TLS, where both ways share one state, it is held for
//! one send or receive that does not wait.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::carrier::{Carrier, OnReadable, Received};
use crate::deadline::Deadline;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::os::clock::coarse_millis;
use crate::os::futex::Mutex;
use crate::os::sockets::{Readiness, Socket};
use crate::pool::{LATELY, Lease, Stamp, Stop};
use crate::resp::Reply;
use crate::transport::{Failure, Unsent, Wait};

/// How soon a call that can be stopped sees that it is to.
const STOP_LATENCY: Duration = Duration::from_millis(10);

/// What one call on a channel goes by.
pub(crate) struct Call<'a> {
    /// When it ends.
    pub(crate) deadline: Deadline,
    /// What is left until then, if the clock has just been read.
    left: Cell<Option<Option<Duration>>>,
    /// What ends it before its time.
    pub(crate) stop: Option<&'a dyn Stop>,
    /// Until when it waits, before it looks after something else.
    put_off: Cell<Deadline>,
    /// Its replies come and go together, and may share memory.
    pub(crate) shares_memory: bool,
    /// It may wait for a place of the pool: it keeps nothing that others wait for.
    pub(crate) waits: bool,
}

impl<'a> Call<'a> {
    /// A call that ends at the deadline.
    pub(crate) fn new(deadline: Deadline, stop: Option<&'a dyn Stop>) -> Self {
        let (left, put_off) = (Cell::new(None), Cell::new(Deadline::NEVER));
        Self { deadline, left, stop, put_off, shares_memory: false, waits: true }
    }

    /// One that begins at this moment and has so long, which saves a look at the clock.
    #[inline]
    pub(crate) fn beginning(deadline: Deadline, left: Option<Duration>) -> Self {
        let (left, put_off) = (Cell::new(Some(left)), Cell::new(Deadline::NEVER));
        Self { deadline, left, stop: None, put_off, shares_memory: false, waits: true }
    }

    /// From here on it waits so long, and then looks after something else.
    pub(crate) fn put_off(&self, until: Deadline) {
        self.put_off.set(until);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(Stop::is_fired)
    }

    fn wait(&self) -> Wait {
        match self.left.take() {
            Some(left) => Wait::beginning(self.deadline, left),
            None => Wait::until(self.deadline),
        }
    }
}

/// See the module's comment.
pub(crate) struct Line {
    socket: Arc<Socket>,
    is_tls: bool,
    node: NodeAddress,
    is_readonly: bool,
    silence: Duration,
    pub(super) stamp: Stamp,
    lease: Mutex<Option<Box<Lease>>>,
    /// When something last came, on the coarse clock.
    heard: AtomicU64,
    is_wanted_back: AtomicBool,
    /// It is kept at hand while nothing is owed on it.
    stays: bool,
}

impl Line {
    /// Of a lease; `stays`: it is kept at hand while nothing is owed on it.
    pub(super) fn new(lease: Box<Lease>, silence: Duration, stays: bool) -> Arc<Self> {
        let connection = lease.peer();
        Arc::new(Self {
            socket: Arc::clone(connection.socket()),
            is_tls: connection.is_tls(),
            node: connection.node().clone(),
            is_readonly: connection.is_readonly(),
            silence,
            stamp: lease.stamp(),
            heard: AtomicU64::new(coarse_millis()),
            is_wanted_back: AtomicBool::new(false),
            stays,
            lease: Mutex::new(Some(lease)),
        })
    }

    /// Who is at the other end.
    #[inline]
    pub(super) fn node(&self) -> &NodeAddress {
        &self.node
    }

    /// It is a replica's.
    #[inline]
    pub(super) fn is_readonly(&self) -> bool {
        self.is_readonly
    }

    /// The connection is to go back as soon as nothing is owed.
    #[inline]
    pub(super) fn is_wanted_back(&self) -> bool {
        self.is_wanted_back.load(Ordering::Relaxed)
    }

    /// Nothing is owed any more: the lease goes back to its pool.
    #[inline]
    pub(super) fn give_back(&self) {
        if let Some(lease) = self.lease.lock().take() {
            lease.give_back(self.heard.load(Ordering::Relaxed));
        }
    }

    /// When the other end has been silent too long.
    fn silent_at(&self) -> Duration {
        let silent = coarse_millis().saturating_sub(self.heard.load(Ordering::Relaxed));
        self.silence.saturating_sub(Duration::from_millis(silent))
    }

    fn closed(&self) -> Error {
        let message = format!("{}: the connection has ended", self.node);
        Error::new(Status::Connection, message).on_node(&self.node)
    }

    /// Receives by the lease; a plain one may wait.
    #[inline]
    fn take(
        &self,
        wait: Option<&mut Wait>,
        shared: bool,
        arrived: &mut Vec<Reply>,
    ) -> Received<Error> {
        let mut lease = self.lease.lock();
        let Some(lease) = lease.as_mut() else {
            return Received { is_demoted: true, outcome: Err(self.closed()) };
        };
        let outcome = lease.connection().receive_all(wait, shared, arrived);
        let mut is_demoted = false;
        if !arrived.is_empty() {
            self.heard.store(coarse_millis(), Ordering::Relaxed);
            let answered = lease.has_answered();
            is_demoted = answered.is_demoted;
            if answered.is_wanted_back {
                self.is_wanted_back.store(true, Ordering::Relaxed);
            }
        }
        Received { is_demoted, outcome: outcome.map_err(|error| lease.reason(error, false)) }
    }

    /// Waits without the lease, until there is something to take: where the call can be stopped or put off, and over
    /// TLS.
    fn look_out(&self, call: &Call<'_>) -> Result<bool, Error> {
        let readable = Readiness { readable: true, writable: false };
        loop {
            let silence = self.silent_at();
            let silent = Deadline::after(silence);
            let mut until = call.deadline.earlier(silent).earlier(call.put_off.get());
            if call.stop.is_some() {
                until = until.earlier(Deadline::after(STOP_LATENCY));
            }
            let ready = self.socket.poll(readable, until);
            if !matches!(ready, Ok(None)) {
                return Ok(true);
            }
            let is_over = call.is_stopped() || call.deadline.has_passed();
            if is_over || call.put_off.get().has_passed() {
                return Ok(false);
            }
            if silence.is_zero() {
                let mut lease = self.lease.lock();
                let Some(lease) = lease.as_mut() else { return Err(self.closed()) };
                let error = lease.connection().give_up(true);
                return Err(lease.reason(error, false));
            }
        }
    }

    /// Sends what the kernel takes now of `first` and the pieces behind it, of which so many bytes have left.
    #[inline]
    fn send_now(&self, first: &[u8], behind: &[&[u8]], skipped: usize) -> Result<usize, Error> {
        let sent = if self.is_tls {
            let mut lease = self.lease.lock();
            let Some(lease) = lease.as_mut() else { return Err(self.closed()) };
            lease.connection().send_pieces(first, behind, skipped)
        } else {
            let sent = if skipped == 0 && behind.is_empty() {
                self.socket.send(first)
            } else {
                self.socket.send_pieces(&Unsent { first, behind, skipped }.pieces())
            };
            match sent {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(0),
                sent => sent.map_err(Failure::from),
            }
        };
        sent.map_err(|failure| {
            let message = format!("{}: {failure} while commands were being sent", self.node);
            Error::new(Status::Connection, message).on_node(&self.node)
        })
    }

    /// Over TLS a record that was begun may leave by itself.
    fn may_have_left(&self, sent: usize, total: usize) -> usize {
        if !self.is_tls {
            return sent;
        }
        let left = match &*self.lease.lock() {
            Some(lease) => lease.peer().may_have_left(sent),
            None => total,
        };
        left.min(total)
    }

    /// What the kernel did not take at once: waits until it does.
    #[cold]
    fn send_rest(
        &self,
        first: &[u8],
        behind: &[&[u8]],
        total: usize,
        mut sent: usize,
        call: &Call<'_>,
        on_readable: OnReadable<'_, Error>,
    ) -> Result<(), (usize, Error)> {
        /// How soon who does not receive looks whether it is to.
        const LOOK: Duration = Duration::from_millis(1);
        let mut looks_at = None;
        let mut moved = Deadline::after(self.silence);
        while sent < total {
            let late = |sent| {
                let message = format!(
                    "{}: the call's time ended while a command was being sent; allow it more, or see why the node is slow",
                    self.node
                );
                let error = Error::new(Status::Timeout, message).on_node(&self.node);
                (self.may_have_left(sent, total), error)
            };
            if call.is_stopped() || call.deadline.has_passed() || moved.has_passed() {
                return Err(late(sent));
            }
            let mut until = call.deadline.earlier(moved);
            if call.stop.is_some() {
                until = until.earlier(Deadline::after(STOP_LATENCY));
            }
            looks_at = looks_at.filter(|at: &Deadline| !at.has_passed());
            if let Some(at) = looks_at {
                until = until.earlier(at);
            }
            let wanted = Readiness { readable: looks_at.is_none(), writable: true };
            let Ok(Some(ready)) = self.socket.poll(wanted, until) else { continue };
            if ready.readable {
                let took =
                    on_readable().map_err(|error| (self.may_have_left(sent, total), error))?;
                looks_at = (!took).then(|| Deadline::after(LOOK));
            }
            if ready.writable {
                let more = self
                    .send_now(first, behind, sent)
                    .map_err(|error| (self.may_have_left(sent, total), error))?;
                sent += more;
                if more > 0 {
                    moved = Deadline::after(self.silence);
                }
            }
        }
        Ok(())
    }
}

impl Carrier for Line {
    type Reply = Reply;
    type Error = Error;
    type Call<'a> = Call<'a>;

    #[inline]
    fn send(
        &self,
        first: &[u8],
        behind: &[&[u8]],
        call: &Call<'_>,
        on_readable: OnReadable<'_, Error>,
    ) -> Result<(), (usize, Error)> {
        let total = behind.iter().fold(first.len(), |sum, piece| sum + piece.len());
        match self.send_now(first, behind, 0) {
            Ok(sent) if sent == total => Ok(()),
            Ok(sent) => self.send_rest(first, behind, total, sent, call, on_readable),
            Err(error) => Err((self.may_have_left(0, total), error)),
        }
    }

    #[inline]
    fn receive(&self, call: Option<&Call<'_>>, arrived: &mut Vec<Reply>) -> Received<Error> {
        let Some(call) = call else { return self.take(None, false, arrived) };
        if self.is_tls || call.stop.is_some() || call.put_off.get() != Deadline::NEVER {
            return match self.look_out(call) {
                Ok(true) => self.take(None, call.shares_memory, arrived),
                outcome => Received { is_demoted: false, outcome },
            };
        }
        let mut wait = call.wait().with_silence(self.silent_at());
        self.take(Some(&mut wait), call.shares_memory, arrived)
    }

    fn end(&self) {
        self.socket.shutdown();
    }

    fn stray(&self) -> Error {
        match self.lease.lock().as_mut() {
            Some(lease) => {
                let error = lease.connection().end_by_stray();
                lease.reason(error, false)
            }
            None => self.closed(),
        }
    }

    fn cut_off(&self) -> Error {
        let message = format!(
            "{}: the connection was given up, for another call's time ended while its command was being sent",
            self.node
        );
        Error::new(Status::Connection, message).on_node(&self.node)
    }

    fn sleeps_until(call: &Call<'_>) -> Deadline {
        let until = call.deadline.earlier(call.put_off.get());
        match call.stop {
            Some(_) => until.earlier(Deadline::after(STOP_LATENCY)),
            None => until,
        }
    }

    fn is_put_off(call: &Call<'_>) -> bool {
        call.put_off.get().has_passed()
    }

    fn ended(&self, call: &Call<'_>) -> Option<Error> {
        let error = if call.is_stopped() {
            Error::new(Status::Cancelled, "the call was cancelled by its token")
        } else if call.deadline.has_passed() {
            let message = format!(
                "{}: the call's time ended while the reply was awaited; allow it more, or see why the node is slow",
                self.node
            );
            Error::new(Status::Timeout, message)
        } else {
            return None;
        };
        Some(error.on_node(&self.node))
    }

    fn close(&self) {
        drop(self.lease.lock().take());
    }

    #[inline]
    fn own(reply: Reply) -> Reply {
        reply.into_own()
    }

    #[inline]
    fn is_stale(&self) -> bool {
        coarse_millis().saturating_sub(self.heard.load(Ordering::Relaxed)) > LATELY
    }

    #[inline]
    fn stays(&self) -> bool {
        self.stays && !self.is_wanted_back()
    }
}
