//! How often a node is asked to let us in.
//!
//! Servers count and log refused logins, and some shut out who makes many. So a node that refuses is asked
//! again after [`PAUSE`] at the earliest, whoever wants a connection, and what it said is the answer
//! meanwhile. While it is not known to let us in, one connection tries and the others wait for how that
//! ends; once it does, all log in at once. Other credentials are another matter: how an attempt with those
//! before them ends counts for nothing any more.
//!
//! Lock: `Logins::nodes`, alone; nothing is done under it but looking at the record of one node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::fork::{self, PerProcess};
use crate::os::futex::{Event, Mutex};

/// Between two logins that are refused.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a login that succeeded lets others go ahead without waiting.
const TRUST: Duration = Duration::from_secs(1);

/// Beyond so many nodes those of no more interest are forgotten.
const MANY: usize = 1024;

/// What is known of logins at each node, in this process.
#[derive(Clone, Default)]
pub(super) struct Logins {
    nodes: Arc<PerProcess<Mutex<Nodes>>>,
}

#[derive(Default)]
struct Nodes {
    records: HashMap<NodeAddress, Record>,
    /// Grows with each change of the credentials.
    round: u32,
}

#[derive(Default)]
struct Record {
    let_in_at: Option<Instant>,
    refused: Option<(Instant, Error)>,
    /// One connection is trying while the others wait.
    trying: Option<Arc<Event>>,
}

impl Record {
    /// What it said when it refused, while it is not asked again.
    fn refusal(&self) -> Option<&Error> {
        let (at, error) = self.refused.as_ref()?;
        (at.elapsed() < PAUSE).then_some(error)
    }

    fn is_of_interest(&self) -> bool {
        let recent = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < TRUST);
        self.trying.is_some()
            || recent(self.let_in_at)
            || recent(self.refused.as_ref().map(|(at, _)| *at))
    }
}

/// What [`Logins::turn`] finds.
pub(super) enum Turn {
    /// The right to log in. By which credentials is to be looked up now, not before.
    Go(Attempt),
    /// Another connection is trying: then its turn is looked for again.
    Wait(Arc<Event>),
    /// The node refused a moment ago.
    Refused(Error),
}

/// A login under way. Dropped without an outcome it counts for nothing, and the next may try.
pub(super) struct Attempt {
    logins: Logins,
    node: NodeAddress,
    /// The process in whose records it stands.
    generation: u32,
    alone: bool,
    /// [`Nodes::round`] when it began.
    round: u32,
}

/// What a call is told whose time ends while another connection tries.
pub(super) fn no_turn(node: &NodeAddress) -> Error {
    let message = format!(
        "{node}: the call's time ended while another connection was logging in; allow it more, or see why the \
         node is slow"
    );
    Error::new(Status::Timeout, message).on_node(node)
}

impl Logins {
    /// The right to log in at the node, waited for until the deadline.
    ///
    /// # Errors
    /// AUTH: it refused a moment ago. TIMEOUT.
    pub(super) fn begin(&self, node: &NodeAddress, deadline: Deadline) -> Result<Attempt> {
        loop {
            match self.turn(node) {
                Turn::Go(attempt) => return Ok(attempt),
                Turn::Refused(error) => return Err(error),
                Turn::Wait(ended) if ended.wait(deadline) => {}
                Turn::Wait(_) => return Err(no_turn(node)),
            }
        }
    }

