//! Many commands in one call: one write for each node, nodes read as they answer, replies in order.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::cancel::Cancel;
use super::client::Client;
use super::execute::{join_parts, no_outcome};
use super::flights;
use super::join::Joining;
use super::part::{Part, Script};
use super::plan::{access_of, replays};
use super::planned::Planned;
use super::settings::Settings;
use super::unsuited;
use crate::command::{Blocking, Command, Spec, find};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::pool::Access;
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
    /// Of EVALSHA: the same as EVAL, with the script's text.
    in_full: Option<Range<usize>>,
}

enum Way {
    /// One key; where it lives is all there is to know.
    Key { slot: u16, access: Access, replays: bool },
    /// To be planned when all of it runs.
    Plan(Box<(Command, Settings)>),
}

/// Which parts of the call belong to one command.
enum Parts<'a> {
    One,
    Several {
        count: usize,
        joining: &'a Joining,
        name: &'a str,
    },
    /// It could not be planned.
    Refused(Error),
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
        self.items.push(Item { encoded, way, in_full: None });
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
        let in_full = Some(self.keep(in_full));
        self.items.push(Item { encoded, way, in_full });
        Ok(())
    }

    fn keep(&mut self, command: &Command) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(command.encoded());
        start..self.bytes.len()
    }

    #[inline]
    fn way(&self, command: &Command, settings: &Settings) -> Result<Way> {
        let Some(spec) = find(command) else { return plan_later(None, command, settings) };
        let key = spec.sole_key().and_then(|index| command.argument(index));
        let is_simple = settings.is_plain()
            && spec.timeout == Blocking::Never
            && spec.accepts(command.argument_count());
        let Some(key) = key.filter(|_| is_simple) else {
            return plan_later(Some(spec), command, settings);
        };
        let (slot, access) = (key_slot(key), access_of(spec));
        // Refused now, where the caller sees which command it is.
        self.client.pool().target_of(slot, access, None)?;
        Ok(Way::Key { slot, access, replays: replays(spec) })
    }

    /// Runs all commands, and gives for each its reply (which may be an error of the server), or why there is
    /// none. Commands of one slot run in their order, unless one of them has to be sent again. What may have run
    /// is not sent again, command by command, as in a call of its own.
    pub fn execute(&mut self, timeout: Timeout, cancel: Option<&Cancel>) -> Vec<Result<Reply>> {
        let client = Arc::clone(&self.client);
        let settings = Settings::default();
        let deadline = client.deadline(Instant::now(), timeout, None);
        let mut terms = client.terms(deadline, client.silence(None), &settings);
        terms.watch = super::cancel::Watch::new(cancel);
        if let Err(error) = client.pool().discover(deadline) {
            return self.items.iter().map(|_| Err(error.clone())).collect();
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
        let mut shares = Vec::with_capacity(self.items.len());
        let mut planned = plans.iter();
        for item in &self.items {
            let encoded = &self.bytes[item.encoded.clone()];
            let first = parts.len();
            let share = match &item.way {
                Way::Key { slot, access, replays } => {
                    match client.pool().target_of(*slot, *access, None) {
                        Ok(target) => {
                            parts.push(Part::new(encoded, target, *replays));
                            Parts::One
                        }
                        Err(error) => Parts::Refused(error),
                    }
                }
                Way::Plan(_) => match planned.next() {
                    Some(Ok(planned)) => {
                        let planned: &Planned = planned;
                        planned.parts(encoded, &mut parts);
                        terms.names_nodes |= planned.joining.is_some();
                        match &planned.joining {
                            None => Parts::One,
                            Some(joining) => Parts::Several {
                                count: parts.len() - first,
                                joining,
                                name: &planned.name,
                            },
                        }
                    }
                    Some(Err(error)) => Parts::Refused(error.clone()),
                    None => Parts::Refused(no_outcome()),
                },
            };
            if let (Some(in_full), Some(part)) = (&item.in_full, parts.get_mut(first)) {
                let in_full = &self.bytes[in_full.clone()];
                part.script = Some(Script { id: in_full.len(), in_full, is_known: false });
            }
            shares.push(share);
        }
        flights::run(client.pool(), &terms, &mut parts);
        let mut parts = parts.into_iter();
        shares
            .into_iter()
            .map(|share| match share {
                Parts::One => {
                    parts.next().and_then(|part| part.outcome).unwrap_or_else(|| Err(no_outcome()))
                }
                Parts::Several { count, joining, name } => {
                    join_parts(&map, name, joining, parts.by_ref().take(count))
                }
                Parts::Refused(error) => Err(error),
            })
            .collect()
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
