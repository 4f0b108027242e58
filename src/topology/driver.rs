//! The driver of [`Discovery`], in steps and blocking: its own connections, nothing from a pool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::discovery::{Discovery, Found, Step};
use super::query::Query;
use super::slot_map::SlotMap;
use crate::connection::{Buffers, Connection, Destination, Dialer, SetUp};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::node::NodeAddress;
use crate::options::Options;
use crate::os::sockets::Readiness;
use crate::resp::Reply;

/// No node gets less than this of the deadline, however many there are: a round trip across the world.
const LEAST_SHARE: Duration = Duration::from_millis(250);

/// Discovers the topology by `deadline`, waiting for it.
///
/// # Errors
/// As [`Survey::step`].
pub fn discover(
    dialer: &Dialer,
    known: Option<&Arc<SlotMap>>,
    suspects: &[NodeAddress],
    deadline: Deadline,
) -> Result<Found> {
    let mut survey = Survey::new(dialer.options(), known, suspects, deadline);
    loop {
        if let Some(outcome) = survey.step(dialer) {
            return outcome;
        }
        survey.sit_out();
    }
}

/// A discovery under way: a machine that never waits, but for names to be looked up. Names are resolved afresh at
/// each dial, so that one which points elsewhere by now is followed there.
///
/// Each dial ends by `socket_connect_timeout`, each answer by `socket_timeout`, and no node may use
/// up what the others need: what is left is shared among those not yet asked.
pub struct Survey {
    discovery: Discovery,
    known: Option<Arc<SlotMap>>,
    deadline: Deadline,
    /// When the node that is asked has had its share of the time.
    share: Deadline,
    /// When it was begun to ask.
    started: Instant,
    stage: Stage,
}

enum Stage {
    /// Nobody is asked right now; the connection is that of the node that was asked last.
    Between(Option<Box<Connection>>),
    Dialing(Box<SetUp>, Question),
    Asking(Box<Asking>),
}

/// What one node is asked in one write.
#[derive(Clone, Copy)]
struct Question {
    query: Query,
    with_epochs: bool,
}

/// A question that was sent.
struct Asking {
    connection: Box<Connection>,
    query: Query,
    /// The answer to CLUSTER NODES, which comes first, is awaited.
    epochs_awaited: bool,
    deadline: Deadline,
}

impl Survey {
    /// A discovery that begins at its first step.
    pub fn new(
        options: &Options,
        known: Option<&Arc<SlotMap>>,
        suspects: &[NodeAddress],
        deadline: Deadline,
    ) -> Self {
        Self {
            discovery: Discovery::new(options, known, suspects, &mut fastrand::Rng::new()),
            known: known.cloned(),
            deadline,
            share: deadline,
            started: Instant::now(),
            stage: Stage::Between(None),
        }
    }

    /// What to wait on; None: only time.
    pub fn fd(&self) -> Option<i32> {
        match &self.stage {
            Stage::Between(_) => None,
            Stage::Dialing(dial, _) => dial.fd(),
            Stage::Asking(asking) => Some(asking.connection.fd()).filter(|&fd| fd >= 0),
        }
    }

    /// What to wait for on it.
    pub fn wanted(&self) -> Readiness {
        match &self.stage {
            Stage::Between(_) => Readiness { readable: false, writable: false },
            Stage::Dialing(dial, _) => dial.wanted(),
            Stage::Asking(asking) => asking.connection.wanted(),
        }
    }

    /// When to step though nothing is ready.
    pub fn until(&self) -> Deadline {
        match &self.stage {
            Stage::Between(_) => Deadline::after(Duration::ZERO),
            Stage::Dialing(dial, _) => dial.until(),
            Stage::Asking(asking) => asking.deadline,
        }
    }

    /// For who has a thread to spare: waits until there is something to do.
    pub(crate) fn sit_out(&self) {
        match &self.stage {
            Stage::Between(_) => {}
            Stage::Dialing(dial, _) => dial.sit_out(),
            Stage::Asking(asking) => {
                let connection = &asking.connection;
                connection.sit_out(connection.wanted(), asking.deadline);
            }
        }
    }

    /// Goes as far as it can without waiting. None: wait again.
    ///
    /// # Errors
    /// Of a discovery that brought nothing: UNREACHABLE, TIMEOUT, AUTH, SLOT_NOT_COVERED and others.
    pub fn step(&mut self, dialer: &Dialer) -> Option<Result<Found>> {
        let options = dialer.options();
        loop {
            match std::mem::replace(&mut self.stage, Stage::Between(None)) {
                Stage::Between(mut connection) => {
                    if let Err(outcome) = self.ask_next(&mut connection, dialer) {
                        // While the last connection is still there: whoever reads the log may look at it.
                        return Some(report(options, *outcome));
                    }
                }
                Stage::Dialing(mut dial, question) => match dial.step(dialer) {
                    Ok(None) => {
                        self.stage = Stage::Dialing(dial, question);
                        return None;
                    }
                    Ok(Some(connection)) => self.ask(Box::new(connection), question, options),
                    Err(error) => self.failed_at(dial.node(), &error, options),
                },
                Stage::Asking(mut asking) => match asking.step(&mut self.discovery) {
                    Ok(None) => {
                        self.stage = Stage::Asking(asking);
                        return None;
                    }
                    Ok(Some(reply)) => {
                        self.discovery.answered(&reply, self.started.elapsed());
                        self.stage = Stage::Between(Some(asking.connection));
                    }
                    Err(error) => self.failed_at(asking.connection.node(), &error, options),
                },
            }
        }
    }

