//! A server's own description of a command: one entry of its reply to COMMAND INFO.

use std::borrow::Cow;

use crate::resp::ReplyRef;

use super::block::Blocking;
use super::flags::{Flags, KeyFlags};
use super::spec::{Begin, Find, KeySpec, Request, Response, Spec};

/// Subcommands of subcommands there are none; what comes deeper is left out.
const DEPTH: usize = 2;

impl Spec {
    /// What an entry says, in RESP2 or RESP3: the command, and its subcommands behind it. Nothing, if
    /// it is nil or is no such entry. Servers before 7.0 say less of the keys and nothing of policies.
    pub fn parse(entry: ReplyRef<'_>) -> Vec<Self> {
        let mut specs = Vec::new();
        let mut level = vec![entry];
        for _ in 0..DEPTH {
            let mut below = Vec::new();
            for entry in level {
                let parts: Vec<_> = entry.children().collect();
                let Some(mut spec) = command(&parts) else { continue };
                let subcommands = parts.get(9).map(|list| list.children());
                let subcommands: Vec<_> = subcommands.into_iter().flatten().collect();
                if !subcommands.is_empty() {
                    spec.flags = spec.flags.with(Flags::CONTAINER);
                }
                specs.push(spec);
                below.extend(subcommands);
            }
            level = below;
        }
        specs
    }
}

fn command(parts: &[ReplyRef<'_>]) -> Option<Spec> {
    let [name, arity, flags, ..] = parts else { return None };
    let name = name.text().filter(|name| !name.is_empty())?;
    let name = name.to_ascii_uppercase().replace('|', " ");
    let arity = arity.integer()?.try_into().ok()?;
    let flags = words(*flags).map(Flags::named).fold(Flags::NONE, Flags::with);
    let mut keys = match parts.get(8) {
        Some(list) => list.children().map(key_spec).collect(),
        None => places(parts),
    };
    // Keys that move although every specification is of fixed places: the module itself finds them.
    if flags.has(Flags::MOVABLE_KEYS) && keys.iter().all(KeySpec::is_fixed) {
        let flags = KeyFlags::INCOMPLETE;
        keys.push(KeySpec { begin: Begin::Unknown, find: Find::Unknown, flags });
    }
    let tips = || parts.get(7).into_iter().flat_map(|&tips| words(tips));
    let policy = |name| tips().find_map(|tip| tip.strip_prefix(name));
    let request = request(policy("request_policy:"));
    let response = response(policy("response_policy:"));
    let blocks = flags.has(Flags::BLOCKING);
    let timeout = if blocks { Blocking::Unknown } else { Blocking::Never };
    let mut spec = Spec::known("", arity, flags, &[], request, response, timeout).with_keys(keys);
    spec.name = Cow::Owned(name);
    Some(spec)
}

/// The texts of a list.
fn words(list: ReplyRef<'_>) -> impl Iterator<Item = &str> {
    list.children().filter_map(ReplyRef::text)
}

fn request(policy: Option<&str>) -> Request {
    match policy {
        Some("all_nodes") => Request::AllNodes,
        Some("all_shards") => Request::AllShards,
        Some("multi_shard") => Request::MultiShard,
        Some("special") => Request::Special,
        _ => Request::One,
    }
}

fn response(policy: Option<&str>) -> Response {
    match policy {
        Some("one_succeeded") => Response::OneSucceeded,
        Some("all_succeeded") => Response::AllSucceeded,
        Some("agg_logical_and") => Response::AggLogicalAnd,
        Some("agg_logical_or") => Response::AggLogicalOr,
        Some("agg_min") => Response::AggMin,
        Some("agg_max") => Response::AggMax,
        Some("agg_sum") => Response::AggSum,
        Some("special") => Response::Special,
        _ => Response::Default,
    }
}

/// The places of keys as servers before 7.0 told them: first, last, step.
fn places(parts: &[ReplyRef<'_>]) -> Vec<KeySpec> {
    let place = |index: usize| parts.get(index).and_then(|part| part.integer()).unwrap_or(0);
    let (first, last, step) = (place(3), place(4), place(5));
    let mut keys = Vec::new();
    if let (Ok(index @ 1..), Ok(step @ 1..)) = (u16::try_from(first), u16::try_from(step)) {
        let last = if last < 0 { last } else { last - first };
        if let Ok(last) = last.try_into() {
            keys.push(KeySpec::range(index, last, step, KeyFlags::NONE));
        }
    }
    keys
}

/// The value behind a name, in a map or in a flat list of pairs.
fn value<'a>(map: ReplyRef<'a>, name: &str) -> Option<ReplyRef<'a>> {
    let mut parts = map.children();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        if key.bytes() == Some(name.as_bytes()) {
            return Some(value);
        }
    }
    None
}

fn key_spec(map: ReplyRef<'_>) -> KeySpec {
    let flags = value(map, "flags");
    let flags = flags.into_iter().flat_map(words).map(KeyFlags::named);
    KeySpec {
        begin: value(map, "begin_search").and_then(begin).unwrap_or(Begin::Unknown),
        find: value(map, "find_keys").and_then(find).unwrap_or(Find::Unknown),
        flags: flags.fold(KeyFlags::NONE, KeyFlags::with),
    }
}

/// A number within bounds that a command can have.
fn number<T: TryFrom<i64>>(map: ReplyRef<'_>, name: &str) -> Option<T> {
    value(map, name)?.integer()?.try_into().ok()
}

fn begin(map: ReplyRef<'_>) -> Option<Begin> {
    let spec = value(map, "spec")?;
    match value(map, "type")?.text()? {
        "index" => Some(Begin::Index(number(spec, "index")?)),
        "keyword" => Some(Begin::Keyword {
            word: Cow::Owned(value(spec, "keyword")?.text()?.to_ascii_uppercase()),
            from: number(spec, "startfrom")?,
        }),
        _ => None,
    }
}

fn find(map: ReplyRef<'_>) -> Option<Find> {
    let spec = value(map, "spec")?;
    match value(map, "type")?.text()? {
        "range" => Some(Find::Range {
            last: number(spec, "lastkey")?,
            step: number(spec, "keystep").filter(|step| *step > 0)?,
            limit: number(spec, "limit")?,
        }),
        "keynum" => Some(Find::Count {
            number: number(spec, "keynumidx")?,
            first: number(spec, "firstkey")?,
            step: number(spec, "keystep").filter(|step| *step > 0)?,
        }),
        _ => None,
    }
}
