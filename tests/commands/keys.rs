//! Which keys the library finds, against COMMAND GETKEYS.

use std::collections::{BTreeMap, BTreeSet};

use rediscluster::command::{Command, Spec, Unfound, all, find, find_keys};
use rediscluster_test_support::cluster::{Client, Server};
use rediscluster_test_support::resp::Value;

use super::servers::Running;
use super::shapes::{self, value};

/// Invocations that COMMAND DOCS does not lead to. The servers find keys in each.
const BY_HAND: [&str; 20] = [
    "EVAL return 2 a b c",
    "fcall f 1 a b",
    "XREAD BLOCK 0 STREAMS a b 0 0",
    "xread count 1 block 5 streams a $",
    "XREAD STREAMS a b 0",
    "XREADGROUP GROUP STREAMS STREAMS NOACK STREAMS a >",
    "XREADGROUP COUNT 1 BLOCK 1 GROUP STREAMS c STREAMS a b > >",
    "SORT a BY STORE",
    "SORT a BY STORE STORE b",
    "SORT a LIMIT 0 1 GET # GET x* DESC ALPHA STORE b",
    "sort a store b store c",
    "SORT_RO a BY nosort GET STORE",
    "MIGRATE host 1 a 0 1 COPY AUTH KEYS",
    "MIGRATE host 1 '' 0 1 AUTH KEYS KEYS a b",
    "migrate host 1 '' 0 1 auth2 KEYS KEYS replace keys a",
    "GEORADIUS a 1 2 3 m STORE b",
    "GEORADIUS a 1 2 3 m COUNT 1 ANY STOREDIST b",
    "GEORADIUSBYMEMBER a b 3 m storedist c",
    "BITFIELD a GET u8 0 INCRBY u8 0 1",
    "PFDEBUG GETREG a",
];

/// Where we differ: the server, words of the invocation, why.
const DELIBERATE: [(&str, &[&str], &str); 3] = [
    ("Redis", &["GEORADIUS", "STORE", "STOREDIST"], BOTH_STORED),
    ("Redis", &["GEORADIUSBYMEMBER", "STORE", "STOREDIST"], BOTH_STORED),
    ("Valkey", &["PFMERGE"], "of a PFMERGE without sources it cannot say the key, and runs it"),
];

const BOTH_STORED: &str = "the last alone is written to, and Valkey says so";

/// Commands whose keys no server tells, and why.
const UNSEEN: [(&str, &str); 4] = [
    ("CLUSTERSCAN", "a cursor, which has a slot, is no key"),
    ("SPUBLISH", CHANNEL),
    ("SSUBSCRIBE", CHANNEL),
    ("SUNSUBSCRIBE", CHANNEL),
];

const CHANNEL: &str = "a sharded channel, which has a slot, is no key";

/// What a server says of every command and subcommand.
fn docs(client: &mut Client) -> BTreeMap<String, Value> {
    let mut docs = BTreeMap::new();
    let mut add = |list: &Value| {
        for pair in list.items().chunks_exact(2) {
            docs.insert(pair[0].text().to_uppercase().replace('|', " "), pair[1].clone());
        }
    };
    let all = client.ok(&["COMMAND", "DOCS"]).expect("COMMAND DOCS");
    add(&all);
    for pair in all.items().chunks_exact(2) {
        if let Some(subcommands) = value(&pair[1], "subcommands") {
            add(subcommands);
        }
    }
    docs
}

/// The keys as we find them.
fn ours(spec: &Spec, command: &Command) -> Result<BTreeSet<String>, Unfound> {
    let keys = find_keys(spec, command)?;
    if !keys.are_keys() {
        return Ok(BTreeSet::new());
    }
    Ok(keys.of(command).map(|key| String::from_utf8_lossy(key).into_owned()).collect())
}

/// The invocations to be asked about, and from which on they were made by hand.
fn lines(docs: &BTreeMap<String, Value>) -> (Vec<Vec<String>>, usize) {
    let mut lines = Vec::new();
    for spec in all() {
        let Some(docs) = docs.get(&*spec.name) else { continue };
        lines.extend(shapes::all().map(|shape| shapes::line(&spec.name, docs, shape)));
    }
    let made = lines.len();
    let words = |line: &str| line.split(' ').map(|word| word.trim_matches('\'').into()).collect();
    lines.extend(BY_HAND.into_iter().map(words));
    (lines, made)
}

/// The deliberate difference that this is.
fn deliberate(server: &str, line: &[String]) -> Option<usize> {
    DELIBERATE.iter().position(|(name, words, _)| {
        let mut line = line.iter();
        let mut follows = |word: &&str| line.any(|given| given.eq_ignore_ascii_case(word));
        *name == server && words.iter().all(&mut follows)
    })
}

/// What came out.
#[derive(Default)]
struct Outcome {
    wrong: Vec<String>,
    /// Commands that a server found keys in.
    seen: BTreeSet<String>,
    /// Deliberate differences that there were.
    differ: BTreeSet<usize>,
}

fn check(server: &Running, outcome: &mut Outcome) {
    let mut client = server.connect();
    let docs = docs(&mut client);
    let (lines, made) = lines(&docs);
    let question = |line: &Vec<String>| [&["COMMAND".into(), "GETKEYS".into()], &line[..]].concat();
    let mut replies = Vec::new();
    for some in lines.chunks(100) {
        let questions: Vec<_> = some.iter().map(question).collect();
        replies.extend(client.pipeline(&questions).expect("replies"));
    }
    for (number, (line, reply)) in lines.iter().zip(&replies).enumerate() {
        let words: Vec<_> = line.iter().map(String::as_bytes).collect();
        let command = Command::of(&words);
        let spec = find(&command).unwrap_or_else(|| panic!("{line:?} is not found"));
        let ours = ours(spec, &command);
        let theirs: BTreeSet<_> = reply.items().iter().map(Value::text).collect();
        let agree = ours.as_ref().map_or(theirs.is_empty(), |ours| *ours == theirs);
        if !theirs.is_empty() {
            outcome.seen.insert(spec.name.to_string());
        }
        if agree && (number < made || !theirs.is_empty()) {
            continue;
        }
        match deliberate(&server.name, line) {
            Some(difference) => drop(outcome.differ.insert(difference)),
            None => outcome.wrong.push(format!(
                "{}: {}: {ours:?}, the server {reply}",
                server.name,
                line.join(" ")
            )),
        }
    }
}

#[test]
fn the_keys_are_what_the_servers_find() {
    let mut outcome = Outcome::default();
    for (server, version) in [(Server::Redis, "7.0."), (Server::Valkey, "9.1.")] {
        check(&Running::start(server, version), &mut outcome);
    }
    let Outcome { mut wrong, seen, differ } = outcome;
    for spec in all().iter().filter(|spec| !spec.keys.is_empty()) {
        let listed = UNSEEN.iter().any(|(name, _)| *name == spec.name);
        match seen.contains(&*spec.name) {
            true if listed => wrong.push(format!("{}: a server tells its keys", spec.name)),
            false if !listed => wrong.push(format!("{}: no server tells its keys", spec.name)),
            _ => {}
        }
    }
    for (number, difference) in DELIBERATE.iter().enumerate() {
        if !differ.contains(&number) {
            wrong.push(format!("there is no difference any more: {difference:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
