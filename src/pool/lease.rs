//! A pooled connection and the place it holds.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::Duration;

use super::handles::{Handle, Home};
use super::pool::Core;
use crate::connection::Connection;
use crate::error::{Error, Result, Status};
use crate::os::clock::coarse_millis;

/// What a place is held for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// A connection is being made.
    Dialing,
    /// A connection is checked out; its number in the member's list of checkouts.
    InUse(u32),
    /// The connection is among its node's idle ones: whoever takes it from there counts the place.
    Idle,
    /// The connection is about to be closed.
    Closing,
    /// The same, but only its node's place is free then: that of the whole pool is another's already.
    Evicted,
}

/// One place of the pool's limits. Dropping it, unless idle, gives it to who waits: not under a lock.
pub(super) struct Place {
    /// Idle connections hold their pool too: closing the pool drops them, which ends the circle.
    pub(super) core: Arc<Core>,
    /// Index of the member (node) it counts for; stays good while the place is held.
    pub(super) member: u32,
    pub(super) stage: Stage,
}

impl Drop for Place {
    #[inline]
    fn drop(&mut self) {
        if self.stage != Stage::Idle {
            self.core.give_back(self.member as usize, self.stage);
        }
    }
}

/// A place to dial in, and the connection that has to go first.
pub(super) struct Vacancy {
    // The order matters: also where nobody dials, the connection closes before the place is given on.
    pub(super) evicted: Option<Box<Lease>>,
    pub(super) place: Place,
}

impl Vacancy {
    /// Closes the connection whose place it was. Not under a lock.
    pub(super) fn make_room(self) -> Place {
        drop(self.evicted);
        self.place
    }
}

/// A connection of a pool and the place it holds, idle or in use.
pub struct Lease {
    // The order matters: the connection closes before its place is given away, so that the server
    // never sees more connections than the limit.
    pub(super) connection: Connection,
    pub(super) home: Home,
    pub(super) place: Place,
    /// The pool's epoch when it was dialled; reset and disconnect begin a new one.
    pub(super) epoch: u64,
    /// When `max_lifetime` ends it, on the coarse clock.
    expires_at: Option<u64>,
    /// When it became idle or was last checked, on the coarse clock; kept only where something timed
    /// needs it.
    pub(super) idle_since: u64,
    /// Grows with each return: who has the smallest has been idle longest.
    pub(super) idle_order: u64,
    node_text: CString,
}

impl Lease {
    /// A fresh connection in the place it was dialled for.
    // If this fails, the connection, which comes last, is dropped before its place.
    pub(super) fn new(place: Place, epoch: u64, connection: Connection) -> Result<Box<Self>> {
        let now = coarse_millis();
        let expires_at = place.core.options.max_lifetime.map(|lifetime| {
            // Up to a tenth early, so that connections dialled together do not end together.
            let millis = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
            now.saturating_add(millis - fastrand::u64(0..=millis / 10))
        });
        let node_text = CString::new(connection.node().to_string())
            .map_err(|_| Error::new(Status::Internal, "a node's address holds a NUL"))?;
        Ok(Box::new(Self {
            home: Home::take(connection.interrupter())?,
            connection,
            place,
            epoch,
            expires_at,
            idle_since: now,
            idle_order: 0,
            node_text,
        }))
    }

    /// The connection itself.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The option `command_timeout`.
    pub fn command_timeout(&self) -> Duration {
        self.place.core.options.command_timeout
    }

    /// The node, "host:port", for as long as the connection is checked out.
    pub fn node_text(&self) -> &CStr {
        &self.node_text
    }

    /// When `max_lifetime` ends it, on the coarse clock.
    pub(super) fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// True if `max_lifetime` or `max_idle_time` has ended it.
    #[inline]
    pub(super) fn has_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
            || self.place.core.options.max_idle_time.is_some_and(|idle| {
                u128::from(now.saturating_sub(self.idle_since)) >= idle.as_millis()
            })
    }

    /// Closes the connection; its place stays.
    pub(super) fn close(self: Box<Self>) -> Place {
        let Self { connection, home, place, .. } = *self;
        drop(connection);
        drop(home);
        place
    }

    /// Makes it reachable by a handle.
    #[inline]
    pub(super) fn check_out(self: Box<Self>) -> Handle {
        self.home.entry().check_out(self)
    }
}
