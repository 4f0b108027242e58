//! What a subscriber gives its reader: messages, and what happened to subscriptions.

use std::ffi::CStr;
use std::sync::Arc;

use super::name::{Kind, Name};
use crate::error::Error;
use crate::resp::{Reply, ReplyRef};

/// A message, a gap between messages, or a subscription that the server refused. All its bytes have a NUL
/// behind them in memory.
#[derive(Debug)]
pub struct Message {
    kind: Kind,
    node: Arc<CStr>,
    what: What,
}

#[derive(Debug)]
enum What {
    Published(Reply),
    Gap(Terminated),
    Refused(Terminated, Error),
}

/// A name with a NUL behind it, as the parts of a reply have one.
#[derive(Debug)]
struct Terminated(Box<[u8]>);

impl Terminated {
    fn of(name: &Name) -> Self {
        Self([&name.bytes, &b"\0"[..]].concat().into())
    }

    fn bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, bytes)| bytes)
    }
}

impl Message {
    /// Something published; `reply` is as it came.
    pub(super) fn published(kind: Kind, node: Arc<CStr>, reply: Reply) -> Self {
        Self { kind, node, what: What::Published(reply) }
    }

    /// Messages of the subscription may have been missed until now.
    pub(super) fn gap(name: &Name, node: Arc<CStr>) -> Self {
        Self { kind: name.kind, node, what: What::Gap(Terminated::of(name)) }
    }

    /// The server does not allow the subscription.
    pub(super) fn refused(name: &Name, node: Arc<CStr>, error: Error) -> Self {
        Self { kind: name.kind, node, what: What::Refused(Terminated::of(name), error) }
    }

    /// The kind of the subscription it belongs to.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The node that sent it, or where the subscription is now: "host:port".
    pub fn node(&self) -> &CStr {
        &self.node
    }

    /// True of what was published.
    pub fn is_published(&self) -> bool {
        matches!(self.what, What::Published(_))
    }

    /// True of a gap.
    pub fn is_gap(&self) -> bool {
        matches!(self.what, What::Gap(_))
    }

    /// Why the subscription was refused, if it was.
    pub fn refusal(&self) -> Option<&Error> {
        match &self.what {
            What::Refused(_, error) => Some(error),
            _ => None,
        }
    }

    /// What was subscribed to: the channel, or the pattern.
    pub fn name(&self) -> &[u8] {
        match &self.what {
            What::Published(reply) => part(reply, 1).unwrap_or_default(),
            What::Gap(name) | What::Refused(name, _) => name.bytes(),
        }
    }

    /// The channel; `None` of a gap or refusal of a pattern.
    pub fn channel(&self) -> Option<&[u8]> {
        match &self.what {
            What::Published(reply) if self.kind == Kind::Pattern => part(reply, 2),
            _ if self.kind == Kind::Pattern => None,
            _ => Some(self.name()),
        }
    }

    /// The pattern, where one was subscribed to.
    pub fn pattern(&self) -> Option<&[u8]> {
        (self.kind == Kind::Pattern).then(|| self.name())
    }

    /// What was published.
    pub fn payload(&self) -> Option<&[u8]> {
        match &self.what {
            What::Published(reply) => part(reply, if self.kind == Kind::Pattern { 3 } else { 2 }),
            _ => None,
        }
    }
}

fn part(reply: &Reply, index: usize) -> Option<&[u8]> {
    reply.root().at(index).and_then(ReplyRef::bytes)
}
