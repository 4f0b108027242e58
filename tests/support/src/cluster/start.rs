//! From nothing to a whole cluster, without the server's own tool: it takes longer.

use std::time::Duration;

use super::client::Client;
use super::server::{Folder, Process, Recipe};
use super::{Cluster, Config, USER, tls, view};
use crate::certificates::Certificates;

impl Cluster {
    /// Starts servers and makes them a cluster. Returns when every node says that it is whole.
    pub fn start(config: Config) -> Result<Self, String> {
        if config.primaries == 0 {
            return Err("a cluster needs a primary".into());
        }
        use std::hash::{BuildHasher, RandomState};
        let password = format!("{:016x}", RandomState::new().hash_one(0));
        let timeout = config.node_timeout.as_millis();
        let mut lines: Vec<String> = [
            "protected-mode no",
            "daemonize no",
            "save \"\"",
            "appendonly no",
            "enable-debug-command local",
            "repl-diskless-sync yes",
            "repl-diskless-sync-delay 0",
            "repl-ping-replica-period 1",
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            // A shard that is down leaves the others working, and replicas stay where they were put.
            "cluster-require-full-coverage no",
            "cluster-allow-replica-migration no",
            "cluster-replica-validity-factor 0",
        ]
        .map(String::from)
        .into();
        lines.push(format!("bind {}", config.bind));
        // A node that is met is known by the address from which it answers.
        lines.push(format!("bind-source-addr {}", config.bind));
        lines.push(format!("cluster-node-timeout {timeout}"));
        lines.push(format!("user {USER} on >{password} ~* &* +@all"));
        lines.push(format!("masteruser {USER}"));
        lines.push(format!("masterauth {password}"));
        lines.extend(config.password.map(|secret| format!("requirepass \"{secret}\"")));
        let mut certificates = None;
        let mut connector = None;
        if let Some(tls) = &config.tls {
            let folder = Certificates::open(&tls.folder)?;
            lines.extend(tls.lines(&folder)?);
            connector = Some(tls::connector(&folder)?);
            certificates = Some(folder);
        }
        lines.extend(config.lines);
        let program = config.server.program()?;
        let mut cluster = Self {
            recipe: Recipe { program, host: config.bind, lines, connector },
            ports: config.ports.into(),
            certificates,
            password,
            nodes: Vec::new(),
            patience: Duration::from_secs(30) + 5 * config.node_timeout,
            folder: Folder::new()?,
        };
        let count = config.primaries * (1 + config.replicas);
        for _ in 0..count {
            cluster.launch()?;
        }
        let mut clients: Vec<Client> =
            (1..=count).map(|node| cluster.connect(node)).collect::<Result<_, _>>()?;
        for (i, client) in clients.iter_mut().enumerate() {
            let epoch = (i + 1).to_string();
            client.ok(&["CLUSTER", "SET-CONFIG-EPOCH", epoch.as_str()])?;
            if i < config.primaries {
                let first = 16384 * i / config.primaries;
                let last = 16384 * (i + 1) / config.primaries - 1;
                let (first, last) = (first.to_string(), last.to_string());
                client.ok(&["CLUSTER", "ADDSLOTSRANGE", first.as_str(), last.as_str()])?;
            }
        }
        // Everyone meets everyone after it: quicker than to let the gossip spread.
        for (i, client) in clients.iter_mut().enumerate() {
            for other in cluster.nodes[i + 1..].iter().flatten() {
                meet(client, other)?;
            }
        }
        cluster.wait_for("all nodes to know each other", |cluster| cluster.met())?;
        for (i, client) in clients.iter_mut().enumerate().skip(config.primaries) {
            let primary = cluster.id((i - config.primaries) % config.primaries + 1)?;
            client.ok(&["CLUSTER", "REPLICATE", primary.as_str()])?;
        }
        cluster.wait_ok()?;
        cluster
            .wait_for("replicas to be known everywhere", |cluster| cluster.replicas_known(count))?;
        Ok(cluster)
    }

    /// Starts one more process. Its number is returned; it is in no cluster yet.
    pub(super) fn launch(&mut self) -> Result<usize, String> {
        let number = self.nodes.len() + 1;
        let port = self.ports.pop_front();
        let mut node = Process::start(&self.recipe, self.folder.path(), number, port)?;
        let reply = node.connect(USER, &self.password)?.ok(&["CLUSTER", "MYID"]);
        node.id = reply.map_err(|error| format!("this server runs no cluster: {error}"))?.text();
        self.nodes.push(Some(node));
        Ok(number)
    }

    /// Whether every running node knows every other by its real id.
    pub(super) fn met(&mut self) -> Result<(), String> {
        let live = self.live();
        for &node in &live {
            let lines = self.view(node)?;
            for &other in &live {
                let id = self.id(other)?;
                if !lines.iter().any(|line| line.id == id && !line.is("handshake")) {
                    return Err(format!("node {node} does not know node {other}"));
                }
            }
        }
        Ok(())
    }

    fn replicas_known(&mut self, count: usize) -> Result<(), String> {
        let mut agreed = None;
        for node in 1..=count {
            let text = self.connect(node)?.ok(&["CLUSTER", "NODES"])?.text();
            let mut pairs: Vec<_> =
                view::parse(&text).into_iter().map(|line| (line.id, line.primary)).collect();
            pairs.sort();
            if agreed.get_or_insert_with(|| pairs.clone()) != &pairs {
                return Err(format!("node {node} has another view of the replicas"));
            }
        }
        Ok(())
    }
}

/// Introduces a node to another.
pub(super) fn meet(client: &mut Client, other: &Process) -> Result<(), String> {
    let (host, port) = (other.address.ip().to_string(), other.address.port().to_string());
    let bus = other.bus.to_string();
    client.ok(&["CLUSTER", "MEET", host.as_str(), port.as_str(), bus.as_str()]).map(|_| ())
}
