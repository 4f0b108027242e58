//! Each policy, with nodes that answer, refuse, fail and talk nonsense.

use super::*;
use crate::error::Attempt;
use std::time::Duration;

/// Parts at a:1, b:2, c:3 ...: replies as RESP, or "!" for a failure before anything was sent, "?"
/// for one after.
pub(super) fn parts(outcomes: &[&str]) -> Vec<Part> {
    let part = |(outcome, port): (&&str, u16)| {
        let host = char::from(b'a' + (port - 1) as u8).to_string();
        let node = NodeAddress::new(&host, port);
        let failed = |status, what: &str| {
            let attempt = Attempt {
                node: node.to_string(),
                elapsed: Duration::from_millis(1),
                cause: what.into(),
            };
            let error = Error::new(status, format!("{node}: {what}"));
            Err(error.on_node(&node).on_slot(port).with_attempts(vec![attempt]))
        };
        let outcome = match *outcome {
            "!" => failed(Status::Connection, "no route"),
            "?" => failed(Status::Timeout, "silent").map_err(|e| e.with_maybe_executed(true)),
            text => Ok(Reply::from_resp(text.replace('|', "\r\n").as_bytes()).unwrap()),
        };
        Part { node: node.into(), outcome }
    };
    outcomes.iter().zip(1..).map(part).collect()
}

/// A reply in few letters.
pub(super) fn show(reply: ReplyRef<'_>) -> String {
    let inside = || reply.children().map(show).collect::<Vec<_>>().join(" ");
    match reply.kind() {
        Kind::Nil => "nil".into(),
        Kind::Integer => reply.integer().unwrap().to_string(),
        Kind::Boolean => reply.boolean().unwrap().to_string(),
        Kind::Double => reply.double().unwrap().to_string(),
        Kind::Error => format!("<{}>", reply.text().unwrap()),
        Kind::Array => format!("[{}]", inside()),
        Kind::Set => format!("~[{}]", inside()),
        Kind::Map => format!("{{{}}}", inside()),
        _ => reply.text().unwrap().into(),
    }
}

fn nodes(command: &str, response: Response, outcomes: &[&str]) -> Result<String, Partial> {
    let writes = command.starts_with("FLUSH");
    let reply = join(command, writes, &Joining::Nodes(response), parts(outcomes));
    reply.map(|reply| show(reply.root()))
}

fn by_hand(command: &str, outcomes: &[&str]) -> Result<String, Partial> {
    let reply = join(command, command.starts_with("FLUSH"), &Joining::ByHand, parts(outcomes));
    reply.map(|reply| show(reply.root()))
}

pub(super) fn message(result: Result<String, Partial>) -> String {
    result.unwrap_err().error.message().to_owned()
}

pub(super) fn protocol(result: Result<String, Partial>, node: &str) -> String {
    let error = result.unwrap_err().error;
    assert_eq!((error.status(), error.node()), (Status::Protocol, node), "{error}");
    error.message().to_owned()
}

pub(super) const NOPERM: &str = "-NOPERM no permission.|";
const LISTED: &str = "*1|$1|x|";

#[test]
fn nodes_named_by_the_caller() {
    assert_eq!(by_hand("PING", &["+PONG|"]).unwrap(), "{a:1 PONG}");
    assert_eq!(
        by_hand("KEYS", &[LISTED, "*0|", "_|", NOPERM]).unwrap(),
        "{a:1 [x] b:2 [] c:3 nil d:4 <NOPERM no permission.>}"
    );
    // Those that fail have an entry.
    assert_eq!(
        by_hand("GET", &["!", ":1|", "?"]).unwrap(),
        "{a:1 <CONNECTION a:1: no route> b:2 1 c:3 <TIMEOUT c:3: silent>}"
    );
    assert_eq!(
        by_hand("FLUSHALL", &["!", NOPERM, "?"]).unwrap(),
        "{a:1 <CONNECTION a:1: no route> b:2 <NOPERM no permission.> \
         c:3 <TIMEOUT c:3: silent; FLUSHALL may have run>}"
    );
    let reply = join("GET", false, &Joining::ByHand, parts(&[":1|", "?"])).unwrap();
    assert_eq!(reply.root().at(3).unwrap().error_code(), Some("TIMEOUT"));
    // All fail.
    let failed = by_hand("GET", &["!", "?"]).unwrap_err();
    assert_eq!(failed.error.status(), Status::Connection);
    assert!(failed.error.maybe_executed());
    assert_eq!(
        failed.error.message(),
        "a:1: no route. GET did not run on a:1, may have run on b:2"
    );
    assert_eq!(message(by_hand("GET", &["?"])), "a:1: silent");
    assert_eq!(by_hand("GET", &[]).unwrap(), "{}");
}

