//! The thread of one connection: reads commands, does what the script says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::log::What;
use super::script::{Action, Form, Listen, Shape, Store};
use super::state::{self, Shared};
use super::words::Word;
use super::{store, topology};
use crate::os;
use crate::resp::{self, Value};

/// Whether a connection goes on.
#[derive(PartialEq)]
enum Flow {
    On,
    /// The thread ends; the node has closed.
    Closed,
}

struct Connection<'a> {
    shared: &'a Arc<Shared>,
    node: usize,
    number: u64,
    stream: TcpStream,
    protocol: u8,
    step: usize,
    generation: u64,
    /// What is to be sent with the next flush.
    out: Vec<u8>,
    dribble: Option<(u64, usize)>,
}

/// Serves a connection until either side closes it.
pub fn connection(shared: &Arc<Shared>, node: usize, number: u64, stream: TcpStream) {
    let mut connection = Connection {
        shared,
        node,
        number,
        stream,
        protocol: 2,
        step: 0,
        generation: shared.lock().generation,
        out: Vec::new(),
        dribble: None,
    };
    connection.serve();
    let mut state = shared.lock();
    state.nodes[node - 1].open.remove(&number);
    shared.note(&mut state, node, number, What::Closed);
    // The stream closes under the lock: who sees "close" in the log finds it closed soon after.
    drop(connection);
}

