//! A command's plan as the parts of a call.

use super::execute::{join_parts, no_outcome};
use super::join::Joining;
use super::part::Part;
use super::plan::{Plan, Reason, replays};
use crate::command::{Block, Command, Spec};
use crate::error::Result;
use crate::pool::Target;
use crate::resp::Reply;
use crate::topology::SlotMap;

/// A command's plan, and what is to be known of it besides.
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) replays: bool,
    pub(crate) targets: Vec<Target>,
    /// Of a split command, each target's own.
    pub(crate) commands: Vec<Command>,
    /// None: there is one target.
    pub(crate) joining: Option<Joining>,
    /// How long the command itself may wait for something to happen.
    pub(crate) block: Option<Block>,
    /// Why it goes there.
    pub(crate) reason: Reason,
}

impl Planned {
    pub(crate) fn new(spec: &Spec, command: &Command, plan: Plan, reason: Reason) -> Result<Self> {
        let (name, replays) = (spec.name.to_string(), replays(spec));
        let (targets, commands, joining) = match plan {
            Plan::One(target) => (vec![target], Vec::new(), None),
            Plan::Each { targets, joining } => (targets, Vec::new(), Some(joining)),
            Plan::Split { parts, joining } => {
                let (targets, commands) = parts.into_iter().unzip();
                (targets, commands, Some(joining))
            }
            Plan::Ask => return Err(no_outcome()),
        };
        let block = spec.blocks_for(command);
        Ok(Self { name, replays, targets, commands, joining, block, reason })
    }

    /// Its parts; `encoded` is the command itself.
    pub(crate) fn parts<'a>(&'a self, encoded: &'a [u8], parts: &mut Vec<Part<'a>>) {
        for (index, target) in self.targets.iter().enumerate() {
            let encoded = self.commands.get(index).map_or(encoded, Command::encoded);
            parts.push(Part::new(encoded, target, self.replays));
        }
    }

    /// What became of the command, from its parts, which come next.
    pub(crate) fn outcome<'a>(
        &self,
        map: &SlotMap,
        parts: &mut impl Iterator<Item = Part<'a>>,
    ) -> Result<Reply> {
        match &self.joining {
            None => parts.next().and_then(|part| part.outcome).unwrap_or_else(|| Err(no_outcome())),
            Some(joining) => {
                join_parts(map, &self.name, joining, parts.by_ref().take(self.targets.len()))
            }
        }
    }
}
