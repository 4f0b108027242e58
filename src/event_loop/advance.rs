//! Calls go on: what their executions say is done, up to the next thing that takes time.

use std::time::{Duration, Instant};

use super::call::CallId;
use super::queue::{Awaited, Owner};
use super::reactor::Reactor;
use crate::client::{Event, Execution, Step, Waiting};
use crate::connection::ASKING;
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::pool::Target;

impl Reactor {
    /// Sends a piece there.
    pub(super) fn send(&mut self, id: CallId, index: u32, target: Target, asking: bool) {
        let now = Instant::now();
        let Some(call) = self.calls.get(id) else { return };
        let (blocks, silence) = (call.blocks, call.silence);
        let Some(piece) = call.pieces.get_mut(index as usize) else { return };
        (piece.began, piece.sending) = (now, Some((target.clone(), asking)));
        let placed = if blocks { Ok(self.own_link(target, silence)) } else { self.place(&target) };
        let at = match placed {
            Ok(at) => at,
            Err(error) => {
                let event = Event::Failed { error, sent: false, had_connection: false };
                return self.tell(id, index, event, Duration::ZERO, fastrand::f64());
            }
        };
        let owner = Owner::Piece { call: id, index };
        let (deadline, slot, to_reader, replays) = (None, 0, false, false);
        let awaited = Awaited { owner, start: 0, began: now, deadline, slot, to_reader, replays };
        if asking {
            self.append(at, ASKING, Awaited { owner: Owner::Asking, ..awaited });
        }
        self.append_piece(at, id, index, awaited);
    }

    /// Tells a piece's execution what happened, and does what it says.
    #[cold]
    pub(super) fn tell(
        &mut self,
        id: CallId,
        index: u32,
        event: Event,
        took: Duration,
        fraction: f64,
    ) {
        let Some(call) = self.calls.get(id) else { return };
        let rules = call.rules;
        let Some(piece) = call.pieces.get_mut(index as usize) else { return };
        let (home, replays) = (&piece.home, piece.replays);
        let execution = piece
            .execution
            .get_or_insert_with(|| Box::new(Execution::begun(rules, home.clone(), replays)));
        // Commands of one connection that failed together go on together: each has the same part of its bound.
        execution.on(event, took, &mut |bound| bound.mul_f64(fraction));
        self.advance(id, index);
    }

    /// Does what a piece's execution says.
    pub(super) fn advance(&mut self, id: CallId, index: u32) {
        loop {
            let Some(call) = self.calls.get(id) else { return };
            let Some(piece) = call.pieces.get_mut(index as usize) else { return };
            if piece.outcome.is_some() {
                return;
            }
            let Some(execution) = &mut piece.execution else { return };
            match execution.step() {
                Step::Send { target, asking } => return self.send(id, index, target, asking),
                Step::Patch { slot, node } => {
                    let pool = self.client.pool();
                    match pool.named(&node) {
                        Some(named) => {
                            if pool.has_moved(slot, &node, &named) {
                                self.refresh(&[]);
                            }
                        }
                        None => execution.nowhere(&mut |bound| bound.mul_f64(fastrand::f64())),
                    }
                }
                Step::Asked => self.pool().count_ask(),
                Step::Refresh { suspect } => return self.await_refresh(id, index, suspect),
                Step::Wait { until } => {
                    let seen = self.pool().map_changes();
                    return self.waiting.push(Waiting { until, seen, what: (id, index) });
                }
                Step::Done(result) => {
                    piece.outcome = Some(result);
                    return self.piece_done(id);
                }
            }
        }
    }

    /// Pieces whose wait is over go on: their time has come, or the map is a newer one.
    pub(super) fn wake_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let (now, changes) = (self.now, self.pool().map_changes());
        let mut due = Waiting::take_due(&mut self.waiting, now, changes);
        due.sort_by_key(|&(call, piece)| {
            (self.calls.get(call).map_or(0, |call| call.order), piece)
        });
        for (call, piece) in due {
            self.advance(call, piece);
        }
    }

    /// The primary a piece is to go to is silent, and another command finds out whether it is well.
    pub(super) fn hold_back(&mut self, id: CallId, index: u32, target: Target, asking: bool) {
        let Some(call) = self.calls.get(id) else { return };
        let rules = call.rules;
        let Some(piece) = call.pieces.get_mut(index as usize) else { return };
        let (home, replays) = (&piece.home, piece.replays);
        let execution = piece
            .execution
            .get_or_insert_with(|| Box::new(Execution::begun(rules, home.clone(), replays)));
        execution.hold_back(target, asking, crate::client::LOOK_INTERVAL);
        self.advance(id, index);
    }

    /// Completes a call: with this error, or what its pieces make.
    pub(super) fn finish(&mut self, id: CallId, error: Option<Error>) {
        let Some(call) = self.forget(id) else { return };
        let tag = call.tag;
        let outcome = match error {
            Some(error) => Err(error),
            None => call.outcome(),
        };
        self.complete(tag, outcome);
    }

    /// A call that has ended, taken out of all lists.
    pub(super) fn forget(&mut self, id: CallId) -> Option<Box<super::call::Call>> {
        // Where it stands in a list, nothing is found by its name any more.
        let mut call = self.calls.remove(id)?;
        if self.calls.is_empty() {
            self.calls_due = None;
        }
        if let Some(cancel) = call.cancel.take() {
            self.tokens.remove(&cancel);
        }
        Some(call)
    }

    pub(super) fn complete(&mut self, tag: u64, outcome: crate::error::Result<crate::resp::Reply>) {
        self.done.push_back(super::completion::Completion { tag, outcome });
    }

    /// A call is ended by something of its own, bytes of which piece may have left or not.
    pub(super) fn end_call(&mut self, id: CallId, status: Status, message: &str) {
        let mut sent: Vec<(u32, Option<NodeAddress>)> = Vec::new();
        let mut own = None;
        for at in 0..self.links.len() {
            let Some(link) = self.link(at) else { continue };
            let (left, is_own, node) = (link.left(), link.is_own, link.node().cloned());
            let is_chosen = |awaited: &Awaited| matches!(awaited.owner, Owner::Piece { call, .. } if call == id);
            link.queue.end_some(left, is_chosen, |awaited, has_left| {
                if let Owner::Piece { index, .. } = awaited.owner
                    && has_left
                {
                    sent.push((index, node.clone()));
                }
                own = is_own.then_some(at);
            });
        }
        // A server that blocks would take something out for nobody: it is told by the end of its connection.
        if let Some(at) = own {
            self.drop_link(at);
        }
        let Some(call) = self.calls.get(id) else { return };
        call.end(|index| {
            let error = Error::new(status, message);
            match sent.iter().find(|(piece, _)| *piece == index) {
                Some((_, Some(node))) => error.with_maybe_executed(true).on_node(node),
                Some((_, None)) => error.with_maybe_executed(true),
                None => error,
            }
        });
        match call.pieces.is_empty() {
            true => self.finish(id, Some(Error::new(status, message))),
            // A question is no part of the command.
            false if !matches!(call.stage, super::call::Stage::Running(_)) => {
                self.finish(id, Some(Error::new(status, message)));
            }
            false => self.finish(id, None),
        }
    }
}
