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
    /// A connection is checked out.
    InUse,
    /// The connection is among its node's idle ones: whoever takes it from there counts the place.
    Idle,
    /// The connection is about to be closed for another node's, whose place in all it was; its node's is
    /// free once it is closed.
    Evicted,
}

/// One place of the pool's limits. Dropping it while dialing or in use gives it to who waits.
pub(super) struct Place {
    /// Idle connections hold their pool too: closing the pool drops them, which ends the circle.
    pub(super) core: Arc<Core>,
    /// Index of the member (node) it counts for; stays good while the place is held.
    pub(super) member: u32,
    /// Of the connection that has the place, in the member's list of checkouts.
    pub(super) seat: u32,
    pub(super) stage: Stage,
}

impl Drop for Place {
    #[inline]
    fn drop(&mut self) {
        if self.stage != Stage::Idle {
            Core::give_back(self);
        }
    }
}

/// A connection of a pool and the place it holds, idle or in use.
pub struct Lease {
    // The order matters: the connection closes before its place is given away, so that the server
    // never sees more connections than the limit.
    pub(super) connection: Connection,
    pub(super) home: Home,
    pub(super) place: Place,
    /// Its member's epoch when it was dialled.
    pub(super) epoch: u64,
    /// When `max_lifetime` ends it, on the coarse clock.
    expires_at: Option<u64>,
    /// When it became idle, on the coarse clock; kept only where something timed needs it.
    pub(super) idle_since: u64,
    /// When it became idle or answered a health check since, likewise.
    pub(super) checked_at: u64,
    /// When `max_lifetime` or `max_idle_time` ends it if it stays idle until then.
    good_until: u64,
    /// When a call last had it to share, on the coarse clock; 0: never.
    pub(super) shared_at: u64,
    /// Grows with each return: who has the smallest has been idle longest.
    pub(super) idle_order: u64,
    node_text: CString,
}

impl Lease {
    /// A fresh connection in the place it was dialled for.
    // If this fails, the connection, which comes last, closes before its place is given away.
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
            checked_at: now,
            good_until: expires_at.unwrap_or(u64::MAX),
            shared_at: 0,
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

    /// It becomes idle.
    pub(super) fn idle_from(&mut self, now: u64) {
        self.idle_since = now;
        self.checked_at = now;
        self.limit_idle_time();
    }

    /// When it has to end if it stays idle from now on.
    fn limit_idle_time(&mut self) {
        let longest = self.place.core.options.max_idle_time;
        let longest =
            longest.map_or(u64::MAX, |idle| idle.as_millis().try_into().unwrap_or(u64::MAX));
        let idle_until = self.idle_since.saturating_add(longest);
        self.good_until = self.expires_at.unwrap_or(u64::MAX).min(idle_until);
    }

    /// True if `max_lifetime` or `max_idle_time` has ended it.
    #[inline]
    pub(super) fn has_expired(&self, now: u64) -> bool {
        now >= self.good_until
    }

    /// The idle check: not expired (nor a [retired login](Lease::retire_login)), open and silent.
    #[inline]
    pub(super) fn is_fit(&mut self, now: u64) -> bool {
        !self.has_expired(now) && self.connection.is_idle_and_open()
    }

    /// The credentials it logged in by were replaced: until it logs in anew it passes for expired, which a
    /// checkout looks at in any case.
    pub(super) fn retire_login(&mut self) {
        self.good_until = 0;
    }

    /// Ends what [`Lease::retire_login`] did.
    pub(super) fn restore_login(&mut self) {
        self.limit_idle_time();
    }

    /// Closes the connection; its place stays.
    pub(super) fn close(self: Box<Self>) -> Place {
        let Self { connection, home, place, .. } = *self;
        drop(connection);
        drop(home);
        place
    }

    /// Makes it reachable by a handle.
    #[inline(always)]
    pub(super) fn check_out(self: Box<Self>) -> Handle {
        self.home.entry().check_out(self)
    }
}