    /// # Errors
    /// AUTH: the node refused a moment ago.
    pub(super) fn check(&self, node: &NodeAddress) -> Result<()> {
        let nodes = self.nodes().lock();
        match nodes.records.get(node).and_then(Record::refusal) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// What was refused may be let in from now on: the credentials are others.
    pub(super) fn forget_refusals(&self) {
        let mut nodes = self.nodes().lock();
        nodes.round = nodes.round.wrapping_add(1);
        for record in nodes.records.values_mut() {
            record.refused = None;
            record.let_in_at = None;
        }
    }

    /// The right to log in at the node, if it is to be had now.
    pub(super) fn turn(&self, node: &NodeAddress) -> Turn {
        let go = |alone, round| {
            let (logins, node) = (self.clone(), node.clone());
            Turn::Go(Attempt { logins, node, generation: fork::generation(), alone, round })
        };
        let mut nodes = self.nodes().lock();
        let Nodes { records, round } = &mut *nodes;
        let round = *round;
        if records.len() >= MANY && !records.contains_key(node) {
            records.retain(|_, record| record.is_of_interest());
        }
        let record = records.entry(node.clone()).or_default();
        if let Some(error) = record.refusal() {
            return Turn::Refused(error.clone());
        }
        if record.let_in_at.is_some_and(|at| at.elapsed() < TRUST) {
            return go(false, round);
        }
        if let Some(trying) = &record.trying {
            return Turn::Wait(Arc::clone(trying));
        }
        record.trying = Some(Arc::new(Event::new()));
        go(true, round)
    }

    fn nodes(&self) -> &Mutex<Nodes> {
        self.nodes.get_or_make(Mutex::default)
    }

    /// Notes an outcome, unless the credentials are others since `round`.
    fn note(&self, node: &NodeAddress, round: u32, note: impl FnOnce(&mut Record)) {
        let mut nodes = self.nodes().lock();
        if nodes.round == round
            && let Some(record) = nodes.records.get_mut(node)
        {
            note(record);
        }
    }
}

impl Attempt {
    /// The node let us in, or did not.
    pub(super) fn ended(self, outcome: Result<(), &Error>) {
        let now = Instant::now();
        match outcome {
            Ok(()) => self.logins.note(&self.node, self.round, |record| {
                record.let_in_at = Some(now);
                record.refused = None;
            }),
            Err(error) if error.status() == Status::Auth => {
                let told_again = Error::new(
                    Status::Auth,
                    format!(
                        "{} (told less than {} ms ago; it is not asked more often)",
                        error.message(),
                        PAUSE.as_millis()
                    ),
                );
                let told_again =
                    told_again.on_node(&self.node).with_server_code(error.server_code());
                self.logins.note(&self.node, self.round, |record| {
                    record.let_in_at = None;
                    record.refused = Some((now, told_again));
                });
            }
            Err(_) => {}
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.alone || self.generation != fork::generation() {
            return;
        }
        let mut nodes = self.logins.nodes().lock();
        let trying = nodes.records.get_mut(&self.node).and_then(|record| record.trying.take());
        drop(nodes);
        if let Some(trying) = trying {
            trying.set();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong() -> Error {
        Error::new(Status::Auth, "wrong").with_server_code("WRONGPASS")
    }

    #[test]
    fn who_is_refused_is_not_asked_again_at_once() {
        let (logins, node) = (Logins::default(), NodeAddress::new("a", 1));
        let soon = Deadline::after(Duration::from_secs(20));
        logins.begin(&node, soon).unwrap().ended(Err(&wrong()));
        let again = logins.begin(&node, soon).err().unwrap();
        assert_eq!((again.status(), again.server_code()), (Status::Auth, "WRONGPASS"));
        assert!(logins.check(&node).is_err());
        // Another node is another matter, and so are other credentials.
        assert!(logins.begin(&NodeAddress::new("b", 1), soon).is_ok());
        logins.forget_refusals();
        assert!(logins.check(&node).is_ok());
        assert!(logins.begin(&node, soon).is_ok());
    }

    #[test]
    fn what_other_credentials_met_counts_for_nothing() {
        let (logins, node) = (Logins::default(), NodeAddress::new("a", 1));
        let soon = Deadline::after(Duration::from_secs(20));
        let before = logins.begin(&node, soon).unwrap();
        logins.forget_refusals();
        before.ended(Err(&wrong()));
        let after = logins.begin(&node, soon).unwrap();
        assert!(after.alone);
        // Nor does a node that let those before in, let these in.
        logins.forget_refusals();
        after.ended(Ok(()));
        assert!(logins.begin(&node, soon).unwrap().alone);
    }

    #[test]
    fn one_tries_while_the_others_wait() {
        let (logins, node) = (Logins::default(), NodeAddress::new("a", 1));
        let at_once = || Deadline::after(Duration::ZERO);
        let first = logins.begin(&node, at_once()).unwrap();
        let status = logins.begin(&node, at_once()).err().map(|error| error.status());
        assert_eq!(status, Some(Status::Timeout));
        // Given up: the next one tries.
        drop(first);
        let second = logins.begin(&node, at_once()).unwrap();
        second.ended(Ok(()));
        let _third = logins.begin(&node, at_once()).unwrap();
        assert!(logins.begin(&node, at_once()).is_ok(), "all go once it let one in");
    }

    #[test]
    fn many_threads_ask_once() {
        let (logins, node) = (Logins::default(), NodeAddress::new("a", 1));
        let asked = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let soon = Deadline::after(Duration::from_secs(20));
                    if let Ok(attempt) = logins.begin(&node, soon) {
                        asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        attempt.ended(Err(&wrong()));
                    }
                });
            }
        });
        assert_eq!(asked.into_inner(), 1);
    }
}
