//! What the threads of the nodes share: one lock, one condition.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::log::{Event, What, command_name};
use super::script::{Action, Form, Kind, Listen, Rule, Script, Store};
use super::topology;
use crate::os;

/// All of the nodes.
pub struct Shared {
    pub script: Script,
    pub addresses: Vec<SocketAddr>,
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
    used: HashMap<(String, usize, usize), u64>,
    pub gates: HashSet<Vec<u8>>,
    pub data: HashMap<Vec<u8>, Vec<u8>>,
    pub stopping: bool,
}

/// A node's port and connections.
pub struct Node {
    pub listen: Port,
    pub paused: bool,
    pub open: BTreeMap<u64, TcpStream>,
    pub max: usize,
    pub total: u64,
}

/// A node's port, always held so that nobody else gets it.
pub enum Port {
    Open(TcpListener),
    Refused { _bound: OwnedFd },
    Full { listener: OwnedFd, _queued: Vec<TcpStream> },
    Changing,
}

/// What a connection is to do about a command.
pub struct Plan {
    pub actions: Vec<Action>,
    /// Whether a rule of the script (or its handshake, or its store) answers it.
    pub scripted: bool,
}

impl Shared {
    pub fn bind(script: Script, host: IpAddr) -> io::Result<Arc<Self>> {
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

    pub fn disconnect(&self, number: usize) {
        self.lock().nodes[number - 1].close_all();
        self.changed();
    }

    pub fn send(&self, number: usize, bytes: &[u8]) -> usize {
        let state = self.lock();
        let open = state.nodes[number - 1].open.values();
        open.filter(|stream| (&mut &**stream).write_all(bytes).is_ok()).count()
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

    /// The shards that a node's own CLUSTER SLOTS rule tells, if it has one.
    pub fn shards(&self, scene: &str, node: usize) -> Option<Vec<topology::Shard>> {
        let words = self.rules(scene, node).find_map(|(_, rule)| {
            rule.actions.iter().find_map(|action| match action {
                Action::Topology(Form::Slots, words) => Some(words),
                _ => None,
            })
        })?;
        let fill = |name: &str| self.fixed(name, node);
        topology::parse(&words.iter().map(|word| word.fill(fill)).collect::<Vec<_>>()).ok()
    }

    /// The rules of a node: those of the scene, then those of the base.
    fn rules(&self, scene: &str, node: usize) -> impl Iterator<Item = ((String, usize), &Rule)> {
        let scenes = if scene.is_empty() { vec![""] } else { vec![scene, ""] };
        scenes.into_iter().flat_map(move |name| {
            let rules = self.script.rules.get(&(name.to_string(), node));
            let rules = rules.map_or(&[][..], |rules| &rules.rules);
            rules.iter().enumerate().map(move |(i, rule)| ((name.to_string(), i), rule))
        })
    }

    /// Chooses what answers a command (`None`: the opening of a connection), and counts the rule's use.
    pub fn choose(
        &self,
        state: &mut State,
        node: usize,
        connection: u64,
        step: &mut usize,
        args: Option<&[Vec<u8>]>,
    ) -> Plan {
        let scene = state.scene.clone();
        let here = |rule: &Rule| rule.connection.is_none_or(|number| number == connection);
        if let Some(args) = args {
            let mut steps = self.rules(&scene, node);
            let next = steps
                .by_ref()
                .filter(|(_, rule)| rule.kind == Kind::Expect && here(rule))
                .nth(*step)
                .filter(|(_, rule)| self.matches(state, rule, args, node));
            if let Some((_, rule)) = next {
                *step += 1;
                return Plan { actions: rule.actions.clone(), scripted: true };
            }
        }
        let kind = if args.is_some() { Kind::On } else { Kind::Accept };
        for ((name, place), rule) in self.rules(&scene, node) {
            let fits = rule.kind == kind
                && here(rule)
                && args.is_none_or(|args| self.matches(state, rule, args, node));
            if !fits {
                continue;
            }
            let used = state.used.entry((name, node, place)).or_default();
            *used += 1;
            let turn = *used - 1;
            if turn >= rule.skip && rule.first.is_none_or(|first| turn < rule.skip + first) {
                return Plan { actions: rule.actions.clone(), scripted: true };
            }
        }
        let mut plan = Plan { actions: Vec::new(), scripted: args.is_none() };
        if args.is_some() {
            for name in [scene.as_str(), ""] {
                if let Some(rules) = self.script.rules.get(&(name.to_string(), node)) {
                    plan.actions.extend(rules.handshake.then_some(Action::Handshake));
                    plan.actions.extend(rules.store.map(Action::Store));
                }
            }
        }
        plan
    }

    fn matches(&self, state: &State, rule: &Rule, args: &[Vec<u8>], node: usize) -> bool {
        let variables = &state.variables;
        let mut pattern = rule.pattern.as_slice();
        let open = pattern.last().and_then(super::words::Word::bare) == Some("*");
        if open {
            pattern = &pattern[..pattern.len() - 1];
        }
        (args.len() == pattern.len() || (open && args.len() >= pattern.len()))
            && pattern.iter().zip(args).all(|(word, arg)| {
                let value = |name: &str| variables.get(name).cloned().or(self.fixed(name, node));
                glob(&word.fill(value), arg, word.quoted)
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

impl Node {
    fn close_all(&mut self) {
        for stream in self.open.values() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn open_port(socket: OwnedFd, address: SocketAddr, listen: Listen) -> io::Result<Port> {
    Ok(match listen {
        Listen::Normal => {
            os::listen(&socket, 1024)?;
            let listener = TcpListener::from(socket);
            listener.set_nonblocking(true)?;
            Port::Open(listener)
        }
        Listen::Refuse => Port::Refused { _bound: socket },
        Listen::Blackhole => {
            os::listen(&socket, 0)?;
            Port::Full { _queued: os::fill_backlog(address)?, listener: socket }
        }
    })
}

/// Whether a text fits a pattern: letters of either case, and `*` for any bytes unless it was quoted.
fn glob(pattern: &[u8], text: &[u8], literal: bool) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) if !literal => (0..=text.len()).any(|i| glob(rest, &text[i..], literal)),
        Some((byte, rest)) => text.split_first().is_some_and(|(first, tail)| {
            first.eq_ignore_ascii_case(byte) && glob(rest, tail, literal)
        }),
    }
}

/// Used by the store: whether the node owns a key's slot, or who does.
pub fn moved(
    shared: &Shared,
    scene: &str,
    node: usize,
    store: Store,
    key: &[u8],
) -> Option<String> {
    if store == Store::Plain {
        return None;
    }
    let shards = shared.shards(scene, node)?;
    let slot = topology::key_slot(key);
    match topology::owner(&shards, slot) {
        Some(owner) if owner == node => None,
        Some(owner) => Some(format!("MOVED {slot} {}", shared.addresses.get(owner - 1)?)),
        None => Some("CLUSTERDOWN Hash slot not served".into()),
    }
}
