//! A node's address and role.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// A host (name, IPv4 or IPv6 address, never in brackets) and a port.
///
/// Cheap to clone: a node's address stands in maps, connections and errors.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeAddress {
    /// Host name or numeric address; an IPv6 address without its brackets, in its shortest form.
    pub host: Arc<str>,
    /// TCP port, 1 to 65535.
    pub port: u16,
}

/// What a node is to its shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Serves the shard's slots, reads and writes.
    Primary,
    /// Copies a primary; serves reads after READONLY.
    Replica,
}

impl NodeAddress {
    /// An address from its parts. Brackets around an IPv6 host are taken off, and the address is
    /// written in its shortest form, so that two texts of one address are the same node.
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let host = match bare.contains(':').then(|| bare.parse::<Ipv6Addr>()) {
            Some(Ok(address)) => Arc::from(address.to_string()),
            _ => Arc::from(bare),
        };
        Self { host, port }
    }

    /// True if both name the same: hosts are equal in any letter case.
    pub fn is(&self, other: &Self) -> bool {
        self.port == other.port && self.host.eq_ignore_ascii_case(&other.host)
    }

    /// Reads `host:port`, `[v6]:port` or the server's own `v6:port` (the last colon parts the port,
    /// as in MOVED and CLUSTER NODES). The error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(format!("\"{text}\" has no port: write host:port"));
        };
        // Digits alone: parse() takes a sign too.
        let port = match port.parse::<u16>() {
            Ok(number @ 1..) if port.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err(format!("\"{text}\": the port must be a number from 1 to 65535")),
        };
        match host {
            "" => Err(format!("\"{text}\" has no host: write host:port")),
            host => match check_host(host) {
                Ok(()) => Ok(Self::new(host, port)),
                Err(problem) => Err(format!("\"{text}\": {problem}")),
            },
        }
    }
}

/// More than any name of the DNS has.
const LONGEST_HOST: usize = 255;

/// Checks a host as it is written: a name, an IPv4 address, or an IPv6 address with brackets or without.
/// The error goes on from the host.
pub fn check_host(host: &str) -> Result<(), &'static str> {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if host.contains(['[', ']'])
        && bracketed.is_none_or(|inside| inside.parse::<Ipv6Addr>().is_err())
    {
        return Err("brackets hold an IPv6 address");
    }
    if bracketed.is_none() && host.contains(':') && host.parse::<Ipv6Addr>().is_err() {
        return Err("a host with a colon is an IPv6 address, and this is none");
    }
    if host.is_empty() {
        return Err("the host is empty");
    }
    if host.len() > LONGEST_HOST {
        return Err("the host is longer than any name");
    }
    if host.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("a host name holds a blank or a control character");
    }
    Ok(())
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_address() {
        for (text, host, port, shown) in [
            ("localhost:7000", "localhost", 7000, "localhost:7000"),
            ("127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"),
            ("[::1]:6381", "::1", 6381, "[::1]:6381"),
            ("::1:6381", "::1", 6381, "[::1]:6381"),
            ("[FE80:0:0::01]:7", "fe80::1", 7, "[fe80::1]:7"),
        ] {
            let address = NodeAddress::parse(text).unwrap();
            assert_eq!((&*address.host, address.port), (host, port));
            assert_eq!(address.to_string(), shown);
        }
        for bad in [
            "",
            "host",
            "host:",
            ":1",
            "host:0",
            "host:65536",
            "host:x",
            "[a]:1",
            "a:b:1",
            "a b:1",
            "h:-1",
            "h:+1",
            "[::1:5",
            "::1]:5",
            "a[b]:5",
        ] {
            assert!(NodeAddress::parse(bad).is_err(), "{bad}");
        }
        assert!(NodeAddress::parse(&format!("{}:1", "a".repeat(255))).is_ok());
        assert!(NodeAddress::parse(&format!("{}:1", "a".repeat(256))).is_err());
    }
}
