//! What the server's side of a connection is in: replies owed, MULTI, WATCH, ASKING, subscriptions,
//! MONITOR, CLIENT REPLY. Pure: it is told of commands sent and of replies arrived, in order.

use std::collections::VecDeque;

use crate::command::Effect;
use crate::resp::{Kind, Reply, ReplyRef};

/// What an arrived reply is to the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// The reply of the oldest command that was owed one.
    Owed,
    /// A message nobody owes: a push, or a line of MONITOR.
    Push,
    /// A reply that no command was owed.
    Stray,
}

/// Whether commands are answered (CLIENT REPLY).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answers {
    On,
    SkipNext,
    Off,
}

/// A command with an effect that shows once its reply is there.
struct Pending {
    /// The how manieth reply it is.
    number: u64,
    effect: Effect,
    /// Of a subscription: how many confirmations it brings.
    confirmations: usize,
}

/// The state of a connection as the server sees it.
pub struct Session {
    protocol: u8,
    /// Replies expected and arrived since the connection was made.
    expected: u64,
    arrived: u64,
    pending: VecDeque<Pending>,
    answers: Answers,
    multi: bool,
    watching: bool,
    monitor: bool,
    /// ASKING was sent, and nothing behind it: whoever sends the next command is asked.
    asking: bool,
    /// Once changed for good, or subscribed, a connection is not pooled again.
    changed: bool,
    /// Channels and patterns, and shard channels, by the server's own count.
    subscriptions: [i64; 2],
    /// Confirmations that follow the one which was taken for the command's reply, and what they confirm.
    more_confirmations: usize,
    confirmed: Effect,
}

impl Session {
    /// Fresh from the handshake.
    pub fn new(protocol: u8) -> Self {
        Self {
            protocol,
            expected: 0,
            arrived: 0,
            pending: VecDeque::new(),
            answers: Answers::On,
            multi: false,
            watching: false,
            monitor: false,
            asking: false,
            changed: false,
            subscriptions: [0, 0],
            more_confirmations: 0,
            confirmed: Effect::Subscribe,
        }
    }

    /// The protocol spoken: 2 or 3.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// Replies the server owes.
    #[inline]
    pub fn owed(&self) -> usize {
        (self.expected - self.arrived) as usize
    }

    /// True if a command of this effect, sent now, gets a reply.
    #[inline]
    pub fn answers(&self, effect: Effect) -> bool {
        match effect {
            Effect::ReplyOff | Effect::ReplySkip => false,
            Effect::ReplyOn => true,
            _ => self.answers == Answers::On,
        }
    }

    /// True once MONITOR shows other clients' commands among the replies.
    #[inline]
    pub fn is_monitor(&self) -> bool {
        self.monitor
    }

    /// True if messages may come that no command is owed.
    pub fn may_get_messages(&self) -> bool {
        self.protocol == 3
            || self.monitor
            || self.more_confirmations > 0
            || self.subscriptions != [0, 0]
    }

