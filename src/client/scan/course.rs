//! The course of a scan over all keys of a cluster: which node next, and which slots are done. No I/O here.
//!
//! A *walk* is one iteration of SCAN over one node, from cursor 0 to cursor 0. SCAN gives each key that is on the
//! node at every call of it. So a walk has seen all of a slot whose keys were on this node, all of them, at each of
//! these calls. Only the node itself knows that: behind each page, in the same write, it is asked what it serves
//! and what is on the move (a *sight*). A slot is done
//!
//! - if at every sight of a walk the node served it, and none of its keys were on their way elsewhere;
//! - or, where a slot is on the move for long, by two walks: over the node that it leaves, and begun after that
//!   one's end over the node where it arrives. A key was seen by the first, or had moved before it ended. This
//!   holds if the move was one and the same all the while, which a last look at the first node confirms: it still
//!   serves the slot, the slot still leaves for the same node, and the config epoch, which grows with each slot
//!   that a node takes over, is what it was.
//!
//! All other slots stay, and are walked over again wherever they are then. A cursor is good within one run of its
//! server: the run is asked for before the first page and after the last.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::sight::Sight;
use super::slots::SlotSet;
use super::walk::{Half, Stage, Walk};
use crate::error::{Error, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::topology::SlotMap;

/// What the driver is to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Ask the node what it serves and which run of a server it is. The answer is [`Course::sighted`] or
    /// [`Course::failed`].
    Look { node: NodeAddress },
    /// Ask it for a page, and in the same write what it serves. The answer is [`Course::paged`] or
    /// [`Course::failed`].
    Page { node: NodeAddress, cursor: u64 },
    /// Ask the cluster for its topology, rather from another node than the suspect.
    Refresh { suspect: Option<NodeAddress> },
    /// Let time pass.
    Wait { until: Instant },
    /// Tell the caller. It may go on all the same.
    Failed(Error),
    /// All slots are done.
    Done,
}

/// A walk that fails so often in a row is given up for another.
const PATIENCE: u32 = 3;
/// So many walks may be in vain, and twice the number of nodes.
const VAIN: usize = 16;

/// See the module's comment.
pub(super) struct Course {
    /// The slots that are not done.
    left: SlotSet,
    /// Slots on the move, of which the node that they leave has been walked over.
    half: BTreeMap<u16, Half>,
    walk: Option<Walk>,
    todo: VecDeque<Step>,
    /// Rather another node than this one.
    avoided: Option<NodeAddress>,
    /// Walks since the last slot was done.
    vain: usize,
    /// Pauses in a row.
    pauses: u32,
    backoff: (Duration, Duration),
    /// What went wrong last.
    last: Option<Error>,
}

impl Course {
    /// From the start.
    pub(super) fn new(options: &Options) -> Self {
        Self {
            left: SlotSet::ALL,
            half: BTreeMap::new(),
            walk: None,
            todo: VecDeque::new(),
            avoided: None,
            vain: 0,
            pauses: 0,
            backoff: (options.retry_backoff_min, options.retry_backoff_max),
            last: None,
        }
    }

    /// The next thing to do, by the present map. `jitter` gives a random duration up to its argument.
    pub(super) fn step(
        &mut self,
        map: &SlotMap,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) -> Step {
        if let Some(step) = self.todo.pop_front() {
            return step;
        }
        if self.left.is_empty() {
            return Step::Done;
        }
        if self.walk.is_none() && self.vain > VAIN + 2 * map.nodes().len() {
            self.vain = 0;
            return Step::Failed(Error::new(
                Status::TryAgain,
                "slots move to and fro faster than their nodes can be scanned: the scan may be gone on with",
            ));
        }
        if self.walk.is_none() {
            if let Some(slot) = self.astray(map) {
                let message = format!("slot {slot} is on the move to or from a node not known yet");
                let error = Error::new(Status::TryAgain, message).on_slot(slot);
                return self.trouble(error, None, jitter);
            }
            let Some(node) = self.choose(map) else {
                let slot = self.left.iter().next().unwrap_or(0);
                let message =
                    format!("no node serves slot {slot}, whose keys are still to be scanned");
                return self.trouble(
                    Error::new(Status::SlotNotCovered, message).on_slot(slot),
                    None,
                    jitter,
                );
            };
            self.walk = Some(Walk::new(node));
        }
        match &self.walk {
            Some(Walk { node, stage: Stage::At(cursor), .. }) => {
                Step::Page { node: node.clone(), cursor: *cursor }
            }
            Some(Walk { node, .. }) => Step::Look { node: node.clone() },
            None => Step::Done,
        }
    }

