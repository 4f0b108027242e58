//! One connection as the machine sees it: what is to be asked on it, what was asked and not answered, and
//! how long it has been silent.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::name::{Group, Kind, Name};
use crate::command::Command;
use crate::node::NodeAddress;

/// So many names may be asked for and not answered: answers are read while others wait to be asked.
pub(super) const WINDOW: usize = 256;
/// A command of several names is not made longer than this.
const LONGEST: usize = 64 * 1024;

/// Where a link leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// To some node, for channels and patterns.
    Any,
    /// To this node, for shard channels.
    Node(NodeAddress),
}

/// The way to one place, with a connection or without.
pub(super) struct Link {
    pub(super) id: u64,
    pub(super) place: Place,
    /// What is to be asked for there.
    pub(super) queue: Queue,
    /// Dials that failed in a row, and connections that ended at once.
    pub(super) failures: u32,
    /// It is not dialled earlier.
    pub(super) not_before: Instant,
    /// Of [`Place::Any`]: nodes that failed since one worked.
    pub(super) avoided: Vec<NodeAddress>,
    pub(super) line: Option<Line>,
}

impl Link {
    pub(super) fn new(id: u64, place: Place, now: Instant) -> Self {
        Self {
            id,
            place,
            queue: Queue::default(),
            failures: 0,
            not_before: now,
            avoided: Vec::new(),
            line: None,
        }
    }
}

/// A connection that is there.
pub(super) struct Line {
    pub(super) node: NodeAddress,
    /// The node, for messages.
    pub(super) text: Arc<CStr>,
    pub(super) since: Instant,
    /// When something came last.
    pub(super) heard: Instant,
    /// What was sent and is not answered, oldest first.
    asks: VecDeque<Ask>,
    /// The names in them.
    unanswered: usize,
    /// What is to be asked to end.
    pub(super) endings: Queue,
    /// Subscriptions that the server has.
    pub(super) confirmed: usize,
    /// Of no more use.
    pub(super) doomed: bool,
}

/// A command that is owed answers.
struct Ask {
    sent: Instant,
    what: Asked,
}

/// What was asked for.
#[derive(Debug)]
pub(super) enum Asked {
    Begin(VecDeque<Name>),
    End(VecDeque<Name>),
    Ping,
}

impl Line {
    pub(super) fn new(node: NodeAddress, now: Instant) -> Self {
        let text = CString::new(node.to_string()).unwrap_or_default();
        Self {
            node,
            text: text.into(),
            since: now,
            heard: now,
            asks: VecDeque::new(),
            unanswered: 0,
            endings: Queue::default(),
            confirmed: 0,
            doomed: false,
        }
    }

    /// How many more names may be asked for now.
    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.unanswered)
    }

    /// Nothing is owed.
    pub(super) fn is_quiet(&self) -> bool {
        self.asks.is_empty()
    }

    /// When silence means that the connection is dead; while nothing is owed, when to ask for a sign of life.
    pub(super) fn patience_ends(&self, interval: Duration, longest: Duration) -> Instant {
        match self.asks.front() {
            Some(ask) => self.heard.max(ask.sent) + longest,
            None => self.heard + interval,
        }
    }

    /// A command goes out.
    pub(super) fn asks(&mut self, what: Asked, now: Instant) {
        if let Asked::Begin(names) | Asked::End(names) = &what {
            self.unanswered += names.len();
        }
        self.asks.push_back(Ask { sent: now, what });
    }

    /// The beginning of this subscription is what the oldest command is owed.
    pub(super) fn has_begun(&mut self, kind: Kind, name: &[u8]) -> Option<Name> {
        self.answered(kind, name, |asked| match asked {
            Asked::Begin(names) => Some(names),
            _ => None,
        })
    }

    /// The end of this subscription is what the oldest command is owed.
    pub(super) fn has_ended(&mut self, kind: Kind, name: &[u8]) -> Option<Name> {
        self.answered(kind, name, |asked| match asked {
            Asked::End(names) => Some(names),
            _ => None,
        })
    }

    fn answered(
        &mut self,
        kind: Kind,
        name: &[u8],
        names_of: impl FnOnce(&mut Asked) -> Option<&mut VecDeque<Name>>,
    ) -> Option<Name> {
        let names = names_of(&mut self.asks.front_mut()?.what)?;
        let at = names.iter().position(|one| one.kind == kind && &*one.bytes == name)?;
        let name = names.remove(at)?;
        self.unanswered -= 1;
        if names.is_empty() {
            self.asks.pop_front();
        }
        Some(name)
    }

    /// PONG.
    pub(super) fn has_ponged(&mut self) {
        if self.asks.front().is_some_and(|ask| matches!(ask.what, Asked::Ping)) {
            self.asks.pop_front();
        }
    }

    /// The oldest command was refused, as a whole.
    pub(super) fn was_refused(&mut self) -> Option<Asked> {
        let what = self.asks.pop_front()?.what;
        if let Asked::Begin(names) | Asked::End(names) = &what {
            self.unanswered -= names.len();
        }
        Some(what)
    }
}

/// Names that wait to be asked for, in groups that one command may name.
#[derive(Default)]
pub(super) struct Queue(BTreeMap<Group, VecDeque<Name>>);

impl Queue {
    pub(super) fn push(&mut self, name: Name) {
        self.0.entry(name.group()).or_default().push_back(name);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(super) fn take(&mut self) -> Vec<Name> {
        std::mem::take(&mut self.0).into_values().flatten().collect()
    }

    /// The names of the next command: of one group, at most so many. `choose` says of each what is to become
    /// of it; after [`Choice::Alone`] no other name comes, and none comes before it.
    pub(super) fn next(
        &mut self,
        most: usize,
        mut choose: impl FnMut(&Name) -> Choice,
    ) -> VecDeque<Name> {
        let mut chosen = VecDeque::new();
        let mut size = 0;
        while chosen.is_empty() {
            let Some(mut group) = self.0.first_entry() else { return chosen };
            let names = group.get_mut();
            while chosen.len() < most {
                let Some(name) = names.pop_front() else { break };
                let choice = choose(&name);
                if choice == Choice::Skip {
                    continue;
                }
                size += name.bytes.len();
                if !chosen.is_empty() && (choice == Choice::Alone || size > LONGEST) {
                    names.push_front(name);
                    break;
                }
                chosen.push_back(name);
                if choice == Choice::Alone {
                    break;
                }
            }
            if names.is_empty() {
                group.remove();
            }
            if most == 0 {
                break;
            }
        }
        chosen
    }
}

/// What becomes of a name whose turn has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Choice {
    /// It is not wanted any more.
    Skip,
    /// It goes into the command.
    Take,
    /// It is a command of its own.
    Alone,
}

/// A command of these names.
pub(super) fn command(verb: &[u8], names: &VecDeque<Name>) -> Command {
    let mut command = Command::of(&[verb]);
    for name in names {
        command.append(&name.bytes);
    }
    command
}
