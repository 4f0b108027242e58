//! All keys of a cluster, page by page: the driver of a [`Course`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::course::{Course, Step};
use super::sight::{Sight, run_of};
use crate::client::client::Client;
use crate::client::exchange::{Exchange, pause};
use crate::client::flight::loss;
use crate::client::flights::Terms;
use crate::client::refusal::{Refusal, refusal_of};
use crate::client::settings::Settings;
use crate::command::{Command, Effect};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::pool::{Pool, Target};
use crate::resp::{Builder, Kind, Reply, ReplyRef};
use crate::topology::SlotMap;

/// A scan over all keys of a cluster. Used by one thread at a time; between two pages it holds no connection.
pub struct Scan {
    client: Arc<Client>,
    /// What follows the cursor.
    options: Vec<Box<[u8]>>,
    timeout: Timeout,
    course: Course,
}

impl Scan {
    /// A scan of all keys, or of those that match a glob pattern or are of a type. `count`: how many keys a node
    /// looks at for a page.
    pub fn new(
        client: Arc<Client>,
        pattern: Option<&[u8]>,
        count: Option<u64>,
        of_type: Option<&str>,
    ) -> Self {
        let count = count.map(|count| count.to_string());
        let words: [(&[u8], Option<&[u8]>); 3] = [
            (b"MATCH", pattern),
            (b"COUNT", count.as_deref().map(str::as_bytes)),
            (b"TYPE", of_type.map(str::as_bytes)),
        ];
        let options = words
            .into_iter()
            .filter_map(|(word, value)| Some([Box::from(word), Box::from(value?)]))
            .flatten()
            .collect();
        let course = Course::new(client.pool().options());
        Self { client, options, timeout: Timeout::Default, course }
    }

    /// How long a call of [`Scan::next_page`] may take.
    pub fn set_timeout(&mut self, timeout: Timeout) {
        self.timeout = timeout;
    }

    /// The next page, an array of at least one key; None after the last. Each key that exists from the scan's
    /// beginning to its end comes at least once, wherever its slot moves meanwhile, and may come several times.
    /// After an error the next call goes on.
    ///
    /// # Errors
    /// TIMEOUT: there was no key yet, or a node did not answer; TRY_AGAIN: slots move without an end; SERVER: SCAN
    /// was refused; POOL_EXHAUSTED, POOL_TIMEOUT, UNREACHABLE, AUTH, TLS, PROTOCOL, LIMIT, CLOSED.
    pub fn next_page(&mut self) -> Result<Option<Reply>> {
        let (client, settings) = (self.client.clone(), Settings::default());
        let deadline = client.deadline(Instant::now(), self.timeout, None);
        let terms = client.terms(deadline, client.silence(None), &settings);
        let nodes = Nodes { pool: client.pool(), terms: &terms };
        nodes.pool.discover(deadline)?;
        let jitter = &mut |bound: Duration| bound.mul_f64(fastrand::f64());
        loop {
            let map = nodes.pool.topology();
            let step = self.course.step(&map, jitter);
            if deadline.has_passed() && !matches!(step, Step::Done | Step::Failed(_)) {
                return Err(self.course.out_of_time());
            }
            match step {
                Step::Look { node } => match nodes.look(&node, &map) {
                    Ok((sight, run)) => self.course.sighted(&sight, run.as_deref(), jitter),
                    Err(error) => self.failed(error, deadline, jitter)?,
                },
                Step::Page { node, cursor } => {
                    match nodes.page(&node, cursor, &self.options, &map) {
                        Ok((cursor, sight, page)) => {
                            self.course.paged(cursor, &sight);
                            if page.root().count() > 0 {
                                return Ok(Some(page));
                            }
                        }
                        Err(error) => self.failed(error, deadline, jitter)?,
                    }
                }
                Step::Refresh { suspect } => {
                    // Its failing is no end of the scan: the map may still be good.
                    let _ = nodes.pool.refresh_after(suspect.as_slice(), deadline);
                }
                Step::Wait { until } => pause(nodes.pool, &terms, None, until),
                Step::Failed(error) => return Err(error),
                Step::Done => return Ok(None),
            }
        }
    }

