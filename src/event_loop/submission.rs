//! How commands come in: most as bytes in a link's queue, the others as calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::{Call, CallId, Encoded, Piece, Stage};
use super::link::{Door, Link};
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::{Execution, Rules, Settings, access_of, check_suited, nameless};
use crate::command::{Blocking, Command, Flags, Spec, find};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::slot::key_slot;

/// What gathers for one node beyond this leaves before the next poll.
const EARLY: usize = 64 * 1024;

impl Reactor {
    /// See [`EventLoop::submit`](super::EventLoop::submit).
    #[inline]
    pub(super) fn submit(
        &mut self,
        command: &Command,
        settings: &Settings,
        tag: u64,
    ) -> Result<()> {
        if self.in_flight >= self.most {
            return Err(self.full());
        }
        if !self.is_gathering {
            self.begin_gathering()?;
        }
        if let Some(spec) = find(command)
            && let Some(index) = spec.sole_key()
            && settings.is_plain()
            && spec.timeout == Blocking::Never
            && spec.accepts(command.argument_count())
            && let Some(key) = command.argument(index)
        {
            let slot = key_slot(key);
            let to_reader = self.pool().is_for_readers(slot, access_of(spec))?;
            if let Some(at) = self.quick_link(slot, to_reader) {
                return self.submit_to(at, slot, to_reader, spec, command, settings, tag);
            }
        }
        self.submit_slowly(command, settings, tag)
    }

    /// The quick way: one key, and a link that is known.
    #[inline]
    #[allow(clippy::too_many_arguments)] // of one caller, and small
    fn submit_to(
        &mut self,
        at: usize,
        slot: u16,
        to_reader: bool,
        spec: &Spec,
        command: &Command,
        settings: &Settings,
        tag: u64,
    ) -> Result<()> {
        let began = Instant::now();
        let left = self.client.time_of(settings.timeout.unwrap_or(Timeout::Default));
        let deadline = left.and_then(|left| began.checked_add(left));
        // Those that say so otherwise have no key (a test goes through them).
        let replays = spec.flags.has(Flags::READONLY);
        let owner = Owner::Command { tag };
        let awaited = Awaited { owner, start: 0, began, deadline, slot, to_reader, replays };
        self.in_flight += 1;
        self.append(at, command.encoded(), awaited);
        Ok(())
    }

    /// Puts a command behind those of a link.
    #[inline]
    pub(super) fn append(&mut self, at: usize, bytes: &[u8], awaited: Awaited) {
        if enqueue(&mut self.links, &mut self.dirty, at, bytes, awaited) {
            self.flush(at);
        }
    }

    /// The same for a piece of a call.
    pub(super) fn append_piece(&mut self, at: usize, id: CallId, index: u32, awaited: Awaited) {
        let Self { calls, links, dirty, .. } = self;
        let Some(call) = calls.get(id) else { return };
        if enqueue(links, dirty, at, call.bytes(index), awaited) {
            self.flush(at);
        }
    }

    /// The first command since the last poll.
    #[cold]
    fn begin_gathering(&mut self) -> Result<()> {
        if self.is_closed {
            return Err(closed());
        }
        self.pool().check_open()?;
        self.is_gathering = true;
        self.wake.ring();
        Ok(())
    }

    /// The long way: whatever has no, several, or unknown keys, blocks, or has settings of its own; and what comes
    /// before there is a map.
    #[inline(never)]
    fn submit_slowly(&mut self, command: &Command, settings: &Settings, tag: u64) -> Result<()> {
        if command.argument_count() == 0 {
            return Err(nameless());
        }
        // What is refused without a look at the cluster.
        if let Some(spec) = find(command) {
            check_suited(spec, command)?;
        }
        if settings.cancel.as_ref().is_some_and(|cancel| cancel.is_fired()) {
            return Err(Error::new(
                Status::Cancelled,
                "the call was cancelled by its token before it began",
            ));
        }
        let began = Instant::now();
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = self.client.deadline(began, timeout, None);
        let mut call = self.call(tag, began, deadline);
        call.encoded = Encoded::Command(Arc::new((command.clone(), settings.clone())));
        call.stage = Stage::Discovering;
        if let Some(cancel) = &settings.cancel {
            self.tokens.add(cancel, &self.wake.bell);
            call.cancel = Some(cancel.clone());
        }
        let id = self.add_call(call);
        self.in_flight += 1;
        if let Err(error) = self.plan(id, None, None) {
            self.in_flight -= 1;
            self.forget(id);
            return Err(error);
        }
        Ok(())
    }

