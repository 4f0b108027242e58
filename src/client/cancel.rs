//! Tokens by which another thread ends a call.
//!
//! Lock: the list of what a token watches, the last in any order; held for a few instructions, and while
//! sockets are shut down.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::connection::Interrupter;
use crate::os::epoll::Bell;
use crate::os::fork::PerProcess;
use crate::os::futex::Mutex;
use crate::pool::Stop;

/// Ends the calls whose commands carry it. It is fired once and stays so.
#[derive(Default)]
pub struct Cancel {
    fired: AtomicBool,
    /// A child that inherits a token cancels its own calls alone.
    watched: PerProcess<Mutex<Vec<(u64, Heard)>>>,
}

/// What hears of a token.
enum Heard {
    /// A connection, which ends.
    Connection(Interrupter),
    /// An event loop, which looks at its tokens.
    Loop(Arc<Bell>),
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Cancel {
    /// A token that has not been fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that carry the token now, and all later ones before they begin. From any thread.
    pub fn fire(&self) {
        self.fired.store(true, Ordering::SeqCst);
        if let Some(watched) = self.watched.get() {
            for (_, heard) in watched.lock().drain(..) {
                match heard {
                    Heard::Connection(interrupter) => interrupter.interrupt(),
                    Heard::Loop(bell) => bell.ring(),
                }
            }
        }
    }

    /// Rings the bell when the token is fired; not at once if it was. Until [`Cancel::forget`].
    pub(crate) fn rings(&self, bell: &Arc<Bell>) -> Watched {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let watched = self.watched.get_or_make(Default::default);
        watched.lock().push((number, Heard::Loop(Arc::clone(bell))));
        Watched(number)
    }

    /// Whoever heard of the token by this does no more.
    pub(crate) fn forget(&self, watched: &Watched) {
        if let Some(list) = self.watched.get() {
            list.lock().retain(|(number, _)| *number != watched.0);
        }
    }

    /// True once it was fired.
    pub fn is_fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }
}

/// One call's view of its token.
pub(crate) struct Watch<'a> {
    cancel: Option<&'a Cancel>,
    /// What it dials right now.
    dial: Cell<Option<Watched>>,
}

/// A connection that a token ends.
pub(crate) struct Watched(u64);

impl<'a> Watch<'a> {
    /// Of a call's token, if it has one.
    pub(crate) fn new(cancel: Option<&'a Cancel>) -> Self {
        Self { cancel, dial: Cell::new(None) }
    }

    /// There is a token to look at while time passes.
    pub(crate) fn is_set(&self) -> bool {
        self.cancel.is_some()
    }

    /// The call is to end.
    pub(crate) fn is_fired(&self) -> bool {
        self.cancel.is_some_and(Cancel::is_fired)
    }

    /// A connection that is to end when the token is fired: at once, if it was.
    pub(crate) fn add(&self, interrupter: impl FnOnce() -> Interrupter) -> Option<Watched> {
        let cancel = self.cancel?;
        let (number, interrupter) = (COUNT.fetch_add(1, Ordering::Relaxed), interrupter());
        let watched = cancel.watched.get_or_make(Default::default);
        watched.lock().push((number, Heard::Connection(interrupter.clone())));
        // Fired before it was on the list: who fired has not seen it.
        if cancel.is_fired() {
            interrupter.interrupt();
        }
        Some(Watched(number))
    }

    /// A dial is over: its connection is watched as such from here on, or not at all.
    pub(crate) fn has_dialled(&self) {
        self.remove(self.dial.take());
    }

    /// From here on the connection may be somebody else's.
    pub(crate) fn remove(&self, watched: Option<Watched>) {
        if let Some((cancel, watched)) = self.cancel.zip(watched) {
            cancel.forget(&watched);
        }
    }
}

impl Stop for Watch<'_> {
    fn is_fired(&self) -> bool {
        Watch::is_fired(self)
    }

    fn dials(&self, interrupter: Interrupter) {
        let before = self.dial.replace(self.add(|| interrupter));
        self.remove(before);
    }
}
