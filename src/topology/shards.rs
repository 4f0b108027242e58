//! CLUSTER SHARDS: `{slots: [start, end, …], nodes: [{id, port, ip, endpoint, role, …}, …]}` each.

use super::fields::{Malformed, Parsed, bytes, elements, port, range};
use super::identity::Identity;
use super::slot_map::{Health, SlotMap};
use super::view::{Description, Mention, Source, View};
use crate::node::Role;
use crate::resp::ReplyRef;

/// Reads the whole answer.
pub(super) fn parse<'a>(answer: ReplyRef<'a>, source: Source<'a>) -> Parsed<SlotMap> {
    let mut view = View::new(source);
    for part in elements(Some(answer), "it is no array")? {
        shard(&mut view, part)?;
    }
    Ok(view.finish())
}

struct Member {
    node: Mention,
    role: Role,
    health: Health,
}

/// One shard: its slots belong to its primary. While a failover settles it may list two; the one that
/// is not failed leads, and of two alike the first.
fn shard<'a>(view: &mut View<'a>, part: ReplyRef<'a>) -> Parsed<()> {
    let mut fields = elements(Some(part), "a shard is neither map nor array")?;
    let (mut ranges, mut members) = (Vec::new(), Vec::new());
    while let Some(name) = fields.next() {
        let Some(value) = fields.next() else {
            return Err(Malformed("a shard has a name without a value"));
        };
        match name.bytes() {
            Some(b"slots") => {
                let mut numbers = elements(Some(value), "a shard's slots are no array")?;
                while let Some(start) = numbers.next() {
                    let end = numbers.next().and_then(ReplyRef::integer);
                    ranges.push(range(start.integer(), end)?);
                }
            }
            Some(b"nodes") => {
                for part in elements(Some(value), "a shard's nodes are no array")? {
                    members.push(member(view, part)?);
                }
            }
            _ => {}
        }
    }
    let primaries = || members.iter().filter(|member| member.role == Role::Primary);
    let leader = primaries()
        .find(|member| member.health != Health::Failed)
        .or_else(|| primaries().next())
        .map(|member| member.node);
    primaries().for_each(|member| view.lead(member.node));
    let Some(leader) = leader else { return Ok(()) };
    for range in ranges {
        view.own(leader, range)?;
    }
    for member in members.iter().filter(|member| member.role == Role::Replica) {
        view.follow(member.node, leader);
    }
    Ok(())
}

/// One node of a shard. Unlike the other two answers it tells both ports, whoever asks: a missing `port`
/// is that of a node that listens for TLS alone. Where only `port` is told, a proxy may do the TLS. The
/// endpoint is what clients are meant to use; servers that name none mean the ip.
fn member<'a>(view: &mut View<'a>, part: ReplyRef<'a>) -> Parsed<Member> {
    let mut fields = elements(Some(part), "a node is neither map nor array")?;
    let mut description = Description::default();
    let (mut endpoint, mut id, mut role) = (None, &b""[..], None);
    let (mut plain_port, mut tls_port) = (0, 0);
    while let Some(name) = fields.next() {
        let value = fields.next();
        let text = || bytes(value, "a node's field is no text");
        match name.bytes() {
            Some(b"id") => id = text()?,
            Some(b"port") => plain_port = port(value.and_then(ReplyRef::integer))?,
            Some(b"tls-port") => tls_port = port(value.and_then(ReplyRef::integer))?,
            Some(b"endpoint") => endpoint = Some(text()?),
            Some(b"ip") => description.ip = text()?,
            Some(b"hostname") => description.hostname = text()?,
            Some(b"availability-zone") => description.zone = text()?,
            Some(b"role") => role = Some(role_of(text()?)?),
            Some(b"health") => description.health = health_of(text()?),
            _ if value.is_none() => return Err(Malformed("a node has a name without a value")),
            _ => {}
        }
    }
    let Some(role) = role else { return Err(Malformed("a node has no role")) };
    let port = if view.is_for_tls() && tls_port != 0 { tls_port } else { plain_port };
    let identity = Identity { host: endpoint.unwrap_or(description.ip), port, id };
    let node = view.add(identity, description)?;
    Ok(Member { node, role, health: description.health })
}

fn role_of(text: &[u8]) -> Parsed<Role> {
    match text {
        b"master" | b"primary" => Ok(Role::Primary),
        b"replica" | b"slave" => Ok(Role::Replica),
        _ => Err(Malformed("a node's role is neither master nor replica")),
    }
}

fn health_of(text: &[u8]) -> Health {
    match text {
        b"fail" | b"failed" => Health::Failed,
        b"loading" => Health::Loading,
        _ => Health::Online,
    }
}
