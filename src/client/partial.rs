//! A call on several nodes that did not succeed as a whole: how far it came.

use super::join::Part;
use super::positions::Positions;
use crate::error::Error;
use crate::node::NodeAddress;

/// So many nodes, and so many ranges of keys, are named in a message.
const NAMED: usize = 12;

/// Why a call failed, and which of its keys are done: each by its place among the command's keys,
/// counted from 0, in ascending order. Of a command that is not split by its keys there are none.
///
/// The message of the error says the same, with keys counted from 1. The keys themselves stand in
/// neither.
#[derive(Debug)]
pub(crate) struct Partial {
    /// The error for the caller.
    pub(crate) error: Error,
    /// Written for certain; of a command that only reads, read.
    pub(crate) written: Vec<usize>,
    /// No reply came of these, or none that can be understood.
    pub(crate) unknown: Vec<usize>,
    /// Not written for certain.
    pub(crate) unwritten: Vec<usize>,
}

impl From<Error> for Partial {
    fn from(error: Error) -> Self {
        Self { error, written: Vec::new(), unknown: Vec::new(), unwritten: Vec::new() }
    }
}

/// What is known of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The node did it.
    Ran,
    /// The node did not: nothing was sent, or it answered with an error.
    NotRun,
    /// It may have.
    Unknown,
}

impl Fate {
    fn of(part: &Part) -> Self {
        match &part.outcome {
            Ok(_) if part.is_refused() => Self::NotRun,
            Ok(_) => Self::Ran,
            Err(error) if error.maybe_executed() => Self::Unknown,
            Err(_) => Self::NotRun,
        }
    }
}

/// Who ran a command and who did not.
pub(super) struct Account<'a> {
    command: &'a str,
    writes: bool,
    /// Of each part, the keys it has; None where the command was not split.
    positions: Option<&'a Positions>,
    parts: &'a [Part],
    fates: Vec<Fate>,
}

impl<'a> Account<'a> {
    pub(super) fn new(
        command: &'a str,
        writes: bool,
        positions: Option<&'a Positions>,
        parts: &'a [Part],
    ) -> Self {
        let fates = parts.iter().map(Fate::of).collect();
        Self { command, writes, positions, parts, fates }
    }

    /// The reply of this part is not what the command gives, so who knows what was done.
    pub(super) fn doubt(&mut self, part: usize) {
        if let Some(fate) = self.fates.get_mut(part) {
            *fate = Fate::Unknown;
        }
    }

    /// The text of a server's error; where other parts were done, with an account of them.
    pub(super) fn refusal(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        if self.fates.contains(&Fate::Ran) {
            while text.last() == Some(&b'.') {
                text.pop();
            }
            text.extend_from_slice(b". ");
            text.extend_from_slice(self.text().as_bytes());
        }
        text
    }

    /// What the call fails with, of what the part at `node` failed with.
    pub(super) fn failure(&self, error: &Error, node: &NodeAddress) -> Partial {
        // A redirect may have led to another node than the first.
        let node = NodeAddress::parse(error.node()).unwrap_or_else(|_| node.clone());
        let mut message = String::new();
        if !error.message().contains(&node.to_string()) {
            message = format!("{node}: ");
        }
        message.push_str(error.message().trim_end_matches('.'));
        if self.parts.len() > 1 {
            message.push_str(". ");
            message.push_str(&self.text());
        }
        let failures = || self.parts.iter().filter_map(|part| part.outcome.as_ref().err());
        let attempts = failures().flat_map(Error::attempts).cloned().collect();
        let mut joined = Error::new(error.status(), message)
            .on_node(&node)
            .with_server_code(error.server_code())
            .with_attempts(attempts);
        if let Some(slot) = error.slot() {
            joined = joined.on_slot(slot);
        }
        self.partial(joined)
    }

    /// The error, and what it does not hold.
    pub(super) fn partial(&self, error: Error) -> Partial {
        let ran = self.fates.contains(&Fate::Ran);
        let unknown = self.fates.contains(&Fate::Unknown);
        Partial {
            error: error.with_maybe_executed(unknown || self.writes && ran),
            written: self.keys(Fate::Ran),
            unknown: self.keys(Fate::Unknown),
            unwritten: self.keys(Fate::NotRun),
        }
    }

    /// The places of the keys whose parts fared so.
    fn keys(&self, fate: Fate) -> Vec<usize> {
        let parts = self.positions.into_iter().flat_map(Positions::iter).zip(&self.fates);
        let of_fate = parts.filter(|(_, of)| **of == fate).map(|(positions, _)| positions);
        let mut keys: Vec<_> = of_fate.flatten().map(|&position| position as usize).collect();
        keys.sort_unstable();
        keys
    }

    /// "FLUSHALL ran on 127.0.0.1:7000, did not run on 127.0.0.1:7001", or "MSET: keys 1, 3-5 were
    /// written (4 of 5 on 127.0.0.1:7000), key 2 was not (1 of 5 on 127.0.0.1:7001)".
    fn text(&self) -> String {
        let mut clauses = Vec::new();
        for fate in [Fate::Ran, Fate::NotRun, Fate::Unknown] {
            if !self.fates.contains(&fate) {
                continue;
            }
            let nodes = self.nodes(fate);
            let Some(positions) = self.positions else {
                let ran = match fate {
                    Fate::Ran => "ran",
                    Fate::NotRun => "did not run",
                    Fate::Unknown => "may have run",
                };
                clauses.push(format!("{ran} on {nodes}"));
                continue;
            };
            let keys = self.keys(fate);
            let was = match (fate, keys.len()) {
                (Fate::Ran, 1) => "was",
                (Fate::Ran, _) => "were",
                (Fate::NotRun, 1) => "was not",
                (Fate::NotRun, _) => "were not",
                (Fate::Unknown, _) => "may have been",
            };
            // The first says what the others leave out.
            let done = match (clauses.is_empty(), self.writes) {
                (true, true) => " written",
                (true, false) => " read",
                (false, _) => "",
            };
            let (named, count) = (ranges(&keys), keys.len());
            let all: usize = positions.keys();
            clauses.push(format!("{named} {was}{done} ({count} of {all} on {nodes})"));
        }
        let colon = if self.positions.is_some() { ":" } else { "" };
        format!("{}{colon} {}", self.command, clauses.join(", "))
    }

    /// The nodes whose parts fared so.
    fn nodes(&self, fate: Fate) -> String {
        let parts = self.parts.iter().zip(&self.fates).filter(|(_, of)| **of == fate);
        let nodes: Vec<_> = parts.map(|(part, _)| part.node.to_string()).collect();
        listed(&nodes, nodes.len().saturating_sub(NAMED))
    }
}

/// Places counted from 0 as people count: "keys 1, 3-5".
fn ranges(places: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for place in places.iter().map(|place| place + 1) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == place => *last = place,
            _ => ranges.push((place, place)),
        }
    }
    let shown = |&(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let texts: Vec<_> = ranges.iter().map(shown).collect();
    let more = ranges.iter().skip(NAMED).map(|(first, last)| last - first + 1).sum();
    let key = if places.len() == 1 { "key" } else { "keys" };
    format!("{key} {}", listed(&texts, more))
}

/// The first few, and that there are `more`.
fn listed(texts: &[String], more: usize) -> String {
    let named: Vec<_> = texts.iter().take(NAMED).map(String::as_str).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &rest
}
