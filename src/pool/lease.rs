//! A pooled connection and the place it holds.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::Duration;

use super::handles::{Handle, Home};
use super::members::Outbox;
use super::pool::Core;
use crate::connection::Connection;
use crate::error::{Error, Result, Status};
use crate::options::Options;
use crate::os::clock::coarse_millis;

/// What a place is held for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// A connection is being made.
    Dialing,
    /// A connection is checked out; its number in the member's list of checkouts.
    InUse(u32),
}

/// One place of the pool's limits, held outside its lock. Dropping it gives the place to who waits.
pub(super) struct Place {
    pub(super) core: Arc<Core>,
    /// Index of the member (node) it counts for; stays good while the place is held.
    pub(super) member: usize,
    pub(super) stage: Stage,
    /// False once the members count it otherwise (its connection became idle).
    held: bool,
}

impl Place {
    /// A place that the members have just counted.
    pub(super) fn counted(core: Arc<Core>, member: usize, stage: Stage) -> Self {
        Self { core, member, stage, held: true }
    }

    /// The members count it otherwise from here on.
    pub(super) fn hand_over(mut self) {
        self.held = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.held {
            let mut outbox = Outbox::default();
            self.core.members.lock().give_back(&self.core, self.member, self.stage, &mut outbox);
            outbox.deliver();
        }
    }
}

/// An open connection of a pool, idle or inside a [`Lease`].
pub(super) struct Pooled {
    pub(super) connection: Connection,
    pub(super) home: Home,
    /// The pool's epoch when it was dialled; reset and disconnect begin a new one.
    pub(super) epoch: u64,
    /// When `max_lifetime` ends it, on the coarse clock.
    pub(super) expires_at: Option<u64>,
    /// When it became idle or was last checked, on the coarse clock; kept only where something timed
    /// needs it.
    pub(super) idle_since: u64,
    /// Grows with each return: who has the smallest has been idle longest.
    pub(super) idle_order: u64,
    node_text: CString,
}

impl Pooled {
    fn new(connection: Connection, options: &Options, epoch: u64) -> Result<Self> {
        let now = coarse_millis();
        let expires_at = options.max_lifetime.map(|lifetime| {
            // Up to a tenth early, so that connections dialled together do not end together.
            let millis = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
            now.saturating_add(millis - fastrand::u64(0..=millis / 10))
        });
        let node_text = CString::new(connection.node().to_string())
            .map_err(|_| Error::new(Status::Internal, "a node's address holds a NUL"))?;
        Ok(Self {
            home: Home::take(connection.interrupter())?,
            connection,
            epoch,
            expires_at,
            idle_since: now,
            idle_order: 0,
            node_text,
        })
    }

    /// True if `max_lifetime` or `max_idle_time` has ended it.
    pub(super) fn has_expired(&self, options: &Options, now: u64) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
            || options.max_idle_time.is_some_and(|idle| {
                u128::from(now.saturating_sub(self.idle_since)) >= idle.as_millis()
            })
    }
}

/// A connection in use, and the place it holds.
pub struct Lease {
    // The order matters: the connection closes before its place is given away, so that the server
    // never sees more connections than the limit.
    pub(super) pooled: Box<Pooled>,
    pub(super) place: Place,
}

impl Lease {
    /// A fresh connection in the place it was dialled for.
    pub(super) fn new(connection: Connection, place: Place, epoch: u64) -> Result<Self> {
        let pooled = Box::new(Pooled::new(connection, &place.core.options, epoch)?);
        Ok(Self { pooled, place })
    }

    /// The connection itself.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.pooled.connection
    }

    /// The option `command_timeout`.
    pub fn command_timeout(&self) -> Duration {
        self.place.core.options.command_timeout
    }

    /// The node, "host:port", for as long as the connection is checked out.
    pub fn node_text(&self) -> &CStr {
        &self.pooled.node_text
    }

    /// Makes it reachable by a handle.
    pub(super) fn check_out(self) -> Handle {
        self.pooled.home.entry().check_out(self)
    }
}
