//! A command on the long way: redirected, tried again, split, or asked about first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{Cancel, Execution, Planned, Rules, Settings, no_outcome};
use crate::command::{Command, Spec};
use crate::error::{Error, Result};
use crate::node::NodeAddress;
use crate::pool::Target;
use crate::resp::Reply;
use crate::topology::SlotMap;

/// Names a call; one that has ended is told apart from who has its place by the serial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CallId {
    index: u32,
    serial: u32,
}

/// What a call sends.
pub(super) enum Encoded {
    /// A command whose first try has been made: bytes are all that is left.
    Bytes(Vec<u8>),
    /// A command that may have to be planned.
    Command(Arc<(Command, Settings)>),
}

/// How far a call is.
pub(super) enum Stage {
    /// It waits for a map.
    Discovering,
    /// A server is asked what the command is.
    AskingWhat,
    /// A server is asked where its keys are.
    AskingKeys(Arc<Spec>),
    /// All its pieces are under way.
    Running(Option<Box<(Planned, Arc<SlotMap>)>>),
}

/// One command to one node.
pub(super) struct Piece {
    pub(super) home: Target,
    pub(super) replays: bool,
    /// Its own bytes, where they are not the call's.
    pub(super) question: Option<Command>,
    pub(super) execution: Option<Box<Execution>>,
    pub(super) node: Option<Arc<NodeAddress>>,
    pub(super) outcome: Option<Result<Reply>>,
    /// When it was sent last.
    pub(super) began: Instant,
    /// Where it goes this time.
    pub(super) sending: Option<(Target, bool)>,
}

impl Piece {
    pub(super) fn new(home: Target, replays: bool, began: Instant) -> Self {
        let (question, execution, node, outcome, sending) = (None, None, None, None, None);
        Self { home, replays, question, execution, node, outcome, began, sending }
    }
}

/// See the module's comment.
pub(super) struct Call {
    pub(super) tag: u64,
    /// Grows with each call: the order of commands.
    pub(super) order: u64,
    pub(super) encoded: Encoded,
    pub(super) rules: Rules,
    pub(super) began: Instant,
    /// The longest silence of a server that owes it a reply; None: it blocks for ever.
    pub(super) silence: Option<Duration>,
    /// It blocks, and has connections of its own.
    pub(super) blocks: bool,
    pub(super) stage: Stage,
    pub(super) pieces: Vec<Piece>,
    /// How many of them have no outcome yet.
    pub(super) left: usize,
    pub(super) cancel: Option<Arc<Cancel>>,
}

impl Call {
    /// What piece `index` sends.
    pub(super) fn bytes(&self, index: u32) -> &[u8] {
        let index = index as usize;
        if let Some(question) = self.pieces.get(index).and_then(|piece| piece.question.as_ref()) {
            return question.encoded();
        }
        if let Stage::Running(Some(plan)) = &self.stage
            && let Some(part) = plan.0.command(index)
        {
            return part;
        }
        match &self.encoded {
            Encoded::Bytes(bytes) => bytes,
            Encoded::Command(command) => command.0.encoded(),
        }
    }

    /// Replies are joined, and each is to name its node.
    pub(super) fn names_nodes(&self) -> bool {
        matches!(&self.stage, Stage::Running(Some(plan)) if plan.0.joining.is_some())
    }

    /// What became of it, from its pieces.
    pub(super) fn outcome(mut self) -> Result<Reply> {
        let pieces = std::mem::take(&mut self.pieces);
        let Stage::Running(Some(plan)) = self.stage else {
            let first = pieces.into_iter().next().and_then(|piece| piece.outcome);
            return first.unwrap_or_else(|| Err(no_outcome()));
        };
        let (planned, map) = *plan;
        let mut parts = Vec::new();
        planned.parts(&[], &mut parts);
        for (part, piece) in parts.iter_mut().zip(pieces) {
            (part.node, part.outcome) = (piece.node, piece.outcome);
        }
        planned.outcome(&map, &mut parts.into_iter())
    }

