//! What the threads of the nodes share: one lock, one condition.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::log::{Event, What, command_name};
use super::node::{Node, Port, open_port};
use super::script::{Listen, Script};
use super::session::Session;
use super::tls::Acceptor;
use super::topology;
use crate::os;

/// All of the nodes.
pub struct Shared {
    pub script: Script,
    pub addresses: Vec<SocketAddr>,
    /// Of the nodes that speak TLS.
    pub acceptors: BTreeMap<usize, Acceptor>,
    started: Instant,
    state: Mutex<State>,
    change: Condvar,
    /// A byte here makes the acceptor look again at what it listens on.
    waker: UnixStream,
    pub woken: UnixStream,
}

/// What changes while the nodes run.
pub struct State {
    pub scene: String,
    /// Counts the changes of scene: a connection begins its steps anew with each.
    pub generation: u64,
    pub nodes: Vec<Node>,
    /// The most connections of all nodes that were ever open together.
    pub max: usize,
    pub variables: HashMap<String, Vec<u8>>,
    pub log: Vec<Event>,
    counts: BTreeMap<(usize, String), u64>,
    /// How often a rule matched, by scene, node and place.
    pub used: HashMap<(String, usize, usize), u64>,
    pub gates: HashSet<Vec<u8>>,
    pub data: HashMap<Vec<u8>, Vec<u8>>,
    pub stopping: bool,
}

impl Shared {
    pub fn bind(script: Script, host: IpAddr) -> Result<Arc<Self>, String> {
        let mut acceptors = BTreeMap::new();
        for (&node, tls) in &script.tls {
            acceptors.extend(tls.acceptor()?.map(|acceptor| (node, acceptor)));
        }
        let shared = Self::listen(script, acceptors, host);
        shared.map_err(|error| format!("cannot listen: {error}"))
    }

    fn listen(
        script: Script,
        acceptors: BTreeMap<usize, Acceptor>,
        host: IpAddr,
    ) -> io::Result<Arc<Self>> {
        let mut nodes = Vec::new();
        let mut addresses = Vec::new();
        for number in 1..=script.nodes {
            let socket = os::bind(host, 0)?;
            let address = TcpListener::from(socket.try_clone()?).local_addr()?;
            let listen = script.listen.get(&number).copied().unwrap_or(Listen::Normal);
            nodes.push(Node {
                listen: open_port(socket, address, listen)?,
                paused: false,
                open: BTreeMap::new(),
                sessions: BTreeMap::new(),
                handshakes: (0, 0),
                max: 0,
                total: 0,
            });
            addresses.push(address);
        }
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let state = State {
            scene: String::new(),
            generation: 0,
            nodes,
            max: 0,
            variables: HashMap::new(),
            log: Vec::new(),
            counts: BTreeMap::new(),
            used: HashMap::new(),
            gates: HashSet::new(),
            data: HashMap::new(),
            stopping: false,
        };
        let shared = Self {
            addresses,
            acceptors,
            started: Instant::now(),
            state: Mutex::new(state),
            change: Condvar::new(),
            waker,
            woken,
            script,
        };
        for (name, word) in &shared.script.variables {
            let value = word.fill(|name| shared.fixed(name, 1));
            shared.lock().variables.insert(name.clone(), value);
        }
        Ok(Arc::new(shared))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait<'a>(&self, guard: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.change.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits that long. False when the nodes stopped meanwhile.
    pub fn sleep(&self, ms: u64) -> bool {
        let end = Instant::now() + Duration::from_millis(ms);
        let mut state = self.lock();
        while !state.stopping {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return true };
            state = self.wait(state, left);
        }
        false
    }

