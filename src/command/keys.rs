//! Which arguments of a command are its keys.

use super::command::Command;
use super::flags::KeyFlags;
use super::spec::{Begin, Find, KeySpec, Request, Spec};

/// Stretches of keys that one command can have; the servers' own have two at most.
const RUNS: usize = 4;

/// The indexes of the arguments that are keys; allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Keys {
    runs: [Run; RUNS],
}

/// Arguments at equal distances.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Run {
    first: usize,
    step: usize,
    count: usize,
    /// These are sharded channels.
    channels: bool,
}

/// Why the keys of a command cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfound {
    /// Its specification does not say all: COMMAND GETKEYS of a server does.
    Incomplete,
    /// Its arguments are not as they have to be, too few of them or a number that is none. A server will
    /// say what is wrong.
    Malformed,
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// True if this invocation has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if all of them are sharded channels, which have slots, but are no keys.
    pub fn are_channels(&self) -> bool {
        !self.is_empty() && self.runs.iter().all(|run| run.count == 0 || run.channels)
    }

    /// The indexes, in the order of the specification.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.runs.iter().flat_map(|run| (0..run.count).map(|number| run.first + number * run.step))
    }

    /// The keys themselves, in the same order.
    pub fn of<'a>(&'a self, command: &'a Command) -> impl Iterator<Item = &'a [u8]> {
        self.runs
            .iter()
            .filter(|run| run.count > 0)
            .flat_map(|run| command.arguments().skip(run.first).step_by(run.step).take(run.count))
    }

    fn add(&mut self, run: Run) -> Result<(), Unfound> {
        let free = self.runs.iter_mut().find(|run| run.count == 0).ok_or(Unfound::Incomplete)?;
        *free = run;
        Ok(())
    }
}

/// Finds all keys of a command; sharded channels count as such, for they say where it has to go. No
/// keys at all is an answer, too: EVAL with 0 of them.
pub fn find_keys(spec: &Spec, command: &Command) -> Result<Keys, Unfound> {
    if !spec.accepts(command.argument_count()) {
        return Err(Unfound::Malformed);
    }
    let mut keys = Keys::default();
    for part in &*spec.keys {
        let Some(first) = begin(&part.begin, command)? else { continue };
        let run = run(part, first, command)?;
        if let Begin::Option(option) = &part.begin {
            if option.alone {
                keys = Keys::default();
            }
        }
        if run.count > 0 {
            keys.add(run)?;
        }
        if part.flags.has(KeyFlags::INCOMPLETE) {
            return Err(Unfound::Incomplete);
        }
    }
    Ok(keys)
}

/// Where a search begins; None: there is nothing to be found.
fn begin(begin: &Begin, command: &Command) -> Result<Option<usize>, Unfound> {
    match begin {
        Begin::Index(index) => Ok(Some(usize::from(*index))),
        Begin::Keyword { word, from } => Ok(behind(word, *from, command)),
        Begin::Option(option) => Ok(option.find(command)),
        Begin::Unknown => Err(Unfound::Incomplete),
    }
}

/// The index of the argument behind a word.
fn behind(word: &str, from: i16, command: &Command) -> Option<usize> {
    let distance = usize::from(from.unsigned_abs());
    let is = |argument: &[u8]| argument.eq_ignore_ascii_case(word.as_bytes());
    let mut arguments = command.arguments().enumerate();
    if from >= 0 {
        return arguments.skip(distance).find(|(_, argument)| is(argument)).map(|(at, _)| at + 1);
    }
    // The last that fits, at or before the one that `from` means.
    let end = (command.argument_count() + 1).checked_sub(distance)?;
    let found = arguments.by_ref().take(end).skip(1).filter(|(_, argument)| is(argument)).last();
    found.map(|(at, _)| at + 1)
}

fn run(part: &KeySpec, first: usize, command: &Command) -> Result<Run, Unfound> {
    let count = command.argument_count();
    let channels = part.flags.has(KeyFlags::NOT_KEY);
    match part.find {
        Find::Range { last, step, limit } => {
            let left = count.saturating_sub(first);
            let (step, limit) = (usize::from(step).max(1), usize::from(limit).max(1));
            if left % limit != 0 {
                return Err(Unfound::Malformed);
            }
            let distance = usize::from(last.unsigned_abs());
            let span = if last >= 0 {
                left.min(distance + 1)
            } else {
                (left / limit + 1).saturating_sub(distance)
            };
            Ok(Run { first, step, count: span.div_ceil(step), channels })
        }
        Find::Count { number, first: behind, step } => {
            let text = command.argument(first + usize::from(number)).ok_or(Unfound::Malformed)?;
            let keys = decimal(text).ok_or(Unfound::Malformed)?;
            let (first, step) = (first + usize::from(behind), usize::from(step).max(1));
            // The last of them has to be there.
            let room = count.saturating_sub(first).div_ceil(step);
            if keys > room {
                return Err(Unfound::Malformed);
            }
            Ok(Run { first, step, count: keys, channels })
        }
        Find::Unknown => Err(Unfound::Incomplete),
    }
}

fn decimal(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + usize::from(byte - b'0'))
    })
}

/// How the arguments of a command fall into groups, each with one key, that may be run apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Groups {
    /// The index of the first group's key.
    pub first: usize,
    /// Arguments in a group, the key in front: 1 for MGET, 2 for MSET.
    pub step: usize,
}

/// The groups that a command consists of, where it may be split: MGET, MSET, DEL and the like, whose
/// keys run to the end. The last group of a malformed command is not whole.
pub fn groups(spec: &Spec) -> Option<Groups> {
    match (&*spec.keys, spec.request) {
        (
            [
                KeySpec {
                    begin: Begin::Index(first),
                    find: Find::Range { last: -1, step, limit: 0 | 1 },
                    flags,
                },
            ],
            Request::MultiShard,
        ) if !flags.has(KeyFlags::INCOMPLETE) => {
            Some(Groups { first: usize::from(*first), step: usize::from(*step) })
        }
        _ => None,
    }
}