    /// Ends what has not ended yet by this error, which says whether bytes of a piece have left.
    pub(super) fn end(&mut self, error: impl Fn(u32) -> Error) {
        self.left = 0;
        for (index, piece) in self.pieces.iter_mut().enumerate() {
            if piece.outcome.is_none() {
                let error = error(index as u32);
                piece.outcome = Some(Err(match (&mut piece.execution, piece.home.slot()) {
                    // An earlier try may have left, too.
                    (Some(execution), _) => execution.ended_by(error),
                    (None, Some(slot)) => error.on_slot(slot),
                    (None, None) => error,
                }));
            }
        }
    }
}

/// All calls, by their names.
#[derive(Default)]
pub(super) struct Calls {
    places: Vec<(u32, Option<Box<Call>>)>,
    free: Vec<u32>,
    /// How many were made.
    pub(super) made: u64,
}

impl Calls {
    pub(super) fn add(&mut self, mut call: Call) -> CallId {
        self.made += 1;
        call.order = self.made;
        let call = Some(Box::new(call));
        match self.free.pop() {
            Some(index) => {
                let place = &mut self.places[index as usize];
                place.0 = place.0.wrapping_add(1);
                place.1 = call;
                CallId { index, serial: place.0 }
            }
            None => {
                self.places.push((0, call));
                CallId { index: (self.places.len() - 1) as u32, serial: 0 }
            }
        }
    }

    pub(super) fn get(&mut self, id: CallId) -> Option<&mut Call> {
        let (serial, call) = self.places.get_mut(id.index as usize)?;
        if *serial == id.serial { call.as_deref_mut() } else { None }
    }

    pub(super) fn remove(&mut self, id: CallId) -> Option<Box<Call>> {
        let (serial, call) = self.places.get_mut(id.index as usize)?;
        let call = if *serial == id.serial { call.take() } else { None };
        if call.is_some() {
            self.free.push(id.index);
        }
        call
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.places.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CallId, &Call)> {
        self.places.iter().enumerate().filter_map(|(index, (serial, call))| {
            Some((CallId { index: index as u32, serial: *serial }, call.as_deref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use crate::error::Status;
    use crate::options::Options;

    fn call(pieces: usize) -> Call {
        let began = Instant::now();
        let piece = |slot| Piece::new(Target::Primary(slot as u16), true, began);
        Call {
            tag: 7,
            order: 0,
            encoded: Encoded::Bytes(b"bytes".to_vec()),
            rules: Rules::of(&Options::default(), Deadline::NEVER),
            began,
            silence: None,
            blocks: false,
            stage: Stage::Running(None),
            pieces: (0..pieces).map(piece).collect(),
            left: pieces,
            cancel: None,
        }
    }

    #[test]
    fn a_name_is_of_one_call_alone() {
        let mut calls = Calls::default();
        let first = calls.add(call(1));
        assert_eq!(calls.get(first).map(|call| call.order), Some(1));
        assert!(calls.remove(first).is_some() && calls.is_empty());
        let second = calls.add(call(1));
        assert_eq!(second.index, first.index);
        assert!(calls.get(first).is_none() && calls.remove(first).is_none());
        assert_eq!(
            calls.iter().map(|(id, call)| (id, call.order)).collect::<Vec<_>>(),
            [(second, 2)]
        );
    }

    #[test]
    fn what_has_an_outcome_keeps_it_when_the_call_ends() {
        let mut call = call(2);
        call.pieces[0].outcome = Some(Ok(Reply::from_resp(b"+OK\r\n").expect("a reply")));
        let ended = |index| Error::new(Status::Closed, "closed").with_maybe_executed(index == 1);
        call.end(ended);
        assert_eq!(call.left, 0);
        let second = call.pieces.pop().and_then(|piece| piece.outcome);
        let error = second.expect("an outcome").expect_err("an end");
        assert!(error.maybe_executed() && error.status() == Status::Closed);
        assert_eq!(call.outcome().expect("a reply").root().text(), Some("OK"));
    }

    #[test]
    fn a_question_goes_out_in_place_of_the_command() {
        let mut call = call(1);
        assert_eq!(call.bytes(0), b"bytes");
        call.pieces[0].question = Some(Command::of(&[b"COMMAND"]));
        assert_eq!(call.bytes(0), b"*1\r\n$7\r\nCOMMAND\r\n");
    }
}
