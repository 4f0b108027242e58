//! What makes connections: the options, and what of them may change while a pool lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::connection::Connection;
use super::greeting::Greeting;
use super::handshake::Handshake;
use super::interrupt::Interrupter;
use super::logins::Logins;
use super::set_up::SetUp;
use crate::credentials::{Answer, Credentials};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::os::swap::Swap;
use crate::transport::Connector;

/// Makes connections, for a pool and for its discovery alike. Any number of threads use it, and so do
/// forked children.
pub struct Dialer {
    options: Arc<Options>,
    /// None: connections are plain.
    pub(super) tls: Option<Swap<Connector>>,
    login: Swap<Login>,
    /// The generation of `login`, to be compared without a lock.
    login_generation: AtomicU32,
    pub(super) logins: Logins,
}

/// Who a connection logs in as.
#[derive(Clone)]
pub(super) struct Login {
    /// Grows with each change.
    pub(super) generation: u32,
    pub(super) credentials: Option<Arc<Credentials>>,
}

/// What is dialled.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// Where.
    pub address: &'a NodeAddress,
    /// The host name the cluster tells of the node, where it tells one beside the address.
    pub hostname: Option<&'a str>,
    /// READONLY is part of the handshake.
    pub readonly: bool,
}

impl<'a> From<&'a NodeAddress> for Destination<'a> {
    fn from(address: &'a NodeAddress) -> Self {
        Self { address, hostname: None, readonly: false }
    }
}

impl Dialer {
    /// A dialer of these options. Reads the certificates they name.
    ///
    /// # Errors
    /// CONFIG: a file that cannot be read or does not fit.
    pub fn new(options: Arc<Options>) -> Result<Self> {
        let tls = if options.ssl { Some(Swap::new(Connector::new(&options)?)) } else { None };
        let login =
            Swap::new(Login { generation: 0, credentials: options.credentials().map(Arc::new) });
        let login_generation = AtomicU32::new(0);
        Ok(Self { options, tls, login, login_generation, logins: Logins::default() })
    }

    /// Connections made from now on log in by these credentials, unless a function is asked for them.
    /// Those made before are [outdated](Dialer::is_outdated).
    pub fn set_credentials(&self, credentials: Credentials) {
        self.login.update(|before| {
            let generation = before.generation.wrapping_add(1);
            self.login_generation.store(generation, Ordering::Relaxed);
            Login { generation, credentials: Some(Arc::new(credentials)) }
        });
        self.logins.forget_refusals();
    }

    /// True if the connection logged in by credentials that were replaced.
    #[inline]
    pub fn is_outdated(&self, connection: &Connection) -> bool {
        connection.login != self.login_generation.load(Ordering::Relaxed)
    }

    /// Logs an outdated connection in by the present credentials.
    ///
    /// # Errors
    /// AUTH, and what a command can meet; the connection is of no more use then.
    pub fn log_in_again(&self, connection: &mut Connection, deadline: Deadline) -> Result<()> {
        let node = connection.node.clone();
        let attempt = self.logins.begin(&node, deadline)?;
        let login = self.login.load();
        if let Some(credentials) = &login.credentials {
            let handshake = Handshake::again(self.options.clone(), credentials.clone());
            let mut greeting = Greeting::begin(connection, handshake, deadline)?;
            let outcome = loop {
                match greeting.step(connection) {
                    Ok(Some(_)) => break Ok(()),
                    Ok(None) => connection.sit_out(greeting.wanted(connection), greeting.until()),
                    Err(error) => break Err(error),
                }
            };
            attempt.ended(outcome.as_ref().copied());
            outcome?;
        }
        connection.login = login.generation;
        Ok(())
    }

    /// Who a connection logs in as, where no function is asked.
    pub(super) fn login(&self) -> Arc<Login> {
        self.login.load()
    }

    /// What the program's function says that a connection to the node logs in as. None: there is no function, and
    /// [`Dialer::login`] holds.
    pub(super) fn told_login(&self, node: &NodeAddress) -> Result<Option<Arc<Login>>> {
        let credentials = match self.options.credentials_source.ask(&node.to_string()) {
            None => return Ok(None),
            Some(Answer::Credentials(credentials)) => Some(Arc::new(credentials)),
            Some(Answer::NoLogin) => None,
            Some(Answer::Nothing) => {
                let message = format!("{node}: the credentials callback gave no credentials");
                return Err(Error::new(Status::Auth, message).on_node(node));
            }
        };
        let generation = self.login.load().generation;
        Ok(Some(Arc::new(Login { generation, credentials })))
    }

    /// Sets right in a forked child what a thread of the parent may have been in the middle of.
    pub fn after_fork(&self) {
        self.login.update(|login| {
            self.login_generation.store(login.generation, Ordering::Relaxed);
            login.clone()
        });
    }

    /// Reads the certificates again, for connections made from now on.
    ///
    /// # Errors
    /// CONFIG: a file that cannot be read or does not fit, or TLS is off; nothing changes then.
    pub fn reload_tls(&self) -> Result<()> {
        let Some(tls) = &self.tls else {
            let message = "there is no certificate to read again: the option ssl is no";
            return Err(Error::new(Status::Config, message));
        };
        let connector = Connector::new(&self.options)?;
        tls.update(|_| connector);
        Ok(())
    }

    /// The options it was made from.
    pub fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// Resolves, connects (each address in turn), shakes hands; ends by `deadline`, and by
    /// `socket_connect_timeout` of the options. The connection comes with buffers attached.
    ///
    /// # Errors
    /// CONNECTION (refused, unreachable, reset), TIMEOUT, TLS, AUTH, PROTOCOL, CONFIG, LOADING. AUTH without a
    /// connect where the node refused a moment ago.
    pub fn dial(&self, to: Destination<'_>, deadline: Deadline) -> Result<Connection> {
        self.dial_watched(to, deadline, &mut |_| {})
    }

    /// The same, where `watch` is handed what ends the dial from another thread: for each address anew, as soon as
    /// it is being connected to. The connection's own interrupter is the same as the last of them.
    ///
    /// # Errors
    /// CANCELLED: it was ended so.
    pub fn dial_watched(
        &self,
        to: Destination<'_>,
        deadline: Deadline,
        watch: &mut dyn FnMut(Interrupter),
    ) -> Result<Connection> {
        let mut dial = SetUp::begin(self, to, deadline)?;
        let mut watched = None;
        loop {
            if let Some(interrupter) = dial.interrupter_other_than(&watched) {
                watch(interrupter.clone());
                watched = Some(interrupter);
            }
            if let Some(connection) = dial.step(self)? {
                return Ok(connection);
            }
            dial.sit_out();
        }
    }
}
