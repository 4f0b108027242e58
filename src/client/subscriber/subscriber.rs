//! A subscriber: its calls, and how one of them at a time has it.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::links::{Wake, no_descriptor};
use super::message::Message;
use super::name::Kind;
use super::state::State;
use crate::client::Client;
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::os::epoll::Epoll;
use crate::os::fork::{self, PerProcess};
use crate::os::futex::Mutex;

/// The longest string a server takes.
const LONGEST_NAME: usize = 512 << 20;

/// Subscriptions of one program, used by one thread at a time and interrupted by any. A forked child may go
/// on with it: it subscribes again on connections of its own.
pub struct Subscriber {
    client: Arc<Client>,
    /// Taken out by the call that is under way.
    slot: Mutex<Option<Box<Held>>>,
    /// The process that took it out last.
    taken_in: AtomicU32,
    wake: PerProcess<Wake>,
}

/// What a call has while it is under way.
struct Held {
    epoll: Epoll,
    /// Of this process, or of the parent until the first call after a fork.
    state: Option<Box<State>>,
}

impl Subscriber {
    /// A subscriber without subscriptions; it connects when there is one.
    ///
    /// # Errors
    /// LIMIT: too many descriptors are open. CLOSED.
    pub fn new(client: Arc<Client>) -> Result<Self> {
        client.pool().check_open()?;
        let wake = PerProcess::new();
        let epoll = Epoll::new().map_err(|error| no_descriptor(&error))?;
        let state = State::new(&client, &epoll, wake.get_or_make(Wake::new).clone())?;
        let held = Held { epoll, state: Some(Box::new(state)) };
        Ok(Self {
            client,
            slot: Mutex::new(Some(Box::new(held))),
            taken_in: AtomicU32::new(fork::generation()),
            wake,
        })
    }

    /// Subscribes, and waits until the server has confirmed. With [`Timeout::Now`] it is only noted: the next
    /// call that reads asks for it, together with others.
    ///
    /// # Errors
    /// TIMEOUT, CANCELLED, LIMIT (full: messages are to be taken first), AUTH, TLS: the subscription is wanted
    /// all the same, and asked for again. SERVER: the server refuses it, and it is not wanted any more.
    /// INVALID_ARGUMENT: longer than 512 MiB. CLOSED, FORKED.
    pub fn subscribe(&self, kind: Kind, name: &[u8], timeout: Timeout) -> Result<()> {
        check_length(name)?;
        let deadline = timeout.deadline(self.client.pool().options().command_timeout);
        self.with(|state, epoll, wake| {
            state.subscribe(kind, name);
            let Some((serial, mut confirmed)) = state.standing(kind, name) else { return Ok(()) };
            if timeout == Timeout::Now {
                return Ok(());
            }
            while !confirmed {
                if wake.take_interruption() {
                    return Err(cancelled());
                }
                state.advance(epoll)?;
                match state.standing(kind, name) {
                    Some((_, is)) => confirmed = is,
                    None => {
                        return Err(state.take_refusal(serial).unwrap_or_else(|| {
                            Error::new(Status::Server, "the subscription was refused")
                        }));
                    }
                }
                if confirmed {
                    break;
                }
                if let Some(error) = state.hopeless() {
                    return Err(error);
                }
                if state.is_full() {
                    return Err(full());
                }
                if deadline.has_passed() {
                    return Err(not_confirmed(state.reason(kind, name).as_ref()));
                }
                state.wait(epoll, deadline)?;
            }
            Ok(())
        })
    }

    /// Ends a subscription: nothing of it is given out from now on. One that is not there is none.
    ///
    /// # Errors
    /// FORKED, INVALID_ARGUMENT.
    pub fn unsubscribe(&self, kind: Kind, name: &[u8]) -> Result<()> {
        self.with(|state, _, _| {
            state.unsubscribe(kind, name);
            Ok(())
        })
    }

