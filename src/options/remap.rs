//! `host_port_remap`: rules that give announced addresses others to be dialled at.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::field::{quoted, whole};
use crate::node::{NodeAddress, check_host};

/// Rules in the order in which they are tried: the first that matches is applied, once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules(Arc<[Rule]>);

/// One rule: what it compares and replaces, at least one of the two.
#[derive(Debug)]
struct Rule {
    host: Option<(Host, Arc<str>)>,
    port: Option<(u16, u16)>,
}

/// The host that a rule looks for.
#[derive(Debug)]
enum Host {
    /// In any letter case.
    Name(Box<str>),
    /// However it is written.
    Ip(IpAddr),
}

impl Host {
    fn is(&self, name: &str, ip: Option<IpAddr>) -> bool {
        match self {
            Self::Name(own) => ip.is_none() && own.eq_ignore_ascii_case(name),
            Self::Ip(own) => Some(*own) == ip,
        }
    }
}

impl Rules {
    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the first rule that matches leads; `None` if none does.
    pub fn apply(&self, address: &NodeAddress) -> Option<NodeAddress> {
        if self.is_empty() {
            return None;
        }
        let ip = address.host.parse::<IpAddr>().ok();
        let rule = self.0.iter().find(|rule| {
            rule.port.is_none_or(|(from, _)| from == address.port)
                && rule.host.as_ref().is_none_or(|(from, _)| from.is(&address.host, ip))
        })?;
        Some(NodeAddress {
            host: Arc::clone(rule.host.as_ref().map_or(&address.host, |(_, to)| to)),
            port: rule.port.map_or(address.port, |(_, to)| to),
        })
    }

    /// Reads rules parted by commas. The error names the entry by its number.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let read = |(i, entry): (usize, &str)| {
            Rule::parse(entry.trim()).map_err(|problem| format!("entry {}: {problem}", i + 1))
        };
        text.split(',').enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

/// As [`Rules::parse`] reads them.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Rule { host, port }) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            if let Some((from, _)) = host {
                match from {
                    Host::Name(name) => f.write_str(name)?,
                    Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}")?,
                    Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
                }
            }
            if let Some((from, _)) = port {
                write!(f, ":{from}")?;
            }
            f.write_str("=")?;
            match host {
                Some((_, to)) if to.contains(':') => write!(f, "[{to}]")?,
                Some((_, to)) => f.write_str(to)?,
                None => {}
            }
            if let Some((_, to)) = port {
                write!(f, ":{to}")?;
            }
        }
        Ok(())
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, String> {
        // A URL in the wrong place may hold a password: nothing of it is repeated.
        if entry.contains(['@', '/', '?', '#']) {
            return Err("a rule is from_host:from_port=to_host:to_port, and this is none".into());
        }
        if entry.is_empty() {
            return Err("there is no rule: take the comma away, or write one".into());
        }
        let refused = |problem: &str| Err(format!("{}: {problem}", quoted(entry)));
        let Some((from, to)) = entry.split_once('=') else {
            return refused("there is no \"=\": write from=to");
        };
        let side =
            |text: &str| side(text).map_err(|problem| format!("{}: {problem}", quoted(entry)));
        let (from, to) = (side(from)?, side(to)?);
        let host = match (from.host, to.host) {
            (Some(from), Some(to)) => Some((
                match from.parse() {
                    Ok(ip) => Host::Ip(ip),
                    Err(_) => Host::Name(from.as_ref().into()),
                },
                to,
            )),
            (None, None) => None,
            _ => return refused("a host stands on both sides, or on neither"),
        };
        let port = match (from.port, to.port) {
            (Some(from), Some(to)) => Some((from, to)),
            (None, None) => None,
            _ => return refused("a port stands on both sides, or on neither"),
        };
        Ok(Self { host, port })
    }
}

/// One side of a rule.
struct Side {
    host: Option<Arc<str>>,
    port: Option<u16>,
}

/// `host`, `:port` or `host:port`.
fn side(text: &str) -> Result<Side, &'static str> {
    let text = text.trim();
    let (host, port) = match text.rsplit_once(']') {
        Some(("" | "[", _)) => return Err("brackets hold an IPv6 address"),
        Some((address, rest)) => (&text[..=address.len()], rest.strip_prefix(':').ok_or(rest)),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Ok(port)),
            None => (text, Err("")),
        },
    };
    let port = match port {
        Ok(port) if port.contains(':') => return Err("an IPv6 address stands in brackets"),
        Ok(port) => match whole(port).and_then(|port| u16::try_from(port).ok()) {
            Some(port @ 1..) => Some(port),
            _ => return Err("a port is a number from 1 to 65535"),
        },
        Err("") => None,
        Err(_) => return Err("behind the brackets there is a colon and the port, or nothing"),
    };
    if host.is_empty() {
        return match port {
            Some(_) => Ok(Side { host: None, port }),
            None => Err("there is nothing on one side of the \"=\""),
        };
    }
    check_host(host)?;
    // By way of an address, which writes IPv6 hosts in their one form.
    Ok(Side { host: Some(NodeAddress::new(host, 1).host), port })
}

#[cfg(test)]
#[path = "remap_tests.rs"]
mod tests;
