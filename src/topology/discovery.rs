//! Which node to ask for the topology next, and which answer to take. No I/O.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::epochs::Epochs;
use super::query::Query;
use super::slot_map::SlotMap;
use crate::error::{Attempt, Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::{Options, TopologyCommand, Translation};
use crate::resp::Reply;
use crate::slot::SLOT_COUNT;

/// A cluster with a hole gives every node the same partial view: asking more of them brings nothing.
const MOST_PARTIAL_VIEWS: usize = 5;

/// How many views that are older than the known one are heard: others would say the same by now.
const MOST_OLDER_VIEWS: usize = 3;

/// How many known nodes a message names; the startup nodes it names all.
const MOST_NAMED: usize = 8;

/// What the driver does next.
#[derive(Debug)]
pub enum Step {
    /// Send this query to this node: on the connection of the last step where that was to the same
    /// node. Then say how it went: [`Discovery::answered`] or [`Discovery::failed`].
    ///
    /// `with_epochs`: CLUSTER NODES goes in front of it, in one write, so that no view is told newer epochs than
    /// its own; its answer, of whatever kind, is for [`Discovery::told_epochs`], before the other's.
    Ask {
        /// Whom.
        node: NodeAddress,
        /// What.
        query: Query,
        /// What of config epochs.
        with_epochs: bool,
    },
    /// It is over.
    Done(Result<Found>),
}

/// What a discovery brings.
#[derive(Debug)]
pub struct Found {
    /// The view.
    pub map: SlotMap,
    /// Its config epochs say that it is of a time before the known map's, as are all views that were told.
    pub is_older: bool,
}

/// One discovery: asks one node after the other until one answers with a view of every slot.
///
/// The order is random among the nodes known, then among the startup nodes; a primary that has just been promoted
/// comes first, for others may not have heard of it yet, and those the caller holds suspect come after all others. Without `nodemanager_follow_cluster` only startup nodes are
/// asked. Of partial views the one with most slots wins; two views are never joined.
///
/// With suspects something has just failed, and nodes may not have heard of what became of it: CLUSTER NODES is
/// sent along with CLUSTER SLOTS. A view that is older than the known one, by its config epochs, is the last
/// resort: the next node is asked.
pub struct Discovery {
    known: Option<Arc<SlotMap>>,
    wants_epochs: bool,
    command: TopologyCommand,
    translation: Translation,
    tls: bool,
    require_full_coverage: bool,
    candidates: VecDeque<Candidate>,
    asking: Option<Asking>,
    best: Option<SlotMap>,
    partial_views: usize,
    older: Option<SlotMap>,
    older_views: usize,
    attempts: Vec<Failure>,
}

/// The node that is being asked.
struct Asking {
    candidate: Candidate,
    query: Query,
    /// What it told of epochs so far.
    epochs: Option<Epochs>,
    elapsed: Duration,
}

struct Candidate {
    node: NodeAddress,
    is_startup: bool,
}

struct Failure {
    attempt: Attempt,
    status: Status,
    is_startup: bool,
}

impl Discovery {
    /// A discovery by the nodes of `known`, where there is a view already, and the startup nodes.
    /// `suspects` are the nodes that just failed.
    pub fn new(
        options: &Options,
        known: Option<&Arc<SlotMap>>,
        suspects: &[NodeAddress],
        rng: &mut fastrand::Rng,
    ) -> Self {
        let mut followed: Vec<NodeAddress> = match known {
            Some(map) if options.nodemanager_follow_cluster => {
                map.nodes().iter().map(|node| node.address.clone()).collect()
            }
            _ => Vec::new(),
        };
        followed.sort_unstable();
        followed.dedup();
        let mut startup = options.startup_nodes.clone();
        startup.sort_unstable();
        startup.dedup();
        rng.shuffle(&mut followed);
        rng.shuffle(&mut startup);

        let mut candidates: Vec<Candidate> = followed
            .into_iter()
            .map(|node| Candidate { is_startup: startup.contains(&node), node })
            .collect();
        // A startup node that is known as well has been asked by then: once is enough.
        for node in startup {
            if !candidates.iter().any(|candidate| candidate.node == node) {
                candidates.push(Candidate { node, is_startup: true });
            }
        }
        let is_promoted = |node: &NodeAddress| {
            let at = known.and_then(|map| Some(&map.nodes()[map.find_address(node)?]));
            at.is_some_and(|known| known.is_newly_promoted)
        };
        candidates.sort_by_cached_key(|candidate| {
            (suspects.contains(&candidate.node), !is_promoted(&candidate.node))
        });
        Self {
            known: known.cloned(),
            wants_epochs: known.is_some() && !suspects.is_empty(),
            command: options.topology_command,
            translation: options.translation.clone(),
            tls: options.ssl,
            require_full_coverage: options.require_full_coverage,
            candidates: candidates.into(),
            asking: None,
            best: None,
            partial_views: 0,
            older: None,
            older_views: 0,
            attempts: Vec::new(),
        }
    }

    /// How many nodes may still be asked, the present one included.
    pub fn candidates_left(&self) -> usize {
        self.candidates.len() + usize::from(self.asking.is_some())
    }

    /// What to do now. Asking again without an answer in between gives the same step.
    pub fn step(&mut self) -> Step {
        let full = self.best.as_ref().is_some_and(|map| map.covered() == usize::from(SLOT_COUNT));
        if full || self.partial_views == MOST_PARTIAL_VIEWS || self.older_views == MOST_OLDER_VIEWS
        {
            return self.done();
        }
        if self.asking.is_none() {
            let Some(candidate) = self.candidates.pop_front() else { return self.done() };
            let query = Query::first(self.command);
            self.asking = Some(Asking { candidate, query, epochs: None, elapsed: Duration::ZERO });
        }
        match &self.asking {
            Some(Asking { candidate, query, .. }) => Step::Ask {
                node: candidate.node.clone(),
                query: *query,
                with_epochs: self.wants_epochs && *query == Query::Slots,
            },
            None => self.done(),
        }
    }

    /// The node asked last answered this to CLUSTER NODES. A refusal is no loss: its view counts all the same.
    pub fn told_epochs(&mut self, reply: &Reply) {
        if let Some(asking) = &mut self.asking {
            asking.epochs = Epochs::read(reply.root()).ok();
        }
    }

    /// The node asked last answered this, after so long.
    pub fn answered(&mut self, reply: &Reply, elapsed: Duration) {
        let Some(Asking { candidate, query, epochs, elapsed: before }) = self.asking.take() else {
            return;
        };
        let elapsed = before + elapsed;
        match query.read(reply.root(), &candidate.node, &self.translation, self.tls) {
            Ok(map) if map.covered() == 0 => {
                let error = Error::new(Status::ClusterDown, "it knows of no slot that is served");
                self.note(candidate, &error, elapsed);
            }
            Ok(mut map) => {
                if let Some(epochs) = &epochs {
                    epochs.give_to(&mut map);
                }
                if self
                    .known
                    .as_ref()
                    .is_some_and(|known| map.is_older_than(known, epochs.as_ref()))
                {
                    self.older_views += 1;
                    self.older = Some(map);
                    return;
                }
                if map.covered() < usize::from(SLOT_COUNT) {
                    self.partial_views += 1;
                }
                if self.best.as_ref().is_none_or(|best| best.covered() < map.covered()) {
                    self.best = Some(map);
                }
            }
            Err(error) => match query.instead(self.command) {
                Some(other) if is_refusal(&error) => {
                    self.asking = Some(Asking { candidate, query: other, epochs, elapsed });
                }
                _ => self.note(candidate, &error, elapsed),
            },
        }
    }

    /// The node asked last could not be dialled or did not answer, after so long.
    pub fn failed(&mut self, error: &Error, elapsed: Duration) {
        if let Some(asking) = self.asking.take() {
            self.note(asking.candidate, error, asking.elapsed + elapsed);
        }
    }

    /// The deadline passed: the best view so far, or an error that says what was tried.
    pub fn expired(&mut self) -> Result<Found> {
        if let Some(found) = self.take_best() {
            return found;
        }
        let message =
            format!("the deadline passed before a node told the topology: {}", self.causes());
        Err(Error::new(Status::Timeout, message).with_attempts(self.take_attempts()))
    }

    fn note(&mut self, candidate: Candidate, error: &Error, elapsed: Duration) {
        let attempt = Attempt {
            node: candidate.node.to_string(),
            elapsed,
            cause: error.message().to_owned(),
        };
        let status = error.status();
        self.attempts.push(Failure { attempt, status, is_startup: candidate.is_startup });
    }

    fn done(&mut self) -> Step {
        Step::Done(self.take_best().unwrap_or_else(|| Err(self.nobody_answered())))
    }

    fn take_best(&mut self) -> Option<Result<Found>> {
        let (map, is_older) = match (self.best.take(), self.older.take()) {
            (Some(map), _) => (map, false),
            (None, Some(map)) => (map, true),
            (None, None) => return None,
        };
        Some(self.covered_enough(map).map(|map| Found { map, is_older }))
    }

    fn covered_enough(&mut self, map: SlotMap) -> Result<SlotMap> {
        let covered = map.covered();
        if covered == usize::from(SLOT_COUNT) || !self.require_full_coverage {
            return Ok(map);
        }
        let mut missing = String::new();
        let ranges = map.uncovered();
        for &(start, end) in ranges.iter().take(MOST_NAMED) {
            let comma = if missing.is_empty() { "" } else { ", " };
            missing += comma;
            missing += &start.to_string();
            if end > start {
                missing += &format!("-{end}");
            }
        }
        let more = if ranges.len() > MOST_NAMED { " and more" } else { "" };
        let message = format!(
            "{covered} of {SLOT_COUNT} slots are covered: nobody serves {missing}{more}; mend the cluster, or \
             set require_full_coverage=no to work with the rest"
        );
        let error = Error::new(Status::SlotNotCovered, message);
        let error = match ranges.first() {
            Some(&(slot, _)) => error.on_slot(slot),
            None => error,
        };
        Err(error.with_attempts(self.take_attempts()))
    }

    /// No view at all. Wrong credentials are named as such where every node that spoke refused them; an
    /// option that none takes and a cluster without slots likewise.
    fn nobody_answered(&mut self) -> Error {
        let spoke =
            |failure: &&Failure| !matches!(failure.status, Status::Connection | Status::Timeout);
        let mut spoke = self.attempts.iter().filter(spoke).map(|failure| failure.status);
        let first = spoke.next();
        let all_alike = spoke.all(|status| Some(status) == first);
        let causes = self.causes();
        let (status, message) = match first {
            Some(Status::Auth) if all_alike => {
                (Status::Auth, format!("the cluster refuses the credentials: {causes}"))
            }
            Some(Status::Tls) if all_alike => {
                (Status::Tls, format!("no node of the cluster can be spoken to: {causes}"))
            }
            // An option that no server takes, such as db.
            Some(Status::Config) if all_alike => (Status::Config, causes),
            Some(Status::ClusterDown) if all_alike => {
                (Status::ClusterDown, format!("no node of the cluster serves a slot: {causes}"))
            }
            _ => (
                Status::Unreachable,
                format!("no node told the cluster's topology; check startup_nodes: {causes}"),
            ),
        };
        Error::new(status, message).with_attempts(self.take_attempts())
    }

    /// Each startup node with its cause, some of the others, and how many more there were.
    fn causes(&self) -> String {
        let mut text = String::new();
        let (mut named, mut left_out) = (0, 0);
        for failure in &self.attempts {
            if !failure.is_startup {
                if named == MOST_NAMED {
                    left_out += 1;
                    continue;
                }
                named += 1;
            }
            let attempt = &failure.attempt;
            let part = if text.is_empty() { "" } else { "; " };
            // A cause that names its node need not be told whose it is.
            if attempt.cause.contains(&attempt.node) {
                text += &format!("{part}{}", attempt.cause);
            } else {
                text += &format!("{part}{}: {}", attempt.node, attempt.cause);
            }
        }
        if left_out > 0 {
            text += &format!("; and {left_out} more nodes");
        }
        match &self.asking {
            Some(asking) if text.is_empty() => {
                format!("{} was being asked", asking.candidate.node)
            }
            _ if text.is_empty() => "no node was asked".to_owned(),
            _ => text,
        }
    }

    fn take_attempts(&mut self) -> Vec<Attempt> {
        self.attempts.drain(..).map(|failure| failure.attempt).collect()
    }
}

/// True for an answer that says this user may not, or this server cannot, run the command: then
/// another of the three may do.
fn is_refusal(error: &Error) -> bool {
    error.status() == Status::Server
        && (error.server_code() == "NOPERM"
            || error.message().to_ascii_lowercase().contains("unknown"))
}
