//! The thread of one connection: reads commands, does what the script says.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::log::What;
use super::script::{Action, Listen};
use super::session::Session;
use super::state::{self, Shared};
use super::wire::Wire;
use crate::os;
use crate::resp::{self, Value};

/// Whether a connection goes on.
#[derive(PartialEq)]
enum Flow {
    On,
    /// The thread ends; the node has closed.
    Closed,
}

pub(super) struct Connection<'a> {
    pub shared: &'a Arc<Shared>,
    pub node: usize,
    pub number: u64,
    wire: Wire,
    pub protocol: u8,
    step: usize,
    generation: u64,
    /// What is to be sent with the next flush.
    pub out: Vec<u8>,
    /// How what is sent is parted: so many milliseconds between so many bytes.
    pace: Option<(u64, usize)>,
}

/// Serves a connection until either side closes it.
pub fn connection(shared: &Arc<Shared>, node: usize, number: u64, stream: TcpStream) {
    let mut connection = Connection {
        shared,
        node,
        number,
        wire: Wire { socket: stream, session: None },
        protocol: 2,
        step: 0,
        generation: shared.lock().generation,
        out: Vec::new(),
        pace: None,
    };
    if connection.secure() == Flow::On {
        connection.serve();
    }
    let mut state = shared.lock();
    state.nodes[node - 1].open.remove(&number);
    state.nodes[node - 1].sessions.remove(&number);
    shared.note(&mut state, node, number, What::Closed);
    // The stream closes under the lock: who sees "close" in the log finds it closed soon after.
    drop(connection);
}

impl Connection<'_> {
    /// The handshake, at a node that speaks TLS.
    fn secure(&mut self) -> Flow {
        let Some(acceptor) = self.shared.acceptors.get(&self.node) else { return Flow::On };
        if acceptor.silent {
            self.wire.drain();
            return Flow::Closed;
        }
        let Ok(session) = Session::new(self.shared, acceptor, &self.wire.socket) else {
            return Flow::Closed;
        };
        let what = session.handshake(|| self.unpaused());
        let flow = if matches!(what, What::Secured { .. }) { Flow::On } else { Flow::Closed };
        let mut state = self.shared.lock();
        if flow == Flow::On {
            let session = Arc::new(session);
            state.nodes[self.node - 1].sessions.insert(self.number, session.clone());
            self.wire.session = Some(session);
        }
        self.shared.note(&mut state, self.node, self.number, what);
        flow
    }

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
            let count = match self.wire.read(&mut chunk) {
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

    fn run(&mut self, actions: &[Action], args: &[Vec<u8>]) -> Flow {
        for action in actions {
            if self.act(action, args) == Flow::Closed {
                return Flow::Closed;
            }
        }
        if self.pace.is_some() && self.flush() == Flow::Closed {
            return Flow::Closed;
        }
        self.pace = None;
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
                if self.flush() == Flow::Closed || !self.shared.sleep(*ms) {
                    return Flow::Closed;
                }
            }
            Action::Pace(ms, bytes) => {
                let flow = self.flush();
                self.pace = Some((*ms, *bytes));
                return flow;
            }
            Action::Gate(word) => {
                let gate = self.fill(word, args);
                if self.flush() == Flow::Closed || !self.pause_while(|s| !s.gates.contains(&gate)) {
                    return Flow::Closed;
                }
            }
            Action::Close | Action::Truncate | Action::Reset => {
                let _ = self.flush();
                match action {
                    Action::Close => self.wire.end(Shutdown::Both),
                    Action::Truncate => drop(self.wire.socket.shutdown(Shutdown::Both)),
                    _ => drop(os::reset_on_close(&self.wire.socket)),
                }
                return Flow::Closed;
            }
            Action::HalfClose => {
                let flow = self.flush();
                self.wire.end(Shutdown::Write);
                return flow;
            }
            Action::Hang => {
                let _ = self.flush();
                // Until the client closes or the node is killed.
                self.wire.drain();
                return Flow::Closed;
            }
            Action::Tickets(count) => {
                let flow = self.flush();
                if let Some(session) = &self.wire.session {
                    session.tickets(*count);
                }
                return flow;
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

    /// Sends what has gathered, a few bytes at a time if so told. Waits while the node is paused.
    fn flush(&mut self) -> Flow {
        let out = std::mem::take(&mut self.out);
        if out.is_empty() {
            return Flow::On;
        }
        if !self.unpaused() {
            return Flow::Closed;
        }
        let sent = match self.pace {
            None => self.wire.write_all(&out).is_ok(),
            Some((ms, bytes)) => out.chunks(bytes).enumerate().all(|(i, part)| {
                (i == 0 || self.shared.sleep(ms)) && self.wire.write_all(part).is_ok()
            }),
        };
        if sent { Flow::On } else { Flow::Closed }
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
