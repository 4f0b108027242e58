//! One poll: sends, waits, receives, does what is due, and hands over completions.

use std::mem;
use std::time::Instant;

use super::completion::Completion;
use super::link::Door;
use super::reactor::Reactor;
use super::submission::closed;
use super::wake::{BELL, REFRESH, TIMER};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::os::epoll::Epoll;

/// How often one poll asks the system for more of what is ready, where there is much.
const ROUNDS: u32 = 64;

impl Reactor {
    /// See [`EventLoop::poll`](super::EventLoop::poll).
    pub(super) fn poll(
        &mut self,
        max: usize,
        timeout: Timeout,
        mut take: impl FnMut(Completion),
    ) -> Result<usize> {
        self.is_gathering = false;
        self.now = Instant::now();
        if self.is_closed && self.done.is_empty() {
            return Err(closed());
        }
        if let Err(error) = self.pool().check_open()
            && !self.is_closed
        {
            self.end_all("the client's pool was closed");
            if self.done.is_empty() {
                return Err(error);
            }
        }
        let until = match timeout {
            Timeout::Now => Deadline::at(self.now),
            timeout => timeout.deadline(self.pool().options().command_timeout),
        };
        loop {
            self.turn();
            // A burst that is larger than the program takes is not made larger.
            if self.done.len() < max.max(1) {
                self.wait(until)?;
                self.turn();
            }
            if !self.done.is_empty() || until.instant().is_some_and(|end| end <= self.now) {
                break;
            }
            // Nothing would ever come.
            if self.in_flight == 0 && until == Deadline::NEVER {
                break;
            }
        }
        let count = self.done.len().min(max);
        self.in_flight -= count;
        for completion in self.done.drain(..count) {
            take(completion);
        }
        self.announce();
        Ok(count)
    }

    /// Does what can be done without waiting.
    fn turn(&mut self) {
        self.end_fired();
        self.expire();
        self.step_refresh();
        self.wake_waiting();
        self.probe();
        self.open_more();
        self.flush_all();
        self.step_refresh();
        self.tidy();
    }

    /// Waits until something is ready or due, or the time has come, and receives.
    fn wait(&mut self, until: Deadline) -> Result<()> {
        let nothing = Deadline::at(self.now);
        // A refresh that ended at once has had commands sent again that are not on their way yet.
        let first = match self.done.is_empty() && self.dirty.is_empty() {
            true => self.next_moment().map_or(until, |at| until.earlier(Deadline::at(at))),
            false => nothing,
        };
        let mut ready = mem::take(&mut self.ready);
        let mut outcome = Ok(());
        for round in 0..ROUNDS {
            let deadline = if round == 0 { first } else { nothing };
            outcome = self.epoll.wait(deadline, &mut ready);
            self.now = Instant::now();
            for &token in &ready {
                match token {
                    BELL | REFRESH => {}
                    TIMER => self.wake.has_fired(),
                    token => self.attend(token),
                }
            }
            if outcome.is_err() || ready.len() < Epoll::EVENTS {
                break;
            }
        }
        self.ready = ready;
        outcome.map_err(|error| {
            Error::new(Status::Internal, format!("waiting for replies failed: {error}"))
        })
    }

    /// Something can be done on a link's connection.
    fn attend(&mut self, token: u64) {
        let (at, serial) = ((token & 0xffff_ffff) as usize, (token >> 32) as u32);
        let Some(link) = self.link(at).filter(|link| link.serial == serial) else { return };
        if !matches!(link.door, Door::Open(_)) {
            return;
        }
        let writes = link.writes;
        self.receive(at);
        if writes {
            self.flush(at);
        }
    }

    /// When something is due if nothing comes before; None: never.
    pub(super) fn next_moment(&self) -> Option<Instant> {
        let mut next =
            [self.calls_due, self.probes.due(), self.tidy_at].into_iter().flatten().min();
        let mut add = |at: Option<Instant>| {
            if let Some(at) = at
                && next.is_none_or(|next| at < next)
            {
                next = Some(at);
            }
        };
        for (_, link) in self.places() {
            add(link.due());
            add(link.silent_at());
            match &link.door {
                Door::Dialing(dial) => add(dial.until().instant()),
                Door::Full { again, .. } => add(Some(*again)),
                Door::Closed | Door::Open(_) => {}
            }
        }
        for waiting in &self.waiting {
            add(Some(waiting.until));
        }
        if let Some(running) = &self.refreshes.running {
            add(running.until().instant());
        }
        next
    }

    /// See [`EventLoop::next_timeout`](super::EventLoop::next_timeout).
    pub(super) fn next_timeout(&self) -> i64 {
        if self.is_gathering || !self.done.is_empty() || !self.dirty.is_empty() {
            return 0;
        }
        let Some(next) = self.next_moment() else { return -1 };
        let left = next.saturating_duration_since(Instant::now());
        let millis = left.as_nanos().div_ceil(1_000_000);
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    /// The program waits on the descriptor from now on.
    pub(super) fn is_to_be_watched(&mut self) {
        if !self.wake.is_watched() {
            self.wake.watch();
            self.now = Instant::now();
            self.announce();
            if self.is_gathering {
                self.wake.ring();
            }
        }
    }

    /// What a program that waits on the descriptor is to know.
    fn announce(&mut self) {
        if !self.wake.is_watched() {
            return;
        }
        if !self.done.is_empty() || !self.dirty.is_empty() {
            self.wake.ring();
        }
        let next = self.next_moment();
        self.wake.at(next, self.now);
    }
}
