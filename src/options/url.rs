//! `redis://[user[:password]@]host[:port][,host[:port]…][/db][?name=value&…]`.
//!
//! A password that was written without percent-encoding can end up in any part of a URL. So an error
//! repeats nothing of it but a host, and the names and values of options once the rest is known to
//! hold no stray `@`.

use std::net::Ipv6Addr;

use zeroize::Zeroizing;

use super::Options;
use super::field::whole;
use super::row::{Row, find};
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;

/// The port of a host that names none.
const PORT: u16 = 6379;

fn refused(problem: impl std::fmt::Display) -> Error {
    Error::new(Status::Config, format!("the URL {problem}"))
}

/// Reads a URL into options that have their defaults elsewhere.
pub(super) fn read(url: &str) -> Result<Options> {
    if url.chars().any(char::is_control) {
        return Err(refused("holds a control character"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(refused("has no scheme: write redis://host:port"));
    };
    let is_tls = match scheme.to_ascii_lowercase().as_str() {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        _ => return Err(refused("has another scheme than redis:// or rediss:// (or valkey://)")),
    };
    if rest.contains('#') {
        return Err(refused("holds a \"#\": write %23 for it"));
    }
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = before_query.split_once('/').unwrap_or((before_query, ""));
    if path.contains('@') || query.contains('@') {
        return Err(refused(
            "holds an \"@\" behind a \"/\" or \"?\": write %2F, %3F and %40 for these in user, \
             password and values",
        ));
    }

    let mut reader = Reader { options: Options::new(), seen: Vec::new() };
    if is_tls {
        reader.set("ssl", "yes")?;
    }
    // The last one: an "@" in a password that was not encoded does no harm.
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (credentials, hosts),
        None => ("", authority),
    };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    reader.set_part("username", "user", user)?;
    reader.set_part("password", "password", password)?;
    reader.set_hosts(hosts)?;
    if !path.is_empty() {
        if whole(path).is_none() {
            return Err(refused("has a path that is no database number: write /0, or nothing"));
        }
        reader.set("db", path)?;
    }
    for entry in query.split('&').filter(|entry| !entry.is_empty()) {
        let Some((name, value)) = entry.split_once('=') else {
            return Err(refused("holds an option without \"=\": write ?name=value&name=value"));
        };
        let name = decoded(name).ok_or_else(|| badly_encoded("name of an option"))?;
        let value = decoded(value).ok_or_else(|| badly_encoded("value of an option"))?;
        reader.set(&name, &value)?;
    }
    Ok(reader.options)
}

struct Reader {
    options: Options,
    /// What has been set, with the name it was set by.
    seen: Vec<(&'static str, &'static str)>,
}

impl Reader {
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let row = find(name)?;
        self.once(row)?;
        row.set(&mut self.options, value)
    }

    /// Refuses what sets the same thing a second time: which one was meant, nobody can tell.
    fn once(&mut self, row: &'static Row) -> Result<()> {
        let (subject, name) = (row.subject(), row.name());
        match self.seen.iter().find(|(known, _)| *known == subject) {
            Some((_, before)) if *before == name => {
                Err(refused(format_args!("sets option \"{name}\" twice")))
            }
            Some((_, before)) => Err(refused(format_args!(
                "sets both \"{before}\" and \"{name}\": give one of them"
            ))),
            None => {
                self.seen.push((subject, name));
                Ok(())
            }
        }
    }

    /// An option that has a place of its own in front of the hosts; empty is as good as not there.
    fn set_part(&mut self, name: &str, part: &str, raw: &str) -> Result<()> {
        if raw.is_empty() {
            return Ok(());
        }
        let value = decoded(raw).ok_or_else(|| badly_encoded(part))?;
        self.set(name, &value)
    }

    fn set_hosts(&mut self, hosts: &str) -> Result<()> {
        self.once(find("startup_nodes")?)?;
        let nodes = hosts.split(',').enumerate().map(|(i, entry)| {
            host(entry).map_err(|problem| {
                Error::new(Status::Config, format!("startup_nodes entry {} {problem}", i + 1))
            })
        });
        self.options.startup_nodes = nodes.collect::<Result<_>>()?;
        Ok(())
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`. The error shows the host alone: where the "@" was
/// forgotten, what looks like a port is a password.
fn host(entry: &str) -> Result<NodeAddress, String> {
    let (raw, port) = match entry.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, rest)) if rest.starts_with(':') => (address, Some(&rest[1..])),
            _ => return Err("has brackets that do not hold an IPv6 address".into()),
        },
        None => match entry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (entry, None),
        },
    };
    if raw.is_empty() {
        return Err("has no host: write redis://host:port".into());
    }
    let host = decoded(raw).ok_or("holds a \"%\" that is not followed by two hex digits")?;
    if host.chars().any(|c| c.is_control() || c.is_whitespace() || "@/?#[],".contains(c)) {
        return Err("has a host with a character that no host name has".into());
    }
    let is_v6 = host.parse::<Ipv6Addr>().is_ok();
    if entry.starts_with('[') != is_v6 && (entry.starts_with('[') || host.contains(':')) {
        return Err("has brackets that do not hold an IPv6 address".into());
    }
    let port = match port {
        None => PORT,
        Some(port) => match whole(port).and_then(|port| u16::try_from(port).ok()) {
            Some(port @ 1..) => port,
            _ if port.contains(':') => {
                return Err("has more than one \":\": an IPv6 address stands in brackets".into());
            }
            _ => {
                return Err(format!(
                    "(host \"{}\"): the port must be a number from 1 to 65535",
                    *host
                ));
            }
        },
    };
    Ok(NodeAddress::new(&host, port))
}

fn badly_encoded(part: &str) -> Error {
    refused(format_args!(
        "is badly encoded in the {part}: \"%\" is followed by two hex digits (%25 is \"%\" itself), \
         and the whole is UTF-8"
    ))
}

/// Takes percent-encoding off; None where it is none, or what it gives is not UTF-8. Strict, unlike
/// the usual decoders, which let "%" stand where it makes no sense: a password must not change
/// silently. It may be a password, so it does not stay in memory.
fn decoded(raw: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            _ => byte,
        });
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