    /// Tells every waiting thread, the acceptor included, that something changed.
    pub fn changed(&self) {
        self.change.notify_all();
        let _ = (&self.waker).write(b"!");
    }

    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        for node in &mut state.nodes {
            node.close_all();
        }
        drop(state);
        self.changed();
    }

    pub fn set_listen(&self, number: usize, listen: Listen) {
        let mut state = self.lock();
        let node = &mut state.nodes[number - 1];
        let address = self.addresses[number - 1];
        if !matches!((&node.listen, listen), (Port::Open(_), Listen::Normal)) {
            node.close_all();
            match std::mem::replace(&mut node.listen, Port::Changing) {
                Port::Open(listener) => os::stop_listening(&listener),
                Port::Full { listener, .. } => os::stop_listening(&listener),
                Port::Refused { .. } | Port::Changing => {}
            }
            let port = os::bind(address.ip(), address.port())
                .and_then(|socket| open_port(socket, address, listen));
            match port {
                Ok(port) => node.listen = port,
                Err(error) => eprintln!("fake node {number}: cannot change its port: {error}"),
            }
        }
        drop(state);
        self.changed();
    }

    pub fn set_paused(&self, number: usize, paused: bool) {
        self.lock().nodes[number - 1].paused = paused;
        self.changed();
    }

    /// Ends connections as a server does that lives on: TLS says so first.
    pub fn disconnect(&self, number: usize) {
        self.sessions(number).iter().for_each(|session| session.end());
        self.lock().nodes[number - 1].close_all();
        self.changed();
    }

    pub fn send(&self, number: usize, bytes: &[u8]) -> usize {
        if self.acceptors.contains_key(&number) {
            let sessions = self.sessions(number);
            return sessions.iter().filter(|session| session.write_all(bytes).is_ok()).count();
        }
        let state = self.lock();
        let open = state.nodes[number - 1].open.values();
        open.filter(|stream| (&mut &**stream).write_all(bytes).is_ok()).count()
    }

    /// Sends session tickets on every open connection of a node. On how many it could.
    pub fn tickets(&self, number: usize, count: usize) -> usize {
        self.sessions(number).iter().filter(|session| session.tickets(count)).count()
    }

    /// The sessions of a node. They are used after the lock is left: one may wait for its client.
    fn sessions(&self, number: usize) -> Vec<Arc<Session>> {
        self.lock().nodes[number - 1].sessions.values().cloned().collect()
    }

    pub fn use_scene(&self, scene: &str) -> Result<(), String> {
        if !scene.is_empty() && !self.script.rules.keys().any(|(name, _)| name == scene) {
            return Err(format!("the script has no scene \"{scene}\""));
        }
        let mut state = self.lock();
        state.scene = scene.to_string();
        state.generation += 1;
        state.used.retain(|(name, ..), _| name != scene);
        drop(state);
        self.changed();
        Ok(())
    }

    /// Notes an event and counts it.
    pub fn note(&self, state: &mut State, node: usize, connection: u64, what: What) {
        if let What::Command { args, .. } = &what {
            *state.counts.entry((node, command_name(args))).or_default() += 1;
        }
        let handshakes = &mut state.nodes[node - 1].handshakes;
        match what {
            What::Secured { .. } => handshakes.0 += 1,
            What::NotSecured(_) => handshakes.1 += 1,
            _ => {}
        }
        if self.script.keep_log {
            let ms = self.started.elapsed().as_secs_f64() * 1000.0;
            state.log.push(Event { ms, node, connection, what });
            self.change.notify_all();
        }
    }

    /// The value of a variable that depends on the node alone.
    pub fn fixed(&self, name: &str, node: usize) -> Option<Vec<u8>> {
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let base = &name[..name.len() - digits.len()];
        let number = if digits.is_empty() { node } else { digits.parse().ok()? };
        let address = self.addresses.get(number.checked_sub(1)?)?;
        Some(match base {
            "port" => address.port().to_string().into_bytes(),
            "host" => address.ip().to_string().into_bytes(),
            "addr" => address.to_string().into_bytes(),
            "id" => topology::node_id(number).into_bytes(),
            "node" if digits.is_empty() => node.to_string().into_bytes(),
            _ => return None,
        })
    }
}

impl State {
    /// Counts what is open now that a node, from 0, has accepted. What the other side closed does not
    /// count, although its thread may not have seen the end of it.
    pub fn count_open(&mut self, accepting: usize) {
        let open = |node: &Node| node.open.values().filter(|one| os::is_established(one)).count();
        let own = open(&self.nodes[accepting]);
        let node = &mut self.nodes[accepting];
        node.max = node.max.max(own);
        self.max = self.max.max(self.nodes.iter().map(open).sum());
    }

    pub fn count(&self, node: usize, name: &str) -> u64 {
        let name = name.to_ascii_uppercase();
        let fits = |key: &str| {
            name.is_empty()
                || key == name
                || key.strip_prefix(&name).is_some_and(|rest| rest.starts_with(' '))
        };
        let counts = self.counts.iter();
        counts.filter(|((at, key), _)| *at == node && fits(key)).map(|(_, count)| count).sum()
    }

    pub fn clear_log(&mut self) {
        self.log.clear();
        self.counts.clear();
    }
}
