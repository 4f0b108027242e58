//! Many commands in one call: one write for each node, nodes read as they answer, replies in order.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::cancel::{Cancel, Watch};
use super::client::Client;
use super::execute::no_outcome;
use super::flights;
use super::part::{Part, Script};
use super::plan::{access_of, replays};
use super::settings::Settings;
use super::unsuited;
use crate::command::{Blocking, Command, Spec, find};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::pool::Target;
use crate::resp::Reply;
use crate::slot::key_slot;

/// Commands that are gathered to be run together. Used by one thread at a time.
pub struct Pipeline {
    client: Arc<Client>,
    /// All commands, encoded, one behind the other.
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// One command of a pipeline.
struct Item {
    encoded: Range<usize>,
    way: Way,
    script: Option<Box<InFull>>,
}

/// Of EVALSHA: the same as EVAL, with the script's text.
struct InFull {
    /// The same for all commands with the same script.
    id: usize,
    encoded: Range<usize>,
}

enum Way {
    /// One key; where it lives is all there is to know.
    Key { target: Target, replays: bool },
    /// To be planned when all of it runs.
    Plan(Box<(Command, Settings)>),
}

impl Pipeline {
    /// A pipeline without commands.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, bytes: Vec::new(), items: Vec::new() }
    }

    /// How many commands there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if there is no command.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes all commands away and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
    }

    /// Appends a command; of its settings route and readers count. Sends nothing.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for what a shared client does not send, and for commands that block; READ_ONLY. The
    /// pipeline is as it was then.
    pub fn append(&mut self, command: &Command, settings: &Settings) -> Result<()> {
        let way = self.way(command, settings)?;
        let encoded = self.keep(command);
        self.items.push(Item { encoded, way, script: None });
        Ok(())
    }

    /// Appends a script: by its hash, and in full for the nodes that do not have it. Both commands have the
    /// same keys.
    ///
    /// # Errors
    /// As [`Pipeline::append`].
    pub fn append_script(&mut self, by_hash: &Command, in_full: &Command) -> Result<()> {
        let way = self.way(by_hash, &Settings::default())?;
        let encoded = self.keep(by_hash);
        // The hash is the script's name: as good a number as any begins it.
        let hash = by_hash.argument(1).and_then(|hash| std::str::from_utf8(hash.get(..16)?).ok());
        let id = hash.and_then(|hash| usize::from_str_radix(hash, 16).ok()).unwrap_or(0);
        let script = Some(Box::new(InFull { id, encoded: self.keep(in_full) }));
        self.items.push(Item { encoded, way, script });
        Ok(())
    }

    fn keep(&mut self, command: &Command) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(command.encoded());
        start..self.bytes.len()
    }

    #[inline(always)]
    fn way(&self, command: &Command, settings: &Settings) -> Result<Way> {
        let Some(spec) = find(command) else { return plan_later(None, command, settings) };
        let key = spec.sole_key().and_then(|index| command.argument(index));
        let is_simple = settings.is_plain()
            && spec.timeout == Blocking::Never
            && spec.accepts(command.argument_count());
        let Some(key) = key.filter(|_| is_simple) else {
            return plan_later(Some(spec), command, settings);
        };
        let target = self.client.pool().target_of(key_slot(key), access_of(spec), None)?;
        Ok(Way::Key { target, replays: replays(spec) })
    }

    /// Runs all commands, and gives for each its reply (which may be an error of the server), or why there is
    /// none. Commands of one slot run in their order, unless one of them has to be sent again. What may have run
    /// is not sent again, command by command, as in a call of its own.
    /// The outcomes are put behind those in `outcomes`.
    pub fn execute(
        &mut self,
        timeout: Timeout,
        cancel: Option<&Cancel>,
        outcomes: &mut Vec<Option<Result<Reply>>>,
    ) {
        let client = Arc::clone(&self.client);
        let settings = Settings::default();
        let deadline = client.deadline(Instant::now(), timeout, None);
        let mut terms = client.terms(deadline, client.silence(None), &settings);
        terms.watch = Watch::new(cancel);
        terms.shares_memory = true;
        if let Err(error) = client.pool().discover(deadline) {
            return outcomes.extend(self.items.iter().map(|_| Some(Err(error.clone()))));
        }

        // First the plans, whose commands the parts borrow.
        let mut plans = Vec::new();
        for item in &self.items {
            if let Way::Plan(unplanned) = &item.way {
                let (command, settings) = &**unplanned;
                plans.push(client.plan_of(command, settings, &terms));
            }
        }
        let map = client.pool().topology();
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(self.items.len());
        let mut planned = plans.iter();
        for item in &self.items {
            let encoded = self.bytes.get(item.encoded.clone()).unwrap_or_default();
            let first = parts.len();
            match &item.way {
                Way::Key { target, replays } => {
                    parts.push(Part::new(encoded, target, *replays));
                }
                Way::Plan(_) => {
                    if let Some(Ok(planned)) = planned.next() {
                        planned.parts(encoded, &mut parts);
                        terms.names_nodes |= planned.joining.is_some();
                    }
                }
            }
            if let Some(script) = &item.script
                && let Some(part) = parts.get_mut(first)
            {
                let in_full = self.bytes.get(script.encoded.clone()).unwrap_or_default();
                part.script = Some(Box::new(Script { id: script.id, in_full, is_known: false }));
            }
        }
        flights::run(client.pool(), &terms, &mut parts);

        let mut parts = parts.into_iter();
        let mut planned = plans.iter();
        outcomes.extend(self.items.iter().map(|item| match &item.way {
            Way::Key { .. } => parts.next().and_then(|part| part.outcome),
            Way::Plan(_) => Some(match planned.next() {
                Some(Ok(planned)) => planned.outcome(&map, &mut parts),
                Some(Err(error)) => Err(error.clone()),
                None => Err(no_outcome()),
            }),
        }));
    }
}

/// A command for which more is to be asked than its one key.
fn plan_later(spec: Option<&Spec>, command: &Command, settings: &Settings) -> Result<Way> {
    if command.argument_count() == 0 {
        return Err(unsuited::nameless());
    }
    if let Some(spec) = spec {
        unsuited::check(spec, command)?;
        if spec.blocks_for(command).is_some() {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "{} may block, and a pipeline's other commands would wait for it: run it by a call of its own",
                    spec.name
                ),
            ));
        }
    }
    Ok(Way::Plan(Box::new((command.clone(), settings.clone()))))
}