    /// True if the connection is as it was after its handshake: nothing owed, no mode, no change.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.owed() == 0
            && self.answers == Answers::On
            && !(self.multi || self.watching || self.monitor || self.asking || self.changed)
    }

    /// A command goes out. `channels`: the arguments behind its name, for subscriptions.
    #[inline]
    pub fn sent(&mut self, effect: Effect, channels: usize) {
        if effect == Effect::None && self.answers == Answers::On && !self.asking {
            self.expected += 1;
        } else {
            self.sent_special(effect, channels);
        }
    }

    fn sent_special(&mut self, effect: Effect, channels: usize) {
        let answered = self.answers(effect);
        // Taken as it is sent, for the server's word on ASKING itself changes nothing: one that refused it
        // is asked for no less by the command that follows.
        self.asking = effect == Effect::Asking;
        self.answers = match (effect, self.answers) {
            (Effect::ReplyOn, _) => Answers::On,
            (Effect::ReplyOff, _) | (_, Answers::Off) => Answers::Off,
            (Effect::ReplySkip, _) => Answers::SkipNext,
            (_, Answers::SkipNext | Answers::On) => Answers::On,
        };
        if answered {
            self.expected += 1;
            if !matches!(effect, Effect::None | Effect::Asking) {
                let number = self.expected;
                let confirmations = channels.max(1);
                self.pending.push_back(Pending { number, effect, confirmations });
            }
        } else if is_subscription(effect) {
            // Confirmations of RESP3 come all the same; RESP2 sends messages nobody can tell apart.
            self.changed = true;
        } else {
            // Without a reply it is taken as done.
            self.apply(effect, None);
        }
    }

    /// A reply is owed, and the next that arrives and is no push is that one, whatever it is.
    pub fn is_owed_plainly(&self) -> bool {
        self.owed() != 0 && self.pending.is_empty() && !self.monitor && self.subscriptions == [0, 0]
    }

    /// It has arrived.
    pub fn arrives_plainly(&mut self) {
        self.arrived += 1;
    }

    /// A reply has arrived.
    #[inline]
    pub fn arrives(&mut self, reply: &Reply) -> Arrival {
        let root = reply.root();
        let plain = !root.is(Kind::Push) && self.pending.is_empty() && !self.monitor;
        if plain && self.owed() != 0 && self.subscriptions == [0, 0] {
            self.arrived += 1;
            return Arrival::Owed;
        }
        self.arrives_special(root)
    }

    #[inline(never)]
    fn arrives_special(&mut self, root: ReplyRef<'_>) -> Arrival {
        let next = self.arrived + 1;
        let head = self.pending.front().filter(|pending| pending.number == next);
        let awaits_confirmation = head.is_some_and(|head| is_subscription(head.effect));
        // RESP2 sends messages as arrays, which are replies unless the connection is subscribed.
        let may_be_message = root.kind() == Kind::Push
            || (self.protocol == 2
                && root.kind() == Kind::Array
                && (awaits_confirmation
                    || self.more_confirmations > 0
                    || self.subscriptions != [0, 0]));
        if may_be_message {
            match Message::of(root) {
                Message::Confirmation { of, shard, subscriptions } => {
                    self.changed = true;
                    if let Some(count) = subscriptions {
                        self.subscriptions[usize::from(shard)] = count;
                    }
                    // A server ends subscriptions to the channels of a slot that has gone: nobody asked for that,
                    // though it may come while the confirmation of a subscription is awaited.
                    if self.more_confirmations > 0 {
                        self.more_confirmations -= usize::from(of == self.confirmed);
                    } else if let Some(head) = head.filter(|head| head.effect == of) {
                        self.more_confirmations = head.confirmations - 1;
                        self.confirmed = of;
                        self.pending.pop_front();
                        self.arrived = next;
                        return Arrival::Owed;
                    }
                    return Arrival::Push;
                }
                Message::Other if root.kind() == Kind::Push => return Arrival::Push,
                Message::Payload => return Arrival::Push,
                Message::Other => {}
            }
        }
        if self.monitor && root.kind() == Kind::Status {
            return Arrival::Push;
        }
        if self.owed() == 0 {
            return Arrival::Stray;
        }
        self.arrived = next;
        if self.pending.front().is_some_and(|pending| pending.number == next) {
            if let Some(pending) = self.pending.pop_front() {
                self.apply(pending.effect, Some(root));
            }
        }
        Arrival::Owed
    }

    fn apply(&mut self, effect: Effect, reply: Option<ReplyRef<'_>>) {
        let refused = reply.is_some_and(|reply| reply.kind() == Kind::Error);
        match effect {
            Effect::None
            | Effect::Asking
            | Effect::ReplyOff
            | Effect::ReplySkip
            | Effect::ReplyOn => {}
            // In doubt the connection is in the mode: it is closed instead of pooled.
            Effect::Multi => self.multi = true,
            Effect::Watch => self.watching |= !refused,
            Effect::Unwatch if !refused && !self.multi => self.watching = false,
            Effect::Unwatch => {}
            // EXEC ends the transaction also where it is refused, but a refused DISCARD does not:
            // only what certainly ended is clean.
            Effect::EndMulti => {
                let code = reply.and_then(ReplyRef::error_code);
                if !refused || code == Some("EXECABORT") {
                    self.multi = false;
                    self.watching = false;
                }
            }
            Effect::Monitor => self.monitor |= !refused,
            Effect::Subscribe | Effect::Unsubscribe => self.changed |= !refused,
            Effect::Session => {
                self.changed = true;
                let Some(reply) = reply.filter(|_| !refused) else { return };
                // HELLO answers in the protocol it has changed to; RESET goes back to RESP2.
                match reply.kind() {
                    Kind::Map => self.protocol = 3,
                    Kind::Array => self.protocol = 2,
                    _ if reply.text() == Some("RESET") => {
                        self.protocol = 2;
                        self.subscriptions = [0, 0];
                        self.multi = false;
                        self.watching = false;
                    }
                    _ => {}
                }
            }
        }
    }
}

fn is_subscription(effect: Effect) -> bool {
    matches!(effect, Effect::Subscribe | Effect::Unsubscribe)
}

/// A message by its first element.
enum Message {
    /// Of a subscription's beginning or end, with how many there are now.
    Confirmation {
        of: Effect,
        shard: bool,
        subscriptions: Option<i64>,
    },
    /// Something published.
    Payload,
    Other,
}

impl Message {
    fn of(root: ReplyRef<'_>) -> Self {
        let Some(word) = root.at(0).and_then(ReplyRef::bytes) else { return Self::Other };
        let count = || root.at(2).and_then(ReplyRef::integer);
        match word {
            b"message" | b"pmessage" | b"smessage" => Self::Payload,
            b"subscribe" | b"psubscribe" => {
                Self::Confirmation { of: Effect::Subscribe, shard: false, subscriptions: count() }
            }
            b"unsubscribe" | b"punsubscribe" => {
                Self::Confirmation { of: Effect::Unsubscribe, shard: false, subscriptions: count() }
            }
            b"ssubscribe" => {
                Self::Confirmation { of: Effect::Subscribe, shard: true, subscriptions: count() }
            }
            b"sunsubscribe" => {
                Self::Confirmation { of: Effect::Unsubscribe, shard: true, subscriptions: count() }
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
