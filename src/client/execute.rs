//! A command from its caller to its reply: the quick way of nearly all, and the long one.

use std::time::{Duration, Instant};

use super::cancel::Watch;
use super::client::Client;
use super::execution::{Execution, is_final};
use super::flight;
use super::flights::{self, Terms};
use super::join::{self, Joining};
use super::part::Part;
use super::plan::{Plan, access_of, plan, replays};
use super::planned::Planned;
use super::settings::Settings;
use super::step::{Event, Rules};
use super::unsuited;
use crate::command::{Block, Blocking, Command, Effect, Spec, find};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::pool::{Lease, Pool, Standing, Target};
use crate::resp::Reply;
use crate::slot::key_slot;
use crate::topology::SlotMap;
use crate::transport::Wait;

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
        let left = self.time_of(settings.timeout.unwrap_or(Timeout::Default));
        let end = left.and_then(|left| began.checked_add(left));
        let deadline = end.map_or(Deadline::NEVER, Deadline::at);
        if let Some(channels) = self.channels() {
            if left == Some(Duration::ZERO) {
                return self.execute_one(command, target, replays(spec), deadline, settings, None);
            }
            let encoded = command.encoded();
            return match self.try_shared(channels, &target, encoded, deadline, left) {
                Ok(reply) => Ok(reply),
                Err(event) => {
                    let begun = event.map(|event| (event, began.elapsed()));
                    self.execute_one(command, target, replays(spec), deadline, settings, begun)
                }
            };
        }
        let Some(mut lease) = self.pool().take_idle(&target) else {
            return self.execute_one(command, target, replays(spec), deadline, settings, None);
        };
        // Next to nothing has passed since: no other look at the clock. And no command with a sole key has an effect
        // on its connection (a test goes through them).
        let wait = Wait::beginning(deadline, left);
        let outcome = lease.connection().command_within(command, Effect::None, deadline, wait);
        if let Ok(reply) = &outcome
            && is_final(reply.root())
        {
            let standing = self.pool().take_back_answered(lease);
            if matches!(standing, Standing::Good) {
                return outcome;
            }
            let event = demoted(outcome, standing);
            let begun = event.map(|event| (event, began.elapsed()));
            return self.execute_one(command, target, replays(spec), deadline, settings, begun);
        }
        let begun = Some((self.trouble(lease, outcome), began.elapsed()));
        self.execute_one(command, target, replays(spec), deadline, settings, begun)
    }

    /// What the quick way met in place of a reply that ends the command.
    #[cold]
    fn trouble(&self, mut lease: Box<Lease>, outcome: Result<Reply>) -> Event {
        match outcome {
            Ok(reply) => {
                lease.note(&reply);
                let node = lease.peer().node().clone();
                let by_replica = lease.peer().is_readonly();
                let demoted = self.pool().take_back_answered(lease) != Standing::Good;
                Event::Answered { node, reply, by_replica, demoted }
            }
            Err(error) if !lease.connection().is_broken() => {
                // No time was left to send it: that says nothing of the node.
                Pool::take_back_unused(lease);
                Event::Failed { error, sent: false, had_connection: false }
            }
            Err(error) => {
                let (error, sent) = flight::loss(lease, error, false);
                Event::Failed { error, sent, had_connection: true }
            }
        }
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
        let mut part = Part::new(command.encoded(), &target, replays);
        if let Some(channels) = self.channels() {
            return self.run_shared(channels, &terms, &part, begun);
        }
        if let Some((event, took)) = begun {
            let mut execution = Execution::begun(terms.rules, part.home.clone(), replays);
            execution.on(event, took, &mut |bound| bound.mul_f64(fastrand::f64()));
            part.execution = Some(Box::new(execution));
        }
        self.run_one(&terms, part)
    }

    /// Runs one part to its end.
    pub(super) fn run_one(&self, terms: &Terms<'_>, part: Part<'_>) -> Result<Reply> {
        if let Some(channels) = self.channels() {
            return self.run_shared(channels, terms, &part, None);
        }
        let mut parts = [part];
        flights::run(self.pool(), terms, &mut parts);
        let [part] = parts;
        part.outcome.unwrap_or_else(|| Err(no_outcome()))
    }

    /// The long way: whatever has no, several, or unknown keys, blocks, or has settings of its own.
    #[inline(never)]
    fn execute_slowly(&self, command: &Command, settings: &Settings) -> Result<Reply> {
        let began = Instant::now();
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let first = self.terms(self.deadline(began, timeout, None), self.silence(None), settings);
        let planned = self.plan_of(command, settings, &first)?;
        let block = planned.block;
        let mut terms =
            self.terms(self.deadline(began, timeout, block), self.silence(block), settings);
        terms.names_nodes = planned.joining.is_some();
        if let Some(channels) = self.channels()
            && block.is_none()
            && planned.joining.is_none()
            && let [target] = &*planned.targets
        {
            let part = Part::new(command.encoded(), target, planned.replays);
            return self.run_shared(channels, &terms, &part, None);
        }
        let map = self.pool().topology();
        let mut parts = Vec::new();
        planned.parts(command.encoded(), &mut parts);
        flights::run(self.pool(), &terms, &mut parts);
        planned.outcome(&map, &mut parts.into_iter())
    }

    /// A command's plan. A server is asked for what only it can tell: commands that no table holds, and keys.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, CROSS_SLOT, UNROUTABLE, UNKNOWN_NODE, READ_ONLY: the command is not to be sent. Those
    /// of a call, where a server was asked.
    pub(super) fn plan_of(
        &self,
        command: &Command,
        settings: &Settings,
        terms: &Terms<'_>,
    ) -> Result<Planned> {
        if command.argument_count() == 0 {
            return Err(unsuited::nameless());
        }
        let learnt;
        let spec = match find(command) {
            Some(spec) => spec,
            None => {
                learnt = self.learn(command, settings, terms)?;
                &*learnt
            }
        };
        // What is refused is refused without a look at the cluster; what depends on the map needs one.
        unsuited::check(spec, command)?;
        self.pool().discover(terms.rules.deadline)?;
        let (plan, reason) = match plan(self.pool(), spec, command, settings, None)? {
            (Plan::Ask, _) => {
                let keys = self.ask_for_keys(command, terms)?;
                plan(self.pool(), spec, command, settings, Some(&keys))?
            }
            planned => planned,
        };
        Planned::new(spec, command, plan, reason)
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
            shares_memory: false,
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
        let Some(time) = self.time_of(timeout) else { return Deadline::NEVER };
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

    /// How long a call may take; None: for ever.
    #[inline]
    fn time_of(&self, timeout: Timeout) -> Option<Duration> {
        match timeout {
            Timeout::Now => Some(Duration::ZERO),
            Timeout::Within(time) => Some(time),
            Timeout::Never => None,
            Timeout::Default => Some(self.pool().options().command_timeout),
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

/// An answer of a node that has lost its role meanwhile.
#[cold]
fn demoted(outcome: Result<Reply>, standing: Standing) -> Option<Event> {
    match (outcome, standing) {
        (Ok(reply), Standing::Demoted(node)) => {
            Some(Event::Answered { node: *node, reply, by_replica: false, demoted: true })
        }
        _ => None,
    }
}

/// The node that a target leads to by this map, for messages and maps of replies.
fn node_of(map: &SlotMap, target: &Target) -> NodeAddress {
    let known = match target {
        Target::Node(node) => return node.clone(),
        Target::Primary(slot) | Target::Reader(slot, _) => {
            map.primary_of(*slot).map(|at| map.nodes()[at].address.clone())
        }
        Target::Named(_) | Target::Any => None,
    };
    known.unwrap_or_else(|| NodeAddress::new("unknown", 0))
}

/// Joins the parts of one command.
pub(super) fn join_parts<'a>(
    map: &SlotMap,
    name: &str,
    joining: &Joining,
    parts: impl Iterator<Item = Part<'a>>,
) -> Result<Reply> {
    let mut writes = false;
    let joined = parts.map(|part| {
        writes |= !part.replays;
        let node = part.node.map_or_else(|| node_of(map, part.home), |node| *node);
        join::Part { node, outcome: part.outcome.unwrap_or_else(|| Err(no_outcome())) }
    });
    let joined = joined.collect();
    join::join(name, writes, joining, joined).map_err(|partial| {
        partial.error.with_keys(&partial.written, &partial.unknown, &partial.unwritten)
    })
}

#[cold]
pub(super) fn no_outcome() -> Error {
    Error::new(Status::Internal, "a command was left without an outcome")
}

#[cfg(test)]
#[path = "execute_tests.rs"]
mod tests;

#[cfg(test)]
mod effects {
    use super::*;

    #[test]
    fn no_command_with_a_sole_key_has_an_effect_on_its_connection() {
        let mut seen = 0;
        for spec in crate::command::all().iter().filter(|spec| spec.sole_key().is_some()) {
            let mut words: Vec<&[u8]> = spec.name.split(' ').map(str::as_bytes).collect();
            words.push(b"key");
            assert_eq!(Command::of(&words).effect(), Effect::None, "{}", spec.name);
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}
