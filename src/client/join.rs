//! The replies of several nodes, joined to one by the command's response policy.
//!
//! | policy | the replies become | a node fails | a node answers with an error |
//! | --- | --- | --- | --- |
//! | nodes named by the caller; `special` | a Map, node → reply | its entry is an Error (below); where all fail, so does the call | it stands in its place |
//! | RANDOMKEY | one of the keys, at random; Nil where all are | passed over where another gives a key; else the call fails | passed over where another gives a key; else is the reply |
//! | `one_succeeded` | the first that is no error | passed over; where none succeeds, the call fails | passed over; where none succeeds and no node fails, is the reply |
//! | `all_succeeded` | the first | the call fails | is the reply |
//! | `agg_sum`, `agg_min`, `agg_max` | an Integer; of Arrays, an Array, element by element | the call fails | is the reply |
//! | `agg_logical_and`, `agg_logical_or` | the same, of Integers 0 and 1 or of Booleans | the call fails | is the reply |
//! | none, and no keys | of Arrays and Sets one Array (of Sets alone, a Set) of all elements, node after node; of anything else a Map, node → reply | of lists: the call fails; of anything else as for other Maps | of lists, and where all answer so: is the reply; of anything else as for other Maps |
//! | none, and keys | an Array, in the order of the keys | the call fails | is the reply |
//!
//! A node *fails* where no reply came: no connection, time up, too many redirects. An error that a
//! server answers with is a reply. Nodes are named "host:port".
//!
//! *The call fails* with the first failure in the order of the parts. Its message goes on to say
//! which nodes ran the command, or which keys' parts were written ([`Partial`] has them as lists);
//! `maybe_executed` is true where a node may have run it without a reply, and, of a command that
//! writes, where one did. *Is the reply*: the first error in the order of the parts. Where other
//! nodes ran the command, its text goes on in the same way. A failure goes before an error reply.
//!
//! *The entry* of a node that failed is the name of its status in the C API and the message,
//! "TIMEOUT 127.0.0.1:7001: no reply ...", and "; FLUSHALL may have run" where a command that writes
//! may have.
//!
//! A reply that does not fit, such as a String where there is something to add up, lists of several
//! lengths, or a sum beyond 64 bits, fails the call with PROTOCOL, naming the node.
//!
//! Where there was no node to send to, a call whose nodes the caller named gives an empty Map, and any
//! other fails with UNKNOWN_NODE.

use std::sync::Arc;

use super::aggregate;
use super::partial::{Account, Partial};
use super::positions::Positions;
use crate::command::Response;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::resp::{Builder, Kind, Reply, ReplyRef};

/// What the parts of a call have in common.
#[derive(Clone, Debug)]
pub(crate) enum Joining {
    /// The caller named several nodes, and is told what each answered.
    ByHand,
    /// The command went to several nodes as it is.
    Nodes(Response),
    /// The command was split by its keys.
    Keys {
        /// Its policy.
        response: Response,
        /// Which of the command's keys each part has.
        positions: Positions,
    },
}

/// What came of the command at one node.
#[derive(Debug)]
pub(crate) struct Part {
    /// Where it was sent first.
    pub(crate) node: Arc<NodeAddress>,
    /// The reply, which may be an error of the server; or why there is none.
    pub(crate) outcome: Result<Reply>,
}

impl Part {
    fn reply(&self) -> Option<ReplyRef<'_>> {
        self.outcome.as_ref().ok().map(Reply::root)
    }

    /// The server answered with an error.
    pub(super) fn is_refused(&self) -> bool {
        self.reply().is_some_and(|reply| reply.kind() == Kind::Error)
    }

    fn is_failed(&self) -> bool {
        self.outcome.is_err()
    }

    fn is_success(&self) -> bool {
        !self.is_failed() && !self.is_refused()
    }
}

