//! How commands end that are not answered: by time, by the program, or with the loop.

use std::time::{Duration, Instant};

use super::call::{Call, CallId, Stage};
use super::link::Door;
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::Event;
use crate::error::{Error, Result, Status};

/// A link on which nothing was received for so long, while commands on it timed out, is silent.
const SILENT: Duration = Duration::from_millis(100);

impl Reactor {
    /// See [`EventLoop::cancel`](super::EventLoop::cancel).
    pub(super) fn cancel(&mut self, tag: u64) -> Result<()> {
        let message = "the command was cancelled";
        let mut found = false;
        for at in 0..self.links.len() {
            let is_it = |awaited: &Awaited| awaited.owner == Owner::Command { tag };
            found |= self.end_commands(at, is_it, Status::Cancelled, message);
        }
        let calls = self.calls.iter().filter(|(_, call)| call.tag == tag).map(|(id, _)| id);
        for id in calls.collect::<Vec<_>>() {
            found = true;
            self.end_call(id, Status::Cancelled, message);
        }
        if !found {
            let message = "tag is of no command in flight";
            return Err(Error::new(Status::InvalidArgument, message));
        }
        // Its completion is there to be taken.
        self.wake.ring();
        Ok(())
    }

    /// Ends the commands of a link's queue that are chosen. True if there were any.
    fn end_commands(
        &mut self,
        at: usize,
        is_chosen: impl Fn(&Awaited) -> bool,
        status: Status,
        message: &str,
    ) -> bool {
        let Some(link) = self.link(at) else { return false };
        let left = link.left();
        let node = link.node().cloned();
        let mut ended = Vec::new();
        link.queue.end_some(left, is_chosen, |awaited, sent| ended.push((awaited, sent)));
        for (awaited, sent) in &ended {
            if let Owner::Command { tag } = awaited.owner {
                let mut error = Error::new(status, message).with_maybe_executed(*sent);
                if let Some(node) = node.as_ref().filter(|_| *sent) {
                    error = error.on_node(node);
                }
                self.complete(tag, Err(error.on_slot(awaited.slot)));
            }
        }
        !ended.is_empty()
    }

    /// Calls end whose tokens were fired.
    pub(super) fn end_fired(&mut self) {
        if !self.tokens.is_any_fired() {
            return;
        }
        let is_fired = |call: &Call| call.cancel.as_ref().is_some_and(|cancel| cancel.is_fired());
        let fired = self.calls.iter().filter(|(_, call)| is_fired(call)).map(|(id, _)| id);
        for id in fired.collect::<Vec<_>>() {
            self.end_call(id, Status::Cancelled, "the call was cancelled by its token");
        }
    }

    /// See [`EventLoop::close`](super::EventLoop::close).
    pub(super) fn close(&mut self) {
        if self.is_closed {
            return;
        }
        self.end_all("the asynchronous handle was closed");
        self.is_closed = true;
        self.wake.ring();
    }

    /// Everything in flight ends with CLOSED.
    pub(super) fn end_all(&mut self, message: &str) {
        for at in 0..self.links.len() {
            let is_command = |awaited: &Awaited| matches!(awaited.owner, Owner::Command { .. });
            self.end_commands(at, is_command, Status::Closed, message);
        }
        for id in self.calls.iter().map(|(id, _)| id).collect::<Vec<_>>() {
            self.end_call(id, Status::Closed, message);
        }
        self.refreshes = super::refreshes::Refreshes::default();
        (self.probes, self.tidy_at, self.calls_due) =
            (super::probes::Probes::default(), None, None);
        self.shut();
        self.is_gathering = false;
    }

    /// Ends what has no more time, and connections that were silent for too long, each after a last look at what has
    /// come.
    pub(super) fn expire(&mut self) {
        let now = self.now;
        for at in 0..self.links.len() {
            let Some(link) = self.link(at) else { continue };
            if link.due().is_some_and(|due| due <= now) {
                self.expire_link(at);
            }
            let Some(link) = self.link(at) else { continue };
            if link.silent_at().is_some_and(|silent| silent <= now) {
                self.end_silent(at);
            }
        }
        if self.calls_due.is_some_and(|due| due <= now) {
            self.expire_calls();
        }
    }

