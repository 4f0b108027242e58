//! The first words with a server, as a state machine without I/O: what to send, what each reply means,
//! what to send instead where an old server refuses.
//!
//! All that is needed goes out in one flight. A server that is loading its data answers all of it and is
//! thus connected to; what it says to commands is the caller's business. The server's own words are
//! only shown where they cannot repeat a credential (old servers echo the arguments of a command they do
//! not know).

use std::collections::VecDeque;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::flight::{Flight, Question};
use crate::credentials::Credentials;
use crate::error::{Error, Result, Status};
use crate::options::{Handshake as Extent, Options, Protocol};
use crate::resp::{Kind, ReplyRef};

/// What the server and we have agreed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// 2 or 3.
    pub protocol: u8,
    /// The zone the server says it is in (HELLO of Valkey 8.1 and later).
    pub availability_zone: Option<Box<str>>,
}

/// Where the handshake stands after a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// More replies of this flight are to come.
    Receive,
    /// Another flight is to be sent.
    Send,
    /// Done.
    Done,
}

/// The machine: [`Handshake::flight`], then [`Handshake::take`] each reply, until it says `Done`.
pub struct Handshake {
    options: Arc<Options>,
    credentials: Option<Arc<Credentials>>,
    readonly: bool,
    /// AUTH and nothing else: the connection was greeted before.
    again: bool,
    /// HELLO's argument while it is still tried.
    hello: Option<u8>,
    awaited: VecDeque<Question>,
    /// HELLO was refused: the rest of the flight counts for nothing and goes out again without it.
    fell_back: bool,
    agreement: Agreement,
}

impl Handshake {
    /// A handshake as the options want it, logging in by these credentials; `readonly`: with READONLY,
    /// for reading from a replica.
    pub fn new(
        options: Arc<Options>,
        credentials: Option<Arc<Credentials>>,
        readonly: bool,
    ) -> Self {
        let hello = match (options.protocol, options.handshake) {
            (Protocol::Resp3, _) | (Protocol::Auto, Extent::Full) => Some(3),
            (Protocol::Resp2, Extent::Full) => Some(2),
            (Protocol::Auto | Protocol::Resp2, Extent::Minimal) => None,
        };
        Self {
            options,
            credentials,
            readonly,
            again: false,
            hello,
            awaited: VecDeque::new(),
            fell_back: false,
            agreement: Agreement { protocol: 2, availability_zone: None },
        }
    }

    /// Logging in by other credentials, on a connection that shook hands before.
    pub fn again(options: Arc<Options>, credentials: Arc<Credentials>) -> Self {
        let mut handshake = Self::new(options, Some(credentials), false);
        handshake.again = true;
        handshake.hello = None;
        handshake
    }

    /// What to send now; nothing if the settings need no word. The bytes may hold the password: they
    /// are overwritten when dropped.
    pub fn flight(&mut self) -> Zeroizing<Vec<u8>> {
        self.fell_back = false;
        let mut flight = Flight::new();
        let login = self.credentials.as_deref();
        let password = login.map(|login| login.password.reveal().as_bytes());
        let user = login.and_then(|login| login.username.as_deref());
        match (self.hello, password) {
            (Some(version), password) => {
                let version: &[u8] = if version == 3 { b"3" } else { b"2" };
                match password {
                    Some(password) => {
                        let user = user.unwrap_or("default").as_bytes();
                        flight.ask(Question::Hello, &[b"HELLO", version, b"AUTH", user, password]);
                    }
                    None => flight.ask(Question::Hello, &[b"HELLO", version]),
                }
            }
            (None, Some(password)) => match user {
                Some(user) => flight.ask(Question::Auth, &[b"AUTH", user.as_bytes(), password]),
                None => flight.ask(Question::Auth, &[b"AUTH", password]),
            },
            (None, None) => {}
        }
        if !self.again {
            self.ask_for_the_rest(&mut flight);
        }
        let (bytes, questions) = flight.encode();
        self.awaited = questions.into();
        bytes
    }

    fn ask_for_the_rest(&self, flight: &mut Flight) {
        let options = &self.options;
        if let Some(name) = &options.client_name {
            flight.ask(Question::ClientName, &[b"CLIENT", b"SETNAME", name.as_bytes()]);
        }
        if options.client_info && options.handshake == Extent::Full {
            let version = env!("CARGO_PKG_VERSION").as_bytes();
            flight.ask(
                Question::ClientInfo,
                &[b"CLIENT", b"SETINFO", b"LIB-NAME", b"librediscluster"],
            );
            flight.ask(Question::ClientInfo, &[b"CLIENT", b"SETINFO", b"LIB-VER", version]);
        }
        if options.db != 0 {
            flight.ask(Question::Select, &[b"SELECT", options.db.to_string().as_bytes()]);
        }
        if self.readonly {
            flight.ask(Question::Readonly, &[b"READONLY"]);
        }
    }