#[test]
fn codes_of_entries_are_the_names_of_statuses() {
    for (status, code) in [
        (Status::Timeout, "TIMEOUT "),
        (Status::TooManyRedirects, "TOO_MANY_REDIRECTS "),
        (Status::SlotNotCovered, "SLOT_NOT_COVERED "),
        (Status::Tls, "TLS "),
    ] {
        assert_eq!(entry("GET", false, &Error::new(status, "")), code);
    }
}

#[test]
fn special() {
    assert_eq!(
        nodes("INFO", Response::Special, &["$2|up|", "?", NOPERM]).unwrap(),
        "{a:1 up b:2 <TIMEOUT b:2: silent> c:3 <NOPERM no permission.>}"
    );
    assert_eq!(
        nodes("INFO", Response::Special, &[NOPERM]).unwrap(),
        "{a:1 <NOPERM no permission.>}"
    );
    assert!(message(nodes("INFO", Response::Special, &["!", "!"])).starts_with("a:1: no route"));
}

#[test]
fn random_keys() {
    let random = |outcomes: &[&str]| nodes("randomkey", Response::Special, outcomes);
    let mut seen: Vec<_> =
        (0..200).map(|_| random(&["$1|x|", "_|", "$1|y|", "?", NOPERM]).unwrap()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["x", "y"]);
    assert_eq!(random(&["_|", "$-1|"]).unwrap(), "nil");
    // Without a key the others may have one.
    assert!(message(random(&["_|", NOPERM, "?"])).starts_with("c:3: silent"));
    assert_eq!(
        random(&["_|", NOPERM]).unwrap(),
        "<NOPERM no permission. randomkey ran on a:1, did not run on b:2>"
    );
    protocol(random(&["_|", ":1|"]), "b:2");
}

#[test]
fn one_succeeded() {
    let kill = |outcomes: &[&str]| nodes("SCRIPT KILL", Response::OneSucceeded, outcomes);
    assert_eq!(kill(&["-NOTBUSY x|", "!", "+OK|", "+LATER|"]).unwrap(), "OK");
    assert_eq!(
        message(kill(&["-NOTBUSY x|", "?"])),
        "b:2: silent. SCRIPT KILL did not run on a:1, may have run on b:2"
    );
    assert_eq!(kill(&["-NOTBUSY x|", "-NOTBUSY y|"]).unwrap(), "<NOTBUSY x>");
    assert_eq!(kill(&["-NOTBUSY x|", "-UNKILLABLE y|"]).unwrap(), "<UNKILLABLE y>");
}

#[test]
fn all_succeeded() {
    let flush = |outcomes: &[&str]| nodes("FLUSHALL", Response::AllSucceeded, outcomes);
    assert_eq!(flush(&["+OK|", "+FINE|"]).unwrap(), "OK");
    let failed = flush(&["+OK|", NOPERM, "!", "+OK|", "?"]).unwrap_err();
    assert_eq!(
        failed.error.message(),
        "c:3: no route. FLUSHALL ran on a:1, d:4, did not run on b:2, c:3, may have run on e:5"
    );
    let error = &failed.error;
    assert_eq!((error.status(), error.node(), error.slot()), (Status::Connection, "c:3", Some(3)));
    let attempts: Vec<_> = error.attempts().iter().map(|attempt| &*attempt.node).collect();
    assert_eq!(attempts, ["c:3", "e:5"]);
    assert!(error.maybe_executed() && error.is_retryable());
    assert!(failed.written.is_empty() && failed.unknown.is_empty() && failed.unwritten.is_empty());
    // What ran was a write, or may have run; else nothing happened.
    assert!(flush(&["+OK|", "!"]).unwrap_err().error.maybe_executed());
    assert!(flush(&["?", "!"]).unwrap_err().error.maybe_executed());
    assert!(!flush(&["!", NOPERM]).unwrap_err().error.maybe_executed());
    let ping = nodes("PING", Response::AllSucceeded, &["+PONG|", "!"]);
    assert!(!ping.unwrap_err().error.maybe_executed());
    // An error of a server is a reply.
    assert_eq!(
        flush(&["+OK|", NOPERM, "-ERR other|"]).unwrap(),
        "<NOPERM no permission. FLUSHALL ran on a:1, did not run on b:2, c:3>"
    );
    assert_eq!(flush(&[NOPERM, "-ERR other|"]).unwrap(), "<NOPERM no permission.>");
}