    /// A slot whose next node the map does not know, and for which no other map has been asked for yet. The cluster
    /// has changed since: the target of a move may have begun to be a primary after the map was read.
    fn astray(&mut self, map: &SlotMap) -> Option<u16> {
        let mut first = None;
        for (&slot, half) in &mut self.half {
            if !half.is_sought && map.find(half.next()).is_none() {
                half.is_sought = true;
                first.get_or_insert(slot);
            }
        }
        first
    }

    /// The node of the next walk. Slots whose next node no map knows come last: their first walk is made again,
    /// which shows what has become of them.
    fn choose(&mut self, map: &SlotMap) -> Option<NodeAddress> {
        let avoided = self.avoided.take();
        self.first_node(map, avoided.as_ref()).or_else(|| {
            self.half.retain(|_, half| map.find(half.next()).is_some());
            self.first_node(map, avoided.as_ref())
        })
    }

    /// The node of the first slot that is left, rather not the avoided one.
    fn first_node(&self, map: &SlotMap, avoided: Option<&NodeAddress>) -> Option<NodeAddress> {
        let mut fallback = None;
        for slot in self.left.iter() {
            let at = match self.half.get(&slot) {
                Some(half) => map.find(half.next()),
                None => map.primary_of(slot),
            };
            let Some(node) = at.and_then(|at| map.nodes().get(at)) else { continue };
            if !avoided.is_some_and(|avoided| avoided.is(&node.address)) {
                return Some(node.address.clone());
            }
            fallback.get_or_insert(&node.address);
        }
        fallback.cloned()
    }

    /// What the node of [`Step::Look`] says, and its run, where it tells.
    pub(super) fn sighted(
        &mut self,
        sight: &Sight,
        run: Option<&str>,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        let Some(walk) = &mut self.walk else { return };
        walk.failures = 0;
        match walk.stage {
            Stage::Begin => self.arrived(sight, run, jitter),
            Stage::End => {
                let same_run = match (&walk.run, run) {
                    (Some(first), Some(last)) => **first == *last,
                    _ => true,
                };
                if let Some(walk) = self.walk.take_if(|_| same_run) {
                    self.settle(&walk);
                } else {
                    self.give_up();
                }
            }
            Stage::At(_) => {}
        }
    }

    /// At the node of the next walk: is there anything to be had?
    fn arrived(
        &mut self,
        sight: &Sight,
        run: Option<&str>,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) {
        let confirmed = self.confirm(sight);
        let awaits = |slot: &u16| {
            self.left.has(*slot)
                && match self.half.get(slot) {
                    Some(half) => {
                        !half.is_whole && half.to == sight.id && sight.arriving.has(*slot)
                    }
                    None => sight.owned.has(*slot),
                }
        };
        if let Some(walk) = &mut self.walk
            && self.left.iter().any(|slot| awaits(&slot))
        {
            return walk.begin(sight, run);
        }
        if confirmed {
            self.walk = None;
            return;
        }
        let Some(node) = self.walk.as_ref().map(|walk| walk.node.clone()) else { return };
        // The map is out of date.
        self.half.retain(|_, half| *half.next() != sight.id);
        self.give_up();
        let message = format!("{node} does not serve the slots that are left to scan");
        let error = Error::new(Status::TryAgain, message).on_node(&node);
        let step = self.trouble(error, None, jitter);
        self.todo.push_front(step);
    }

