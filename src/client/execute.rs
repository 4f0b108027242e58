//! A command from its caller to its reply: the quick way of nearly all, and the long one.

use std::time::{Duration, Instant};

use super::cancel::Watch;
use super::client::Client;
use super::execution::{Event, Execution, Rules, is_final};
use super::flights::{self, Terms};
use super::join::{self, Joining};
use super::part::Part;
use super::plan::{Plan, access_of, plan, replays};
use super::settings::Settings;
use crate::command::{Block, Blocking, Command, Spec, find};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::pool::{Pool, Standing, Target};
use crate::resp::Reply;
use crate::slot::key_slot;
use crate::topology::SlotMap;

impl Client {
    /// Sends a command where it belongs, follows the cluster wherever it moves meanwhile, and gives its reply:
    /// of a command that goes to several nodes, the one that its policy makes of theirs.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, CROSS_SLOT, UNROUTABLE, UNKNOWN_NODE, READ_ONLY: nothing was sent. POOL_EXHAUSTED,
    /// POOL_TIMEOUT, UNREACHABLE, AUTH, TLS, CONNECTION, TIMEOUT, PROTOCOL, LIMIT, SLOT_NOT_COVERED,
    /// TOO_MANY_REDIRECTS, TRY_AGAIN, CLUSTER_DOWN, LOADING, CANCELLED, CLOSED: whether the command may have
    /// run, the error says.
    pub fn execute(&self, command: &Command, settings: &Settings) -> Result<Reply> {
        if let Some(spec) = find(command)
            && let Some(index) = spec.sole_key()
            && settings.is_plain()
            && spec.timeout == Blocking::Never
            && spec.accepts(command.argument_count())
            && let Some(key) = command.argument(index)
        {
            let target = self.pool().target_of(key_slot(key), access_of(spec), None)?;
            return self.execute_at(target, spec, command, settings);
        }
        self.execute_slowly(command, settings)
    }

    /// The quick way: one key, one node, and a connection at hand.
    #[inline]
    fn execute_at(
        &self,
        target: Target,
        spec: &Spec,
        command: &Command,
        settings: &Settings,
    ) -> Result<Reply> {
        let began = Instant::now();
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = self.deadline(began, timeout, None);
        let Some(mut lease) = self.pool().take_idle(&target) else {
            return self.execute_one(command, target, replays(spec), deadline, settings, None);
        };
        let event = match lease.connection().command(command, deadline) {
            Ok(reply) if is_final(reply.root()) => match Pool::give_back(lease) {
                Standing::Good => return Ok(reply),
                Standing::Demoted(node) => {
                    Event::Answered { node, reply, by_replica: false, demoted: true }
                }
            },
            Ok(reply) => {
                lease.note(&reply);
                let node = lease.peer().node().clone();
                let by_replica = lease.peer().is_readonly();
                Pool::give_back(lease);
                Event::Answered { node, reply, by_replica, demoted: false }
            }
            Err(error) => {
                let had_connection = lease.peer().is_broken();
                let (error, sent) = flights::loss(lease, error, false);
                Event::Failed { error, sent, had_connection }
            }
        };
        let begun = Some((event, began.elapsed()));
        self.execute_one(command, target, replays(spec), deadline, settings, begun)
    }

    /// One command to one node, from its start or after a first try.
    #[cold]
    fn execute_one(
        &self,
        command: &Command,
        target: Target,
        replays: bool,
        deadline: Deadline,
        settings: &Settings,
        begun: Option<(Event, Duration)>,
    ) -> Result<Reply> {
        let terms = self.terms(deadline, Some(self.pool().options().socket_timeout), settings);
        let mut part = Part::new(command.encoded(), target, replays);
        if let Some((event, took)) = begun {
            let mut execution = Execution::begun(terms.rules, part.home.clone(), replays);
            execution.on(event, took, &mut |bound| bound.mul_f64(fastrand::f64()));
            part.execution = Some(Box::new(execution));
        }
        self.run_one(&terms, part)
    }

    /// Runs one part to its end.
    pub(super) fn run_one(&self, terms: &Terms<'_>, part: Part<'_>) -> Result<Reply> {
        let mut parts = [part];
        flights::run(self.pool(), terms, &mut parts);
        let [part] = parts;
        part.outcome.unwrap_or_else(|| Err(no_outcome()))
    }

