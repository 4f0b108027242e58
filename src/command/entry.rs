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

#[cfg(test)]
mod tests {
    use super::super::{Command, Unfound, find_keys};
    use super::*;
    use crate::resp::Reply;

    /// RESP of a text in which lists stand in brackets (maps in braces, sets in angle brackets).
    fn resp(text: &str) -> Reply {
        fn list<'a>(words: &mut impl Iterator<Item = &'a str>, end: &str) -> (usize, String) {
            let (mut count, mut out) = (0, String::new());
            while let Some(word) = words.next().filter(|word| *word != end) {
                count += 1;
                let mut nested = |mark: char, end, part| {
                    let (count, inner) = list(words, end);
                    format!("{mark}{}\r\n{inner}", count / part)
                };
                out += &match word {
                    "[" => nested('*', "]", 1),
                    "{" => nested('%', "}", 2),
                    "<" => nested('~', ">", 1),
                    "nil" => "*-1\r\n".into(),
                    word if word.parse::<i64>().is_ok() => format!(":{word}\r\n"),
                    word => format!("${}\r\n{word}\r\n", word.len()),
                };
            }
            (count, out)
        }
        let (_, out) = list(&mut text.split_ascii_whitespace(), "");
        Reply::from_resp(out.as_bytes()).unwrap()
    }

    const TWO: &str = "[ mod.put -3 [ write movablekeys module ] 0 0 0 [ ] \
        [ request_policy:multi_shard response_policy:agg_max nonsense ] \
        [ [ flags [ RW insert ] begin_search [ type keyword spec [ keyword keys startfrom 1 ] ] \
            find_keys [ type keynum spec [ keynumidx 0 firstkey 1 keystep 2 ] ] ] ] \
        [ [ mod.put|now 2 [ blocking ] 0 0 0 [ ] [ ] [ ] [ ] ] ] ]";
    const THREE: &str = "[ mod.put -3 < write movablekeys module > 0 0 0 < > \
        [ request_policy:multi_shard response_policy:agg_max nonsense ] \
        [ { flags < RW insert > begin_search { type keyword spec { keyword keys startfrom 1 } } \
            find_keys { type keynum spec { keynumidx 0 firstkey 1 keystep 2 } } } ] \
        [ [ mod.put|now 2 < blocking > 0 0 0 < > [ ] [ ] [ ] ] ] ]";

    #[test]
    fn both_protocols() {
        let [two, three] = [TWO, THREE].map(|text| Spec::parse(resp(text).root()));
        assert_eq!(two, three);
        let [put, now] = two.as_slice() else { panic!("{two:?}") };
        assert_eq!((&*put.name, put.arity), ("MOD.PUT", -3));
        assert!(put.flags.has(Flags::WRITE.with(Flags::MODULE).with(Flags::CONTAINER)));
        assert_eq!((put.request, put.response), (Request::MultiShard, Response::AggMax));
        let command = Command::of(&[b"mod.put", b"x", b"Keys", b"2", b"a", b"1", b"b", b"2"]);
        let keys = find_keys(put, &command).unwrap();
        assert_eq!(keys.iter().collect::<Vec<_>>(), [4, 6]);
        assert_eq!((&*now.name, now.timeout), ("MOD.PUT NOW", Blocking::Unknown));
    }

    #[test]
    fn before_7() {
        let spec = |text: &str| Spec::parse(resp(text).root()).remove(0);
        let mset = spec("[ mset -3 [ write ] 1 -1 2 ]");
        assert_eq!(*mset.keys, [KeySpec::range(1, -1, 2, KeyFlags::NONE)]);
        assert_eq!(spec("[ get 2 [ readonly ] 1 1 1 [ @read ] ]").sole_key(), Some(1));
        assert_eq!(*spec("[ rename 3 [ ] 1 2 1 ]").keys, [KeySpec::range(1, 1, 1, KeyFlags::NONE)]);
        assert!(spec("[ ping -1 [ fast ] 0 0 0 ]").keys.is_empty());
        let eval = spec("[ eval -3 [ movablekeys ] 0 0 0 ]");
        let command = Command::of(&[b"EVAL", b"s", b"0"]);
        assert_eq!(find_keys(&eval, &command), Err(Unfound::Incomplete));
    }

    #[test]
    fn keys_that_only_the_module_knows() {
        let spec = "[ m.get -2 [ movablekeys ] 1 1 1 [ ] [ ] [ [ flags [ RW variable_flags ] \
            begin_search [ type index spec [ index 1 ] ] \
            find_keys [ type range spec [ lastkey 0 keystep 1 limit 0 ] ] ] ] [ ] ]";
        let spec = Spec::parse(resp(spec).root()).remove(0);
        assert_eq!(spec.sole_key(), None);
        let command = Command::of(&[b"M.GET", b"k"]);
        assert_eq!(find_keys(&spec, &command), Err(Unfound::Incomplete));
    }

    #[test]
    fn rubbish() {
        for text in
            ["nil", "[ ]", "7", "[ get ]", "[ get x [ ] ]", "[ 1 2 3 ]", "[ get 99999 [ ] ]"]
        {
            assert_eq!(Spec::parse(resp(text).root()), [], "{text}");
        }
        // Numbers that no command can have, and steps that lead nowhere.
        for range in ["lastkey 0 keystep 0 limit 0", "lastkey 99999 keystep 1 limit 0", "lastkey 0"]
        {
            let text = format!(
                "[ x 2 [ ] 1 1 1 [ ] [ ] [ [ begin_search [ type index spec [ index -1 ] ] \
                 find_keys [ type range spec [ {range} ] ] ] 5 ] 6 ]"
            );
            let spec = Spec::parse(resp(&text).root()).remove(0);
            assert!(
                spec.keys
                    .iter()
                    .all(|key| key.begin == Begin::Unknown && key.find == Find::Unknown)
            );
        }
    }

    #[test]
    fn deep_nesting_ends() {
        let text = format!("{}{}", "[ a 1 [ ] 0 0 0 [ ] [ ] [ ] [ ".repeat(40), "] ] ".repeat(40));
        assert_eq!(Spec::parse(resp(&text).root()).len(), DEPTH);
    }
}
