//! The table as Rust.

use std::fmt::Write;

use rediscluster::command::{Begin, Find, Flags, KeyFlags, KeySpec, Spec};

use super::Commands;

const HEAD: &str = "\
// Generated from what Redis 7.0 and Valkey 9.1 answer to COMMAND, and from tests/commands/corrections.rs:
// UPDATE_COMMANDS=1 cargo test --test commands table

use std::borrow::Cow::Borrowed;

use super::block::Blocking as B;
use super::flags::{Flags as F, KeyFlags as K};
use super::option::{OptionWord, Which};
use super::spec::{Begin, Find, KeySpec, Request as Q, Response as R, Spec};
";

/// The whole file.
pub fn table(commands: &Commands) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "\npub(super) static SPECS: [Spec; {}] = [", commands.len());
    for spec in commands.values() {
        out.push_str(&line(spec));
    }
    out.push_str("];\n");
    out
}

fn line(spec: &Spec) -> String {
    let flags = Flags::NAMES.iter().filter(|(flag, _, _)| spec.flags.has(*flag));
    let flags = set("F", flags.map(|(_, name, _)| *name));
    let keys: Vec<_> = spec.keys.iter().map(key).collect();
    let keys = match keys.as_slice() {
        [] => "&[]".into(),
        [key] => format!("const {{ &[{key}] }}"),
        keys => format!("const {{ &[\n        {}] }}", keys.join(",\n        ")),
    };
    let Spec { name, arity, request, response, timeout, .. } = spec;
    format!(
        "    Spec::known({name:?}, {arity}, {flags}, {keys}, Q::{request:?}, R::{response:?}, B::{timeout:?}),\n"
    )
}

/// `F::WRITE.with(F::FAST)`.
fn set<'a>(kind: &str, mut names: impl Iterator<Item = &'a str>) -> String {
    let mut out = format!("{kind}::{}", names.next().unwrap_or("NONE"));
    for name in names {
        let _ = write!(out, ".with({kind}::{name})");
    }
    out
}

fn key(key: &KeySpec) -> String {
    let flags = KeyFlags::NAMES.iter().filter(|(flag, _, _)| key.flags.has(*flag));
    let flags = set("K", flags.map(|(_, name, _)| *name));
    match (&key.begin, key.find) {
        (Begin::Index(index), Find::Range { last, step, limit: 0 }) => {
            format!("KeySpec::range({index}, {last}, {step}, {flags})")
        }
        (Begin::Index(index), Find::Count { number: 0, first: 1, step }) => {
            format!("KeySpec::counted({index}, {step}, {flags})")
        }
        (begin, find) => {
            let begin = match begin {
                Begin::Keyword { word, from } => {
                    format!("Begin::Keyword {{ word: Borrowed({word:?}), from: {from} }}")
                }
                Begin::Option(option) => format!("Begin::Option(&{option:?})")
                    .replace("which: ", "which: Which::")
                    .replace(": [", ": &["),
                begin => format!("Begin::{begin:?}"),
            };
            format!("KeySpec {{ begin: {begin}, find: Find::{find:?}, flags: {flags} }}")
        }
    }
}
