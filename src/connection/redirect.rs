//! The text of a redirect: `MOVED 3999 127.0.0.1:6381`, `ASK 3999 [::1]:6381`.

use crate::error::{Error, Result, Status};
use crate::node::check_host;
use crate::slot::SLOT_COUNT;

/// Whether a slot has another owner, or only this command is to go elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RedirectKind {
    /// The slot is the other node's, from now on.
    Moved,
    /// The slot is on the move, and this command is for the other node, with ASKING before it.
    Ask,
}

/// Where a server sends a command that it does not serve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirect<'a> {
    /// For good or for once.
    pub kind: RedirectKind,
    /// The command's slot.
    pub slot: u16,
    /// The other node, as the server announces it.
    pub to: Endpoint<'a>,
}

/// An announced address: not yet one that is dialled, for the host may be empty (the host that answered)
/// or "?" (unknown), and it may have to be translated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint<'a> {
    /// A name, an address (an IPv6 one with brackets or without), "?" or nothing.
    pub host: &'a str,
    /// 1 to 65535.
    pub port: u16,
}

impl<'a> Redirect<'a> {
    /// Reads the text of an error reply whose code is MOVED or ASK.
    ///
    /// # Errors
    /// PROTOCOL: what is wrong, without the text, which a server chose.
    pub fn parse(text: &'a [u8]) -> Result<Self> {
        Self::read(text).map_err(|problem| {
            Error::new(Status::Protocol, format!("the server's redirect makes no sense: {problem}"))
        })
    }

    fn read(text: &'a [u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "it is no text")?;
        let mut words = text.split(' ');
        let kind = match words.next() {
            Some("MOVED") => RedirectKind::Moved,
            Some("ASK") => RedirectKind::Ask,
            _ => return Err("it is neither MOVED nor ASK"),
        };
        let slot = words.next().and_then(decimal).filter(|&slot| slot < SLOT_COUNT);
        let slot = slot.ok_or("the slot is no number from 0 to 16383")?;
        let to = Endpoint::parse(words.next().ok_or("it names no node")?)?;
        match words.next() {
            None => Ok(Self { kind, slot, to }),
            Some(_) => Err("there is more behind the node"),
        }
    }
}

impl<'a> Endpoint<'a> {
    /// Reads `host:port` as servers write it: the last colon parts the port, the host may be empty. The
    /// error says what is wrong.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let (host, port) = text.rsplit_once(':').ok_or("the node has no port")?;
        let port = decimal(port).filter(|&port| port > 0);
        let port = port.ok_or("the port is no number from 1 to 65535")?;
        if !host.is_empty() {
            check_host(host)?;
        }
        Ok(Self { host, port })
    }
}

/// Digits and nothing else: parse() takes a sign, too.
fn decimal(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_write() {
        use RedirectKind::{Ask, Moved};
        for (text, kind, slot, host, port) in [
            ("MOVED 3999 127.0.0.1:6381", Moved, 3999, "127.0.0.1", 6381),
            ("ASK 0 node-a.example:1", Ask, 0, "node-a.example", 1),
            ("MOVED 16383 :65535", Moved, 16383, "", 65535),
            ("MOVED 1 ?:6381", Moved, 1, "?", 6381),
            ("ASK 3999 ::1:6381", Ask, 3999, "::1", 6381),
            ("MOVED 3999 [::1]:6381", Moved, 3999, "[::1]", 6381),
            ("MOVED 3999 2001:db8::7:6381", Moved, 3999, "2001:db8::7", 6381),
        ] {
            let expected = Redirect { kind, slot, to: Endpoint { host, port } };
            assert_eq!(Redirect::parse(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_protocol_error_that_says_why() {
        for (text, part) in [
            ("", "neither MOVED nor ASK"),
            ("moved 1 a:1", "neither MOVED nor ASK"),
            ("MOVEDX 1 a:1", "neither MOVED nor ASK"),
            ("ERR secret", "neither MOVED nor ASK"),
            ("MOVED", "the slot"),
            ("MOVED x", "the slot"),
            ("MOVED secret a:1", "the slot"),
            ("MOVED 99999 a:1", "the slot"),
            ("MOVED 16384 a:1", "the slot"),
            ("MOVED -1 a:1", "the slot"),
            ("MOVED +1 a:1", "the slot"),
            ("MOVED  1 a:1", "the slot"),
            ("MOVED 1", "names no node"),
            ("MOVED 1 ", "no port"),
            ("MOVED 1 secret", "no port"),
            ("MOVED 1 a:0", "the port"),
            ("MOVED 1 a:", "the port"),
            ("MOVED 1 :", "the port"),
            ("MOVED 1 a:70000", "the port"),
            ("MOVED 1 a:+1", "the port"),
            ("MOVED 1 a:secret", "the port"),
            ("MOVED 1 a:b:1", "IPv6"),
            ("MOVED 1 [a]:1", "brackets"),
            ("MOVED 1 [::1:1", "brackets"),
            ("MOVED 1 a\u{7}b:1", "control"),
            ("MOVED 1 a:1 secret", "more behind"),
            ("MOVED 1 a:1 ", "more behind"),
        ] {
            let error = Redirect::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.status(), Status::Protocol, "{text}");
            assert!(error.message().contains(part), "{text}: {error}");
            assert!(!error.message().contains("secret"), "{text}: {error}");
        }
        assert!(Redirect::parse(b"MOVED 1 \xff:1").is_err());
        assert_eq!(Endpoint::parse(":7000"), Ok(Endpoint { host: "", port: 7000 }));
    }
}