#[test]
fn a_failure_keeps_its_details() {
    let mut parts = parts(&["+OK|", "!"]);
    // A redirect led to a node that has no part of its own; the message does not say which.
    let error = Error::new(Status::Server, "gone").with_server_code("ERR");
    parts[1].outcome = Err(error.on_node(&NodeAddress::new("z", 9)));
    let joining = Joining::Nodes(Response::AllSucceeded);
    let error = join("PING", false, &joining, parts).unwrap_err().error;
    assert_eq!(error.message(), "z:9: gone. PING ran on a:1, did not run on b:2");
    assert_eq!((error.node(), error.server_code(), error.slot()), ("z:9", "ERR", None));
}

#[test]
fn many_nodes_are_not_all_named() {
    let mut outcomes = vec!["+OK|"; 20];
    outcomes.push("!");
    let message = message(nodes("PING", Response::AllSucceeded, &outcomes));
    assert!(message.ends_with("k:11, l:12 and 8 more, did not run on u:21"), "{message}");
}

#[test]
fn sums_and_extremes() {
    let of = |response, outcomes: &[&str]| nodes("DBSIZE", response, outcomes);
    assert_eq!(of(Response::AggSum, &[":1|", ":2|", ":-7|"]).unwrap(), "-4");
    assert_eq!(of(Response::AggMin, &[":1|", ":2|", ":-7|"]).unwrap(), "-7");
    assert_eq!(of(Response::AggMax, &[":1|", ":2|", ":-7|"]).unwrap(), "2");
    assert_eq!(of(Response::AggSum, &[":5|"]).unwrap(), "5");
    // Element by element.
    assert_eq!(of(Response::AggSum, &["*2|:1|:2|", "*2|:3|:4|"]).unwrap(), "[4 6]");
    assert_eq!(of(Response::AggMin, &["*2|:1|:9|", "*2|:3|:4|"]).unwrap(), "[1 4]");
    assert_eq!(of(Response::AggMax, &["*2|:1|:9|", "*2|:3|:4|"]).unwrap(), "[3 9]");
    assert_eq!(of(Response::AggSum, &["*0|", "*0|"]).unwrap(), "[]");
    // Failures and errors.
    assert_eq!(
        message(of(Response::AggSum, &[":1|", NOPERM, "!"])),
        "c:3: no route. DBSIZE ran on a:1, did not run on b:2, c:3"
    );
    assert_eq!(
        of(Response::AggMax, &[":1|", NOPERM]).unwrap(),
        "<NOPERM no permission. DBSIZE ran on a:1, did not run on b:2>"
    );
}

#[test]
fn replies_that_do_not_add_up() {
    let of = |response, outcomes: &[&str]| nodes("DBSIZE", response, outcomes);
    assert_eq!(
        protocol(of(Response::AggSum, &[":1|", "$6|secret|"]), "b:2"),
        "b:2: DBSIZE: the answer was String(6 bytes), where a number, or an Array of some, was due. \
         DBSIZE ran on a:1, may have run on b:2"
    );
    for response in [Response::AggSum, Response::AggMin, Response::AggMax] {
        for odd in ["+1|", "_|", "#t|", ",1|", "%0|", "*1|:1|"] {
            protocol(of(response, &[":1|", odd, ":2|"]), "b:2");
        }
        protocol(of(response, &["+1|", ":1|"]), "a:1");
        protocol(of(response, &["*1|:1|", "*2|:1|:2|"]), "b:2");
        protocol(of(response, &["*1|:1|", "*1|+x|"]), "b:2");
        protocol(of(response, &["*1|:1|", ":1|"]), "b:2");
    }
    let most = format!(":{}|", i64::MAX);
    let sum = protocol(of(Response::AggSum, &[&most, ":0|", ":1|"]), "c:3");
    assert!(sum.contains("64 bits"), "{sum}");
    let least = format!("*2|:0|:{}|", i64::MIN);
    protocol(of(Response::AggSum, &[&least, "*2|:0|:-1|"]), "b:2");
    assert_eq!(of(Response::AggMax, &[&most, ":1|"]).unwrap(), i64::MAX.to_string());
}

