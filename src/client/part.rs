//! One command of a call, from its first send to its outcome.

use std::sync::Arc;

use crate::error::Result;
use crate::node::NodeAddress;
use crate::options::ReadFrom;
use crate::pool::Target;
use crate::resp::Reply;

use super::execution::Execution;

/// One command of a call: what is sent, where it goes first, and what became of it. There are as many as a
/// pipeline has commands, so what few have is boxed.
pub(crate) struct Part<'a> {
    /// The command, encoded; where it has [`Special::behind`], its beginning.
    pub(crate) encoded: &'a [u8],
    /// Where it goes unless redirected.
    pub(crate) home: Home<'a>,
    /// Running it twice does no harm.
    pub(crate) replays: bool,
    /// What became of it.
    pub(crate) outcome: Option<Result<Reply>>,
    /// Who answered.
    pub(crate) node: Option<Arc<NodeAddress>>,
    /// Once the first try was not all.
    pub(super) execution: Option<Box<Execution>>,
    /// What an ordinary command does not have.
    pub(crate) special: Option<Box<Special<'a>>>,
}

/// A target that costs nothing to make for a command of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Home<'a> {
    /// [`Target::Primary`].
    Primary(u16),
    /// [`Target::Reader`].
    Reader(u16, Option<ReadFrom>),
    /// Any other.
    At(&'a Target),
}

impl Home<'_> {
    /// The same as a target.
    #[inline]
    pub(crate) fn target(self) -> Target {
        match self {
            Self::Primary(slot) => Target::Primary(slot),
            Self::Reader(slot, read_from) => Target::Reader(slot, read_from),
            Self::At(target) => target.clone(),
        }
    }

    /// The same for another slot, if it goes by one.
    pub(crate) fn of_slot(self, slot: u16) -> Self {
        match self {
            Self::Primary(_) => Self::Primary(slot),
            Self::Reader(_, read_from) => Self::Reader(slot, read_from),
            Self::At(_) => self,
        }
    }
}

impl<'a> From<&'a Target> for Home<'a> {
    #[inline]
    fn from(target: &'a Target) -> Self {
        match *target {
            Target::Primary(slot) => Self::Primary(slot),
            Target::Reader(slot, read_from) => Self::Reader(slot, read_from),
            Target::Node(_) | Target::Named(_) | Target::Any => Self::At(target),
        }
    }
}

/// What few commands have.
#[derive(Default)]
pub(crate) struct Special<'a> {
    /// For EVALSHA: the same as EVAL, with the script's text.
    pub(crate) script: Option<Script<'a>>,
    /// What is sent behind [`Part::encoded`], one piece behind the other, from where it is: large arguments, and
    /// what is between them.
    pub(crate) behind: &'a [&'a [u8]],
}

/// A script that a server may not have yet.
#[derive(Clone)]
pub(crate) struct Script<'a> {
    /// Tells scripts of one call apart.
    pub(crate) id: usize,
    /// The command with the script's text, encoded.
    pub(crate) in_full: &'a [u8],
    /// The first command to each node may go without the text: NOSCRIPT, and the text after it, do no harm
    /// where nothing behind the command depends on it.
    pub(crate) is_known: bool,
}

impl<'a> Part<'a> {
    /// A command that has not been sent.
    #[inline]
    pub(crate) fn new(encoded: &'a [u8], home: impl Into<Home<'a>>, replays: bool) -> Self {
        let home = home.into();
        Self { encoded, home, replays, outcome: None, node: None, execution: None, special: None }
    }

    /// All of it; one without an outcome stays.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(&[], self.home, self.replays))
    }

    /// The same as a script's.
    pub(crate) fn set_script(&mut self, script: Script<'a>) {
        self.special.get_or_insert_default().script = Some(script);
    }

    /// Its script.
    #[inline]
    pub(super) fn script(&self) -> Option<&Script<'a>> {
        self.special.as_ref()?.script.as_ref()
    }

    /// What is sent behind `encoded`.
    #[inline]
    pub(super) fn behind(&self) -> &'a [&'a [u8]] {
        self.special.as_ref().map_or(&[], |special| special.behind)
    }

    /// The server has answered that it does not know the script.
    #[inline]
    pub(super) fn lacks_script(&self, reply: &Reply) -> bool {
        self.special.is_some()
            && self.script().is_some()
            && reply.root().error_code() == Some("NOSCRIPT")
    }
}