/// What the call ends with where no reply is made.
pub(super) enum End {
    /// What came of one part: its reply, which may be an error, or its failure.
    Part(usize),
    /// One part was answered with something that cannot be joined to the rest.
    Unfit(usize, String),
    /// The parts are in order, and yet there is no reply.
    Unjoined(Status, &'static str),
}

const LOST: &str = "its keys are not those of its parts, which is a fault of the library";

/// Joins what came of the parts, which are in the order in which the nodes were asked. `command` is
/// the command's name; `writes` is true unless it only reads.
///
/// # Errors
/// As the table above says.
pub(crate) fn join(
    command: &str,
    writes: bool,
    joining: &Joining,
    mut parts: Vec<Part>,
) -> Result<Reply, Partial> {
    let end = match joined(command, writes, joining, &parts) {
        Ok(reply) => return Ok(reply),
        Err(End::Part(index)) if parts.get(index).is_some_and(Part::is_success) => {
            return parts.swap_remove(index).outcome.map_err(Partial::from);
        }
        Err(end) => end,
    };
    let positions = match joining {
        Joining::Keys { positions, .. } => Some(positions),
        _ => None,
    };
    let mut account = Account::new(command, writes, positions, &parts);
    let fault = |status, why: &str| Error::new(status, format!("{command}: {why}"));
    match end {
        End::Part(index) => match parts.get(index) {
            Some(Part { outcome: Err(error), node }) => Err(account.failure(error, node)),
            Some(Part { outcome: Ok(reply), .. }) => {
                let text = account.refusal(reply.root().bytes().unwrap_or_default());
                let mut builder = Builder::new();
                builder.error(&text);
                let too_large = || fault(Status::Limit, "the error is too large");
                builder.finish().ok_or_else(|| account.partial(too_large()))
            }
            None => Err(account.partial(fault(Status::Internal, "the part is not there"))),
        },
        End::Unfit(index, reply) => {
            account.doubt(index);
            let error = fault(Status::Protocol, &format!("the answer was {reply}"));
            match parts.get(index) {
                Some(part) => Err(account.failure(&error, &part.node)),
                None => Err(account.partial(error)),
            }
        }
        End::Unjoined(status, why) => Err(account.partial(fault(status, why))),
    }
}

fn joined(command: &str, writes: bool, joining: &Joining, parts: &[Part]) -> Result<Reply, End> {
    use Response::*;
    let response = match joining {
        Joining::ByHand => return by_node(command, writes, parts),
        Joining::Nodes(response) | Joining::Keys { response, .. } => *response,
    };
    if parts.is_empty() {
        return Err(End::Unjoined(Status::UnknownNode, "there is no node to send it to"));
    }
    match (response, joining) {
        (_, Joining::Keys { positions, .. }) if positions.parts() != parts.len() => {
            Err(End::Unjoined(Status::Internal, LOST))
        }
        (Default, Joining::Keys { positions, .. }) => in_order_of_keys(parts, positions),
        (Default, _) => concatenated(command, writes, parts),
        (OneSucceeded, _) => Err(one_succeeded(parts)),
        (AllSucceeded, _) => {
            succeeded(parts)?;
            Err(End::Part(0))
        }
        (AggLogicalAnd, _) => aggregate::all(&succeeded(parts)?),
        (AggLogicalOr, _) => aggregate::any(&succeeded(parts)?),
        (AggMin, _) => aggregate::least(&succeeded(parts)?),
        (AggMax, _) => aggregate::greatest(&succeeded(parts)?),
        (AggSum, _) => aggregate::sum(&succeeded(parts)?),
        (Special, _) if command.eq_ignore_ascii_case("RANDOMKEY") => Err(random_key(parts)),
        (Special, _) => by_node(command, writes, parts),
    }
}

/// All replies, if each node answered and none with an error.
fn succeeded(parts: &[Part]) -> Result<Vec<ReplyRef<'_>>, End> {
    match first_trouble(parts) {
        Some(end) => Err(end),
        None => Ok(parts.iter().filter_map(Part::reply).collect()),
    }
}

/// The first failure, else the first error reply.
fn first_trouble(parts: &[Part]) -> Option<End> {
    let failed = parts.iter().position(Part::is_failed);
    failed.or_else(|| parts.iter().position(Part::is_refused)).map(End::Part)
}

/// The reply of a builder that has all its parts.
pub(super) fn finish(builder: Builder<'_>) -> Result<Reply, End> {
    let too_large =
        "the replies together have more elements than one can: ask fewer nodes at a time";
    builder.finish().ok_or(End::Unjoined(Status::Limit, too_large))
}

/// An empty builder with room for all elements of these replies, and so many more.
fn with_room<'a>(replies: impl Iterator<Item = ReplyRef<'a>>, more: usize) -> Builder<'a> {
    Builder::with_room(replies.map(|reply| reply.cells().0.len()).sum::<usize>() + more)
}