    /// Takes the next reply of the flight.
    pub fn take(&mut self, reply: ReplyRef<'_>) -> Result<Progress> {
        let Some(question) = self.awaited.pop_front() else {
            return Err(Error::new(
                Status::Protocol,
                "the server sent more replies than the handshake has commands",
            ));
        };
        if !self.fell_back {
            if reply.kind() == Kind::Error {
                self.refused(question, reply)?;
            } else if question == Question::Hello {
                self.greeted(reply)?;
            }
        }
        Ok(match (self.awaited.is_empty(), self.fell_back) {
            (false, _) => Progress::Receive,
            (true, true) => Progress::Send,
            (true, false) => Progress::Done,
        })
    }

    /// What was agreed on, once done.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    fn greeted(&mut self, reply: ReplyRef<'_>) -> Result<()> {
        let wanted = self.hello.unwrap_or(2);
        let kind = if wanted == 3 { Kind::Map } else { Kind::Array };
        if reply.kind() != kind {
            return Err(Error::new(
                Status::Protocol,
                format!(
                    "HELLO {wanted} was answered with something else than its fields; is this a Redis or Valkey server?"
                ),
            ));
        }
        self.agreement.protocol = wanted;
        let mut fields = reply.children();
        while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
            if name.bytes() == Some(b"availability_zone") {
                self.agreement.availability_zone =
                    value.text().filter(|zone| !zone.is_empty()).map(Into::into);
            }
        }
        Ok(())
    }

    fn refused(&mut self, question: Question, reply: ReplyRef<'_>) -> Result<()> {
        let code = reply.error_code().unwrap_or("ERR");
        let text = String::from_utf8_lossy(reply.bytes().unwrap_or_default()).into_owned();
        let fail =
            |status, message: String| Err(Error::new(status, message).with_server_code(code));
        if text.contains("max number of clients") {
            return fail(
                Status::Connection,
                "the server has reached its limit of clients (maxclients)".into(),
            );
        }
        if code == "DENIED" {
            return fail(
                Status::Connection,
                "the server is in protected mode and takes no connection from this machine: give it a password or bind it"
                    .into(),
            );
        }
        match question {
            Question::Hello | Question::Auth => self.not_let_in(question, code, &text),
            Question::ClientName | Question::ClientInfo if code == "NOAUTH" => {
                self.not_let_in(question, code, &text)
            }
            Question::ClientName if text.starts_with("ERR Client names") => fail(
                Status::Config,
                "the server refuses client_name: it may hold no blanks and no special characters"
                    .into(),
            ),
            // What only helps people to tell connections apart may be refused.
            Question::ClientName | Question::ClientInfo => Ok(()),
            Question::Select | Question::Readonly => {
                let what = match question {
                    Question::Select => format!("SELECT {} (option db)", self.options.db),
                    _ => "READONLY".into(),
                };
                match code {
                    "NOAUTH" => self.not_let_in(question, code, &text),
                    "NOPERM" => fail(
                        Status::Auth,
                        format!("the user may not run {what}: allow it in the server's ACL"),
                    ),
                    "LOADING" => {
                        fail(Status::Loading, format!("the server is loading and refuses {what}"))
                    }
                    _ if question == Question::Select => {
                        fail(Status::Config, format!("the server refuses {what}: {}", shown(&text)))
                    }
                    _ => fail(
                        Status::Config,
                        format!(
                            "the server refuses {what}: {}; is it a cluster node?",
                            shown(&text)
                        ),
                    ),
                }
            }
        }
    }

    /// HELLO or AUTH was refused, or another command for want of them.
    fn not_let_in(&mut self, question: Question, code: &str, text: &str) -> Result<()> {
        let fail = |status, message: &str| Err(Error::new(status, message).with_server_code(code));
        let text = text.to_ascii_lowercase();
        let credentials = self.credentials.is_some();
        if code == "WRONGPASS" || text.contains("invalid password") {
            return fail(
                Status::Auth,
                "the server refuses the username or the password: check both options and the server's ACL",
            );
        }
        if code == "NOAUTH" && !(credentials && question == Question::Hello) {
            return fail(
                Status::Auth,
                "the server asks for a password: set the option password (and username)",
            );
        }
        if code == "LOADING" {
            return fail(Status::Loading, "the server is loading and takes no connection yet");
        }
        if question == Question::Hello {
            if self.options.protocol == Protocol::Resp3 {
                return fail(
                    Status::Config,
                    "the server refuses HELLO 3, which protocol=3 needs: set protocol=auto or protocol=2, or allow HELLO in the ACL",
                );
            }
            self.hello = None;
            self.fell_back = true;
            return Ok(());
        }
        if text.contains("without any password configured") || text.contains("no password is set") {
            return fail(
                Status::Auth,
                "the server has no password configured and refuses the one given: leave the option password out, or set username",
            );
        }
        if code == "NOPERM" {
            return fail(Status::Auth, "the server's ACL does not allow AUTH");
        }
        if text.contains("wrong number of arguments") || text.contains("syntax error") {
            return fail(
                Status::Auth,
                "the server knows no users (it is older than 6.0): leave the option username out",
            );
        }
        fail(Status::Auth, "the server refuses to authenticate the connection")
    }
}

/// A server's words as they may stand in a message.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
#[path = "handshake_tests.rs"]
mod tests;
