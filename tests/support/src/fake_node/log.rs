//! What the nodes saw.

use std::fmt;

use crate::resp::quote;

/// One thing that happened on a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Milliseconds since the nodes started.
    pub ms: f64,
    /// The node, from 1.
    pub node: usize,
    /// The connection's number on its node, from 1.
    pub connection: u64,
    /// What it was.
    pub what: What,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The connection was accepted.
    Opened,
    /// The connection ended, by either side.
    Closed,
    /// A TLS handshake was done.
    Secured {
        /// `TLSv1.3`.
        version: &'static str,
        /// Whether it took up an earlier session.
        resumed: bool,
        /// The server's name that the client asked for.
        name: Option<String>,
        /// The common name in the client's certificate.
        client: Option<String>,
    },
    /// A TLS handshake failed, and why.
    NotSecured(String),
    /// A command arrived.
    Command {
        /// Name and arguments.
        args: Vec<Vec<u8>>,
        /// With which read of the connection its last byte came, from 1: commands with the same
        /// number were (nearly always) sent in one write.
        read: u64,
        /// Whether any rule answered it.
        scripted: bool,
    },
    /// What arrived is no command.
    Rubbish(String),
}

impl Event {
    /// The command's name in capitals, with its subcommand if the family has them; "" for other events.
    pub fn name(&self) -> String {
        match &self.what {
            What::Command { args, .. } => command_name(args),
            _ => String::new(),
        }
    }
}

/// `GET`, `CLUSTER SLOTS`: how commands are counted.
pub fn command_name(args: &[Vec<u8>]) -> String {
    let upper = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_uppercase();
    let name = args.first().map(|name| upper(name)).unwrap_or_default();
    match (name.as_str(), args.get(1)) {
        ("CLUSTER" | "CLIENT" | "CONFIG" | "COMMAND" | "SCRIPT" | "ACL", Some(sub)) => {
            format!("{name} {}", upper(sub))
        }
        _ => name,
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} {} {} ", self.ms, self.node, self.connection)?;
        match &self.what {
            What::Opened => write!(f, "open"),
            What::Closed => write!(f, "close"),
            What::Secured { version, resumed, name, client } => {
                write!(f, "tls {version}")?;
                let told = [("name", name), ("client", client)];
                for (key, value) in told.iter().filter_map(|(k, v)| Some((k, v.as_ref()?))) {
                    write!(f, " {key}={}", quote(value.as_bytes()))?;
                }
                if *resumed { write!(f, " resumed") } else { Ok(()) }
            }
            What::NotSecured(why) => write!(f, "no-tls {}", quote(why.as_bytes())),
            What::Rubbish(why) => write!(f, "rubbish {}", quote(why.as_bytes())),
            What::Command { args, read, scripted } => {
                write!(f, "{} {read}", if *scripted { "command" } else { "unscripted" })?;
                args.iter().try_for_each(|arg| write!(f, " {}", quote(arg)))
            }
        }
    }
}
