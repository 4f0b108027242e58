//! Commands whose large arguments are sent from the caller's memory, where they stay for the length of the call.

use std::cell::Cell;
use std::time::Instant;

use super::client::Client;
use super::execute::no_outcome;
use super::flights;
use super::part::{Part, Special};
use super::plan::{access_of, replays};
use super::settings::Settings;
use crate::command::{Blocking, Command, Spec, find_words};
use crate::deadline::Timeout;
use crate::error::Result;
use crate::resp::{Reply, encode};
use crate::slot::key_slot;

/// Longer arguments are not copied: below, a copy costs less than another piece to send.
pub(super) const LARGE: usize = 16 * 1024;

/// What a thread keeps of memory to encode its commands in.
const KEPT: usize = 64 * 1024;

thread_local! {
    /// Memory for the next command of the thread's.
    static MEMORY: Cell<Option<Command>> = const { Cell::new(None) };
}

/// An encoded command in pieces: ours, and between them the large arguments, which are the caller's.
struct Lent<'a> {
    ours: Vec<u8>,
    /// Each with the place in `ours` that it stands in front of.
    large: Vec<(usize, &'a [u8])>,
}

impl<'a> Lent<'a> {
    fn of(arguments: &[&'a [u8]]) -> Self {
        let small = arguments.iter().map(|argument| argument.len()).filter(|len| *len <= LARGE);
        let around = (arguments.len() + 1) * encode::AROUND;
        let mut lent =
            Self { ours: Vec::with_capacity(small.sum::<usize>() + around), large: Vec::new() };
        encode::count(&mut lent.ours, arguments.len());
        for &argument in arguments {
            if argument.len() <= LARGE {
                encode::bulk(&mut lent.ours, argument);
            } else {
                encode::bulk_header(&mut lent.ours, argument.len());
                lent.large.push((lent.ours.len(), argument));
                lent.ours.extend_from_slice(b"\r\n");
            }
        }
        lent
    }

    /// All of it in order.
    fn pieces(&self) -> Vec<&[u8]> {
        let mut pieces = Vec::with_capacity(2 * self.large.len() + 1);
        let (mut rest, mut at) = (&self.ours[..], 0);
        for &(place, large) in &self.large {
            let (before, behind) = rest.split_at(place - at);
            pieces.extend([before, large]);
            (rest, at) = (behind, place);
        }
        pieces.push(rest);
        pieces
    }
}

impl Client {
    /// [`Client::execute`] for a command that is given by its arguments, with no settings of its own. Where its key
    /// says where it goes, large arguments are sent from where they are, each time it is sent: once the call
    /// has returned, nothing reads them.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub fn execute_arguments(&self, arguments: &[&[u8]]) -> Result<Reply> {
        if arguments.iter().any(|argument| argument.len() > LARGE)
            && let Some(spec) = find_words(arguments)
            && spec.timeout == Blocking::Never
            && spec.accepts(arguments.len())
            && let Some(key) = spec.sole_key().and_then(|index| arguments.get(index))
        {
            return self.execute_lent(spec, key, arguments);
        }
        // A callback of the program's that runs meanwhile may come here again: it finds no memory then.
        let mut command = MEMORY.try_with(Cell::take).ok().flatten().unwrap_or_default();
        command.refill(arguments);
        let outcome = self.execute(&command, &Settings::default());
        if command.capacity() <= KEPT {
            // A thread that is about to end has no place for it any more.
            let _ = MEMORY.try_with(|memory| memory.set(Some(command)));
        }
        outcome
    }

    #[inline(never)]
    fn execute_lent(&self, spec: &Spec, key: &[u8], arguments: &[&[u8]]) -> Result<Reply> {
        let target = self.pool().target_of(key_slot(key), access_of(spec), None)?;
        let settings = Settings::default();
        let deadline = self.deadline(Instant::now(), Timeout::Default, None);
        let terms = self.terms(deadline, self.silence(None), &settings);
        let lent = Lent::of(arguments);
        let pieces = lent.pieces();
        let (first, behind) =
            pieces.split_first().map_or((&[][..], &[][..]), |(first, behind)| (*first, behind));
        let mut part = Part::new(first, &target, replays(spec));
        part.special = Some(Box::new(Special { script: None, behind }));
        if let Some(channels) = self.channels() {
            return self.run_shared(channels, &terms, &part, None);
        }
        let mut parts = [part];
        flights::run(self.pool(), None, &terms, &mut parts);
        let [part] = parts;
        part.outcome.unwrap_or_else(|| Err(no_outcome()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_command_and_large_ones_the_callers() {
        let (first, second) = (vec![b'a'; LARGE + 1], vec![b'b'; 100_000]);
        for arguments in [
            &[&b"SET"[..], b"key", &first][..],
            &[b"HSET", b"key", b"field", &first, b"other", &second],
            &[b"APPEND", &first, &second],
            &[b"SET", b"key", &first[..LARGE]],
        ] {
            let lent = Lent::of(arguments);
            let pieces = lent.pieces();
            assert_eq!(pieces.concat(), Command::of(arguments).encoded());
            for argument in arguments.iter().filter(|argument| argument.len() > LARGE) {
                assert!(pieces.iter().any(|piece| piece.as_ptr_range() == argument.as_ptr_range()));
            }
        }
    }
}
