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
    /// These have a slot, but are no keys.
    not_keys: bool,
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

    /// False if these only say where the command goes: sharded channels, the cursor of CLUSTERSCAN.
    pub fn are_keys(&self) -> bool {
        !self.runs.iter().any(|run| run.not_keys)
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

/// Finds all keys of a command; sharded channels and the like count as such, for they say where it has
/// to go. No keys at all is an answer, too: EVAL with 0 of them.
pub fn find_keys(spec: &Spec, command: &Command) -> Result<Keys, Unfound> {
    if !spec.accepts(command.argument_count()) {
        return Err(Unfound::Malformed);
    }
    let mut keys = Keys::default();
    for part in &*spec.keys {
        let Some(first) = begin(&part.begin, command)? else { continue };
        let run = run(part, first, command)?;
        if matches!(&part.begin, Begin::Option(option) if option.alone) {
            if keys.of(command).any(|key| !key.is_empty()) {
                return Err(Unfound::Malformed);
            }
            keys = Keys::default();
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
    let not_keys = part.flags.has(KeyFlags::NOT_KEY);
    match part.find {
        Find::Range { last, step, limit } => {
            let left = count.saturating_sub(first);
            let (step, limit) = (usize::from(step).max(1), usize::from(limit).max(1));
            let distance = usize::from(last.unsigned_abs());
            let span = if last >= 0 {
                left.min(distance + 1)
            } else {
                (left / limit + 1).saturating_sub(distance)
            };
            Ok(Run { first, step, count: span.div_ceil(step), not_keys })
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
            Ok(Run { first, step, count: keys, not_keys })
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

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    /// A line in which `''` is an empty argument.
    fn command(line: &str) -> Command {
        let words: Vec<_> =
            line.split(' ').map(|word| word.trim_matches('\'').as_bytes()).collect();
        Command::of(&words)
    }

    fn keys(line: &str) -> Result<Vec<usize>, Unfound> {
        let command = command(line);
        let keys = find_keys(find(&command).unwrap(), &command)?;
        let texts: Vec<_> = keys.iter().map(|index| command.argument(index).unwrap()).collect();
        assert_eq!(keys.of(&command).collect::<Vec<_>>(), texts);
        assert_eq!((keys.len(), keys.is_empty()), (texts.len(), texts.is_empty()));
        Ok(keys.iter().collect())
    }

    #[test]
    fn of_every_kind() {
        for (line, wanted) in [
            ("GET k", &[1][..]),
            ("get k", &[1]),
            ("DEL a b c", &[1, 2, 3]),
            ("MSET a 1 b 2", &[1, 3]),
            ("MSETEX 2 a 1 b 2 NX", &[2, 4]),
            ("LCS a b LEN", &[1, 2]),
            ("BLPOP a b 0", &[1, 2]),
            ("BLMPOP 0 2 a b LEFT", &[3, 4]),
            ("BITOP AND d a b", &[2, 3, 4]),
            ("PFMERGE d", &[1]),
            ("EVAL s 2 a b c", &[3, 4]),
            ("eval s 0 a", &[]),
            ("FCALL f 1 a b", &[3]),
            ("XREAD COUNT 1 STREAMS a b 0 0", &[4, 5]),
            ("XREAD STREAMS a b 0", &[2]),
            ("xread block 0 streams a $", &[4]),
            ("XREADGROUP GROUP STREAMS STREAMS NOACK STREAMS a >", &[6]),
            ("OBJECT ENCODING k", &[2]),
            ("object HELP", &[]),
            ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", &[1, 3, 4]),
            ("ZUNION 2 a b", &[2, 3]),
            ("MEMORY USAGE k SAMPLES 0", &[2]),
            ("MIGRATE h 1 k 0 9", &[3]),
            ("MIGRATE h 1 '' 0 9 COPY AUTH KEYS KEYS a b", &[10, 11]),
            ("SORT k BY w_* GET # STORE d", &[1, 7]),
            ("SORT k BY STORE LIMIT 0 1", &[1]),
            ("SORT_RO k BY w_*", &[1]),
            ("GEORADIUS k 1 2 3 m COUNT 1 STORE d", &[1, 9]),
            ("GEORADIUS k 1 2 3 m STORE c storedist d", &[1, 9]),
            ("GEORADIUSBYMEMBER k a 3 m STOREDIST d", &[1, 6]),
            ("SPUBLISH c m", &[1]),
            ("SUNSUBSCRIBE", &[]),
            ("PING", &[]),
            ("PUBLISH c m", &[]),
        ] {
            assert_eq!(keys(line).as_deref(), Ok(wanted), "{line}");
        }
    }

    #[test]
    fn malformed() {
        for line in [
            "GET",
            "GET a b",
            "EVAL s x a",
            "EVAL s -1 a",
            "EVAL s '' a",
            "EVAL s 2 a",
            "EVAL s 99999999999999999999 a",
            "ZUNIONSTORE d 3 a b",
            "MSETEX 3 a 1 b 2",
            "MIGRATE h 1 k 0 9 KEYS a",
        ] {
            assert_eq!(keys(line), Err(Unfound::Malformed), "{line}");
        }
    }

    #[test]
    fn sole_keys() {
        for (line, sole) in [
            ("GET k", Some(1)),
            ("HSET k f v", Some(1)),
            ("OBJECT FREQ k", Some(2)),
            ("SPUBLISH c m", Some(1)),
            ("DEL k", None),
            ("EVAL s 1 k", None),
            ("SORT k", None),
            ("COPY a b", None),
            ("PING", None),
        ] {
            assert_eq!(find(&command(line)).unwrap().sole_key(), sole, "{line}");
        }
        let [channel, key] = ["SPUBLISH c m", "GET k"].map(command);
        assert!(!find_keys(find(&channel).unwrap(), &channel).unwrap().are_keys());
        assert!(find_keys(find(&key).unwrap(), &key).unwrap().are_keys());
    }

    #[test]
    fn what_may_be_split() {
        let groups = |name: &str| groups(find(&command(name)).unwrap());
        for name in ["MGET", "DEL", "UNLINK", "EXISTS", "TOUCH"] {
            assert_eq!(groups(name), Some(Groups { first: 1, step: 1 }), "{name}");
        }
        assert_eq!(groups("MSET"), Some(Groups { first: 1, step: 2 }));
        // Half of these could be written.
        for name in ["MSETNX", "MSETEX", "GET", "EVAL", "SUNION", "PING", "WATCH"] {
            assert_eq!(groups(name), None, "{name}");
        }
        let split = super::super::all().iter().filter(|spec| spec.request == Request::MultiShard);
        assert!(split.clone().all(|spec| super::groups(spec).is_some()));
        assert_eq!(split.count(), 6);
    }

    /// What modules can say, and no server does.
    #[test]
    fn other_specifications() {
        let find_in = |line: &str, keys: &[KeySpec]| {
            let get = find(&command("MGET")).unwrap().clone();
            let found = find_keys(&get.with_keys(keys.to_vec()), &command(line));
            found.map(|keys| keys.iter().collect::<Vec<_>>())
        };
        let range = |last, step, limit| Find::Range { last, step, limit };
        let key = |begin, find| KeySpec { begin, find, flags: KeyFlags::NONE };
        let behind = |word: &str, from| Begin::Keyword { word: word.to_string().into(), from };
        for (line, spec, wanted) in [
            ("X a KEY k", key(behind("KEY", 1), range(0, 1, 0)), &[3][..]),
            ("X a KEY", key(behind("KEY", 1), range(0, 1, 0)), &[]),
            ("X a b", key(behind("KEY", 1), range(0, 1, 0)), &[]),
            ("X KEY a key b c", key(behind("KEY", -2), range(-1, 1, 0)), &[4, 5]),
            ("X KEY a b KEY", key(behind("KEY", -2), range(-1, 1, 0)), &[2, 3, 4]),
            ("X KEY a", key(behind("KEY", -9), range(-1, 1, 0)), &[]),
            ("X a b c d e f", key(Begin::Index(1), range(-2, 2, 0)), &[1, 3, 5]),
            ("X a b c d e f", key(Begin::Index(1), range(-1, 1, 3)), &[1, 2]),
            ("X a b c", key(Begin::Index(9), range(-1, 1, 0)), &[]),
            ("X a b c", key(Begin::Index(1), range(i16::MIN, 1, 0)), &[]),
            ("X a b c", key(Begin::Index(2), range(i16::MAX, u16::MAX, 0)), &[2]),
        ] {
            assert_eq!(find_in(line, &[spec]).as_deref(), Ok(wanted), "{line}");
        }
        let unknown = key(Begin::Unknown, range(0, 1, 0));
        assert_eq!(find_in("X a", &[unknown]), Err(Unfound::Incomplete));
        let one = KeySpec::range(1, 0, 1, KeyFlags::NONE);
        assert_eq!(find_in("X a", &vec![one.clone(); RUNS + 1]), Err(Unfound::Incomplete));
        let more = KeySpec { flags: KeyFlags::INCOMPLETE, ..one };
        assert_eq!(find_in("X a", &[more]), Err(Unfound::Incomplete));
    }
}