    /// Goes on to the next question. `Err`: it is over.
    fn ask_next(
        &mut self,
        connection: &mut Option<Box<Connection>>,
        dialer: &Dialer,
    ) -> std::result::Result<(), Box<Result<Found>>> {
        let (node, query, with_epochs) = match self.discovery.step() {
            Step::Done(result) => return Err(Box::new(result)),
            Step::Ask { node, query, with_epochs } => (node, query, with_epochs),
        };
        if self.deadline.has_passed() {
            return Err(Box::new(self.discovery.expired()));
        }
        self.started = Instant::now();
        let question = Question { query, with_epochs };
        let options = dialer.options();
        if let Some(connection) = connection.take().filter(|it| *it.node() == node) {
            self.ask(connection, question, options);
            return Ok(());
        }
        self.share = share_of(self.deadline, self.discovery.candidates_left());
        let hostname = hostname(self.known.as_deref(), &node);
        let to = Destination { hostname, ..Destination::from(&node) };
        match SetUp::begin(dialer, to, self.share) {
            Ok(dial) => self.stage = Stage::Dialing(Box::new(dial), question),
            Err(error) => self.failed_at(&node, &error, options),
        }
        Ok(())
    }

    fn ask(&mut self, mut connection: Box<Connection>, question: Question, options: &Options) {
        if !connection.has_buffers() {
            connection.attach(Buffers::new(options));
        }
        let Question { query, with_epochs } = question;
        let epochs = with_epochs.then_some(Query::Nodes);
        for query in epochs.into_iter().chain([query]) {
            if let Err(error) = connection.append(&query.command()) {
                return self.failed_at(connection.node(), &error, options);
            }
        }
        let deadline = self.share.earlier(Deadline::after(options.socket_timeout));
        self.stage = Stage::Asking(Box::new(Asking {
            connection,
            query,
            epochs_awaited: with_epochs,
            deadline,
        }));
    }

    fn failed_at(&mut self, node: &NodeAddress, error: &Error, options: &Options) {
        options
            .log
            .line(Level::Warning, format_args!("{node} does not tell the topology: {error}"));
        self.discovery.failed(error, self.started.elapsed());
    }
}

impl Asking {
    /// The answer, once it is there.
    fn step(&mut self, discovery: &mut Discovery) -> Result<Option<Reply>> {
        let Self { connection, query, epochs_awaited, deadline } = self;
        if *epochs_awaited {
            match connection.answer_now(&Query::Nodes.command(), *deadline)? {
                None => return Ok(None),
                Some(epochs) => discovery.told_epochs(&epochs),
            }
            *epochs_awaited = false;
        }
        connection.answer_now(&query.command(), *deadline)
    }
}

/// The host name that the cluster told of the node, if it did.
fn hostname<'a>(known: Option<&'a SlotMap>, node: &NodeAddress) -> Option<&'a str> {
    let map = known?;
    map.nodes()[map.find_address(node)?].hostname.as_deref()
}

/// An equal share of what is left for each node not yet asked, though never too little to answer.
fn share_of(deadline: Deadline, candidates: usize) -> Deadline {
    let Some(left) = deadline.remaining() else { return deadline };
    let share = left / u32::try_from(candidates.max(1)).unwrap_or(u32::MAX);
    deadline.earlier(Deadline::after(share.max(LEAST_SHARE)))
}

fn report(options: &Options, result: Result<Found>) -> Result<Found> {
    match &result {
        Ok(Found { is_older: true, .. }) => options.log.line(
            Level::Info,
            format_args!("every view of the topology is older than the present one"),
        ),
        Ok(Found { map, .. }) => options.log.line(
            Level::Info,
            format_args!(
                "topology {}: {} nodes, {} slots",
                map.version(),
                map.nodes().len(),
                map.covered()
            ),
        ),
        Err(error) => {
            let level =
                if error.status() == Status::Timeout { Level::Warning } else { Level::Error };
            options.log.line(level, format_args!("no topology: {error}"));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_silent_node_leaves_time_for_the_others() {
        let left = |share: Deadline| share.remaining().unwrap_or(Duration::MAX);
        let deadline = Deadline::after(Duration::from_secs(10));
        assert!(left(share_of(deadline, 5)) <= Duration::from_secs(2));
        assert!(left(share_of(deadline, 5)) > Duration::from_millis(1500));
        assert!(left(share_of(deadline, 1000)) > Duration::from_millis(200));
        assert!(left(share_of(Deadline::after(Duration::from_millis(100)), 1000)) <= LEAST_SHARE);
        assert_eq!(share_of(Deadline::NEVER, 3), Deadline::NEVER);
    }
}