/// A Map, node → reply.
fn by_node(command: &str, writes: bool, parts: &[Part]) -> Result<Reply, End> {
    if !parts.is_empty() && parts.iter().all(Part::is_failed) {
        return Err(End::Part(0));
    }
    let texts: Vec<_> = parts
        .iter()
        .map(|part| {
            let error = part.outcome.as_ref().err();
            (part.node.to_string(), error.map(|error| entry(command, writes, error)))
        })
        .collect();
    let mut builder = with_room(parts.iter().filter_map(Part::reply), 2 * parts.len() + 1);
    builder.map(parts.len());
    for (part, (node, error)) in parts.iter().zip(&texts) {
        builder.bytes(node.as_bytes());
        match part.reply() {
            Some(reply) => builder.copy(reply),
            None => builder.error(error.as_deref().unwrap_or_default().as_bytes()),
        }
    }
    finish(builder)
}

/// What stands in a Map for a node that failed.
fn entry(command: &str, writes: bool, error: &Error) -> String {
    // The statuses are named alike here and in C.
    let mut text = String::new();
    for letter in format!("{:?}", error.status()).chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text.push(' ');
    text.push_str(error.message());
    if writes && error.maybe_executed() {
        text.push_str(&format!("; {command} may have run"));
    }
    text
}

/// The elements of all lists, node after node; a Map where a node gave something else.
fn concatenated(command: &str, writes: bool, parts: &[Part]) -> Result<Reply, End> {
    let mut successes = parts.iter().filter(|part| part.is_success()).filter_map(Part::reply);
    if !successes.all(|reply| matches!(reply.kind(), Kind::Array | Kind::Set)) {
        return by_node(command, writes, parts);
    }
    let replies = succeeded(parts)?;
    let count = replies.iter().map(|reply| reply.count()).sum();
    let mut builder = with_room(replies.iter().copied(), 1);
    if replies.iter().all(|reply| reply.kind() == Kind::Set) {
        builder.set(count);
    } else {
        builder.array(count);
    }
    replies.iter().flat_map(|reply| reply.children()).for_each(|element| builder.copy(element));
    finish(builder)
}

/// The elements of all Arrays, each in its key's place.
fn in_order_of_keys(parts: &[Part], positions: &Positions) -> Result<Reply, End> {
    let replies = succeeded(parts)?;
    let mut elements = vec![None; positions.keys()];
    for (index, (reply, positions)) in replies.iter().zip(positions.iter()).enumerate() {
        if reply.kind() != Kind::Array || reply.count() != positions.len() {
            let wanted = positions.len();
            let unfit = format!("{reply:?}, where an Array of {wanted}, one for each key, was due");
            return Err(End::Unfit(index, unfit));
        }
        for (element, &position) in reply.children().zip(positions) {
            if let Some(place) = elements.get_mut(position as usize) {
                *place = Some(element);
            }
        }
    }
    let mut builder = with_room(replies.iter().copied(), 1);
    builder.array(elements.len());
    for element in elements {
        builder.copy(element.ok_or(End::Unjoined(Status::Internal, LOST))?);
    }
    finish(builder)
}

/// The first success.
fn one_succeeded(parts: &[Part]) -> End {
    let success = parts.iter().position(Part::is_success);
    let failed = || parts.iter().position(Part::is_failed);
    // SCRIPT KILL and FUNCTION KILL: a node where nothing runs does not say why the one that runs
    // cannot be stopped.
    let says_why = |part: &Part| part.reply().and_then(ReplyRef::error_code) != Some("NOTBUSY");
    let refused = || parts.iter().position(says_why);
    End::Part(success.or_else(failed).or_else(refused).unwrap_or(0))
}

/// The key of one node. Nodes with many keys are not chosen more often than others.
fn random_key(parts: &[Part]) -> End {
    let kind = |part: &Part| part.reply().map(ReplyRef::kind);
    let keys: Vec<_> =
        (0..).zip(parts).filter(|(_, part)| kind(part) == Some(Kind::String)).collect();
    if let Some(&(index, _)) = fastrand::choice(&keys) {
        return End::Part(index);
    }
    if let Some(end) = first_trouble(parts) {
        return end;
    }
    let mut replies = parts.iter().filter_map(Part::reply).enumerate();
    match replies.find(|(_, reply)| reply.kind() != Kind::Nil) {
        Some((index, reply)) => End::Unfit(index, format!("{reply:?}, where a key or Nil was due")),
        None => End::Part(0),
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "join_keys_tests.rs"]
mod keys_tests;
