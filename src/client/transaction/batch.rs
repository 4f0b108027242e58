//! The commands of a transaction, as they will be sent between MULTI and EXEC.

use std::borrow::Cow;

use crate::command::{Command, Effect, Flags, Spec};
use crate::connection::Connection;

use crate::client::plan::replays;

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// Commands one behind the other.
pub(super) struct Batch {
    encoded: Vec<u8>,
    commands: Vec<Queued>,
    writes: bool,
    replays: bool,
}

struct Queued {
    /// Its name, for messages.
    name: Cow<'static, str>,
    /// Where its encoding ends.
    end: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { encoded: Vec::new(), commands: Vec::new(), writes: false, replays: true }
    }
}

impl Batch {
    /// Adds a copy of the command; `has_keys`: it has some.
    pub(super) fn add(&mut self, spec: &Spec, command: &Command, has_keys: bool) {
        self.encoded.extend_from_slice(command.encoded());
        self.commands.push(Queued { name: spec.name.clone(), end: self.encoded.len() });
        let only_reads = spec.flags.has(Flags::READONLY);
        self.writes |= spec.flags.has(Flags::WRITE) || (has_keys && !only_reads);
        self.replays &= replays(spec);
    }

    /// How many commands there are.
    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    /// There is no command yet.
    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The name of a command, for messages.
    pub(super) fn name(&self, index: usize) -> &str {
        self.commands.get(index).map_or("", |command| &command.name)
    }

    /// One of them may change data.
    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    /// Running all of them twice does no harm.
    pub(super) fn replays(&self) -> bool {
        self.replays
    }

    /// Queues MULTI, the commands and EXEC on a connection; answers how many replies they will have.
    ///
    /// One ASKING in front of MULTI holds for all of it: servers forget it only with a command outside of MULTI.
    pub(super) fn queue(&self, connection: &mut Connection, asking: bool) -> usize {
        if asking {
            connection.queue().asking();
        }
        connection.queue_with(MULTI, Effect::Multi);
        let mut start = 0;
        for &Queued { end, .. } in &self.commands {
            connection.queue().command(self.encoded.get(start..end).unwrap_or_default());
            start = end;
        }
        connection.queue_with(EXEC, Effect::EndMulti);
        usize::from(asking) + self.len() + 2
    }
}
