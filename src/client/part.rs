//! One command of a call, from its first send to its outcome.

use crate::error::Result;
use crate::node::NodeAddress;
use crate::pool::Target;
use crate::resp::Reply;

use super::execution::Execution;

/// One command of a call: what is sent, where it goes first, and what became of it.
pub(crate) struct Part<'a> {
    /// The command, encoded.
    pub(crate) encoded: &'a [u8],
    /// For EVALSHA: the same as EVAL, with the script's text.
    pub(crate) script: Option<Box<Script<'a>>>,
    /// Where it goes unless redirected.
    pub(crate) home: &'a Target,
    /// Running it twice does no harm.
    pub(crate) replays: bool,
    /// Who answered.
    pub(crate) node: Option<Box<NodeAddress>>,
    /// What became of it.
    pub(crate) outcome: Option<Result<Reply>>,
    /// Once the first try was not all.
    pub(super) execution: Option<Box<Execution>>,
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
    pub(crate) fn new(encoded: &'a [u8], home: &'a Target, replays: bool) -> Self {
        Self { encoded, script: None, home, replays, node: None, outcome: None, execution: None }
    }

    /// The server has answered that it does not know the script.
    #[inline]
    pub(super) fn lacks_script(&self, reply: &Reply) -> bool {
        self.script.is_some() && reply.root().error_code() == Some("NOSCRIPT")
    }
}
