//! One iteration of SCAN over one node, and what it makes of a slot on the move.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sight::Sight;
use super::slots::SlotSet;
use crate::node::NodeAddress;

/// One iteration over one node.
pub(super) struct Walk {
    pub(super) node: NodeAddress,
    pub(super) stage: Stage,
    /// The node's id, its config epoch and its run at the beginning.
    pub(super) id: Arc<str>,
    pub(super) epoch: u64,
    pub(super) run: Option<Box<str>>,
    /// The epoch at the last sight.
    pub(super) last_epoch: u64,
    /// Served at every sight.
    pub(super) owned: SlotSet,
    /// On their way here at every sight.
    pub(super) arriving: SlotSet,
    /// Where slots were seen to leave for.
    pub(super) leaving: BTreeMap<u16, Arc<str>>,
    /// Failures in a row.
    pub(super) failures: u32,
}

#[derive(Clone, Copy)]
pub(super) enum Stage {
    Begin,
    At(u64),
    End,
}

impl Walk {
    /// A walk that has not begun.
    pub(super) fn new(node: NodeAddress) -> Self {
        Self {
            node,
            stage: Stage::Begin,
            id: Arc::from(""),
            epoch: 0,
            run: None,
            last_epoch: 0,
            owned: SlotSet::ALL,
            arriving: SlotSet::ALL,
            leaving: BTreeMap::new(),
            failures: 0,
        }
    }

    /// Begins, at a server of this run that serves so much.
    pub(super) fn begin(&mut self, sight: &Sight, run: Option<&str>) {
        self.id = sight.id.clone();
        self.epoch = sight.epoch;
        self.run = run.map(Box::from);
        self.see(sight);
        self.stage = Stage::At(0);
    }

    /// What the node serves by now.
    pub(super) fn see(&mut self, sight: &Sight) {
        self.last_epoch = sight.epoch;
        self.owned.keep(&sight.owned);
        self.arriving.keep(&sight.arriving);
        for (slot, to) in &sight.leaving {
            if self.leaving.entry(*slot).or_insert_with(|| to.clone()) != to {
                // For one node and then for another.
                self.owned.remove(*slot);
            }
        }
    }
}

/// A slot on the move, of which the node that it leaves has been walked over.
pub(super) struct Half {
    /// The node that it leaves, and its config epoch then.
    pub(super) from: Arc<str>,
    pub(super) epoch: u64,
    /// The node where it is to arrive.
    pub(super) to: Arc<str>,
    /// That one has been walked over, too.
    pub(super) is_whole: bool,
    /// A newer map has been asked for, because one did not know the next node.
    pub(super) is_sought: bool,
}

impl Half {
    /// The id of the node that is to be asked next.
    pub(super) fn next(&self) -> &Arc<str> {
        if self.is_whole { &self.from } else { &self.to }
    }
}
