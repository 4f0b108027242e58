//! CLUSTER NODES: a line for each node,
//! `id ip:port@cport[,hostname[,name=value]…] flags primary ping pong epoch link slot…`.

use super::fields::{Malformed, Parsed, bytes, number, port, range};
use super::identity::Identity;
use super::slot_map::{Health, SlotMap};
use super::view::{Description, Mention, Source, View};
use crate::resp::ReplyRef;

/// Reads the whole answer.
pub(super) fn parse<'a>(answer: ReplyRef<'a>, source: Source<'a>) -> Parsed<SlotMap> {
    let text = text_of(answer)?;
    let mut view = View::new(source);
    let mut ids: Vec<(&'a str, Mention)> = Vec::new();
    let mut replicas: Vec<(Mention, &'a str)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = Line::parse(line)?;
        if line.has("handshake") || line.has("noaddr") {
            // Not part of the cluster yet, or nowhere to be found.
            continue;
        }
        let node = view.add(line.identity, line.description)?;
        ids.push((line.id, node));
        if line.has("master") {
            view.lead(node);
            for slots in line.slots.split_ascii_whitespace() {
                // "[93->-id]" and "[93-<-id]": a slot on the move is still its owner's.
                if !slots.starts_with('[') {
                    let (start, end) = slots.split_once('-').unwrap_or((slots, slots));
                    view.own(node, range(number(start), number(end))?)?;
                }
            }
        } else if line.has("slave") || line.has("replica") {
            replicas.push((node, line.primary));
        } else {
            return Err(Malformed("a node is neither master nor slave"));
        }
    }
    ids.sort_unstable_by_key(|&(id, _)| id);
    for (replica, primary) in replicas {
        if let Ok(at) = ids.binary_search_by_key(&primary, |&(id, _)| id) {
            view.follow(replica, ids[at].1);
        }
    }
    Ok(view.finish())
}

/// Tells the config epoch of each node that the answer names, by its id.
pub(super) fn each_epoch(answer: ReplyRef<'_>, mut tell: impl FnMut(&str, u64)) -> Parsed<()> {
    for line in text_of(answer)?.lines().filter(|line| !line.trim().is_empty()) {
        let line = Line::parse(line)?;
        if let Some(epoch) = line.description.config_epoch {
            tell(line.id, epoch);
        }
    }
    Ok(())
}

fn text_of(answer: ReplyRef<'_>) -> Parsed<&str> {
    match std::str::from_utf8(bytes(Some(answer), "it is no text")?) {
        Ok(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Malformed("it is no text")),
    }
}

struct Line<'a> {
    id: &'a str,
    identity: Identity<'a>,
    description: Description<'a>,
    flags: &'a str,
    primary: &'a str,
    slots: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Parsed<Self> {
        let mut fields = line.splitn(9, ' ');
        let mut field = || fields.next().ok_or(Malformed("a line has fewer than 8 fields"));
        let (id, address, flags, primary) = (field()?, field()?, field()?, field()?);
        let (_ping, _pong, epoch, _link) = (field()?, field()?, field()?, field()?);
        let slots = fields.next().unwrap_or("");
        let (identity, mut description) = address_fields(id, address)?;
        description.config_epoch =
            Some(epoch.parse().map_err(|_| Malformed("a config epoch is no number"))?);
        if flags.split(',').any(|flag| flag == "fail") {
            description.health = Health::Failed;
        }
        Ok(Self { id, identity, description, flags, primary, slots })
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.split(',').any(|other| other == flag)
    }
}

/// `ip:port@cport,hostname,name=value…`; the bus port came with 4.0, the rest with 7.0.
fn address_fields<'a>(id: &'a str, field: &'a str) -> Parsed<(Identity<'a>, Description<'a>)> {
    let mut parts = field.split(',');
    let endpoint = parts.next().unwrap_or("");
    let endpoint = endpoint.split_once('@').map_or(endpoint, |(endpoint, _)| endpoint);
    let Some((host, digits)) = endpoint.rsplit_once(':') else {
        return Err(Malformed("a node has no port"));
    };
    let mut description = Description::default();
    if let Some(hostname) = parts.next() {
        description.hostname = hostname.as_bytes();
    }
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        if name == "availability-zone" {
            description.zone = value.as_bytes();
        }
    }
    let identity =
        Identity { host: host.as_bytes(), port: port(number(digits))?, id: id.as_bytes() };
    Ok((identity, description))
}
