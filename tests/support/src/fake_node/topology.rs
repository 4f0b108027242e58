//! The shorthand for a topology, and the three commands that tell it.

use std::net::SocketAddr;

use super::script::Form;
use crate::resp::Value;

/// One shard of the shorthand `RANGES=TARGET[,replica:TARGET]…`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard {
    /// First and last slot of each range.
    pub ranges: Vec<(u16, u16)>,
    /// The primary, then its replicas.
    pub members: Vec<Member>,
}

/// A node as a topology tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    place: Place,
    /// What is announced instead of the node's own host: `@HOST`; "" and "nil" too.
    announced: Option<String>,
    /// `/name=value` attributes: hostname, zone, health, flags, epoch, id, or any metadata.
    attributes: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Place {
    Node(usize),
    Elsewhere(String, u16),
}

/// Reads the words of a topology.
pub fn parse(words: &[Vec<u8>]) -> Result<Vec<Shard>, String> {
    let mut shards = Vec::new();
    for word in words {
        let text = String::from_utf8_lossy(word);
        let usage = || format!("\"{text}\": write RANGES=NODE[,replica:NODE]…");
        let (ranges, members) = text.split_once('=').ok_or_else(usage)?;
        let (ranges, each) = match ranges.strip_prefix("each:") {
            Some(ranges) => (ranges, true),
            None => (ranges, false),
        };
        let mut shard = Shard { ranges: Vec::new(), members: Vec::new() };
        for range in ranges.split('+').filter(|range| *range != "none") {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let slot = |text: &str| text.parse::<u16>().map_err(|_| usage());
            let (first, last) = (slot(first)?, slot(last)?);
            if first > last {
                return Err(usage());
            }
            if each {
                shard.ranges.extend((first..=last).map(|slot| (slot, slot)));
            } else {
                shard.ranges.push((first, last));
            }
        }
        for (i, text) in members.split(',').enumerate() {
            let text = match (i, text.strip_prefix("replica:")) {
                (0, None) => text,
                (1.., Some(rest)) => rest,
                _ => return Err(usage()),
            };
            shard.members.push(member(text).ok_or_else(usage)?);
        }
        shards.push(shard);
    }
    Ok(shards)
}

fn member(text: &str) -> Option<Member> {
    let mut parts = text.split('/');
    let place = parts.next()?;
    let attribute = |part: &str| {
        part.split_once('=').map(|(name, value)| (name.to_string(), value.to_string()))
    };
    let attributes = parts.map(attribute).collect::<Option<_>>()?;
    let (place, announced) = match place.split_once('@') {
        Some((place, host)) => (place, Some(host.to_string())),
        None => (place, None),
    };
    let place = match place.rsplit_once(':') {
        Some((host, port)) => Place::Elsewhere(host.to_string(), port.parse().ok()?),
        None => Place::Node(place.parse().ok().filter(|&node| node > 0)?),
    };
    Some(Member { place, announced, attributes })
}

/// The id of one of the script's own nodes: 40 hexadecimal digits.
pub fn node_id(node: usize) -> String {
    format!("{:040x}", 0xfa4e_0000 + node)
}

impl Member {
    fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn id(&self) -> String {
        match (&self.place, self.attribute("id")) {
            (_, Some(id)) => id.to_string(),
            (Place::Node(node), _) => node_id(*node),
            (Place::Elsewhere(host, port), _) => {
                let hash = |h: u64, b: u8| h.wrapping_mul(0x100_0000_01b3) ^ u64::from(b);
                let hash = format!("{host}:{port}").bytes().fold(0xcbf2_9ce4_8422_2325, hash);
                format!("{hash:040x}")
            }
        }
    }

    /// Host and port as announced; `None` for a host that is nil.
    fn address(&self, nodes: &[SocketAddr]) -> (Option<String>, u16) {
        let (host, port) = match &self.place {
            Place::Elsewhere(host, port) => (host.clone(), *port),
            Place::Node(node) => match nodes.get(node - 1) {
                Some(address) => (address.ip().to_string(), address.port()),
                None => ("?".to_string(), 0),
            },
        };
        match self.announced.as_deref() {
            Some("nil") => (None, port),
            Some(other) => (Some(other.to_string()), port),
            None => (Some(host), port),
        }
    }

    fn node(&self) -> Option<usize> {
        match self.place {
            Place::Node(node) => Some(node),
            Place::Elsewhere(..) => None,
        }
    }
}

/// The answer of `myself` to one of the three commands.
pub fn answer(form: Form, shards: &[Shard], nodes: &[SocketAddr], myself: usize) -> Value {
    match form {
        Form::Slots => slots(shards, nodes),
        Form::Shards => Value::Array(shards.iter().map(|s| shard(s, nodes)).collect()),
        Form::Nodes => Value::Bulk(lines(shards, nodes, myself).into_bytes()),
    }
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::Nil, |text| Value::Bulk(text.into_bytes()))
}

fn slots(shards: &[Shard], nodes: &[SocketAddr]) -> Value {
    let mut entries = Vec::new();
    for shard in shards {
        for &(first, last) in &shard.ranges {
            let mut entry = vec![Value::Integer(first.into()), Value::Integer(last.into())];
            for member in &shard.members {
                let (host, port) = member.address(nodes);
                let known = ["health", "flags", "epoch", "id"];
                let metadata = member.attributes.iter().filter(|(key, _)| !known.contains(&&**key));
                let metadata = metadata.flat_map(|(key, value)| {
                    let key = if key == "zone" { "availability-zone" } else { key };
                    [Value::bulk(key), Value::bulk(value)]
                });
                entry.push(Value::Array(vec![
                    optional(host),
                    Value::Integer(port.into()),
                    Value::bulk(member.id()),
                    Value::Array(metadata.collect()),
                ]));
            }
            entries.push(Value::Array(entry));
        }
    }
    Value::Array(entries)
}