    fn expire_link(&mut self, at: usize) {
        let heard = self.link(at).map(|link| link.moved);
        self.look(at);
        let now = self.now;
        let Some(link) = self.link(at) else { return };
        let left = link.left();
        let is_late = |awaited: &Awaited| {
            awaited.owner != Owner::Nobody && awaited.deadline.is_some_and(|end| end <= now)
        };
        let node = link.node().cloned();
        let mut late = Vec::new();
        let is_full = match &link.door {
            Door::Full { error, .. } => Some(error.message().to_owned()),
            _ => None,
        };
        link.queue.end_some(left, is_late, |awaited, sent| late.push((awaited, sent)));
        link.due = link
            .queue
            .iter()
            .filter(|it| it.owner != Owner::Nobody)
            .filter_map(|it| it.deadline)
            .min();
        let is_silent = heard.is_some_and(|heard| now.saturating_duration_since(heard) >= SILENT);
        if is_silent
            && late.iter().any(|(_, sent)| *sent)
            && let Door::Open(lease) = &link.door
        {
            lease.suspect();
        }
        for (awaited, sent) in late {
            let error = too_late(sent, is_full.as_deref());
            let error = match &node {
                Some(node) if sent => error.on_node(node),
                _ => error,
            };
            match awaited.owner {
                Owner::Command { tag } => {
                    let id = self.call_of(&awaited, tag, &[]);
                    let event = Event::Failed { error, sent, had_connection: sent };
                    self.tell(id, 0, event, self.took(awaited.began), 0.0);
                }
                Owner::Probe { .. } => self.probe_failed(at),
                _ => {}
            }
        }
    }

    /// A last look at what has come.
    fn look(&mut self, at: usize) {
        if self.link(at).is_some_and(|link| link.queue.owes()) {
            self.receive(at);
        }
    }

    fn end_silent(&mut self, at: usize) {
        self.look(at);
        let now = self.now;
        let Some(link) = self.link(at) else { return };
        if link.silent_at().is_none_or(|silent| silent > now) {
            return;
        }
        if let Door::Open(lease) = &mut link.door {
            let error = lease.connection().give_up(true);
            self.crash(at, &error);
        }
    }

    fn expire_calls(&mut self) {
        let now = self.now;
        let is_late = |end: Option<Instant>| end.is_some_and(|end| end <= now);
        let late: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| is_late(call.rules.deadline.instant()))
            .map(|(id, _)| id)
            .collect();
        for id in late {
            self.expire_call(id);
        }
        self.calls_due = self.calls.iter().filter_map(|(_, it)| it.rules.deadline.instant()).min();
    }

    /// The time of a call is over: its executions say with what each piece ends.
    fn expire_call(&mut self, id: CallId) {
        for at in 0..self.links.len() {
            let is_its = |awaited: &Awaited| matches!(awaited.owner, Owner::Piece { call, .. } if call == id);
            if self.link(at).is_some_and(|link| link.queue.iter().any(is_its)) {
                self.look(at);
            }
        }
        let mut pieces = Vec::new();
        let mut own = None;
        let now = self.now;
        for at in 0..self.links.len() {
            let Some(link) = self.link(at) else { continue };
            let (left, is_own, node) = (link.left(), link.is_own, link.node().cloned());
            let is_silent = now.saturating_duration_since(link.moved) >= SILENT;
            let is_full = match &link.door {
                Door::Full { error, .. } => Some(error.message().to_owned()),
                _ => None,
            };
            let before = pieces.len();
            let is_its = |awaited: &Awaited| matches!(awaited.owner, Owner::Piece { call, .. } if call == id);
            link.queue.end_some(left, is_its, |awaited, sent| {
                if let Owner::Piece { index, .. } = awaited.owner {
                    let error = too_late(sent, is_full.as_deref());
                    let error = match &node {
                        Some(node) if sent => error.on_node(node),
                        _ => error,
                    };
                    pieces.push((index, sent, error));
                }
                own = is_own.then_some(at);
            });
            if is_silent
                && pieces.iter().skip(before).any(|(_, sent, _)| *sent)
                && let Door::Open(lease) = &link.door
            {
                lease.suspect();
            }
        }
        if let Some(at) = own {
            self.drop_link(at);
        }
        let Some(call) = self.calls.get(id) else { return };
        if matches!(call.stage, Stage::Discovering) {
            // A discovery of its own has no more time, either, and says why it brought nothing.
            self.step_refresh();
        }
        let Some(call) = self.calls.get(id) else { return };
        if !matches!(call.stage, Stage::Running(_)) {
            let message = "the call's time ended before it was known where the command goes";
            return self.finish(id, Some(Error::new(Status::Timeout, message)));
        }
        let began = call.began;
        for (index, sent, error) in pieces {
            let event = Event::Failed { error, sent, had_connection: sent };
            self.tell(id, index, event, self.took(began), 0.0);
        }
        // What waited, for its time or for the topology.
        let count = self.calls.get(id).map_or(0, |call| call.pieces.len());
        for index in 0..count {
            self.advance(id, index as u32);
        }
        // Whatever has no execution was never sent.
        if self.calls.get(id).is_some() {
            self.end_call(id, Status::Timeout, "the call's time ended");
        }
    }
}

/// Why a command ends by its deadline.
#[cold]
fn too_late(sent: bool, full: Option<&str>) -> Error {
    match full {
        Some(full) if !sent => Error::new(Status::PoolTimeout, full),
        _ if sent => Error::new(Status::Timeout, "the reply was not there in time"),
        _ => Error::new(Status::Timeout, "no time was left to send the command; it was not sent"),
    }
}