    /// The long way: whatever has no, several, or unknown keys, blocks, or has settings of its own.
    #[inline(never)]
    fn execute_slowly(&self, command: &Command, settings: &Settings) -> Result<Reply> {
        if command.argument_count() == 0 {
            return Err(Error::new(
                Status::InvalidArgument,
                "the command has no name: append its arguments first",
            ));
        }
        let began = Instant::now();
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let first = self.terms(self.deadline(began, timeout, None), self.silence(None), settings);
        let learnt;
        let spec = match find(command) {
            Some(spec) => spec,
            None => {
                learnt = self.learn(command, settings, &first)?;
                &*learnt
            }
        };
        let plan = self.plan(spec, command, settings, &first)?;
        let block = spec.blocks_for(command);
        let terms = self.terms(self.deadline(began, timeout, block), self.silence(block), settings);
        let replays = replays(spec);
        match plan {
            Plan::One(target) => {
                self.run_one(&terms, Part::new(command.encoded(), target, replays))
            }
            Plan::Each { targets, joining } => {
                let parts = targets.into_iter();
                let parts = parts.map(|target| Part::new(command.encoded(), target, replays));
                self.run_several(terms, &spec.name, joining, parts.collect())
            }
            Plan::Split { parts, joining } => {
                let parts = parts
                    .iter()
                    .map(|(target, command)| Part::new(command.encoded(), target.clone(), replays));
                self.run_several(terms, &spec.name, joining, parts.collect())
            }
            Plan::Ask => Err(no_outcome()),
        }
    }

    /// The plan of a command; a server is asked for keys that only it can tell.
    pub(super) fn plan(
        &self,
        spec: &Spec,
        command: &Command,
        settings: &Settings,
        terms: &Terms<'_>,
    ) -> Result<Plan> {
        // What depends on the map needs one.
        self.pool().discover(terms.rules.deadline)?;
        match plan(self.pool(), spec, command, settings, None)? {
            (Plan::Ask, _) => {
                let keys = self.ask_for_keys(command, terms)?;
                Ok(plan(self.pool(), spec, command, settings, Some(&keys))?.0)
            }
            (plan, _) => Ok(plan),
        }
    }

    /// Runs the parts of one command and joins their replies.
    pub(super) fn run_several(
        &self,
        mut terms: Terms<'_>,
        name: &str,
        joining: Joining,
        mut parts: Vec<Part<'_>>,
    ) -> Result<Reply> {
        terms.names_nodes = true;
        let map = self.pool().topology();
        flights::run(self.pool(), &terms, &mut parts);
        let writes = parts.first().is_some_and(|part| !part.replays);
        let joined = parts.into_iter().map(|part| {
            let node = part.node.unwrap_or_else(|| node_of(&map, &part.home));
            join::Part { node, outcome: part.outcome.unwrap_or_else(|| Err(no_outcome())) }
        });
        join::join(name, writes, &joining, joined.collect()).map_err(|partial| {
            partial.error.with_keys(&partial.written, &partial.unknown, &partial.unwritten)
        })
    }

    /// What a call goes by.
    pub(super) fn terms<'a>(
        &self,
        deadline: Deadline,
        silence: Option<Duration>,
        settings: &'a Settings,
    ) -> Terms<'a> {
        Terms {
            rules: Rules::of(self.pool().options(), deadline),
            silence,
            watch: Watch::new(settings.cancel.as_deref()),
            names_nodes: false,
        }
    }

    /// When a call ends that begins now: what a command blocks for is added to its time.
    #[inline]
    pub(super) fn deadline(
        &self,
        began: Instant,
        timeout: Timeout,
        block: Option<Block>,
    ) -> Deadline {
        let time = match timeout {
            Timeout::Now => Duration::ZERO,
            Timeout::Within(time) => time,
            Timeout::Never => return Deadline::NEVER,
            Timeout::Default => self.pool().options().command_timeout,
        };
        let time = match block {
            None => Some(time),
            Some(Block::For(longest)) => time.checked_add(longest),
            Some(Block::Forever) => None,
        };
        match time.and_then(|time| began.checked_add(time)) {
            Some(end) => Deadline::at(end),
            None => Deadline::NEVER,
        }
    }

    /// The longest silence of a server that owes a reply: one that blocks is silent for long.
    pub(super) fn silence(&self, block: Option<Block>) -> Option<Duration> {
        let longest = self.pool().options().socket_timeout;
        match block {
            None => Some(longest),
            Some(Block::For(block)) => longest.checked_add(block),
            Some(Block::Forever) => None,
        }
    }
}

/// The node that a target leads to by this map, for messages and maps of replies.
fn node_of(map: &SlotMap, target: &Target) -> NodeAddress {
    let known = match target {
        Target::Node(node) => return node.clone(),
        Target::Primary(slot) | Target::Reader(slot) => {
            map.primary_of(*slot).map(|at| map.nodes()[at].address.clone())
        }
        Target::Named(_) | Target::Any => None,
    };
    known.unwrap_or_else(|| NodeAddress::new("unknown", 0))
}

#[cold]
pub(super) fn no_outcome() -> Error {
    Error::new(Status::Internal, "a command was left without an outcome")
}
