//! The pool: what its threads share, and how it begins and ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::borrowers::Borrowers;
use super::changes::Changes;
use super::checkout::Access;
use super::demotion::Standing;
use super::handles::{self, Handle};
use super::lease::{Lease, Place};
use super::members::Members;
use super::outbox::Outbox;
use super::probe::Probes;
use super::redirect::Redirects;
use super::routes::Routes;
use super::stats::Stats;
use crate::connection::Dialer;
use crate::credentials::Credentials;
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::options::{Options, ReadFrom};
use crate::os::clock::coarse_millis;
use crate::os::fork::{self, PerProcess};
use crate::os::futex::{Mutex, MutexGuard};
use crate::topology::{Kind, Refresh, SlotMap};

/// Exclusive connections to the nodes of one cluster. Any number of threads share a pool; dropping it
/// closes it, and connections still checked out close when they are released.
pub struct Pool {
    dialer: Arc<Dialer>,
    core: PerProcess<Core>,
}

/// All of a pool that belongs to one process.
pub(super) struct Core {
    pub(super) options: Arc<Options>,
    pub(super) dialer: Arc<Dialer>,
    pub(super) members: Mutex<Members>,
    pub(super) refresh: Arc<Refresh>,
    pub(super) redirects: Redirects,
    pub(super) changes: Changes,
    pub(super) probes: Probes,
    pub(super) borrowers: Borrowers,
    /// Something timed asks since when a connection is idle.
    notes_idle_time: bool,
    /// The kinds of [`Access`] that are not simply the primary's: reading with `read_from`, writing with
    /// `readonly`.
    special: u8,
}

impl Core {
    fn new(dialer: Arc<Dialer>) -> Self {
        if fork::generation() > 0 {
            // A child inherits its parent's random numbers, and its siblings' are the same.
            fastrand::seed(u64::from(std::process::id()) << 32 ^ coarse_millis());
            dialer.after_fork();
        }
        let options = dialer.options().clone();
        let members = Members::new(&options);
        Self {
            members: Mutex::new(members),
            refresh: Arc::new(Refresh::new(options.topology_refresh_min_interval)),
            redirects: Redirects::default(),
            changes: Changes::default(),
            probes: Probes::default(),
            borrowers: Borrowers::default(),
            notes_idle_time: options.max_idle_time.is_some()
                || options.health_check_interval.is_some(),
            special: (u8::from(options.read_from != ReadFrom::Primary) * Access::Read as u8)
                | (u8::from(options.readonly) * Access::Write as u8),
            options,
            dialer,
        }
    }

    /// Whether such a get is not simply the primary's.
    #[inline(always)]
    pub(super) fn is_special(&self, access: Access) -> bool {
        self.special & access as u8 != 0
    }

    /// The present routes. Immutable: what is read from them needs no lock.
    pub(super) fn routes(&self) -> Arc<Routes> {
        self.members.lock().routes.clone()
    }

    /// A place is free: whoever waits for one gets it.
    pub(super) fn give_back(place: &Place) {
        let mut outbox = Outbox::default();
        place.core.members.lock().give_back(place, &mut outbox);
        outbox.deliver();
    }

    /// Takes a connection back: to its node's idle ones, to who waits, or to be closed.
    #[inline(always)]
    pub(super) fn take_back(mut lease: Box<Lease>) {
        if lease.place.core.notes_idle_time {
            lease.idle_from(coarse_millis());
        }
        if lease.connection.is_reusable() {
            // Where the connection goes, its reference to the pool goes too.
            let core = Arc::clone(&lease.place.core);
            if let Some((members, unwanted)) = core.put_back(lease, Members::put_back) {
                core.settle(members, unwanted);
            }
        }
    }

    /// The same for one of this pool that has just answered the client, and tells what the answer is worth.
    #[inline(always)]
    pub(super) fn take_back_answered(self: &Arc<Self>, mut lease: Box<Lease>) -> Standing {
        if self.notes_idle_time {
            lease.idle_from(coarse_millis());
        }
        if lease.connection.is_reusable() {
            return match self.put_back(lease, Members::put_back_answered) {
                None => Standing::Good,
                Some((members, unwanted)) => self.settle(members, unwanted),
            };
        }
        lease.standing()
    }

    /// Takes a connection back that was not used, only checked.
    pub(super) fn take_back_checked(mut lease: Box<Lease>) {
        lease.checked_at = coarse_millis();
        if lease.connection.is_reusable() {
            let core = Arc::clone(&lease.place.core);
            if let Some((members, unwanted)) = core.put_back(lease, Members::put_back_checked) {
                core.settle(members, unwanted);
            }
        }
    }

    /// Puts a connection back by `put`. What is left to [`Core::settle`], if anything.
    #[inline(always)]
    fn put_back(
        &self,
        mut lease: Box<Lease>,
        put: impl FnOnce(&mut Members, Box<Lease>) -> Option<Box<Lease>>,
    ) -> Option<(MutexGuard<'_, Members>, Option<Box<Lease>>)> {
        let buffers = lease.connection.detach();
        let mut members = self.members.lock();
        if let Some(buffers) = buffers {
            members.keep_buffers(buffers);
        }
        match put(&mut members, lease) {
            None if !members.is_awaited() => None,
            unwanted => Some((members, unwanted)),
        }
    }

    /// Serves who waits, and closes a connection that is not wanted any more, telling why.
    #[cold]
    fn settle(
        self: &Arc<Self>,
        mut members: MutexGuard<'_, Members>,
        unwanted: Option<Box<Lease>>,
    ) -> Standing {
        let standing = unwanted.as_ref().map_or(Standing::Good, |lease| members.standing(lease));
        let mut outbox = Outbox::default();
        members.settle(self, &mut outbox);
        drop(members);
        outbox.deliver();
        drop(unwanted);
        standing
    }
}