    /// Ends what two walks have been made for, by a look at the node that the slots leave. Tells whether anything
    /// came of it.
    fn confirm(&mut self, sight: &Sight) -> bool {
        let Self { half, left, .. } = self;
        let mut confirmed = false;
        half.retain(|&slot, half| {
            if !(half.is_whole && half.from == sight.id) {
                return true;
            }
            let still = sight.leaving.iter().any(|(other, to)| *other == slot && *to == half.to);
            if still && sight.owned.has(slot) && sight.epoch == half.epoch {
                left.remove(slot);
                confirmed = true;
            }
            false
        });
        if confirmed {
            self.vain = 0;
        }
        confirmed
    }

    /// A page has come: the next cursor, and what the node said behind it.
    pub(super) fn paged(&mut self, cursor: u64, sight: &Sight) {
        self.pauses = 0;
        if let Some(walk) = &mut self.walk {
            walk.failures = 0;
            walk.see(sight);
            walk.stage = if cursor == 0 { Stage::End } else { Stage::At(cursor) };
        }
    }

    /// A look or a page has failed.
    pub(super) fn failed(&mut self, error: Error, jitter: &mut dyn FnMut(Duration) -> Duration) {
        let Some(walk) = &mut self.walk else { return };
        let node = walk.node.clone();
        let is_passing = matches!(
            error.status(),
            Status::Connection | Status::Timeout | Status::Loading | Status::UnknownNode
        );
        if !is_passing {
            self.todo.push_front(Step::Failed(error));
            return;
        }
        walk.failures += 1;
        if walk.failures >= PATIENCE || error.status() == Status::UnknownNode {
            self.give_up();
        }
        let step = self.trouble(error, Some(node), jitter);
        self.todo.push_front(step);
    }

    /// A walk has come to its end.
    fn settle(&mut self, walk: &Walk) {
        let before = self.left.clone();
        // The second walk of slots whose first was over another node.
        self.half.retain(|&slot, half| {
            if half.to != walk.id || half.is_whole {
                return true;
            }
            half.is_whole = walk.arriving.has(slot);
            half.is_whole
        });
        for slot in walk.owned.iter().filter(|slot| before.has(*slot)) {
            match walk.leaving.get(&slot) {
                None => self.left.remove(slot),
                Some(to) if walk.epoch == walk.last_epoch => {
                    let (from, to) = (walk.id.clone(), to.clone());
                    let (epoch, is_whole, is_sought) = (walk.epoch, false, false);
                    self.half.insert(slot, Half { from, epoch, to, is_whole, is_sought });
                }
                Some(_) => {}
            }
        }
        let left = &self.left;
        self.half.retain(|&slot, _| left.has(slot));
        self.vain = if *left == before { self.vain + 1 } else { 0 };
    }

    /// The walk under way is worth nothing.
    fn give_up(&mut self) {
        if let Some(walk) = self.walk.take() {
            self.half.retain(|_, half| *half.next() != walk.id);
            self.vain += 1;
            self.avoided = Some(walk.node);
        }
    }

    /// Another view of the cluster, and a pause, before the next try.
    fn trouble(
        &mut self,
        error: Error,
        suspect: Option<NodeAddress>,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) -> Step {
        self.last = Some(error);
        let (least, most) = self.backoff;
        let bound = least.saturating_mul(1 << self.pauses.min(20)).min(most);
        self.pauses += 1;
        let pause = jitter(bound).max(Duration::from_millis(1));
        self.todo.push_back(Step::Wait { until: Instant::now() + pause });
        Step::Refresh { suspect }
    }

    /// With what a call ends whose time is over. The next one goes on from here.
    pub(super) fn out_of_time(&mut self) -> Error {
        self.todo.clear();
        let last = self.last.take();
        let why = last.as_ref().map_or("no key was found yet", |last| last.message());
        let message = format!(
            "the call's time ended before a page of keys was there; the next call goes on (last: {why})"
        );
        let error = Error::new(Status::Timeout, message);
        match last.and_then(|last| NodeAddress::parse(last.node()).ok()) {
            Some(node) => error.on_node(&node),
            None => error,
        }
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
