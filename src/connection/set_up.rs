//! From a destination to a connection: connect, then shake hands.

use super::buffers::Buffers;
use super::connection::Connection;
use super::dialer::{Destination, Dialer};
use super::handshake::{Handshake, Progress};
use super::interrupt::Interrupter;
use super::logins::Attempt;
use super::session::Session;
use super::trouble::Trouble;
use crate::credentials::Credentials;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::options::Options;
use crate::os::swap::Swap;
use crate::resp::{Kind, Reply};
use crate::transport::{self, Failure, Stream, Wait};

const DOING: &str = "the connection was being set up";
const DOING_WITHOUT_TLS: &str = "the connection was being set up (a server that wants TLS on this port does so: then set ssl=yes)";
const AGREEING_IN_DOUBT: &str = "TLS was agreed on (does the server speak it on this port?)";

impl Connection {
    /// Connects, goes over to TLS where the options say so, and shakes hands: no word of ours goes out
    /// before the server's name is checked.
    pub(super) fn set_up(
        to: Destination<'_>,
        dialer: &Dialer,
        deadline: Deadline,
        watch: &mut dyn FnMut(Interrupter),
    ) -> Result<Self> {
        let Destination { address: node, readonly, .. } = to;
        let options = dialer.options();
        let mut stream = transport::dial(node, options, deadline, &mut |socket| {
            watch(Interrupter::new(socket));
        })?;
        if let Some(connector) = dialer.tls.as_ref().map(Swap::load) {
            let name = options.ssl_server_name.as_deref().or(to.hostname).unwrap_or(&node.host);
            stream = stream.secure(&connector, name, deadline).map_err(|failure| {
                let trouble = Trouble::from(failure);
                // A server without TLS waits for the end of what it takes for a command, or hangs up.
                let doing = match trouble {
                    Trouble::Wire(Failure::Timeout) => AGREEING_IN_DOUBT,
                    _ if trouble.is_hang_up() => AGREEING_IN_DOUBT,
                    _ => "TLS was agreed on",
                };
                trouble.error(node, doing)
            })?;
        }
        let mut connection = Self::new(node, stream, options);
        let (login, attempt) = dialer.admit(node, deadline)?;
        let mut handshake = Handshake::new(options, login.credentials.as_ref(), readonly);
        match attempt {
            Some(attempt) => connection.log_in(&mut handshake, attempt, deadline)?,
            None => connection.shake_hands(&mut handshake, deadline)?,
        }
        let agreement = handshake.agreement();
        connection.session = Session::new(agreement.protocol);
        connection.availability_zone = agreement.availability_zone.clone();
        connection.readonly = readonly;
        connection.login = login.generation;
        Ok(connection)
    }

    /// Logs in by other credentials than before. The connection is of no more use if that fails.
    pub(super) fn log_in_again(
        &mut self,
        options: &Options,
        credentials: &Credentials,
        attempt: Attempt<'_>,
        deadline: Deadline,
    ) -> Result<()> {
        let mut handshake = Handshake::again(options, credentials);
        self.log_in(&mut handshake, attempt, deadline)
    }

    fn log_in(
        &mut self,
        handshake: &mut Handshake<'_>,
        attempt: Attempt<'_>,
        deadline: Deadline,
    ) -> Result<()> {
        let outcome = self.shake_hands(handshake, deadline);
        attempt.ended(outcome.as_ref().copied());
        outcome
    }

    fn shake_hands(&mut self, handshake: &mut Handshake<'_>, deadline: Deadline) -> Result<()> {
        let node = self.node.clone();
        let is_tls = self.stream.is_tls();
        let trouble = |trouble: Trouble| match trouble.is_hang_up() && !is_tls {
            true => trouble.error(&node, DOING_WITHOUT_TLS),
            false => trouble.error(&node, DOING),
        };
        let refused = |error: Error| {
            let message = format!("{node}: {}", error.message());
            Error::new(error.status(), message).on_node(&node).with_server_code(error.server_code())
        };
        self.buffers();
        let Self { stream, buffers, .. } = self;
        let Some(buffers) = buffers.as_deref_mut() else {
            return Err(Error::new(Status::Internal, "a connection without buffers"));
        };
        let silence = stream.socket_timeout();
        loop {
            let flight = handshake.flight();
            if flight.is_empty() {
                return Ok(());
            }
            let sent = stream.send_all(&flight, &[], deadline, |stream| {
                match buffers.decoder.fill(|space, _| stream.receive_now(space)) {
                    Ok(_) | Err(Failure::Timeout) => Ok(()),
                    Err(failure) => Err(Trouble::from(failure)),
                }
            });
            drop(flight);
            // A server that turns us away (too many clients) says so and closes: its words are there
            // though nothing can be sent any more.
            let mut unsent = sent.err().map(|(_, error)| error);
            let mut wait = match unsent {
                None => Wait::until(deadline).with_silence(silence),
                Some(_) => Wait::until(Deadline::after(std::time::Duration::ZERO)),
            };
            loop {
                let reply = match next(buffers, stream, &mut wait) {
                    Ok(reply) => reply,
                    Err(error) => return Err(trouble(unsent.take().unwrap_or(error))),
                };
                if reply.root().kind() == Kind::Push {
                    continue;
                }
                match handshake.take(reply.root()).map_err(refused)? {
                    Progress::Receive => {}
                    Progress::Send => break,
                    Progress::Done if buffers.decoder.is_empty() => return Ok(()),
                    Progress::Done => return Err(trouble(Trouble::Stray)),
                }
            }
        }
    }
}

fn next(buffers: &mut Buffers, stream: &mut Stream, wait: &mut Wait) -> Result<Reply, Trouble> {
    loop {
        if let Some(reply) = buffers.decoder.next()? {
            return Ok(reply);
        }
        buffers.decoder.fill(|space, fill| stream.receive(space, fill, wait))?;
    }
}