impl Pool {
    /// A pool of what the options say. Discovers the topology, unless `init_slot_cache` is off: each
    /// dial ends by `socket_connect_timeout` and each answer by `socket_timeout`.
    ///
    /// # Errors
    /// CONFIG; UNREACHABLE, AUTH or SLOT_NOT_COVERED from the discovery.
    pub fn new(options: Options) -> Result<Self> {
        options.validate()?;
        let dialer = Arc::new(Dialer::new(Arc::new(options))?);
        let pool = Self { dialer, core: PerProcess::new() };
        if pool.options().init_slot_cache {
            let core = pool.core();
            core.refresh(Kind::Forced, &[], Deadline::NEVER)?;
        }
        Ok(pool)
    }

    /// What this process's threads share.
    #[inline]
    pub(super) fn core(&self) -> &Arc<Core> {
        self.core.get_or_make(|| Core::new(self.dialer.clone()))
    }

    /// The options the pool was made from.
    pub fn options(&self) -> &Options {
        self.dialer.options()
    }

    /// Gives a connection back. It is closed instead if it cannot serve another: a reply is unread, a
    /// call timed out, or it is in MULTI, WATCH, SUBSCRIBE, MONITOR or CLIENT REPLY OFF.
    ///
    /// # Errors
    /// NOT_CHECKED_OUT, FORKED; INVALID_ARGUMENT if it is another pool's, or in use by another thread
    /// right now: then nothing changes.
    pub fn release(&self, connection: Handle) -> Result<()> {
        let core = self.core();
        let lease = handles::end(connection, |lease| {
            if Arc::ptr_eq(&lease.place.core, core) {
                return Ok(());
            }
            Err(Error::new(
                Status::InvalidArgument,
                "the connection belongs to another pool; release it there, or with \
                 rediscluster_connection_release",
            ))
        })?;
        Core::take_back(lease);
        Ok(())
    }

    /// Rediscovers the topology; connections stay.
    ///
    /// # Errors
    /// As the discovery of [`Pool::new`], and TIMEOUT; CLOSED.
    pub fn refresh(&self, timeout: Timeout) -> Result<()> {
        let core = self.core();
        core.check_open()?;
        core.refresh(Kind::Forced, &[], timeout.deadline(self.options().command_timeout))
            .map(|_| ())
    }

    /// Closes idle connections, makes those in use close when they are released, and rediscovers.
    ///
    /// # Errors
    /// As [`Pool::refresh`]; the connections are gone all the same.
    pub fn reset(&self, timeout: Timeout) -> Result<()> {
        self.disconnect()?;
        self.refresh(timeout)
    }

    /// Closes idle connections now and those in use when they are released; the topology stays.
    ///
    /// # Errors
    /// CLOSED.
    pub fn disconnect(&self) -> Result<()> {
        let core = self.core();
        core.check_open()?;
        core.retire_all();
        core.options.log.line(Level::Info, format_args!("all connections of the pool retired"));
        Ok(())
    }

    /// Closes the pool: idle connections now, those in use when they are released; who waits, and every
    /// later get, ends with CLOSED. Closing twice is no error.
    pub fn close(&self) {
        self.core().close();
    }

    /// Replaces the credentials that connections log in by. Idle ones log in anew now, within
    /// `command_timeout`, the others when they are given out again.
    ///
    /// # Errors
    /// AUTH from a node that refuses them, TIMEOUT: the credentials hold all the same. CLOSED.
    pub fn update_credentials(&self, credentials: Credentials) -> Result<()> {
        let core = self.core();
        core.check_open()?;
        self.dialer.set_credentials(credentials);
        core.call_back();
        core.log_in_again(Deadline::after(self.options().command_timeout))
    }

    /// Reads the certificates again that the `ssl_` options name, for connections made from now on.
    ///
    /// # Errors
    /// CONFIG: a file that cannot be read or does not fit, or TLS is off; nothing changes then. CLOSED.
    pub fn reload_tls(&self) -> Result<()> {
        self.core().check_open()?;
        self.dialer.reload_tls()
    }

    /// Does what is due by time, and tells in how long something is due again, also where the refresh
    /// failed. See [`Core::maintain`].
    ///
    /// # Errors
    /// CLOSED; a refresh that failed.
    pub fn maintain(&self, budget: Duration) -> (Option<Duration>, Result<()>) {
        let core = self.core();
        match core.check_open() {
            Ok(()) => core.maintain(budget),
            Err(closed) => (None, Err(closed)),
        }
    }

    /// A snapshot of the pool's numbers.
    pub fn stats(&self) -> Stats {
        let core = self.core();
        core.call_back();
        let mut stats = core.members.lock().stats();
        stats.total.moved = core.redirects.moved.load(Ordering::Relaxed);
        stats.total.ask = core.redirects.ask.load(Ordering::Relaxed);
        stats.total.refreshes = core.refresh.refreshes();
        stats.total.refreshes_suppressed = core.refresh.suppressed();
        stats
    }

    /// The present map; empty, with version 0, before the first discovery.
    pub fn topology(&self) -> Arc<SlotMap> {
        self.core().routes().map.clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A child that never used the pool has nothing to close, and the parent's is not its own.
        if let Some(core) = self.core.get() {
            core.close();
        }
    }
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod waiting_tests;

#[cfg(test)]
#[path = "routing_tests.rs"]
mod routing_tests;
