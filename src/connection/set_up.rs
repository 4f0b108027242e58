//! From a destination to a connection, in steps that never wait: connect, agree on TLS, shake hands. No word
//! of ours goes out before the server's name is checked.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::dialer::{Destination, Dialer, Login};
use super::greeting::Greeting;
use super::handshake::Handshake;
use super::interrupt::Interrupter;
use super::logins::{Attempt, Turn, no_turn};
use super::session::Session;
use super::trouble::Trouble;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::futex::Event;
use crate::os::sockets::{Readiness, Socket};
use crate::os::swap::Swap;
use crate::transport::{Connect, Failure, Securing, Stream};

const AGREEING_IN_DOUBT: &str = "TLS was agreed on (does the server speak it on this port?)";

/// How often it is looked whether the login of another connection has ended.
const LOOK: Duration = Duration::from_millis(5);

/// A dial under way. Each step is handed the dialer that began it.
///
/// Dropped, it closes its socket and gives up its turn to log in.
pub(crate) struct SetUp {
    node: NodeAddress,
    hostname: Option<String>,
    readonly: bool,
    deadline: Deadline,
    stage: Stage,
}

enum Stage {
    Connecting(Connect),
    Securing(Securing),
    /// For its turn to log in it waits until the event, whose connection is trying; None before it has looked.
    Waiting {
        connection: Box<Connection>,
        login: Entry,
        turn: Option<Arc<Event>>,
    },
    Greeting {
        connection: Box<Connection>,
        login: Arc<Login>,
        greeting: Greeting,
        attempt: Option<Attempt>,
    },
    /// It has ended, one way or the other.
    Over,
}

/// Who it logs in as.
enum Entry {
    /// As the options or the last update say when its turn has come.
    Fixed,
    /// As the program's function has said.
    Told(Arc<Login>),
}

impl SetUp {
    /// Begins by connecting to the first address, without waiting: only to look a name up may take time.
    ///
    /// # Errors
    /// TIMEOUT, CONNECTION; AUTH where the node refused a moment ago.
    pub(crate) fn begin(dialer: &Dialer, to: Destination<'_>, deadline: Deadline) -> Result<Self> {
        let Destination { address, hostname, readonly } = to;
        dialer.logins.check(address)?;
        let options = dialer.options();
        let deadline = Deadline::after(options.socket_connect_timeout).earlier(deadline);
        let connect = Connect::begin(address, options, deadline)?;
        Ok(Self {
            node: address.clone(),
            hostname: hostname.map(Into::into),
            readonly,
            deadline,
            stage: Stage::Connecting(connect),
        })
    }

    /// Whom it dials.
    pub(crate) fn node(&self) -> &NodeAddress {
        &self.node
    }

    fn socket(&self) -> Option<&Arc<Socket>> {
        match &self.stage {
            Stage::Connecting(connect) => connect.socket(),
            Stage::Securing(securing) => Some(securing.socket()),
            Stage::Waiting { connection, .. } | Stage::Greeting { connection, .. } => {
                Some(connection.stream.socket())
            }
            Stage::Over => None,
        }
    }

    /// What to wait on; None: only time.
    pub(crate) fn fd(&self) -> Option<i32> {
        match &self.stage {
            Stage::Waiting { .. } => None,
            _ => self.socket().map(|socket| socket.fd()).filter(|&fd| fd >= 0),
        }
    }

    /// What to wait for.
    pub(crate) fn wanted(&self) -> Readiness {
        match &self.stage {
            Stage::Connecting(_) => Readiness { readable: false, writable: true },
            Stage::Securing(securing) => securing.wanted(),
            Stage::Greeting { connection, greeting, .. } => greeting.wanted(connection),
            Stage::Waiting { .. } | Stage::Over => Readiness { readable: false, writable: false },
        }
    }

    /// When to step in any case.
    pub(crate) fn until(&self) -> Deadline {
        match &self.stage {
            Stage::Connecting(connect) => connect.until(),
            Stage::Securing(_) => self.deadline,
            Stage::Waiting { .. } => self.deadline.earlier(Deadline::after(LOOK)),
            Stage::Greeting { greeting, .. } => greeting.until(),
            Stage::Over => Deadline::after(Duration::ZERO),
        }
    }

    /// What ends the dial, at the present address.
    pub(crate) fn interrupter(&self) -> Option<Interrupter> {
        self.socket().map(Interrupter::new)
    }

    /// The interrupter, if it is another than this one: another address is being connected to.
    pub(crate) fn interrupter_other_than(
        &self,
        known: &Option<Interrupter>,
    ) -> Option<Interrupter> {
        let present = self.interrupter()?;
        let is_known = known.as_ref().is_some_and(|known| known.is_same(&present));
        (!is_known).then_some(present)
    }

    /// For who has a thread to spare: waits until there is something to do.
    pub(crate) fn sit_out(&self) {
        match &self.stage {
            Stage::Waiting { turn: Some(turn), .. } => {
                turn.wait(self.deadline);
            }
            _ => {
                if let Some(socket) = self.socket() {
                    // What is wrong with the socket, the next step meets.
                    let _ = socket.poll(self.wanted(), self.until());
                }
            }
        }
    }

