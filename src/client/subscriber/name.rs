//! What is subscribed to.

use std::fmt;
use std::sync::Arc;

use crate::slot::key_slot;

/// The three kinds of subscriptions, each with names of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A channel: messages of PUBLISH, from any node.
    Channel,
    /// A pattern of channels.
    Pattern,
    /// A shard channel: messages of SPUBLISH, from the shard of its slot.
    Shard,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Channel, Self::Pattern, Self::Shard];

    /// The command that begins such subscriptions.
    pub(super) fn begins_by(self) -> &'static [u8] {
        match self {
            Self::Channel => b"SUBSCRIBE",
            Self::Pattern => b"PSUBSCRIBE",
            Self::Shard => b"SSUBSCRIBE",
        }
    }

    /// The command that ends them.
    pub(super) fn ends_by(self) -> &'static [u8] {
        match self {
            Self::Channel => b"UNSUBSCRIBE",
            Self::Pattern => b"PUNSUBSCRIBE",
            Self::Shard => b"SUNSUBSCRIBE",
        }
    }
}

/// A channel, pattern or shard channel. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: Kind,
    pub(super) bytes: Arc<[u8]>,
}

impl Name {
    /// What one command may name together: the kind and, of shard channels, the slot.
    pub(super) fn group(&self) -> Group {
        let slot = if self.kind == Kind::Shard { key_slot(&self.bytes) } else { 0 };
        Group { kind: self.kind, slot }
    }
}

/// Names that may stand in one command.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) slot: u16,
}

/// Kind and length: a name is the program's own business.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind, self.bytes.len())
    }
}
