//! A connection for a command: to a node that serves its keys.

use super::checkout::Access;
use super::handles::Handle;
use super::pool::Pool;
use crate::command::{Command, Flags, Unfound, find, find_keys};
use crate::deadline::Timeout;
use crate::error::{Error, Result, Status};
use crate::slot::key_slot;

impl Pool {
    /// A connection to a node that serves the command: by the slot of its keys, or of its sharded channels; to
    /// any primary if it has none. One that only reads gets whom `read_from` says. Nothing is sent.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for no command; UNROUTABLE if its keys cannot be told; CROSS_SLOT; the rest as
    /// [`Pool::get_by_slot`].
    pub fn get_for_command(&self, command: &Command, timeout: Timeout) -> Result<Handle> {
        if let Some(spec) = find(command)
            && let Some(index) = spec.sole_key()
            && let Some(key) = command.argument(index)
        {
            let reads = spec.flags.has(Flags::READONLY);
            let access = if reads { Access::Read } else { Access::Write };
            return self.get_of_known_slot(key_slot(key), access, timeout);
        }
        self.get_for_others(command, timeout)
    }

    /// Of commands with no, several, or unknown keys.
    fn get_for_others(&self, command: &Command, timeout: Timeout) -> Result<Handle> {
        if command.argument_count() == 0 {
            return Err(Error::new(
                Status::InvalidArgument,
                "the command has no name: append its arguments first",
            ));
        }
        let unroutable = |why| {
            let message = format!(
                "{} {why}: get a connection by its key or node (rediscluster_pool_get_by_key, _by_node)",
                command.name()
            );
            Err(Error::new(Status::Unroutable, message))
        };
        let Some(spec) = find(command) else {
            return unroutable("is a command that the library does not know");
        };
        let keys = match find_keys(spec, command) {
            Ok(keys) => keys,
            Err(Unfound::Malformed) => return unroutable("is not as the command has to be"),
            Err(Unfound::Incomplete) => return unroutable("has keys that only a server can tell"),
        };
        let mut slots = keys.of(command).map(key_slot);
        let Some(slot) = slots.next() else { return self.get_random(timeout) };
        if let Some(other) = slots.find(|&other| other != slot) {
            let message = format!(
                "the keys of {} are in several slots ({slot} and {other}): no one node serves them",
                spec.name
            );
            return Err(Error::new(Status::CrossSlot, message).on_slot(slot));
        }
        let reads = spec.flags.has(Flags::READONLY) || !keys.are_keys();
        let access = if reads { Access::Read } else { Access::Write };
        self.get_of_known_slot(slot, access, timeout)
    }
}
