//! An event loop: its calls, and how one of them at a time has it.

use std::mem;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::completion::Completion;
use super::reactor::Reactor;
use super::wake::no_descriptor;
use crate::client::{Client, Settings};
use crate::command::Command;
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::os::epoll::Epoll;
use crate::os::fork;
use crate::os::futex::Mutex;

/// Commands of one program's event loop, used by one thread at a time. A forked child may go on with it: what was
/// in flight completes there with FORKED, and it makes connections of its own.
pub struct EventLoop {
    client: Arc<Client>,
    /// A turn more than a lock: nobody waits for it, and who finds it taken is told so.
    turn: Mutex<Option<Box<Reactor>>>,
    /// The process that had it last.
    taken_in: AtomicU32,
    fd: RawFd,
}

impl EventLoop {
    /// A loop with nothing in flight. It connects when there is something to send.
    ///
    /// # Errors
    /// LIMIT: too many descriptors are open. CLOSED.
    pub fn new(client: Arc<Client>) -> Result<Self> {
        client.pool().check_open()?;
        let epoll = Epoll::new().map_err(|error| no_descriptor(&error))?;
        let fd = epoll.fd();
        let reactor = Reactor::new(Arc::clone(&client), epoll, false)?;
        let turn = Mutex::new(Some(Box::new(reactor)));
        Ok(Self { client, turn, taken_in: AtomicU32::new(fork::generation()), fd })
    }

    /// Takes a command, whose completion comes with this tag.
    ///
    /// # Errors
    /// LIMIT: `max_in_flight`. CLOSED, FORKED, CANCELLED. What a client refuses: INVALID_ARGUMENT, CROSS_SLOT,
    /// UNROUTABLE, UNKNOWN_NODE, READ_ONLY. There is no completion then.
    #[inline]
    pub fn submit(&self, command: &Command, settings: &Settings, tag: u64) -> Result<()> {
        self.with(|reactor| reactor.submit(command, settings, tag))
    }

    /// Ends a command: its completion comes with CANCELLED.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: none of this tag is in flight. FORKED.
    pub fn cancel(&self, tag: u64) -> Result<()> {
        self.with(|reactor| reactor.cancel(tag))
    }

    /// Sends, receives and does what is due; hands over up to `max` completions, for one of which it waits. Answers
    /// how many there were.
    ///
    /// # Errors
    /// CLOSED: the loop is closed, and no completion is left. FORKED, INVALID_ARGUMENT, INTERNAL.
    #[inline]
    pub fn poll(
        &self,
        max: usize,
        timeout: Timeout,
        take: impl FnMut(Completion),
    ) -> Result<usize> {
        self.with(|reactor| reactor.poll(max, timeout, take))
    }

    /// In how many milliseconds [`EventLoop::poll`] is to be called at the latest; -1: there is nothing to do by time.
    ///
    /// # Errors
    /// FORKED, INVALID_ARGUMENT.
    pub fn next_timeout(&self) -> Result<i64> {
        self.with(|reactor| Ok(reactor.next_timeout()))
    }

    /// A descriptor that is readable while [`EventLoop::poll`] has something to do. It stays the same for the loop's
    /// life.
    pub fn fd(&self) -> RawFd {
        // Another thread may have its turn: then the descriptor was asked for before, or is known all the same.
        let _ = self.with(|reactor| {
            reactor.is_to_be_watched();
            Ok(())
        });
        self.fd
    }

    /// Ends what is in flight with CLOSED, and takes nothing more.
    ///
    /// # Errors
    /// FORKED, INVALID_ARGUMENT.
    pub fn close(&self) -> Result<()> {
        self.with(|reactor| {
            reactor.close();
            Ok(())
        })
    }

    #[inline(always)]
    fn with<T>(&self, call: impl FnOnce(&mut Reactor) -> Result<T>) -> Result<T> {
        let Some(mut turn) = self.turn.try_lock() else { return Err(self.in_use()) };
        match turn.as_deref_mut() {
            Some(reactor) if reactor.generation == fork::generation() => call(reactor),
            _ => call(self.renew(&mut turn)?),
        }
    }

    /// In a forked child: a reactor of its own in the place of the parent's, which stays as it is, unopened.
    #[cold]
    fn renew<'a>(&self, turn: &'a mut Option<Box<Reactor>>) -> Result<&'a mut Reactor> {
        if let Some(parent) = turn.take() {
            let tags = parent.tags();
            let is_watched = parent.wake.is_watched();
            let is_closed = parent.is_closed;
            let mut epoll = abandon(parent);
            let renewed = epoll.renew();
            let made = renewed
                .map_err(|error| no_descriptor(&error))
                .and_then(|()| Reactor::new(Arc::clone(&self.client), epoll, is_watched));
            let mut own = made?;
            own.is_closed = is_closed;
            own.inherit(tags);
            self.taken_in.store(fork::generation(), Ordering::Relaxed);
            *turn = Some(Box::new(own));
        }
        turn.as_deref_mut().ok_or_else(gone)
    }

    #[cold]
    fn in_use(&self) -> Error {
        if self.taken_in.load(Ordering::Relaxed) == fork::generation() {
            let message = "the asynchronous handle is in use by another thread right now";
            return Error::new(Status::InvalidArgument, message);
        }
        let message = "the asynchronous handle was in use by another thread when the process forked; make one in this \
                       process";
        Error::new(Status::Forked, message)
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        if let Some(mut reactor) = self.turn.get_mut().take() {
            if reactor.generation == fork::generation() {
                reactor.shut();
            } else {
                drop(abandon(reactor));
            }
        }
    }
}

/// Leaves the parent's connections and locks alone, but not the number of its descriptor.
fn abandon(reactor: Box<Reactor>) -> Epoll {
    let Reactor { epoll, links, calls, refreshes, tokens, wake, client, routes, .. } = *reactor;
    mem::forget((links, calls, refreshes, tokens, wake, routes));
    // Its count is the process's own.
    drop(client);
    epoll
}

#[cold]
fn gone() -> Error {
    Error::new(Status::Forked, "the process has no descriptor for the asynchronous handle")
}

/// The program may make it in one thread and use it in another.
const _: () = {
    const fn may_go_anywhere<T: Send + Sync>() {}
    may_go_anywhere::<EventLoop>();
};
