//! What a subscribed connection receives: RESP3 pushes, or the arrays that RESP2 sends in their place.

use super::name::Kind;
use crate::resp::{self, ReplyRef};

/// What has arrived, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival<'a> {
    /// Something published, for the subscription of this name.
    Published(Kind, &'a [u8]),
    /// A subscription has begun.
    Began(Kind, &'a [u8]),
    /// A subscription has ended: we asked for it, or its slot has gone.
    Ended(Kind, &'a [u8]),
    /// The answer to PING.
    Pong,
    /// A command was refused.
    Refused,
    /// Nothing of ours.
    Other,
}

impl<'a> Arrival<'a> {
    pub(super) fn of(root: ReplyRef<'a>) -> Self {
        match root.kind() {
            resp::Kind::Error => return Self::Refused,
            resp::Kind::Status if root.bytes() == Some(b"PONG") => return Self::Pong,
            resp::Kind::Push | resp::Kind::Array => {}
            _ => return Self::Other,
        }
        let Some(word) = root.at(0).and_then(ReplyRef::bytes) else { return Self::Other };
        if word == b"pong" {
            return Self::Pong;
        }
        let Some(name) = root.at(1).and_then(ReplyRef::bytes) else { return Self::Other };
        match word {
            b"message" => Self::Published(Kind::Channel, name),
            b"pmessage" => Self::Published(Kind::Pattern, name),
            b"smessage" => Self::Published(Kind::Shard, name),
            b"subscribe" => Self::Began(Kind::Channel, name),
            b"psubscribe" => Self::Began(Kind::Pattern, name),
            b"ssubscribe" => Self::Began(Kind::Shard, name),
            b"unsubscribe" => Self::Ended(Kind::Channel, name),
            b"punsubscribe" => Self::Ended(Kind::Pattern, name),
            b"sunsubscribe" => Self::Ended(Kind::Shard, name),
            _ => Self::Other,
        }
    }
}