#[test]
fn truths() {
    let exist = |response, outcomes: &[&str]| nodes("SCRIPT EXISTS", response, outcomes);
    let all = |outcomes: &[&str]| exist(Response::AggLogicalAnd, outcomes).unwrap();
    let any = |outcomes: &[&str]| exist(Response::AggLogicalOr, outcomes).unwrap();
    assert_eq!(all(&["*3|:1|:0|:1|", "*3|:1|:1|:0|"]), "[1 0 0]");
    assert_eq!(any(&["*3|:1|:0|:0|", "*3|:1|:1|:0|"]), "[1 1 0]");
    assert_eq!((all(&[":1|", ":5|"]), all(&[":1|", ":0|"])), ("1".into(), "0".into()));
    assert_eq!((any(&[":0|", ":5|"]), any(&[":0|", ":0|"])), ("1".into(), "0".into()));
    assert_eq!(all(&[":7|"]), "1");
    // Booleans stay so while all are.
    assert_eq!(all(&["*2|#t|#f|", "*2|#t|#t|"]), "[true false]");
    assert_eq!(any(&["#f|", "#t|"]), "true");
    assert_eq!((any(&["#f|", ":1|"]), all(&[":1|", "#t|"])), ("1".into(), "1".into()));
    for odd in ["+1|", "_|", ",1|", "$1|1|", "*1|_|"] {
        protocol(exist(Response::AggLogicalAnd, &[":1|", odd]), "b:2");
        protocol(exist(Response::AggLogicalOr, &[":0|", odd]), "b:2");
    }
    assert!(exist(Response::AggLogicalAnd, &[":1|", "!"]).is_err());
    assert!(exist(Response::AggLogicalOr, &[":1|", NOPERM]).unwrap().starts_with("<NOPERM"));
}

#[test]
fn lists_of_all_nodes() {
    let list = |outcomes: &[&str]| nodes("KEYS", Response::Default, outcomes);
    assert_eq!(list(&["*2|$1|x|*1|:1|", "*0|", "*1|_|"]).unwrap(), "[x [1] nil]");
    assert_eq!(list(&["~1|+x|", "~2|+y|+x|"]).unwrap(), "~[x y x]");
    assert_eq!(list(&["~1|+x|", LISTED]).unwrap(), "[x x]");
    assert_eq!(list(&["*0|"]).unwrap(), "[]");
    assert_eq!(message(list(&[LISTED, "!"])), "b:2: no route. KEYS ran on a:1, did not run on b:2");
    assert_eq!(
        list(&[LISTED, NOPERM]).unwrap(),
        "<NOPERM no permission. KEYS ran on a:1, did not run on b:2>"
    );
    // No node tells what the reply is like.
    assert_eq!(list(&[NOPERM, NOPERM]).unwrap(), "<NOPERM no permission.>");
    assert!(message(list(&[NOPERM, "!"])).starts_with("b:2: no route"));
}

#[test]
fn what_is_no_list_is_told_by_node() {
    let of = |outcomes: &[&str]| nodes("LASTSAVE", Response::Default, outcomes);
    assert_eq!(of(&[":1|", ":2|"]).unwrap(), "{a:1 1 b:2 2}");
    assert_eq!(of(&["%1|+x|:1|", LISTED]).unwrap(), "{a:1 {x 1} b:2 [x]}");
    assert_eq!(
        of(&[":1|", "!", NOPERM]).unwrap(),
        "{a:1 1 b:2 <CONNECTION b:2: no route> c:3 <NOPERM no permission.>}"
    );
}

#[test]
fn nobody_to_ask() {
    use Response::*;
    for response in [
        Default,
        OneSucceeded,
        AllSucceeded,
        AggLogicalAnd,
        AggLogicalOr,
        AggMin,
        AggMax,
        AggSum,
        Special,
    ] {
        for joining in
            [Joining::Nodes(response), Joining::Keys { response, positions: Positions::default() }]
        {
            let error = join("KEYS", false, &joining, Vec::new()).unwrap_err().error;
            assert_eq!(error.status(), Status::UnknownNode);
        }
    }
}
