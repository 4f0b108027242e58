//! Subscriptions by name, and how each stands.

use std::collections::HashMap;
use std::sync::Arc;

use super::name::{Kind, Name};

/// One subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Another one each time the program subscribes: a message of the one before is not this one's.
    pub(super) serial: u64,
    /// The program wants it.
    pub(super) wanted: bool,
    pub(super) standing: Standing,
    /// It was lost since it was confirmed: when it is confirmed again, a gap is told.
    pub(super) gap: bool,
    /// Asked for by itself: together with others it was refused.
    pub(super) alone: bool,
    /// How often it was put off in a row.
    pub(super) failures: u32,
}

/// What a server has of a subscription; the number is the link's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// Nothing.
    Absent,
    /// It was asked to begin.
    Asked(u64),
    /// It has confirmed.
    Confirmed(u64),
    /// It was asked to end.
    Ending(u64),
}

/// All that the program wants, and what it does not want any more and a server still has.
#[derive(Default)]
pub(super) struct Subscriptions([HashMap<Arc<[u8]>, Subscription>; 3]);

impl Subscriptions {
    pub(super) fn get_mut(&mut self, kind: Kind, bytes: &[u8]) -> Option<&mut Subscription> {
        self.0[kind as usize].get_mut(bytes)
    }

    pub(super) fn get(&self, kind: Kind, bytes: &[u8]) -> Option<&Subscription> {
        self.0[kind as usize].get(bytes)
    }

    pub(super) fn of(&mut self, name: &Name) -> Option<&mut Subscription> {
        self.get_mut(name.kind, &name.bytes)
    }

    /// The name as it is kept here.
    pub(super) fn name(&self, kind: Kind, bytes: &[u8]) -> Option<Name> {
        let (bytes, _) = self.0[kind as usize].get_key_value(bytes)?;
        Some(Name { kind, bytes: bytes.clone() })
    }

    pub(super) fn insert(&mut self, name: Name, subscription: Subscription) {
        self.0[name.kind as usize].insert(name.bytes, subscription);
    }

    pub(super) fn remove(&mut self, name: &Name) {
        self.0[name.kind as usize].remove(&name.bytes);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Kind, &Arc<[u8]>, &Subscription)> {
        Kind::ALL.into_iter().flat_map(|kind| {
            self.0[kind as usize].iter().map(move |(bytes, one)| (kind, bytes, one))
        })
    }

    /// The names of those of which this holds.
    pub(super) fn names(&self, is: impl Fn(&Subscription) -> bool) -> Vec<Name> {
        let those = self.iter().filter(|(_, _, one)| is(one));
        those.map(|(kind, bytes, _)| Name { kind, bytes: bytes.clone() }).collect()
    }
}
