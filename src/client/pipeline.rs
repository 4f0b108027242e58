//! Many commands in one call: one write for each node, nodes read as they answer, replies in order.

use std::sync::Arc;
use std::time::Instant;

use super::cancel::{Cancel, Watch};
use super::client::Client;
use super::execute::no_outcome;
use super::familiar::FamiliarCommands;
use super::flights;
use super::part::{Home, Part, Script};
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
    /// Commands that are to be planned when all of it runs, in their order.
    unplanned: Vec<(Command, Settings)>,
    /// Scripts in full, in the order of their commands.
    scripts: Vec<InFull>,
    familiar: FamiliarCommands,
}

/// One command of a pipeline; it begins where the one before it ends.
struct Item {
    end: usize,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    /// One key; where it lives is all there is to know.
    Key { home: Home<'static>, replays: bool },
    /// The next of those that are to be planned.
    Plan,
}

/// Of EVALSHA: the same as EVAL, with the script's text.
struct InFull {
    /// The place of its command.
    item: usize,
    /// The same for all commands with the same script.
    id: usize,
    encoded: Box<[u8]>,
}

impl Pipeline {
    /// A pipeline without commands.
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            bytes: Vec::new(),
            items: Vec::new(),
            unplanned: Vec::new(),
            scripts: Vec::new(),
            familiar: FamiliarCommands::default(),
        }
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
        self.unplanned.clear();
        self.scripts.clear();
    }

    /// Takes all commands away but the last.
    pub fn keep_last(&mut self) {
        let before = self.items.len().saturating_sub(1);
        let start =
            before.checked_sub(1).and_then(|at| self.items.get(at)).map_or(0, |item| item.end);
        self.bytes.drain(..start);
        self.items.drain(..before);
        self.scripts.retain(|script| script.item == before);
        let planned = self.items.iter().filter(|item| matches!(item.way, Way::Plan)).count();
        self.unplanned.drain(..self.unplanned.len().saturating_sub(planned));
        for item in &mut self.items {
            item.end -= start;
        }
        for script in &mut self.scripts {
            script.item = 0;
        }
    }

    /// Appends a command that is given by its arguments, its name first. Sends nothing.
    ///
    /// # Errors
    /// As [`Pipeline::append`].
    #[inline]
    pub fn append_arguments(&mut self, arguments: &[&[u8]]) -> Result<()> {
        if let Some(familiar) = self.familiar.find(self.client.pool(), arguments)
            && let Some(key) = arguments.get(familiar.key)
        {
            let way = Way::Key { home: familiar.home(key_slot(key)), replays: familiar.replays };
            familiar.encode(arguments, &mut self.bytes);
            self.items.push(Item { end: self.bytes.len(), way });
            return Ok(());
        }
        self.append(&Command::of(arguments), &Settings::default())
    }

    /// Appends a command; of its settings route and readers count. Sends nothing.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for what a shared client does not send, and for commands that block; READ_ONLY. The
    /// pipeline is as it was then.
    pub fn append(&mut self, command: &Command, settings: &Settings) -> Result<()> {
        let way = self.way(command, settings)?;
        self.bytes.extend_from_slice(command.encoded());
        self.items.push(Item { end: self.bytes.len(), way });
        Ok(())
    }

    /// Appends a script: by its hash, and in full for the nodes that do not have it. Both commands have the
    /// same keys.
    ///
    /// # Errors
    /// As [`Pipeline::append`].
    pub fn append_script(&mut self, by_hash: &Command, in_full: &Command) -> Result<()> {
        let item = self.items.len();
        self.append(by_hash, &Settings::default())?;
        // The hash is the script's name: as good a number as any begins it.
        let hash = by_hash.argument(1).and_then(|hash| std::str::from_utf8(hash.get(..16)?).ok());
        let id = hash.and_then(|hash| usize::from_str_radix(hash, 16).ok()).unwrap_or(0);
        self.scripts.push(InFull { item, id, encoded: in_full.encoded().into() });
        Ok(())
    }

    #[inline(always)]
    fn way(&mut self, command: &Command, settings: &Settings) -> Result<Way> {
        let spec = find(command);
        if let Some(spec) = spec
            && settings.is_plain()
            && spec.timeout == Blocking::Never
            && spec.accepts(command.argument_count())
            && let Some(key) = spec.sole_key().and_then(|index| command.argument(index))
        {
            let slot = key_slot(key);
            let home = match self.client.pool().target_of(slot, access_of(spec), None)? {
                Target::Reader(slot, read_from) => Home::Reader(slot, read_from),
                _ => Home::Primary(slot),
            };
            return Ok(Way::Key { home, replays: replays(spec) });
        }
        check(spec, command)?;
        self.unplanned.push((command.clone(), settings.clone()));
        Ok(Way::Plan)
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
        let plan =
            |(command, settings): &(Command, Settings)| client.plan_of(command, settings, &terms);
        let plans: Vec<_> = self.unplanned.iter().map(plan).collect();
        let map = client.pool().topology();
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(self.items.len());
        let (mut planned, mut scripts) = (plans.iter(), self.scripts.iter().peekable());
        let mut start = 0;
        for (index, item) in self.items.iter().enumerate() {
            let encoded = self.bytes.get(start..item.end).unwrap_or_default();
            start = item.end;
            let first = parts.len();
            match item.way {
                Way::Key { home, replays } => parts.push(Part::new(encoded, home, replays)),
                Way::Plan => {
                    if let Some(Ok(planned)) = planned.next() {
                        planned.parts(encoded, &mut parts);
                        terms.names_nodes |= planned.joining.is_some();
                    }
                }
            }
            if let Some(script) = scripts.next_if(|script| script.item == index)
                && let Some(part) = parts.get_mut(first)
            {
                let in_full = &script.encoded;
                part.set_script(Script { id: script.id, in_full, is_known: false });
            }
        }
        let channels = client.channels().map(|channels| &**channels);
        flights::run(client.pool(), channels, &terms, &mut parts);

        let mut parts = parts.iter_mut();
        let mut planned = plans.iter();
        outcomes.extend(self.items.iter().map(|item| match item.way {
            Way::Key { .. } => parts.next().and_then(|part| part.outcome.take()),
            Way::Plan => Some(match planned.next() {
                Some(Ok(planned)) => planned.outcome(&map, &mut parts.by_ref().map(Part::take)),
                Some(Err(error)) => Err(error.clone()),
                None => Err(no_outcome()),
            }),
        }));
    }
}

/// Whether a command for which more is to be asked than its one key may stand in a pipeline.
fn check(spec: Option<&Spec>, command: &Command) -> Result<()> {
    if command.argument_count() == 0 {
        return Err(unsuited::nameless());
    }
    let Some(spec) = spec else { return Ok(()) };
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
    Ok(())
}
