//! What is done to the whole pool: refresh, retire, close, and the work that is due by time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::outbox::Outbox;
use super::pool::{Core, Pool};
use super::refreshing::Views;
use super::waiters::Gift;
use crate::command::Command;
use crate::deadline::Deadline;
use crate::error::{Result, Status};
use crate::log::Level;
use crate::node::NodeAddress;
use crate::os::clock::coarse_millis;
use crate::topology::{Kind, Outcome};

impl Core {
    /// Asks the cluster for its topology and installs the answer, one thread for all who want it.
    /// `suspects` are asked after all others.
    pub(super) fn refresh(
        self: &Arc<Self>,
        kind: Kind,
        suspects: &[NodeAddress],
        deadline: Deadline,
    ) -> Result<Outcome> {
        self.probes.tidy();
        self.refresh.run(kind, deadline, || {
            let mut views = Views::begin(self, suspects, deadline);
            loop {
                if let Some(outcome) = views.step(self) {
                    return outcome;
                }
                views.sit_out();
            }
        })
    }

    /// Connections dialled so far are not wanted any more.
    pub(super) fn retire_all(&self) {
        self.call_back();
        let mut outbox = Outbox::default();
        self.members.lock().retire_all(&mut outbox);
        outbox.deliver();
    }

    /// No connection is given out any more, and nobody waits for one.
    pub(super) fn close(&self) {
        let mut outbox = Outbox::default();
        let mut members = self.members.lock();
        members.closed = true;
        for index in 0..members.list.len() {
            members.dismiss(index, || Gift::Closed, &mut outbox);
        }
        members.retire_all(&mut outbox);
        drop(members);
        self.changes.announce();
        outbox.deliver();
        self.call_back();
        self.probes.close_all();
    }

    /// Does what is due: the timed refresh (`topology_refresh_interval`), closing what has been idle
    /// (`max_idle_time`) or open (`max_lifetime`) too long, and a PING on what has been idle for
    /// `health_check_interval`. No refresh and no health check begins once `budget` is used up. Answers how
    /// long until something is due again, `None` if nothing is timed, and how the refresh went.
    pub(super) fn maintain(self: &Arc<Self>, budget: Duration) -> (Option<Duration>, Result<()>) {
        let deadline = Deadline::after(budget);
        self.close_expired();
        self.probes.tidy();
        self.check_health(deadline);
        let refreshed = self.refresh_if_due(deadline);
        let next = [self.next_refresh(), self.next_idle_work()].into_iter().flatten().min();
        (next, refreshed)
    }

    fn refresh_if_due(self: &Arc<Self>, deadline: Deadline) -> Result<()> {
        match self.options.topology_refresh_interval {
            Some(interval) if self.next_refresh() == Some(Duration::ZERO) => {
                if deadline.has_passed() {
                    return Ok(());
                }
                self.refresh(Kind::Timed(interval), &[], deadline).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn next_refresh(&self) -> Option<Duration> {
        let interval = self.options.topology_refresh_interval?;
        Some(self.refresh.age().map_or(Duration::ZERO, |age| interval.saturating_sub(age)))
    }

    fn close_expired(&self) {
        let now = coarse_millis();
        let mut outbox = Outbox::default();
        let mut members = self.members.lock();
        for index in 0..members.list.len() {
            let idle = std::mem::take(&mut members.list[index].idle);
            for lease in idle {
                let is_outdated = self.dialer.is_outdated(&lease.connection);
                if lease.has_expired(now) && !is_outdated {
                    members.close_idle(lease, &mut outbox);
                } else {
                    members.list[index].idle.push(lease);
                }
            }
        }
        drop(members);
        outbox.deliver();
    }

    /// PINGs connections that have been idle for long, oldest first; one that does not answer is closed.
    fn check_health(&self, deadline: Deadline) {
        let Some(interval) = self.options.health_check_interval else { return };
        let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let ping = Command::of(&[b"PING"]);
        while !deadline.has_passed() {
            let now = coarse_millis();
            let Some(mut lease) = self.members.lock().take_longest_unchecked(now, interval) else {
                return;
            };
            let started = Instant::now();
            let wait = deadline.earlier(Deadline::after(self.options.socket_timeout));
            match lease.connection().command(&ping, wait) {
                Ok(_) => Core::take_back_checked(lease),
                Err(error) => self.options.log.line(
                    Level::Warning,
                    format_args!("health check after {:?}: {error}", started.elapsed()),
                ),
            }
        }
    }

    /// Logs idle connections in by the present credentials, one at a time: taken out, none of them is
    /// missing for long. One that fails is closed; the first refusal is the answer.
    pub(super) fn log_in_again(self: &Arc<Self>, deadline: Deadline) -> Result<()> {
        self.members.lock().retire_logins();
        let mut outcome = Ok(());
        loop {
            let now = coarse_millis();
            let Some(mut lease) = self.members.lock().take_outdated(&self.dialer, now) else {
                return outcome;
            };
            lease.restore_login();
            // What lies unread there must not be taken for the answer to AUTH.
            if !lease.is_fit(now) {
                continue;
            }
            match self.dialer.log_in_again(&mut lease.connection, deadline) {
                Ok(()) => Core::take_back_checked(lease),
                Err(error) if error.status() == Status::Timeout && deadline.has_passed() => {
                    return Err(error);
                }
                Err(error) => {
                    let log = &self.options.log;
                    log.line(Level::Warning, format_args!("logging in anew failed: {error}"));
                    if outcome.is_ok() && error.status() == Status::Auth {
                        outcome = Err(error);
                    }
                }
            }
        }
    }

    fn next_idle_work(&self) -> Option<Duration> {
        let now = coarse_millis();
        let options = &self.options;
        let timed = [options.max_idle_time, options.health_check_interval, options.max_lifetime];
        // With nothing idle, whatever is released next is due an interval later at the earliest.
        let fallback = Some(timed.into_iter().flatten().min()?);
        let after = |since: u64, interval: Option<Duration>| {
            let interval = u64::try_from(interval?.as_millis()).unwrap_or(u64::MAX);
            Some(since.saturating_add(interval))
        };
        let members = self.members.lock();
        let leases = members.list.iter().flat_map(|member| &member.idle);
        let next = leases
            .flat_map(|lease| {
                let idle = after(lease.idle_since, options.max_idle_time);
                let check = after(lease.checked_at, options.health_check_interval);
                [idle, check, lease.expires_at()]
            })
            .flatten()
            .min();
        next.map(|due| Duration::from_millis(due.saturating_sub(now))).or(fallback)
    }
}

impl Pool {
    /// After trouble with these nodes: asks the others for the topology, and those that are in trouble last. One
    /// that is under way will do, and too soon after the last one there is none.
    ///
    /// # Errors
    /// As [`Pool::refresh`].
    pub fn refresh_after(&self, suspects: &[NodeAddress], deadline: Deadline) -> Result<Outcome> {
        let core = self.core();
        core.check_open()?;
        core.refresh(Kind::Wanted, suspects, deadline)
    }
}

#[cfg(test)]
#[path = "stale_view_tests.rs"]
mod stale_view_tests;