    /// Goes as far as it can without waiting. None: wait again.
    ///
    /// # Errors
    /// Those of a dial; it has ended then.
    pub(crate) fn step(&mut self, dialer: &Dialer) -> Result<Option<Connection>> {
        loop {
            let (stage, waits) = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Connecting(connect) => self.connect(connect, dialer)?,
                Stage::Securing(securing) => self.secure(securing, dialer)?,
                Stage::Waiting { connection, login, .. } => {
                    self.admit(connection, login, dialer)?
                }
                Stage::Greeting { mut connection, login, mut greeting, attempt } => {
                    match greeting.step(&mut connection) {
                        Ok(None) => {
                            (Stage::Greeting { connection, login, greeting, attempt }, true)
                        }
                        Ok(Some(agreement)) => {
                            if let Some(attempt) = attempt {
                                attempt.ended(Ok(()));
                            }
                            connection.session = Session::new(agreement.protocol);
                            connection.availability_zone = agreement.availability_zone;
                            connection.readonly = self.readonly;
                            connection.login = login.generation;
                            return Ok(Some(*connection));
                        }
                        Err(error) => {
                            if let Some(attempt) = attempt {
                                attempt.ended(Err(&error));
                            }
                            return Err(error);
                        }
                    }
                }
                Stage::Over => {
                    return Err(Error::new(Status::Internal, "a dial that has ended goes on"));
                }
            };
            self.stage = stage;
            if waits {
                return Ok(None);
            }
        }
    }

    fn connect(&mut self, mut connect: Connect, dialer: &Dialer) -> Result<(Stage, bool)> {
        let options = dialer.options();
        let Some(stream) = connect.step(options)? else {
            return Ok((Stage::Connecting(connect), true));
        };
        let Some(connector) = dialer.tls.as_ref().map(Swap::load) else {
            return self.connected(stream, dialer);
        };
        let name = options.ssl_server_name.as_deref().or(self.hostname.as_deref());
        let name = name.unwrap_or(&self.node.host);
        let securing = stream.begin_secure(&connector, name);
        Ok((Stage::Securing(securing.map_err(|failure| self.not_secured(failure))?), false))
    }

    fn secure(&mut self, mut securing: Securing, dialer: &Dialer) -> Result<(Stage, bool)> {
        match securing.step() {
            Ok(Some(stream)) => self.connected(stream, dialer),
            Ok(None) if self.deadline.has_passed() => Err(self.not_secured(Failure::Timeout)),
            Ok(None) => Ok((Stage::Securing(securing), true)),
            Err(failure) => Err(self.not_secured(failure)),
        }
    }

    fn not_secured(&self, failure: Failure) -> Error {
        let trouble = Trouble::from(failure);
        // A server without TLS waits for the end of what it takes for a command, or hangs up.
        let doing = match trouble {
            Trouble::Wire(Failure::Timeout) => AGREEING_IN_DOUBT,
            _ if trouble.is_hang_up() => AGREEING_IN_DOUBT,
            _ => "TLS was agreed on",
        };
        trouble.error(&self.node, doing)
    }

    fn connected(&mut self, stream: Stream, dialer: &Dialer) -> Result<(Stage, bool)> {
        let connection = Box::new(Connection::new(&self.node, stream, dialer.options()));
        let login = match dialer.told_login(&self.node)? {
            Some(told) => Entry::Told(told),
            None => Entry::Fixed,
        };
        Ok((Stage::Waiting { connection, login, turn: None }, false))
    }

    /// Goes on once it may log in, where there is a password. By which one is looked up then: others may have come
    /// while it waited.
    fn admit(
        &mut self,
        mut connection: Box<Connection>,
        entry: Entry,
        dialer: &Dialer,
    ) -> Result<(Stage, bool)> {
        let login = || match &entry {
            Entry::Fixed => dialer.login(),
            Entry::Told(login) => Arc::clone(login),
        };
        let attempt = match login().credentials {
            None => None,
            Some(_) => match dialer.logins.turn(&self.node) {
                Turn::Go(attempt) => Some(attempt),
                Turn::Refused(error) => return Err(error),
                Turn::Wait(_) if self.deadline.has_passed() => return Err(no_turn(&self.node)),
                Turn::Wait(_) if connection.stream.socket().is_interrupted() => {
                    let trouble = Trouble::from(Failure::Interrupted);
                    return Err(trouble.error(&self.node, "another connection was logging in"));
                }
                Turn::Wait(ended) => {
                    let turn = Some(ended);
                    return Ok((Stage::Waiting { connection, login: entry, turn }, true));
                }
            },
        };
        let login = login();
        let (options, credentials) = (dialer.options().clone(), login.credentials.clone());
        let handshake = Handshake::new(options, credentials, self.readonly);
        let greeting = Greeting::begin(&mut connection, handshake, self.deadline)?;
        Ok((Stage::Greeting { connection, login, greeting, attempt }, false))
    }
}

impl Connection {
    /// For who has a thread to spare: waits until the socket is ready or the time has passed.
    pub(crate) fn sit_out(&self, wanted: Readiness, until: Deadline) {
        // What is wrong with the socket, the next step meets.
        let _ = self.stream.socket().poll(wanted, until);
    }
}
