//! Throwaway clusters of real servers on loopback.
//!
//! ```no_run
//! use rediscluster_test_support::cluster::{Cluster, Config};
//! let mut cluster = Cluster::start(Config { replicas: 1, ..Config::default() }).unwrap();
//! println!("{:?}", cluster.addresses());
//! cluster.kill(1).unwrap();
//! cluster.wait_ok().unwrap(); // the replica of node 1 was promoted
//! ```
//!
//! Nodes are numbered from 1: first the primaries, then their replicas in turns (with 3 + 3 node 4
//! is the replica of node 1). A number stays with its process over failovers, kills and restarts.

mod binary;
mod changes;
mod client;
mod control;
mod ports;
mod server;
mod start;
mod tls;
mod view;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

pub use binary::Server;
pub use client::Client;
pub use server::abandon;
pub use tls::{ClientAuth, Tls};
pub use view::Line;

use crate::certificates::Certificates;
use crate::resp::Value;
use server::{Folder, Process, Recipe};

/// What a cluster is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Redis or Valkey.
    pub server: Server,
    /// How many primaries: they share the slots evenly.
    pub primaries: usize,
    /// How many replicas each primary has.
    pub replicas: usize,
    /// Lines for every server's configuration, after ours and so stronger: `user …`, `requirepass …`.
    pub lines: Vec<String>,
    /// After how much silence a node is held to have failed.
    pub node_timeout: Duration,
    /// The address that all nodes have.
    pub bind: IpAddr,
    /// The ports of the first nodes, those that are added later included; the rest get free ones.
    pub ports: Vec<u16>,
    /// The default user's password.
    pub password: Option<String>,
    /// TLS and nothing else, if it is to be so.
    pub tls: Option<Tls>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: Server::Redis,
            primaries: 3,
            replicas: 0,
            lines: Vec::new(),
            node_timeout: Duration::from_millis(2000),
            bind: IpAddr::from([127, 0, 0, 1]),
            ports: Vec::new(),
            password: None,
            tls: None,
        }
    }
}

/// The user by which this module itself speaks to the servers, whatever becomes of the default one.
const USER: &str = "cluster-support";

/// Who serves which slots: node ids with their ranges.
type Owners = Vec<(String, Vec<(u16, u16)>)>;

/// A running cluster. Dropping it kills its servers and removes their folder.
pub struct Cluster {
    recipe: Recipe,
    /// Ports that the next nodes are to have.
    ports: VecDeque<u16>,
    certificates: Option<Certificates>,
    password: String,
    /// `None` where a node was removed.
    nodes: Vec<Option<Process>>,
    patience: Duration,
    // Declared last, so dropped after the servers.
    folder: Folder,
}

