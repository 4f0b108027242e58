//! A command's plan as the parts of a call.

use super::execute::{join_parts, no_outcome};
use super::join::Joining;
use super::part::{Home, Part};
use super::plan::{Plan, Reason, replays};
use super::split::Split;
use crate::command::{Block, Command, Spec};
use crate::error::Result;
use crate::pool::Target;
use crate::resp::Reply;
use crate::topology::SlotMap;

/// A command's plan, and what is to be known of it besides.
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) replays: bool,
    aims: Aims,
    /// None: there is one target.
    pub(crate) joining: Option<Joining>,
    /// How long the command itself may wait for something to happen.
    pub(crate) block: Option<Block>,
    /// Why it goes there.
    pub(crate) reason: Reason,
}

/// Where it goes.
enum Aims {
    /// As it is, to these.
    Targets(Vec<Target>),
    /// In parts; `home` is one of theirs.
    Split { split: Split, home: Home<'static> },
}

impl Planned {
    pub(crate) fn new(spec: &Spec, command: &Command, plan: Plan, reason: Reason) -> Result<Self> {
        let (name, replays) = (spec.name.to_string(), replays(spec));
        let (aims, joining) = match plan {
            Plan::One(target) => (Aims::Targets(vec![target]), None),
            Plan::Each { targets, joining } => (Aims::Targets(targets), Some(joining)),
            Plan::Split { split, home, joining } => (Aims::Split { split, home }, Some(joining)),
            Plan::Ask => return Err(no_outcome()),
        };
        let block = spec.blocks_for(command);
        Ok(Self { name, replays, aims, joining, block, reason })
    }

    /// It is in parts, whose replies come and go together.
    pub(crate) fn is_split(&self) -> bool {
        matches!(self.aims, Aims::Split { .. })
    }

    /// Each of its targets.
    pub(crate) fn targets(&self) -> Vec<Target> {
        match &self.aims {
            Aims::Targets(targets) => targets.clone(),
            Aims::Split { split, home } => {
                split.slots().map(|slot| home.of_slot(slot).target()).collect()
            }
        }
    }

    /// Its target, if there is one and no other.
    pub(crate) fn sole_target(&self) -> Option<&Target> {
        match &self.aims {
            Aims::Targets(targets) if self.joining.is_none() => targets.first(),
            _ => None,
        }
    }

    /// What one of its parts sends, where that is not the command itself.
    pub(crate) fn command(&self, index: usize) -> Option<&[u8]> {
        match &self.aims {
            Aims::Targets(_) => None,
            Aims::Split { split, .. } => split.command(index),
        }
    }

    /// How many parts it has.
    fn count(&self) -> usize {
        match &self.aims {
            Aims::Targets(targets) => targets.len(),
            Aims::Split { split, .. } => split.len(),
        }
    }

    /// Its parts; `encoded` is the command itself.
    pub(crate) fn parts<'a>(&'a self, encoded: &'a [u8], parts: &mut Vec<Part<'a>>) {
        let replays = self.replays;
        match &self.aims {
            Aims::Targets(targets) => {
                parts.extend(targets.iter().map(|target| Part::new(encoded, target, replays)));
            }
            Aims::Split { split, home } => {
                parts.reserve(split.len());
                let commands = split.commands(*home);
                parts.extend(commands.map(|(encoded, home)| Part::new(encoded, home, replays)));
            }
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
                join_parts(map, &self.name, joining, parts.by_ref().take(self.count()))
            }
        }
    }
}
