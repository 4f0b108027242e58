//! Nodes that follow a script: what a real server will not do on command.
//!
//! The grammar stands in `fake_node.md`. From Rust:
//!
//! ```
//! use rediscluster_test_support::fake_node::FakeNodes;
//! let nodes = FakeNodes::run("node 1\n handshake\n on GET * => bulk hello").unwrap();
//! assert_eq!(nodes.count("GET"), 0);
//! println!("connect to {}", nodes.address(1));
//! ```

mod actions;
mod answer;
mod choice;
mod control;
mod listener;
mod log;
mod node;
mod parse;
mod script;
mod serve;
mod session;
mod state;
mod store;
mod ticket;
mod tls;
mod topology;
mod wire;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use log::{Event, What};
pub use script::{Listen, Script};
pub use topology::{key_slot, node_id};

use state::Shared;

/// Running nodes. Dropping it closes them all.
pub struct FakeNodes {
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The connections of a node, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Open now.
    pub open: usize,
    /// The most that were ever open together, closed by neither side, when one was accepted.
    pub max: usize,
    /// All that were ever accepted.
    pub total: u64,
}

/// The TLS handshakes of a node, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handshakes {
    /// Those after which commands could be said.
    pub done: u64,
    /// Those that ended otherwise, by either side.
    pub failed: u64,
}

impl FakeNodes {
    /// Starts the nodes of a script on free loopback ports.
    pub fn start(script: Script) -> Result<Self, String> {
        let host: IpAddr = match script.host.as_str() {
            "localhost" => IpAddr::from([127, 0, 0, 1]),
            host => host.parse().map_err(|_| format!("\"{host}\" is no address"))?,
        };
        let shared = Shared::bind(script, host)?;
        let acceptor = listener::start(shared.clone());
        Ok(Self { shared, acceptor: Some(acceptor) })
    }

    /// Parses a script and starts its nodes.
    pub fn run(script: &str) -> Result<Self, String> {
        Self::start(Script::parse(script)?)
    }

    /// The ports, in the order of the nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.shared.addresses.iter().map(SocketAddr::port).collect()
    }

    /// The port of a node, from 1.
    pub fn port(&self, node: usize) -> u16 {
        self.shared.addresses[node - 1].port()
    }

    /// The `host:port` of a node, from 1.
    pub fn address(&self, node: usize) -> String {
        self.shared.addresses[node - 1].to_string()
    }

    /// All events so far.
    pub fn log(&self) -> Vec<Event> {
        self.shared.lock().log.clone()
    }

    /// How many such commands (`GET`, `CLUSTER SLOTS`) all nodes received.
    pub fn count(&self, name: &str) -> u64 {
        (1..=self.shared.addresses.len()).map(|node| self.count_on(node, name)).sum()
    }

    /// How many such commands a node received. `CLUSTER` alone counts its whole family; "" every command.
    pub fn count_on(&self, node: usize, name: &str) -> u64 {
        self.shared.lock().count(node, name)
    }

    /// The connections of a node.
    pub fn connections(&self, node: usize) -> Connections {
        let state = self.shared.lock();
        let node = &state.nodes[node - 1];
        Connections { open: node.open.len(), max: node.max, total: node.total }
    }

    /// The connections of all nodes together.
    pub fn all_connections(&self) -> Connections {
        let state = self.shared.lock();
        let open = state.nodes.iter().map(|node| node.open.len()).sum();
        let total = state.nodes.iter().map(|node| node.total).sum();
        Connections { open, max: state.max, total }
    }

    /// The TLS handshakes of a node.
    pub fn handshakes(&self, node: usize) -> Handshakes {
        let (done, failed) = self.shared.lock().nodes[node - 1].handshakes;
        Handshakes { done, failed }
    }

    /// The TLS handshakes of all nodes together.
    pub fn all_handshakes(&self) -> Handshakes {
        let mut all = Handshakes::default();
        for node in &self.shared.lock().nodes {
            all.done += node.handshakes.0;
            all.failed += node.handshakes.1;
        }
        all
    }

    /// Waits until the log satisfies a condition; false if it does not within the time.
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&[Event]) -> bool) -> bool {
        let end = Instant::now() + timeout;
        let mut state = self.shared.lock();
        while !condition(&state.log) {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return false };
            state = self.shared.wait(state, left);
        }
        true
    }

    /// Closes a node's port and connections: connecting to it is refused from now on.
    pub fn kill(&self, node: usize) {
        self.shared.set_listen(node, Listen::Refuse);
    }

    /// Closes a node's port and connections: connecting to it hangs from now on.
    pub fn blackhole(&self, node: usize) {
        self.shared.set_listen(node, Listen::Blackhole);
    }

    /// Lets a killed or black-holed node accept again, on the same port.
    pub fn revive(&self, node: usize) {
        self.shared.set_listen(node, Listen::Normal);
    }

    /// Stops a node as SIGSTOP would: the kernel still takes connections and bytes, nobody answers.
    pub fn pause(&self, node: usize) {
        self.shared.set_paused(node, true);
    }

    /// Lets a paused node go on; it answers what arrived meanwhile.
    pub fn resume(&self, node: usize) {
        self.shared.set_paused(node, false);
    }

    /// Closes the connections of a node; the port stays open.
    pub fn disconnect(&self, node: usize) {
        self.shared.disconnect(node);
    }

    /// Goes over to another scene of the script; "" is none but the base.
    pub fn use_scene(&self, scene: &str) -> Result<(), String> {
        self.shared.use_scene(scene)
    }

    /// Gives a variable a value.
    pub fn set(&self, name: &str, value: impl AsRef<[u8]>) {
        self.shared.lock().variables.insert(name.to_string(), value.as_ref().to_vec());
    }

    /// Lets pass who waits at a gate, now and later.
    pub fn open_gate(&self, name: &str) {
        self.shared.lock().gates.insert(name.as_bytes().to_vec());
        self.shared.changed();
    }

    /// Sends bytes on every open connection of a node, unasked. How many connections that were.
    pub fn send(&self, node: usize, bytes: &[u8]) -> usize {
        self.shared.send(node, bytes)
    }

    /// Sends so many session tickets on every open connection of a node, by themselves. On how many
    /// connections that could be done.
    pub fn tickets(&self, node: usize, count: usize) -> usize {
        self.shared.tickets(node, count)
    }

    /// Answers a control line of the program `fake-node`: `ok …`, `error …`, or several lines and `end`.
    pub fn control(&self, line: &str) -> String {
        control::answer(self, line)
    }
}

impl Drop for FakeNodes {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}