    /// The next message, gap or refusal; `None` if none came in time.
    ///
    /// # Errors
    /// CANCELLED, CLOSED, FORKED, INVALID_ARGUMENT.
    pub fn next(&self, timeout: Timeout) -> Result<Option<Message>> {
        let deadline = timeout.deadline(self.client.pool().options().command_timeout);
        self.with(|state, epoll, wake| {
            loop {
                if wake.take_interruption() {
                    return Err(cancelled());
                }
                let advanced = state.advance(epoll);
                if let Some(message) = state.pop() {
                    return Ok(Some(message));
                }
                advanced?;
                if deadline.has_passed() {
                    return Ok(None);
                }
                state.wait(epoll, deadline)?;
            }
        })
    }

    /// Why nothing came: for who asks.
    pub fn nothing_came(&self) -> Error {
        let trouble = self.with(|state, _, _| Ok(state.trouble.clone())).ok().flatten();
        timed_out("no message came in time", trouble.as_ref())
    }

    /// A descriptor that is readable while [`Subscriber::next`] has something to give or to do. It stays the
    /// same for the subscriber's life.
    ///
    /// # Errors
    /// FORKED, INVALID_ARGUMENT.
    pub fn fd(&self) -> Result<RawFd> {
        self.with(|state, epoll, _| {
            state.is_polled = true;
            Ok(epoll.fd())
        })
    }

    /// Ends, from any thread, the call that waits with CANCELLED; without one, the next one that would.
    pub fn interrupt(&self) {
        self.wake.get_or_make(Wake::new).interrupt();
    }

    /// Takes the state for one call and puts it back, also after a panic.
    fn with<T>(&self, call: impl FnOnce(&mut State, &Epoll, &Wake) -> Result<T>) -> Result<T> {
        let held = self.slot.try_lock().and_then(|mut slot| slot.take());
        let Some(held) = held else { return Err(self.in_use()) };
        self.taken_in.store(fork::generation(), Ordering::Relaxed);
        let mut turn = Turn { slot: &self.slot, held: Some(held) };
        let wake = self.wake.get_or_make(Wake::new);
        let Some(held) = turn.held.as_deref_mut() else { return Err(self.in_use()) };
        let Held { epoll, state } = held;
        if state.as_ref().is_none_or(|state| state.generation != fork::generation()) {
            epoll.renew().map_err(|error| no_descriptor(&error))?;
            let mut own = Box::new(State::new(&self.client, epoll, wake.clone())?);
            if let Some(parent) = state {
                own.inherit(parent);
            }
            // What was the parent's goes without a word on its connections: they are closed here already.
            *state = Some(own);
        }
        let Some(state) = state.as_deref_mut() else { return Err(self.in_use()) };
        let result = call(state, epoll, wake);
        state.announce();
        result
    }

    #[cold]
    fn in_use(&self) -> Error {
        if self.taken_in.load(Ordering::Relaxed) == fork::generation() {
            let message = "the subscriber is in use by another thread right now";
            return Error::new(Status::InvalidArgument, message);
        }
        let message = "the subscriber was in use by another thread when the process forked; make one in \
                       this process";
        Error::new(Status::Forked, message)
    }
}

/// The right to use the state, given back when dropped.
struct Turn<'a> {
    slot: &'a Mutex<Option<Box<Held>>>,
    held: Option<Box<Held>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Nobody waits for the lock, and who tries it has it for a moment.
        *self.slot.lock() = self.held.take();
    }
}

fn check_length(name: &[u8]) -> Result<()> {
    if name.len() <= LONGEST_NAME {
        return Ok(());
    }
    let message = "a channel is no longer than 512 MiB, the longest string a server takes";
    Err(Error::new(Status::InvalidArgument, message))
}

#[cold]
fn cancelled() -> Error {
    Error::new(Status::Cancelled, "the subscriber was interrupted")
}

#[cold]
fn full() -> Error {
    let message = "the subscriber is full (option \"max_in_flight\"), and receives no confirmation: take \
                   messages first; the subscription stays asked for";
    Error::new(Status::Limit, message)
}

#[cold]
fn not_confirmed(trouble: Option<&Error>) -> Error {
    timed_out("the subscription was not confirmed in time; it stays asked for", trouble)
}

fn timed_out(what: &str, trouble: Option<&Error>) -> Error {
    match trouble {
        Some(trouble) => Error::new(Status::Timeout, format!("{what} (trouble: {trouble})")),
        None => Error::new(Status::Timeout, what),
    }
}
