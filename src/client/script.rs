//! Scripts: run by their digest, and with their text where a server does not have them yet.

use std::time::Instant;

use openssl::sha::sha1;

use super::client::Client;
use super::settings::Settings;
use super::{flights, part};
use crate::command::Command;
use crate::deadline::Timeout;
use crate::error::Result;
use crate::pool::Access;
use crate::resp::Reply;

/// A script: its text, and the digest that servers know it by. Immutable, so that any number of threads share it.
#[derive(Clone, Debug)]
pub struct Script {
    source: Box<[u8]>,
    sha: Box<str>,
    only_reads: bool,
}

impl Script {
    /// A script of this text. With [`Access::Read`] it is run by EVALSHA_RO, on the nodes that reads go to.
    pub fn new(source: &[u8], access: Access) -> Self {
        let digits = sha1(source).into_iter().map(|byte| format!("{byte:02x}"));
        Self {
            source: source.into(),
            sha: digits.collect::<String>().into(),
            only_reads: access == Access::Read,
        }
    }

    /// The SHA-1 of the text, 40 hex digits.
    pub fn sha(&self) -> &str {
        &self.sha
    }

    /// The command that runs it by its digest, and the same with its text. `arguments`: how many keys there are,
    /// the keys, what else the script gets; none at all: no keys.
    pub fn commands(&self, arguments: &Command) -> (Command, Command) {
        let (by_digest, in_full): (&[u8], &[u8]) =
            if self.only_reads { (b"EVALSHA_RO", b"EVAL_RO") } else { (b"EVALSHA", b"EVAL") };
        let with = |name: &[u8], script: &[u8]| {
            let mut command = Command::of(&[name, script]);
            if arguments.argument_count() == 0 {
                command.append(b"0");
            }
            for argument in arguments.arguments() {
                command.append(argument);
            }
            command
        };
        (with(by_digest, self.sha.as_bytes()), with(in_full, &self.source))
    }
}

impl Client {
    /// Runs a script where its keys are. `arguments` as for [`Script::commands`].
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub fn execute_script(
        &self,
        script: &Script,
        arguments: &Command,
        settings: &Settings,
    ) -> Result<Reply> {
        let (by_digest, in_full) = script.commands(arguments);
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = self.deadline(Instant::now(), timeout, None);
        let mut terms = self.terms(deadline, self.silence(None), settings);
        let planned = self.plan_of(&by_digest, settings, &terms)?;
        terms.names_nodes = planned.joining.is_some();
        let map = self.pool().topology();
        let mut parts = Vec::new();
        planned.parts(by_digest.encoded(), &mut parts);
        for part in &mut parts {
            // A server that does not have it has not run it.
            let script = part::Script { id: 0, in_full: in_full.encoded(), is_known: true };
            part.set_script(script);
        }
        flights::run(self.pool(), None, &terms, &mut parts);
        planned.outcome(&map, &mut parts.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_by_digest_and_in_full() {
        let script = Script::new(b"return 1", Access::Write);
        assert_eq!(script.sha(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        let (by_digest, in_full) = script.commands(&Command::of(&[b"1", b"{k}", b"a"]));
        let arguments: Vec<_> = by_digest.arguments().collect();
        assert_eq!(arguments, [&b"EVALSHA"[..], script.sha().as_bytes(), b"1", b"{k}", b"a"]);
        let arguments: Vec<_> = in_full.arguments().collect();
        assert_eq!(arguments, [&b"EVAL"[..], b"return 1", b"1", b"{k}", b"a"]);
    }

    #[test]
    fn without_arguments_there_are_no_keys() {
        let script = Script::new(b"", Access::Read);
        assert_eq!(script.sha(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let (by_digest, in_full) = script.commands(&Command::new());
        let arguments: Vec<_> = by_digest.arguments().collect();
        assert_eq!(arguments, [&b"EVALSHA_RO"[..], script.sha().as_bytes(), b"0"]);
        assert_eq!(in_full.arguments().collect::<Vec<_>>(), [&b"EVAL_RO"[..], b"", b"0"]);
    }
}
