//! From a command to its pieces: a map, what the command is, where its keys are, and so where it goes.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::call::{Call, CallId, Encoded, Piece, Stage};
use super::reactor::Reactor;
use crate::client::{
    Plan, Planned, Rules, Settings, about, check_suited, keys_of, no_outcome, plan,
};
use crate::command::{Command, Spec, find};
use crate::deadline::Timeout;
use crate::error::Result;
use crate::pool::Target;
use crate::resp::Reply;

impl Reactor {
    /// Goes on with a call that has no pieces, as far as can be without an answer.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, CROSS_SLOT, UNROUTABLE, UNKNOWN_NODE, READ_ONLY: the command is not to be sent.
    pub(super) fn plan(
        &mut self,
        id: CallId,
        told: Option<Arc<Spec>>,
        keys: Option<&[usize]>,
    ) -> Result<()> {
        let Some(submitted) = self.command_of(id) else { return Err(no_outcome()) };
        let (command, settings) = &*submitted;
        let asked = match told {
            Some(told) => Some(told),
            None if find(command).is_some() => None,
            None => self.client.learnt(command),
        };
        let Some(spec) = asked.as_deref().or_else(|| find(command)) else {
            if self.awaits_map(id) {
                return Ok(());
            }
            self.ask(id, about(command), Stage::AskingWhat);
            return Ok(());
        };
        check_suited(spec, command)?;
        if self.awaits_map(id) {
            return Ok(());
        }
        let client = Arc::clone(&self.client);
        let planned = match plan(client.pool(), spec, command, settings, keys)? {
            (Plan::Ask, _) => match client.learnt_keys(command) {
                Some(keys) => plan(client.pool(), spec, command, settings, Some(&keys))?,
                None => {
                    let spec = Arc::new(spec.clone());
                    self.ask(id, keys_of(command), Stage::AskingKeys(spec));
                    return Ok(());
                }
            },
            planned => planned,
        };
        let planned = Planned::new(spec, command, planned.0, planned.1)?;
        self.run(id, planned, settings);
        Ok(())
    }

    fn command_of(&mut self, id: CallId) -> Option<Arc<(Command, Settings)>> {
        match &self.calls.get(id)?.encoded {
            Encoded::Command(command) => Some(Arc::clone(command)),
            Encoded::Bytes(_) => None,
        }
    }

    /// There is no map yet: the call waits for one.
    fn awaits_map(&mut self, id: CallId) -> bool {
        self.sync();
        if self.routes.map().version() != 0 {
            return false;
        }
        if let Some(call) = self.calls.get(id) {
            call.stage = Stage::Discovering;
        }
        self.await_map(id);
        true
    }

    /// Asks a server about the call's command first.
    fn ask(&mut self, id: CallId, question: Command, stage: Stage) {
        let now = Instant::now();
        let Some(call) = self.calls.get(id) else { return };
        let mut piece = Piece::new(Target::Any, true, now);
        piece.question = Some(question);
        (call.stage, call.pieces, call.left) = (stage, vec![piece], 1);
        self.send(id, 0, Target::Any, false);
    }

    /// Sends all pieces.
    fn run(&mut self, id: CallId, planned: Planned, settings: &Settings) {
        let client = Arc::clone(&self.client);
        let map = client.pool().topology();
        let Some(call) = self.calls.get(id) else { return };
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = client.deadline(call.began, timeout, planned.block);
        call.rules = Rules { deadline, ..call.rules };
        call.silence = client.silence(planned.block);
        call.blocks = planned.block.is_some();
        let pieces = planned
            .targets
            .iter()
            .map(|target| Piece::new(target.clone(), planned.replays, call.began));
        call.pieces = pieces.collect();
        call.left = call.pieces.len();
        let targets = planned.targets.clone();
        call.stage = Stage::Running(Some(Box::new((planned, map))));
        self.calls_are_due_by(deadline.instant());
        if targets.is_empty() {
            return self.conclude(id);
        }
        for (index, target) in targets.into_iter().enumerate() {
            self.send(id, index as u32, target, false);
        }
    }

    /// One more piece of a call has its outcome.
    pub(super) fn piece_done(&mut self, id: CallId) {
        let Some(call) = self.calls.get(id) else { return };
        call.left = call.left.saturating_sub(1);
        if call.left == 0 {
            self.conclude(id);
        }
    }

    /// All pieces of a call have their outcomes: it is over, or goes on with what a server told.
    pub(super) fn conclude(&mut self, id: CallId) {
        let Some(call) = self.calls.get(id) else { return };
        let outcome = match mem::replace(&mut call.stage, Stage::Discovering) {
            stage @ Stage::Running(_) => {
                call.stage = stage;
                return self.finish(id, None);
            }
            Stage::Discovering => return,
            stage => (stage, answer(call)),
        };
        let planned = match outcome {
            (_, Err(error)) => Err(error),
            (Stage::AskingKeys(spec), Ok(reply)) => self.told_keys(id, spec, &reply),
            (_, Ok(reply)) => self.told_what(id, &reply),
        };
        if let Err(error) = planned {
            self.finish(id, Some(error));
        }
    }

    fn told_what(&mut self, id: CallId, reply: &Reply) -> Result<()> {
        let Some(submitted) = self.command_of(id) else { return Err(no_outcome()) };
        let spec = self.client.taught(&submitted.0, &submitted.1, reply)?;
        self.plan(id, Some(spec), None)
    }

    fn told_keys(&mut self, id: CallId, spec: Arc<Spec>, reply: &Reply) -> Result<()> {
        let Some(submitted) = self.command_of(id) else { return Err(no_outcome()) };
        let keys = self.client.keys_taught(&submitted.0, reply)?;
        self.plan(id, Some(spec), Some(&keys))
    }
}

/// What was answered to a call's question.
fn answer(call: &mut Call) -> Result<Reply> {
    let first = mem::take(&mut call.pieces).into_iter().next();
    first.and_then(|piece| piece.outcome).unwrap_or_else(|| Err(no_outcome()))
}
