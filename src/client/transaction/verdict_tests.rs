//! Transactions played without a server: what their replies say together.

use super::*;
use crate::command::{Command, find};

fn reply(text: &str) -> Reply {
    Reply::from_resp(text.as_bytes()).expect("a reply")
}

fn batch() -> Batch {
    let mut batch = Batch::default();
    for words in [&[&b"SET"[..], b"k", b"v"][..], &[b"GET", b"k"]] {
        let command = Command::of(words);
        batch.add(find(&command).expect("in the table"), &command, true);
    }
    batch
}

/// The verdict on MULTI, two commands and EXEC.
fn verdict(texts: [&str; 4]) -> Verdict {
    judge(texts.map(reply).into(), &batch())
}

fn refusal(verdict: Verdict) -> String {
    match verdict {
        Verdict::Refused(reply) => reply.root().text().unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn failure(verdict: Verdict) -> Error {
    match verdict {
        Verdict::Failed(_, error) => error,
        other => panic!("{other:?}"),
    }
}

const OK: &str = "+OK\r\n";
const QUEUED: &str = "+QUEUED\r\n";
const ABORT: &str = "-EXECABORT Transaction discarded because of previous errors.\r\n";

#[test]
fn what_ran() {
    let Verdict::Ran(reply) = verdict([OK, QUEUED, QUEUED, "*2\r\n+OK\r\n-WRONGTYPE no\r\n"])
    else {
        panic!("it ran")
    };
    assert_eq!(reply.root().count(), 2);
}

#[test]
fn nil_is_aborted() {
    for nil in ["*-1\r\n", "_\r\n"] {
        let error = failure(verdict([OK, QUEUED, QUEUED, nil]));
        assert_eq!(error.status(), Status::Aborted);
        assert!(error.is_retryable() && !error.maybe_executed());
    }
}

#[test]
fn a_refused_command_is_named_by_its_place_and_without_its_arguments() {
    let unknown = "-ERR unknown command 'GETT', with args beginning with: 'secret'\r\n";
    let error = failure(verdict([OK, QUEUED, unknown, ABORT]));
    assert_eq!((error.status(), error.server_code()), (Status::Server, "EXECABORT"));
    assert!(error.message().contains("command 1 ") && error.message().contains("GET"), "{error}");
    assert!(!error.message().contains("secret"), "{error}");
    // It would be refused elsewhere, too.
    let error = failure(verdict([OK, "-MOVED 7 10.0.0.1:1\r\n", "-NOPERM no\r\n", ABORT]));
    assert!(error.message().contains("NOPERM") && !error.maybe_executed(), "{error}");
}

#[test]
fn what_other_nodes_or_times_may_do_better() {
    for code in
        ["MOVED 7 10.0.0.2:2", "ASK 7 10.0.0.2:2", "TRYAGAIN x", "CLUSTERDOWN x", "LOADING x"]
    {
        let error = format!("-{code}\r\n");
        assert_eq!(refusal(verdict([OK, &error, QUEUED, ABORT])), code);
        assert_eq!(refusal(verdict([OK, QUEUED, &error, ABORT])), code);
        // In place of EXEC: the slot moved behind the last command.
        assert_eq!(refusal(verdict([OK, QUEUED, QUEUED, &error])), code);
    }
    let demoted =
        "-EXECABORT Transaction discarded because of: READONLY You can't write against it\r\n";
    assert!(refusal(verdict([OK, QUEUED, QUEUED, demoted])).starts_with("READONLY "));
    let memory = "-EXECABORT Transaction discarded because of: OOM command not allowed\r\n";
    assert_eq!(failure(verdict([OK, QUEUED, QUEUED, memory])).server_code(), "EXECABORT");
}

#[test]
fn without_multi_nothing_is_one() {
    let noperm = "-NOPERM no\r\n";
    let error = failure(verdict([noperm, OK, "$1\r\nv\r\n", "-ERR EXEC without MULTI\r\n"]));
    assert_eq!((error.status(), error.server_code()), (Status::Server, "NOPERM"));
    assert!(error.maybe_executed());
    let error = failure(verdict([noperm, noperm, noperm, noperm]));
    assert!(!error.maybe_executed());
    let loading = "-LOADING soon\r\n";
    assert_eq!(refusal(verdict([loading, loading, loading, loading])), "LOADING soon");
}

#[test]
fn nonsense() {
    for exec in [OK, QUEUED, ":1\r\n", "*1\r\n+OK\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n"] {
        assert!(matches!(verdict([OK, QUEUED, QUEUED, exec]), Verdict::Nonsense), "{exec}");
    }
    assert!(matches!(judge(Vec::new(), &batch()), Verdict::Nonsense));
    assert!(matches!(judge(vec![reply(OK)], &batch()), Verdict::Nonsense));
}

#[test]
fn half_an_exec_runs_nothing() {
    let replies = |texts: &[&str]| texts.iter().copied().map(reply).collect::<Vec<_>>();
    assert!(!may_have_run(&[], false, false));
    assert!(!may_have_run(&[], true, false));
    assert!(may_have_run(&[], true, true));
    assert!(may_have_run(&replies(&[OK, QUEUED, QUEUED]), true, true));
    assert!(!may_have_run(&replies(&[OK, QUEUED]), true, false));
    // It was not queued: EXEC does not run it.
    assert!(!may_have_run(&replies(&[OK, QUEUED, "-MOVED 7 10.0.0.1:1\r\n"]), true, true));
    // Outside of MULTI each runs by itself.
    assert!(may_have_run(&replies(&["-NOPERM no\r\n"]), true, false));
}

#[test]
fn only_what_reads_is_run_twice() {
    assert!(batch().writes() && !batch().replays());
    let mut reads = Batch::default();
    for words in [&[&b"GET"[..], b"k"][..], &[b"PING"]] {
        let command = Command::of(words);
        reads.add(find(&command).expect("in the table"), &command, words.len() > 1);
    }
    assert!(!reads.writes() && reads.replays());
    let command = Command::of(&[b"EVAL", b"return 1", b"1", b"k"]);
    reads.add(find(&command).expect("in the table"), &command, true);
    assert!(reads.writes() && !reads.replays());
}