    /// A call without pieces.
    pub(super) fn call(&self, tag: u64, began: Instant, deadline: Deadline) -> Call {
        Call {
            tag,
            order: 0,
            encoded: Encoded::Bytes(Vec::new()),
            rules: Rules::of(self.pool().options(), deadline),
            began,
            silence: Some(self.pool().options().socket_timeout),
            blocks: false,
            stage: Stage::Running(None),
            pieces: Vec::new(),
            left: 0,
            cancel: None,
        }
    }

    pub(super) fn add_call(&mut self, call: Call) -> CallId {
        self.calls_are_due_by(call.rules.deadline.instant());
        self.calls.add(call)
    }

    pub(super) fn calls_are_due_by(&mut self, deadline: Option<Instant>) {
        if let Some(deadline) = deadline
            && self.calls_due.is_none_or(|due| deadline < due)
        {
            self.calls_due = Some(deadline);
        }
    }

    /// What was a command in a queue goes on as a call: its first try was not all.
    #[cold]
    pub(super) fn call_of(&mut self, awaited: &Awaited, tag: u64, bytes: &[u8]) -> CallId {
        let deadline = awaited.deadline.map_or(Deadline::NEVER, Deadline::at);
        let mut call = self.call(tag, awaited.began, deadline);
        let mut piece = Piece::new(awaited.home(), awaited.replays, awaited.began);
        let execution = Execution::begun(call.rules, piece.home.clone(), piece.replays);
        piece.execution = Some(Box::new(execution));
        call.pieces.push(piece);
        call.left = 1;
        call.encoded = Encoded::Bytes(bytes.to_vec());
        self.add_call(call)
    }

    #[cold]
    fn full(&self) -> Error {
        if self.is_closed {
            return closed();
        }
        Error::new(
            Status::Limit,
            format!(
                "{} commands are in flight or have completions that were not taken (option \"max_in_flight\"): poll, and \
                 submit again",
                self.in_flight
            ),
        )
    }

    /// In a forked child: what its parent had in flight.
    pub(super) fn inherit(&mut self, tags: Vec<u64>) {
        for tag in tags {
            let message =
                "the command was submitted before the process forked: its reply is the parent's";
            self.in_flight += 1;
            self.complete(tag, Err(Error::new(Status::Forked, message)));
        }
        if !self.done.is_empty() {
            self.wake.ring();
        }
    }

    /// How long a command took until now.
    pub(super) fn took(&self, began: Instant) -> Duration {
        self.now.saturating_duration_since(began)
    }
}

/// Puts a command behind those of a link; true if so much has gathered that it is to leave.
#[inline]
fn enqueue(
    links: &mut [Option<Box<Link>>],
    dirty: &mut Vec<u32>,
    at: usize,
    bytes: &[u8],
    awaited: Awaited,
) -> bool {
    let Some(link) = links.get_mut(at).and_then(Option::as_deref_mut) else { return false };
    link.is_due_by(awaited.deadline);
    link.queue.push(bytes, awaited);
    if !link.is_dirty {
        link.is_dirty = true;
        dirty.push(at as u32);
    }
    let is_much = link.queue.unsent().len() >= EARLY;
    is_much && !link.writes && matches!(link.door, Door::Open(_))
}

#[cold]
pub(super) fn closed() -> Error {
    Error::new(Status::Closed, "the asynchronous handle is closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::replays;

    #[test]
    fn a_command_with_a_sole_key_may_run_twice_if_it_reads_and_not_otherwise() {
        let with_key = crate::command::all().iter().filter(|spec| spec.sole_key().is_some());
        let mut seen = 0;
        for spec in with_key {
            assert_eq!(replays(spec), spec.flags.has(Flags::READONLY), "{}", spec.name);
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}
