//! What is known of a command before it is sent: its keys, and how a cluster is to run it.

use std::borrow::Cow;

use super::block::Blocking;
use super::flags::{Flags, KeyFlags};
use super::option::OptionWord;

/// One command, or one subcommand of a container. Those of the servers stand in the generated table
/// (see [`find`](super::find)); a module's are read from a server's own answer ([`Spec::parse`]).
#[derive(Clone, PartialEq, Debug)]
pub struct Spec {
    /// "GET", "CLIENT SETNAME": in capitals, with one space.
    pub name: Cow<'static, str>,
    /// How many arguments there are, the words of the name included; negative: at least so many.
    pub arity: i16,
    /// What the servers say of it.
    pub flags: Flags,
    /// Where its keys are, see [`find_keys`](super::find_keys).
    pub keys: Cow<'static, [KeySpec]>,
    /// Which nodes are to run it.
    pub request: Request,
    /// How the replies of several nodes become one.
    pub response: Response,
    /// Whether it waits for something to happen, and for how long: see [`Spec::blocks_for`].
    pub timeout: Blocking,
    /// The index of the only key; 0: there is more to say.
    sole: u8,
}

/// Which nodes are to run a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// The one its keys are on; any where it has none.
    One,
    /// All nodes, replicas too.
    AllNodes,
    /// All primaries.
    AllShards,
    /// The primaries its keys are on, each with its share of them: see [`groups`](super::groups).
    MultiShard,
    /// As the command's own documentation says.
    Special,
}

/// How the replies of several nodes become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// Nothing is said: replies of keyless commands are put together into one array, those of commands
    /// with keys stand in the order of their keys.
    Default,
    /// The first that is no error.
    OneSucceeded,
    /// Any of them, unless one is an error.
    AllSucceeded,
    /// The logical and of integers, element by element.
    AggLogicalAnd,
    /// The logical or of integers, element by element.
    AggLogicalOr,
    /// The least.
    AggMin,
    /// The greatest.
    AggMax,
    /// The sum.
    AggSum,
    /// As the command's own documentation says.
    Special,
}

/// Where some of a command's keys are.
#[derive(Clone, PartialEq, Debug)]
pub struct KeySpec {
    /// Where to begin.
    pub begin: Begin,
    /// How to go on from there.
    pub find: Find,
    /// What the command does with these keys.
    pub flags: KeyFlags,
}

/// Where the search for keys begins.
#[derive(Clone, PartialEq, Debug)]
pub enum Begin {
    /// At this argument.
    Index(u16),
    /// Behind the first argument that is this word, looked for from an argument on; from the end
    /// backwards where that is negative. No keys where the word is not there.
    Keyword {
        /// The word, in any letter case.
        word: Cow<'static, str>,
        /// Where to begin to look: -1 is the last argument.
        from: i16,
    },
    /// Behind an option, looked for with an eye for the values of others: what the servers' own
    /// specifications cannot say. From a correction of the table.
    Option(&'static OptionWord),
    /// The specification does not say.
    Unknown,
}

/// How the keys follow from where they begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Find {
    /// Up to a last one.
    Range {
        /// The last: counted from the first, or, negative, from the end (-1 is the last argument).
        last: i16,
        /// From key to key: 2 for MSET.
        step: u16,
        /// With a negative `last`: 2 means half of the arguments that are left, 3 a third. 0 and 1: all.
        limit: u16,
    },
    /// As many as an argument says.
    Count {
        /// The number, counted from where the search begins.
        number: u16,
        /// The first key, likewise.
        first: u16,
        /// From key to key.
        step: u16,
    },
    /// The specification does not say.
    Unknown,
}

impl Spec {
    /// A specification that the table holds.
    pub const fn known(
        name: &'static str,
        arity: i16,
        flags: Flags,
        keys: &'static [KeySpec],
        request: Request,
        response: Response,
        timeout: Blocking,
    ) -> Self {
        let (name, sole) = (Cow::Borrowed(name), sole(keys));
        Self { name, arity, flags, keys: Cow::Borrowed(keys), request, response, timeout, sole }
    }

    /// A command of which nothing is known but its name.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: Cow::Owned(name.to_owned()),
            arity: -1,
            flags: Flags::NONE,
            keys: Cow::Borrowed(&[]),
            request: Request::One,
            response: Response::Default,
            timeout: Blocking::Never,
            sole: 0,
        }
    }

    /// The same with other keys.
    #[must_use]
    pub fn with_keys(self, keys: impl Into<Cow<'static, [KeySpec]>>) -> Self {
        let keys = keys.into();
        Self { sole: sole(&keys), keys, ..self }
    }

    /// The index of the argument that is the only key (or sharded channel) in every invocation: GET,
    /// HSET, SPUBLISH. None: there are no keys, or several, or it takes [`find_keys`](super::find_keys)
    /// to tell.
    #[inline]
    pub fn sole_key(&self) -> Option<usize> {
        (self.sole != 0).then_some(usize::from(self.sole))
    }

    /// True if so many arguments, the name included, can be right.
    pub fn accepts(&self, count: usize) -> bool {
        let wanted = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { count >= wanted } else { count == wanted }
    }
}

impl KeySpec {
    /// From argument `index` on, up to a last key and in steps as [`Find::Range`] has them.
    pub const fn range(index: u16, last: i16, step: u16, flags: KeyFlags) -> Self {
        Self { begin: Begin::Index(index), find: Find::Range { last, step, limit: 0 }, flags }
    }

    /// As many as argument `index` says, right behind it.
    pub const fn counted(index: u16, step: u16, flags: KeyFlags) -> Self {
        Self { begin: Begin::Index(index), find: Find::Count { number: 0, first: 1, step }, flags }
    }

    /// True if the keys begin at the same argument in every invocation, and no other tells how many
    /// there are.
    pub fn is_fixed(&self) -> bool {
        matches!((&self.begin, self.find), (Begin::Index(_), Find::Range { .. }))
    }
}

const fn sole(keys: &[KeySpec]) -> u8 {
    match keys {
        [KeySpec { begin: Begin::Index(index), find: Find::Range { last: 0, .. }, flags }]
            if *index < 256 && !flags.has(KeyFlags::INCOMPLETE) =>
        {
            *index as u8
        }
        _ => 0,
    }
}