fn shard(shard: &Shard, nodes: &[SocketAddr]) -> Value {
    let ends = shard.ranges.iter().flat_map(|&(first, last)| [first, last]);
    let members = shard.members.iter().enumerate().map(|(i, member)| {
        let (host, port) = member.address(nodes);
        let endpoint = member.attribute("hostname").map(str::to_string).or(host.clone());
        let mut pairs = vec![
            (Value::bulk("id"), Value::bulk(member.id())),
            (Value::bulk("port"), Value::Integer(port.into())),
            (Value::bulk("ip"), optional(host)),
            (Value::bulk("endpoint"), optional(endpoint)),
            (Value::bulk("role"), Value::bulk(if i == 0 { "master" } else { "replica" })),
            (Value::bulk("replication-offset"), Value::Integer(0)),
            (Value::bulk("health"), Value::bulk(member.attribute("health").unwrap_or("online"))),
        ];
        for (key, name) in [("hostname", "hostname"), ("zone", "availability-zone")] {
            if let Some(value) = member.attribute(key) {
                pairs.push((Value::bulk(name), Value::bulk(value)));
            }
        }
        Value::Map(pairs)
    });
    Value::Map(vec![
        (
            Value::bulk("slots"),
            Value::Array(ends.map(|slot| Value::Integer(slot.into())).collect()),
        ),
        (Value::bulk("nodes"), Value::Array(members.collect())),
    ])
}

fn lines(shards: &[Shard], nodes: &[SocketAddr], myself: usize) -> String {
    let mut out = String::new();
    for (number, shard) in shards.iter().enumerate() {
        for (i, member) in shard.members.iter().enumerate() {
            let (host, port) = member.address(nodes);
            let hostname = member.attribute("hostname").map(|name| format!(",{name}"));
            let mut flags = String::new();
            if member.node() == Some(myself) {
                flags.push_str("myself,");
            }
            flags.push_str(if i == 0 { "master" } else { "slave" });
            if let Some(more) = member.attribute("flags") {
                flags.push(',');
                flags.push_str(more);
            }
            let primary = if i == 0 { "-".to_string() } else { shard.members[0].id() };
            let epoch = member.attribute("epoch").map_or((number + 1).to_string(), str::to_string);
            let linked = if flags.contains("fail") { "disconnected" } else { "connected" };
            out.push_str(&format!(
                "{} {}:{port}@{}{} {flags} {primary} 0 0 {epoch} {linked}",
                member.id(),
                host.unwrap_or_default(),
                u32::from(port) + 10000,
                hostname.unwrap_or_default(),
            ));
            if i == 0 {
                for &(first, last) in &shard.ranges {
                    if first == last {
                        out.push_str(&format!(" {first}"));
                    } else {
                        out.push_str(&format!(" {first}-{last}"));
                    }
                }
            }
            out.push('\n');
        }
    }
    out
}

/// The highest of the script's own nodes that is spoken of.
pub fn highest(shards: &[Shard]) -> usize {
    shards.iter().flat_map(|shard| &shard.members).filter_map(Member::node).max().unwrap_or(0)
}

/// The node of the script that owns a slot.
pub fn owner(shards: &[Shard], slot: u16) -> Option<usize> {
    let holds = |shard: &&Shard| shard.ranges.iter().any(|r| (r.0..=r.1).contains(&slot));
    shards.iter().find(holds).and_then(|shard| shard.members[0].node())
}

/// The slot of a key.
pub fn key_slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&b| b == b'{').and_then(|open| {
        let length = key[open + 1..].iter().position(|&b| b == b'}')?;
        (length > 0).then(|| &key[open + 1..open + 1 + length])
    });
    let crc = tag.unwrap_or(key).iter().fold(0u16, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 }
        })
    });
    crc % 16384
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<u8>> {
        text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn the_three_forms() {
        let nodes = ["127.0.0.1:7001".parse().unwrap(), "127.0.0.1:7002".parse().unwrap()];
        let spec = "0-9+11=1/epoch=7,replica:2@/hostname=b.example/zone=eu 12-16383=10.0.0.9:6379";
        let shards = parse(&words(spec)).unwrap();
        let text = answer(Form::Slots, &shards, &nodes, 1).to_string();
        assert!(text.starts_with("[[0 9 [127.0.0.1 7001 "), "{text}");
        assert!(text.contains("[\"\" 7002 "), "{text}");
        assert!(text.contains("[hostname b.example availability-zone eu]"), "{text}");
        let lines = answer(Form::Nodes, &shards, &nodes, 1).text();
        assert!(lines.contains("127.0.0.1:7001@17001 myself,master - 0 0 7 connected 0-9 11\n"));
        assert!(lines.contains(&format!(":7002@17002,b.example slave {} ", node_id(1))), "{lines}");
        let shards_text = answer(Form::Shards, &shards, &nodes, 1).to_string();
        assert!(shards_text.contains("{slots [0 9 11 11] nodes [{id "), "{shards_text}");
        assert_eq!(
            (owner(&shards, 11), owner(&shards, 10), owner(&shards, 12)),
            (Some(1), None, None)
        );
        assert_eq!(parse(&words("each:0-99=1")).unwrap()[0].ranges.len(), 100);
        for bad in ["0-5", "5-1=1", "0-5=x", "0-5=0", "0=1,2", "99999=1"] {
            assert!(parse(&words(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn slots_of_keys() {
        assert_eq!(
            (key_slot(b"123456789"), key_slot(b"foo"), key_slot(b"a{foo}b")),
            (12739, 12182, 12182)
        );
    }
}
