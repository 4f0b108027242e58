//! The blocking driver of [`Discovery`]: its own connections, nothing from a pool.

use std::time::{Duration, Instant};

use super::discovery::{Discovery, Found, Step};
use super::query::Query;
use super::slot_map::SlotMap;
use crate::connection::{Buffers, Connection, Destination, Dialer};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::node::NodeAddress;
use crate::options::Options;
use crate::resp::{Kind, Reply};

/// No node gets less than this of the deadline, however many there are: a round trip across the world.
const LEAST_SHARE: Duration = Duration::from_millis(250);

/// Discovers the topology by `deadline`. Names are resolved afresh at each dial, so that a name which
/// points elsewhere by now is followed there.
///
/// Each dial ends by `socket_connect_timeout`, each answer by `socket_timeout`, and no node may use
/// up what the others need: what is left is shared among those not yet asked.
pub fn discover(
    dialer: &Dialer,
    known: Option<&SlotMap>,
    suspects: &[NodeAddress],
    deadline: Deadline,
) -> Result<Found> {
    let options = dialer.options();
    let mut discovery = Discovery::new(options, known, suspects, &mut fastrand::Rng::new());
    let mut connection: Option<Connection> = None;
    let mut share = deadline;
    loop {
        let (node, query, with_epochs) = match discovery.step() {
            Step::Done(result) => return report(options, result),
            Step::Ask { node, query, with_epochs } => (node, query, with_epochs),
        };
        if deadline.has_passed() {
            return report(options, discovery.expired());
        }
        let started = Instant::now();
        if connection.as_ref().is_none_or(|connection| *connection.node() != node) {
            connection = None;
            share = share_of(deadline, discovery.candidates_left());
        }
        let to = Destination { hostname: hostname(known, &node), ..Destination::from(&node) };
        let question = Question { query, with_epochs };
        match ask(&mut connection, dialer, to, question, share) {
            Ok((epochs, reply)) => {
                if let Some(epochs) = epochs {
                    discovery.told_epochs(&epochs);
                }
                discovery.answered(&reply, started.elapsed());
            }
            Err(error) => {
                connection = None;
                options.log.line(
                    Level::Warning,
                    format_args!("{node} does not tell the topology: {error}"),
                );
                discovery.failed(&error, started.elapsed());
            }
        }
    }
}

/// What one node is asked in one write.
struct Question {
    query: Query,
    with_epochs: bool,
}

/// The answer, and in front of it that of CLUSTER NODES where it was asked for.
fn ask(
    connection: &mut Option<Connection>,
    dialer: &Dialer,
    to: Destination<'_>,
    question: Question,
    deadline: Deadline,
) -> Result<(Option<Reply>, Reply)> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(dialer.dial(to, deadline)?),
    };
    if !connection.has_buffers() {
        connection.attach(Buffers::new(dialer.options()));
    }
    let deadline = deadline.earlier(Deadline::after(dialer.options().socket_timeout));
    let query = question.query;
    if !question.with_epochs {
        return Ok((None, connection.command(&query.command(), deadline)?));
    }
    for query in [Query::Nodes, query] {
        connection.append(&query.command())?;
    }
    connection.flush(deadline)?;
    let epochs = next_reply(connection, Query::Nodes, deadline)?;
    Ok((Some(epochs), next_reply(connection, query, deadline)?))
}

fn next_reply(connection: &mut Connection, query: Query, deadline: Deadline) -> Result<Reply> {
    loop {
        match connection.read(deadline)? {
            Some(message) if message.root().kind() == Kind::Push => {}
            Some(reply) => return Ok(reply),
            None => {
                let node = connection.node();
                let message =
                    format!("{node}: the deadline passed while {} was awaited", query.name());
                return Err(Error::new(Status::Timeout, message).on_node(node));
            }
        }
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