impl Cluster {
    /// `host:port` of every node, in the order of their numbers; removed ones are left out.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().flatten().map(|node| node.address.to_string()).collect()
    }

    /// `host:port` of a node.
    pub fn address(&self, node: usize) -> Result<String, String> {
        Ok(self.node(node)?.address.to_string())
    }

    /// The node's id in the cluster.
    pub fn id(&self, node: usize) -> Result<String, String> {
        Ok(self.node(node)?.id.clone())
    }

    /// The process id of a node that runs.
    pub fn pid(&self, node: usize) -> Result<Option<u32>, String> {
        Ok(self.node(node)?.pid())
    }

    /// What the node's server wrote to its log.
    pub fn server_log(&self, node: usize) -> Result<String, String> {
        Ok(self.node(node)?.log())
    }

    /// The certificates of a cluster that speaks TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// A new connection to a node, as an administrator.
    pub fn connect(&self, node: usize) -> Result<Client, String> {
        self.node(node)?.connect(USER, &self.password)
    }

    /// Runs a command on a node, as an administrator. An error reply is a value.
    pub fn command<A: AsRef<[u8]>>(&self, node: usize, args: &[A]) -> Result<Value, String> {
        self.connect(node)?.command(args)
    }

    /// What a node says of the cluster.
    pub fn view(&self, node: usize) -> Result<Vec<Line>, String> {
        Ok(view::parse(&self.connect(node)?.ok(&["CLUSTER", "NODES"])?.text()))
    }

    /// The number of the primary that owns a slot, by what the running nodes say.
    pub fn owner(&self, slot: u16) -> Result<usize, String> {
        let owns = |line: &Line| {
            !line.is("fail") && line.slots.iter().any(|range| (range.0..=range.1).contains(&slot))
        };
        for node in self.live() {
            if let Some(line) = self.view(node)?.into_iter().find(owns) {
                return self.number(&line.id);
            }
        }
        Err(format!("no running node knows an owner of slot {slot}"))
    }

    /// kill -9 of a node.
    pub fn kill(&mut self, node: usize) -> Result<(), String> {
        self.node_mut(node)?.kill();
        Ok(())
    }

    /// Ends a node in good order.
    pub fn stop(&mut self, node: usize) -> Result<(), String> {
        self.node_mut(node)?.stop();
        Ok(())
    }

    /// SIGSTOP.
    pub fn pause(&mut self, node: usize) -> Result<(), String> {
        let node = self.node_mut(node)?;
        node.signal(libc::SIGSTOP)?;
        node.paused = true;
        Ok(())
    }

    /// SIGCONT.
    pub fn resume(&mut self, node: usize) -> Result<(), String> {
        let node = self.node_mut(node)?;
        node.signal(libc::SIGCONT)?;
        node.paused = false;
        Ok(())
    }

    /// Starts a node again on its port, killing it before if it runs, and waits until all is well.
    pub fn restart(&mut self, node: usize) -> Result<(), String> {
        let process = self.node_mut(node)?;
        process.kill();
        process.run()?;
        self.wait_ok()
    }

    /// Waits until every running node says that the cluster is whole: all slots are served by running
    /// primaries, all say the same, and running replicas are linked to their primaries and shown.
    pub fn wait_ok(&mut self) -> Result<(), String> {
        self.wait_for("the cluster to be whole", Self::whole)
    }

    fn whole(&mut self) -> Result<(), String> {
        let live = self.live();
        let mut agreed: Option<Owners> = None;
        let ids: Vec<String> = live.iter().map(|&n| self.id(n)).collect::<Result<_, _>>()?;
        for &node in &live {
            let mut client = self.connect(node)?;
            let info = client.ok(&["CLUSTER", "INFO"])?.text();
            if !info.contains("cluster_state:ok") {
                return Err(format!("node {node}: the state is not ok"));
            }
            let lines = view::parse(&client.ok(&["CLUSTER", "NODES"])?.text());
            let mut owners: Owners = lines
                .iter()
                .filter(|line| line.is("master") && !line.slots.is_empty())
                .map(|line| (line.id.clone(), line.slots.clone()))
                .collect();
            owners.sort();
            if let Some((id, _)) = owners.iter().find(|(id, _)| !ids.contains(id)) {
                return Err(format!("node {node}: slots belong to {id}, which does not run"));
            }
            if lines.iter().map(Line::slot_count).sum::<usize>() != 16384 {
                return Err(format!("node {node}: not all slots are served"));
            }
            for id in &ids {
                let known = lines.iter().find(|line| line.id == *id);
                let fine = |line: &Line| {
                    !line.flags.iter().any(|f| f.starts_with("fail") || f == "handshake")
                };
                if !known.is_some_and(fine) {
                    return Err(format!("node {node} does not see {id} well"));
                }
            }
            // CLUSTER SLOTS leaves a replica out until its offset has been told around.
            let mut slots = Vec::new();
            client.ok(&["CLUSTER", "SLOTS"])?.encode(2, &mut slots);
            let told = |id: &str| slots.windows(id.len()).any(|part| part == id.as_bytes());
            let serves = |line: &Line| {
                let primary = line.primary.as_deref().unwrap_or(&line.id);
                owners.iter().any(|(id, _)| id == primary) && ids.contains(&line.id)
            };
            if let Some(line) = lines.iter().find(|line| serves(line) && !told(&line.id)) {
                return Err(format!("node {node} does not show {} in CLUSTER SLOTS", line.id));
            }
            if agreed.get_or_insert_with(|| owners.clone()) != &owners {
                return Err(format!("node {node} has another view"));
            }
            let replication = client.ok(&["INFO", "replication"])?.text();
            if replication.contains("role:slave") && !replication.contains("master_link_status:up")
            {
                return Err(format!("node {node}: the link to its primary is down"));
            }
            let replica = lines.iter().any(|line| line.is("myself") && line.is("slave"));
            if replica != replication.contains("role:slave") {
                return Err(format!("node {node}: its role is about to change"));
            }
        }
        Ok(())
    }

    /// Tries again every 20 ms until it works or patience ends; the last reason is told.
    fn wait_for(
        &mut self,
        what: &str,
        mut test: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let end = Instant::now() + self.patience;
        loop {
            match test(self) {
                Ok(()) => return Ok(()),
                Err(why) if Instant::now() > end => {
                    return Err(format!("waited for {what}: {why}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn node(&self, number: usize) -> Result<&Process, String> {
        let node = number.checked_sub(1).and_then(|i| self.nodes.get(i));
        node.and_then(Option::as_ref).ok_or_else(|| format!("there is no node {number}"))
    }

    fn node_mut(&mut self, number: usize) -> Result<&mut Process, String> {
        let node = number.checked_sub(1).and_then(|i| self.nodes.get_mut(i));
        node.and_then(Option::as_mut).ok_or_else(|| format!("there is no node {number}"))
    }

    /// The numbers of the nodes that run and are not paused.
    fn live(&self) -> Vec<usize> {
        let runs = |node: &Process| node.pid().is_some() && !node.paused;
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.as_ref().is_some_and(runs)).map(|(i, _)| i + 1).collect()
    }

    fn number(&self, id: &str) -> Result<usize, String> {
        let place = self.nodes.iter().position(|node| node.as_ref().is_some_and(|n| n.id == id));
        place.map(|i| i + 1).ok_or_else(|| format!("no node has the id {id}"))
    }
}