impl Connection<'_> {
    fn serve(&mut self) {
        let plan = {
            let mut state = self.shared.lock();
            self.shared.choose(&mut state, self.node, self.number, &mut self.step, None)
        };
        if self.run(&plan.actions, &[]) == Flow::Closed || self.flush() == Flow::Closed {
            return;
        }
        let mut buffer = Vec::new();
        let mut chunk = vec![0; 64 << 10];
        let mut reads = 0;
        loop {
            let count = match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            reads += 1;
            if !self.unpaused() {
                return;
            }
            buffer.extend_from_slice(&chunk[..count]);
            let mut used = 0;
            loop {
                match resp::decode_command(&buffer[used..]) {
                    Ok(Some((args, length))) => {
                        used += length;
                        if !args.is_empty() && self.command(&args, reads) == Flow::Closed {
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(why) => {
                        let mut state = self.shared.lock();
                        let what = What::Rubbish(why);
                        self.shared.note(&mut state, self.node, self.number, what);
                        return;
                    }
                }
            }
            buffer.drain(..used);
            if self.flush() == Flow::Closed {
                return;
            }
        }
    }

    fn command(&mut self, args: &[Vec<u8>], read: u64) -> Flow {
        let plan = {
            let mut state = self.shared.lock();
            if state.generation != self.generation {
                self.generation = state.generation;
                self.step = 0;
            }
            let step = &mut self.step;
            let mut plan = self.shared.choose(&mut state, self.node, self.number, step, Some(args));
            if !plan.scripted {
                plan.scripted = self.built_in(&mut state, &plan.actions, args);
                plan.actions.clear();
            }
            let what = What::Command { args: args.to_vec(), read, scripted: plan.scripted };
            self.shared.note(&mut state, self.node, self.number, what);
            plan
        };
        if !plan.scripted {
            let name = String::from_utf8_lossy(&args[0]).into_owned();
            let text = format!("ERR unknown command '{name}' (node {} has no rule)", self.node);
            self.reply(&Value::Error(text.into_bytes()));
        }
        self.run(&plan.actions, args)
    }

    /// The handshake and the store, where the script switched them on and no rule answered.
    fn built_in(&mut self, state: &mut state::State, on: &[Action], args: &[Vec<u8>]) -> bool {
        let value = on.iter().find_map(|action| match action {
            Action::Handshake => store::handshake(args, &mut self.protocol, self.number),
            Action::Store(kind) => self.stored(state, *kind, args),
            _ => None,
        });
        if let Some(value) = &value {
            self.reply(value);
        }
        value.is_some()
    }

    fn stored(&self, state: &mut state::State, kind: Store, args: &[Vec<u8>]) -> Option<Value> {
        let moved = store::key(args)
            .and_then(|key| state::moved(self.shared, &state.scene, self.node, kind, key));
        match moved {
            Some(text) => Some(Value::Error(text.into_bytes())),
            None => store::run(&mut state.data, args),
        }
    }

    fn run(&mut self, actions: &[Action], args: &[Vec<u8>]) -> Flow {
        for action in actions {
            if self.act(action, args) == Flow::Closed {
                return Flow::Closed;
            }
        }
        if self.dribble.is_some() && self.flush() == Flow::Closed {
            return Flow::Closed;
        }
        self.dribble = None;
        Flow::On
    }

    fn act(&mut self, action: &Action, args: &[Vec<u8>]) -> Flow {
        match action {
            Action::Reply(shape) => {
                let value = self.shape(shape, args);
                self.reply(&value);
            }
            Action::Raw(word) => {
                let bytes = self.fill(word, args);
                self.out.extend_from_slice(&bytes);
            }
            Action::Repeat(count, action) => {
                for _ in 0..*count {
                    if self.act(action, args) == Flow::Closed {
                        return Flow::Closed;
                    }
                    if self.out.len() > 1 << 20 && self.flush() == Flow::Closed {
                        return Flow::Closed;
                    }
                }
            }
            Action::Fill(length) => self.reply(&Value::Bulk(vec![b'x'; *length])),
            Action::Echo => self.reply(&args.get(1).map_or(Value::Nil, Value::bulk)),
            Action::Topology(form, words) => self.topology(*form, words, args),
            Action::Handshake | Action::Store(_) => {
                let shared = self.shared.clone();
                let mut state = shared.lock();
                if !self.built_in(&mut state, std::slice::from_ref(action), args) {
                    self.reply(&Value::Error(b"ERR unknown command".to_vec()));
                }
            }
            Action::Silent => {}
            Action::Flush => return self.flush(),
            Action::Delay(ms) => {
                if self.flush() == Flow::Closed || !self.sleep(*ms) {
                    return Flow::Closed;
                }
            }
            Action::Dribble(ms, bytes) => {
                let flow = self.flush();
                self.dribble = Some((*ms, *bytes));
                return flow;
            }
            Action::Gate(word) => {
                let gate = self.fill(word, args);
                if self.flush() == Flow::Closed || !self.pause_while(|s| !s.gates.contains(&gate)) {
                    return Flow::Closed;
                }
            }
            Action::Close | Action::Reset => {
                let _ = self.flush();
                if matches!(action, Action::Reset) {
                    let _ = os::reset_on_close(&self.stream);
                } else {
                    let _ = self.stream.shutdown(Shutdown::Both);
                }
                return Flow::Closed;
            }
            Action::HalfClose => {
                let flow = self.flush();
                let _ = self.stream.shutdown(Shutdown::Write);
                return flow;
            }
            Action::Hang => {
                let _ = self.flush();
                // Until the client closes or the node is killed; what arrives is thrown away.
                let mut sink = [0; 4096];
                while matches!(self.stream.read(&mut sink), Ok(1..)) {}
                return Flow::Closed;
            }
            Action::Use(scene) => {
                if let Err(error) = self.shared.use_scene(scene) {
                    eprintln!("fake node {}: {error}", self.node);
                }
            }
            Action::Set(name, word) => {
                let value = self.fill(word, args);
                self.shared.lock().variables.insert(name.clone(), value);
            }
            Action::Kill(node) => {
                let flow = self.flush();
                self.shared.set_listen(*node, Listen::Refuse);
                return flow;
            }
            Action::Pause(node) => {
                let flow = self.flush();
                self.shared.set_paused(*node, true);
                return flow;
            }
        }
        Flow::On
    }

    fn topology(&mut self, form: Form, words: &[Word], args: &[Vec<u8>]) {
        let words: Vec<_> = words.iter().map(|word| self.fill(word, args)).collect();
        let value = match topology::parse(&words) {
            Ok(shards) => topology::answer(form, &shards, &self.shared.addresses, self.node),
            Err(error) => Value::Error(format!("ERR {error}").into_bytes()),
        };
        self.reply(&value);
    }

    fn reply(&mut self, value: &Value) {
        value.encode(self.protocol, &mut self.out);
    }

    fn shape(&self, shape: &Shape, args: &[Vec<u8>]) -> Value {
        let all = |shapes: &[Shape]| shapes.iter().map(|shape| self.shape(shape, args)).collect();
        match shape {
            Shape::Nil => Value::Nil,
            Shape::Boolean(value) => Value::Boolean(*value),
            Shape::Simple(word) => Value::Simple(self.fill(word, args)),
            Shape::Error(word) => Value::Error(self.fill(word, args)),
            Shape::Bulk(word) => Value::Bulk(self.fill(word, args)),
            Shape::Array(shapes) => Value::Array(all(shapes)),
            Shape::Push(shapes) => Value::Push(all(shapes)),
            Shape::Map(shapes) => {
                let pair = |two: &[Shape]| (self.shape(&two[0], args), self.shape(&two[1], args));
                Value::Map(shapes.chunks(2).map(pair).collect())
            }
            Shape::Integer(word) => {
                let text = String::from_utf8_lossy(&self.fill(word, args)).into_owned();
                match text.parse() {
                    Ok(number) => Value::Integer(number),
                    Err(_) => Value::Error(format!("ERR \"{text}\" is no number").into_bytes()),
                }
            }
        }
    }

    fn fill(&self, word: &Word, args: &[Vec<u8>]) -> Vec<u8> {
        if !word.varies() {
            return word.fill(|_| None);
        }
        let state = self.shared.lock();
        word.fill(|name| {
            let argument = name.strip_prefix("arg").and_then(|digits| digits.parse::<usize>().ok());
            match (argument, name) {
                (Some(i), _) => Some(args.get(i).cloned().unwrap_or_default()),
                (_, "connection") => Some(self.number.to_string().into_bytes()),
                (_, "protocol") => Some(self.protocol.to_string().into_bytes()),
                (_, "scene") => Some(state.scene.clone().into_bytes()),
                _ => state
                    .variables
                    .get(name)
                    .cloned()
                    .or_else(|| self.shared.fixed(name, self.node)),
            }
        })
    }

    /// Sends what has gathered, a few bytes at a time if so told. Waits while the node is paused.
    fn flush(&mut self) -> Flow {
        let out = std::mem::take(&mut self.out);
        if out.is_empty() {
            return Flow::On;
        }
        if !self.unpaused() {
            return Flow::Closed;
        }
        let sent = match self.dribble {
            None => (&self.stream).write_all(&out).is_ok(),
            Some((ms, bytes)) => out.chunks(bytes).enumerate().all(|(i, part)| {
                (i == 0 || self.sleep(ms)) && (&self.stream).write_all(part).is_ok()
            }),
        };
        if sent { Flow::On } else { Flow::Closed }
    }

    /// False when the connection was closed meanwhile.
    fn sleep(&self, ms: u64) -> bool {
        let end = Instant::now() + Duration::from_millis(ms);
        let mut state = self.shared.lock();
        while !state.stopping {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return true };
            state = self.shared.wait(state, left);
        }
        false
    }

    fn unpaused(&self) -> bool {
        self.pause_while(|state| state.nodes[self.node - 1].paused)
    }

    fn pause_while(&self, waits: impl Fn(&state::State) -> bool) -> bool {
        let mut state = self.shared.lock();
        while waits(&state) && !state.stopping {
            state = self.shared.wait(state, Duration::from_secs(3600));
        }
        !state.stopping
    }
}
