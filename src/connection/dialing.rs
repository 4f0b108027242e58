//! A dial for an event loop: nothing of it ever waits.

use std::sync::Arc;

use super::connection::Connection;
use super::dialer::{Destination, Dialer};
use super::interrupt::Interrupter;
use super::set_up::SetUp;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::os::sockets::Readiness;

/// A dial under way, by the same rules as [`Dialer::dial`]: [`Dialing::step`] whenever its descriptor is ready
/// or [`Dialing::until`] has come. Dropped, it ends, and another connection may log in in its place.
///
/// Of the process that began it: a forked child forgets it (`mem::forget`) as it does its parent's pools.
pub struct Dialing {
    dialer: Arc<Dialer>,
    set_up: SetUp,
}

impl Dialer {
    /// Begins to dial. A name (no numeric host) is looked up here, by the system or the program's function, which
    /// takes as long as it takes; a callback for credentials is asked in some later step. Nothing else may wait.
    ///
    /// # Errors
    /// TIMEOUT, CONNECTION; AUTH where the node refused a moment ago.
    pub fn begin(self: &Arc<Self>, to: Destination<'_>, deadline: Deadline) -> Result<Dialing> {
        Ok(Dialing { dialer: Arc::clone(self), set_up: SetUp::begin(self, to, deadline)? })
    }
}

impl Dialing {
    /// What to wait on now; None: only time. To be asked again after each step: the next address has another
    /// socket, possibly by the same number. Where [`Dialing::interrupter`] is another one, the socket is.
    pub fn fd(&self) -> Option<i32> {
        self.set_up.fd()
    }

    /// What to wait for on it.
    pub fn wanted(&self) -> Readiness {
        self.set_up.wanted()
    }

    /// When to step though nothing is ready.
    pub fn until(&self) -> Deadline {
        self.set_up.until()
    }

    /// What ends the dial from another thread, at the present address: the next step tells CANCELLED.
    pub fn interrupter(&self) -> Option<Interrupter> {
        self.set_up.interrupter()
    }

    /// Goes as far as it can, and never waits. None: wait again. The connection comes with buffers attached.
    ///
    /// # Errors
    /// As [`Dialer::dial`]; it has ended then.
    pub fn step(&mut self) -> Result<Option<Connection>> {
        self.set_up.step(&self.dialer)
    }
}
