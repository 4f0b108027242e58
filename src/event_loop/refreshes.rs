//! The cluster is asked for its topology while commands go on; who needs the answer waits for it.

use super::call::CallId;
use super::reactor::Reactor;
use super::wake::REFRESH;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::log::Level;
use crate::node::NodeAddress;
use crate::pool::{Refreshing, uncovered};

/// The refresh under way, and who waits for it.
#[derive(Default)]
pub(super) struct Refreshes {
    pub(super) running: Option<Refreshing>,
    /// Pieces that failed.
    pieces: Vec<(CallId, u32)>,
    /// Calls that came before there was a map.
    calls: Vec<CallId>,
}

impl Reactor {
    /// Begins a refresh, unless one is under way.
    pub(super) fn refresh(&mut self, suspects: &[NodeAddress]) {
        self.refresh_by(suspects, Deadline::after(self.pool().options().command_timeout));
    }

    fn refresh_by(&mut self, suspects: &[NodeAddress], deadline: Deadline) {
        if self.refreshes.running.is_some() {
            return;
        }
        let pool = self.pool();
        let running = pool
            .begin_discovery(deadline)
            .unwrap_or_else(|| pool.begin_refresh(suspects, false, deadline));
        self.refreshes.running = Some(running);
    }

    /// A piece goes on when the topology was asked for.
    pub(super) fn await_refresh(&mut self, id: CallId, index: u32, suspect: Option<NodeAddress>) {
        self.refreshes.pieces.push((id, index));
        self.refresh(suspect.as_slice());
    }

    /// A call goes on when there is a map. A discovery has the time of the call it begins for, so that it ends with why
    /// there is none; another is begun for those that have more.
    pub(super) fn await_map(&mut self, id: CallId) {
        let deadline = self.calls.get(id).map_or(Deadline::NEVER, |call| call.rules.deadline);
        self.refreshes.calls.push(id);
        self.refresh_by(&[], deadline);
    }

    /// Goes on with the refresh as far as can be now.
    pub(super) fn step_refresh(&mut self) {
        while let Some(running) = &mut self.refreshes.running {
            let Some(outcome) = running.step() else {
                if let Some(fd) = running.fd() {
                    // Without it the refresh ends by its deadline.
                    let _ = self.epoll.watch(fd, REFRESH, running.wanted());
                }
                return;
            };
            let had_no_time = running.has_no_time_left();
            self.refreshes.running = None;
            self.refreshed(outcome.err(), had_no_time);
        }
    }

    fn refreshed(&mut self, error: Option<Error>, had_no_time: bool) {
        if let Some(error) = &error {
            self.pool().log(Level::Warning, format_args!("a refresh failed: {error}"));
        }
        self.sync();
        let is_known = self.routes.map().version() != 0;
        let mut longest: Option<Deadline> = None;
        for id in std::mem::take(&mut self.refreshes.calls) {
            let Some(call) = self.calls.get(id) else { continue };
            let deadline = call.rules.deadline;
            if !is_known && had_no_time && !deadline.has_passed() {
                self.refreshes.calls.push(id);
                longest = Some(longest.map_or(deadline, |longest| longest.later(deadline)));
                continue;
            }
            let planned = match is_known {
                true => self.plan(id, None, None),
                false => Err(error.clone().unwrap_or_else(|| uncovered(0))),
            };
            if let Err(error) = planned {
                self.finish(id, Some(error));
            }
        }
        if let Some(deadline) = longest {
            self.refresh_by(&[], deadline);
        }
        // Its failing is no end of a command: the map may still be good.
        for (id, index) in std::mem::take(&mut self.refreshes.pieces) {
            self.advance(id, index);
        }
    }
}
