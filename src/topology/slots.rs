//! CLUSTER SLOTS: `[start, end, [host, port, id, metadata], replica…]` for each range.

use super::fields::{Malformed, Parsed, bytes, elements, port, range};
use super::identity::Identity;
use super::slot_map::SlotMap;
use super::view::{Description, Mention, Source, View};
use crate::resp::ReplyRef;

/// Reads the whole answer.
pub(super) fn parse<'a>(answer: ReplyRef<'a>, source: Source<'a>) -> Parsed<SlotMap> {
    let mut view = View::new(source);
    for entry in elements(Some(answer), "it is no array")? {
        let mut parts = elements(Some(entry), "an entry is no array")?;
        let (start, end) = (parts.next(), parts.next());
        let range = range(start.and_then(ReplyRef::integer), end.and_then(ReplyRef::integer))?;
        let primary = node(&mut view, parts.next())?;
        view.own(primary, range)?;
        for replica in parts {
            let replica = node(&mut view, Some(replica))?;
            view.follow(replica, primary);
        }
    }
    Ok(view.finish())
}

/// Host and port; the id since 4.0, metadata since 7.0; what may come behind them is not read.
#[inline]
fn node<'a>(view: &mut View<'a>, part: Option<ReplyRef<'a>>) -> Parsed<Mention> {
    let mut fields = elements(part, "an entry names no node")?;
    let (host, port_number, id) = (fields.next(), fields.next(), fields.next());
    if let Some(known) = id.and_then(ReplyRef::bytes).and_then(|id| view.known(id)) {
        return Ok(known);
    }
    let host = bytes(host, "a host is no string")?;
    let port = port(port_number.and_then(ReplyRef::integer))?;
    let id = match id {
        None => b"",
        id => bytes(id, "a node id is no string")?,
    };
    view.add(Identity { host, port, id }, metadata(fields.next())?)
}

/// Names and values in turn; other names than these are left alone.
fn metadata<'a>(part: Option<ReplyRef<'a>>) -> Parsed<Description<'a>> {
    let mut description = Description::default();
    if part.is_none() {
        return Ok(description);
    }
    let mut fields = elements(part, "a node's metadata is neither array nor map")?;
    while let Some(name) = fields.next() {
        let Some(value) = fields.next() else {
            return Err(Malformed("a node's metadata has a name without a value"));
        };
        let place = match name.bytes() {
            Some(b"ip") => &mut description.ip,
            Some(b"hostname") => &mut description.hostname,
            Some(b"availability-zone") => &mut description.zone,
            _ => continue,
        };
        *place = bytes(Some(value), "a node's metadata is no text")?;
    }
    Ok(description)
}