    fn failed(
        &mut self,
        error: Error,
        deadline: Deadline,
        jitter: &mut dyn FnMut(Duration) -> Duration,
    ) -> Result<()> {
        self.course.failed(error, jitter);
        if deadline.has_passed() { Err(self.course.out_of_time()) } else { Ok(()) }
    }
}

/// The nodes, asked within one call.
struct Nodes<'a> {
    pool: &'a Pool,
    terms: &'a Terms<'a>,
}

impl Nodes<'_> {
    /// What the node serves, and its run.
    fn look(&self, node: &NodeAddress, map: &SlotMap) -> Result<(Sight, Option<String>)> {
        let info = Command::of(&[b"INFO", b"server"]);
        let [nodes, info] = self.ask(node, [&cluster_nodes(), &info])?;
        let run = info.root().text().and_then(run_of).map(str::to_owned);
        Ok((sight(node, map, &nodes)?, run))
    }

    /// The next cursor, what the node serves, and the keys.
    fn page(
        &self,
        node: &NodeAddress,
        cursor: u64,
        options: &[Box<[u8]>],
        map: &SlotMap,
    ) -> Result<(u64, Sight, Reply)> {
        let mut scan = Command::of(&[b"SCAN", cursor.to_string().as_bytes()]);
        for option in options {
            scan.append(option);
        }
        let [page, nodes] = self.ask(node, [&scan, &cluster_nodes()])?;
        check(node, "SCAN", page.root())?;
        let cursor = page.root().at(0).and_then(ReplyRef::text).and_then(|text| text.parse().ok());
        let keys = page.root().at(1).filter(|keys| keys.kind() == Kind::Array);
        let (Some(cursor), Some(keys)) = (cursor, keys) else {
            let message = format!("{node} answered SCAN with something else");
            return Err(Error::new(Status::Protocol, message).on_node(node));
        };
        let mut builder = Builder::new();
        builder.copy(keys);
        let keys = builder.finish().ok_or_else(crate::client::execute::no_outcome)?;
        Ok((cursor, sight(node, map, &nodes)?, keys))
    }

    /// Two questions in one write, so that the server answers them one right after the other.
    fn ask(&self, node: &NodeAddress, questions: [&Command; 2]) -> Result<[Reply; 2]> {
        let target = Target::Node(node.clone());
        let mut lease = self.pool.take(&target, self.terms.rules.deadline, true, None)?;
        for question in questions {
            lease.connection().queue_with(question.encoded(), Effect::None);
        }
        let exchange = Exchange::run(&mut lease, questions.len(), self.terms);
        if let Some(error) = exchange.failure {
            return Err(loss(lease, error, false).0);
        }
        for reply in &exchange.replies {
            lease.note(reply);
        }
        // What a node says that has lost its role is told apart by what it serves.
        let _ = self.pool.take_back_answered(lease);
        exchange.replies.try_into().map_err(|_| crate::client::execute::no_outcome())
    }
}

fn cluster_nodes() -> Command {
    Command::of(&[b"CLUSTER", b"NODES"])
}

/// What CLUSTER NODES says; where it is denied, what the map does.
fn sight(node: &NodeAddress, map: &SlotMap, reply: &Reply) -> Result<Sight> {
    if reply.root().error_code() == Some("NOPERM") {
        return match map.find_address(node) {
            Some(at) => Ok(Sight::of_map(map, at)),
            None => {
                let message = format!("{node} has left the cluster");
                Err(Error::new(Status::UnknownNode, message).on_node(node))
            }
        };
    }
    check(node, "CLUSTER NODES", reply.root())?;
    reply.root().text().and_then(Sight::read).ok_or_else(|| {
        let message = format!("{node} answered CLUSTER NODES with something else");
        Error::new(Status::Protocol, message).on_node(node)
    })
}

/// An error reply as an error: what passes as LOADING, the rest as SERVER. The code alone is told.
fn check(node: &NodeAddress, name: &str, reply: ReplyRef<'_>) -> Result<()> {
    if reply.kind() != Kind::Error {
        return Ok(());
    }
    let code = reply.error_code().unwrap_or("ERR");
    let status = match refusal_of(reply) {
        Some(Refusal::PutOff { .. }) => Status::Loading,
        _ => Status::Server,
    };
    let message = format!("{node} refused {name} with {code}");
    Err(Error::new(status, message).on_node(node).with_server_code(code))
}
