//! Commands split by their keys, done whole and in part.

use super::tests::{NOPERM, message, parts, protocol, show};
use super::*;

fn keys(
    command: &str,
    response: Response,
    positions: &[&[u32]],
    outcomes: &[&str],
) -> Result<String, Partial> {
    let positions = positions.iter().copied().collect();
    let writes = !["MGET", "EXISTS", "TOUCH"].contains(&command);
    let reply = join(command, writes, &Joining::Keys { response, positions }, parts(outcomes));
    reply.map(|reply| show(reply.root()))
}

#[test]
fn values_in_the_order_of_the_keys() {
    let mget = |positions: &[&[u32]], outcomes: &[&str]| {
        keys("MGET", Response::Default, positions, outcomes)
    };
    assert_eq!(
        mget(&[&[3, 0], &[1], &[2, 4]], &["*2|$1|d|$1|a|", "*1|_|", "*2|$1|c|*2|:1|:2|"]).unwrap(),
        "[a nil c d [1 2]]"
    );
    let failed = mget(&[&[0, 2, 3], &[1]], &["*3|_|_|_|", "!"]).unwrap_err();
    assert_eq!(
        failed.error.message(),
        "b:2: no route. MGET: keys 1, 3-4 were read (3 of 4 on a:1), key 2 was not (1 of 4 on b:2)"
    );
    assert!(!failed.error.maybe_executed());
    assert!(
        mget(&[&[0], &[1]], &["*1|_|", NOPERM]).unwrap().starts_with("<NOPERM no permission. ")
    );
    for odd in ["*0|", "*2|_|_|", "+x|", "_|", "~1|_|"] {
        protocol(mget(&[&[0], &[1]], &["*1|_|", odd]), "b:2");
    }
    // Places that are not those of keys are the library's own fault, and no panic.
    for positions in [&[&[0_u32][..], &[7][..]], &[&[0], &[0]], &[&[1], &[u32::MAX]]] {
        let failed = mget(positions, &["*1|_|", "*1|_|"]).unwrap_err();
        assert_eq!(failed.error.status(), Status::Internal);
    }
    assert!(mget(&[&[0]], &["*1|_|", "*1|_|"]).is_err());
    assert!(mget(&[&[0], &[1]], &["*1|_|"]).is_err());
}

#[test]
fn a_write_of_many_keys_done_in_part() {
    let positions: &[&[u32]] = &[&[0, 2, 3], &[1], &[5], &[4]];
    let mset = |outcomes: &[&str]| keys("MSET", Response::AllSucceeded, positions, outcomes);
    assert_eq!(mset(&["+OK|", "+OK|", "+OK|", "+OK|"]).unwrap(), "OK");
    let failed = mset(&["+OK|", "!", "?", "+OK|"]).unwrap_err();
    assert_eq!(
        failed.error.message(),
        "b:2: no route. MSET: keys 1, 3-5 were written (4 of 6 on a:1, d:4), key 2 was not \
         (1 of 6 on b:2), key 6 may have been (1 of 6 on c:3)"
    );
    assert!(failed.error.maybe_executed());
    assert_eq!(failed.written, [0, 2, 3, 4]);
    assert_eq!((failed.unwritten, failed.unknown), (vec![1], vec![5]));
    // A refused part is not written.
    let failed = mset(&[NOPERM, "!", NOPERM, "!"]).unwrap_err();
    assert_eq!(failed.unwritten, [0, 1, 2, 3, 4, 5]);
    assert!(!failed.error.maybe_executed());
    assert!(failed.error.message().contains("keys 1-6 were not written (6 of 6 on a:1, b:2"));
    assert_eq!(
        mset(&["+OK|", "-OOM used memory > 'maxmemory'.|", "+OK|", "+OK|"]).unwrap(),
        "<OOM used memory > 'maxmemory'. MSET: keys 1, 3-6 were written (5 of 6 on a:1, c:3, d:4), \
         key 2 was not (1 of 6 on b:2)>"
    );
    assert_eq!(message(mset(&["?", "?", "?", "?"])).matches("may have been written").count(), 1);
}

#[test]
fn counts_of_keys() {
    let positions: &[&[u32]] = &[&[1], &[0, 2]];
    for command in ["DEL", "UNLINK", "TOUCH", "EXISTS"] {
        let of = |outcomes: &[&str]| keys(command, Response::AggSum, positions, outcomes);
        assert_eq!(of(&[":1|", ":2|"]).unwrap(), "3");
        let failed = of(&[":1|", "?"]).unwrap_err();
        assert_eq!((failed.written, failed.unknown), (vec![1], vec![0, 2]));
        assert!(failed.error.maybe_executed());
        let failed = of(&["!", ":2|"]).unwrap_err();
        assert_eq!((failed.written, failed.unwritten), (vec![0, 2], vec![1]));
        // What was done there nobody can say.
        let failed = of(&[":1|", "+QUEUED|"]).unwrap_err();
        assert_eq!((failed.error.status(), failed.error.node()), (Status::Protocol, "b:2"));
        assert_eq!((failed.written, failed.unknown), (vec![1], vec![0, 2]));
        assert!(failed.error.maybe_executed());
    }
}

#[test]
fn many_keys_are_not_all_named() {
    let even: Vec<_> = (0..1000).step_by(2).collect();
    let odd: Vec<_> = (1..1000).step_by(2).collect();
    let failed = keys("MSET", Response::AllSucceeded, &[&even, &odd], &["+OK|", "!"]).unwrap_err();
    assert_eq!((failed.written.len(), failed.unwritten.len()), (500, 500));
    let message = failed.error.message();
    assert!(message.contains("keys 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and 488 more were"));
    assert!(message.contains("(500 of 1000 on a:1)") && message.len() < 300, "{message}");
}

#[test]
fn large_joins() {
    const KEYS: usize = 100_000;
    let one = format!("*{KEYS}|{}", "$3|key|".repeat(KEYS));
    let reply = join("KEYS", false, &Joining::Nodes(Response::Default), parts(&[&one, &one]));
    let reply = reply.unwrap();
    assert_eq!(reply.root().count(), 2 * KEYS);
    assert!(reply.root().children().all(|key| key.bytes() == Some(b"key")));
    let odd: Vec<u32> = (0..KEYS as u32).map(|key| key * 2 + 1).collect();
    let even: Vec<u32> = (0..KEYS as u32).map(|key| key * 2).collect();
    let positions = [&odd[..], &even].into_iter().collect();
    let other = format!("*{KEYS}|{}", "_|".repeat(KEYS));
    let joining = Joining::Keys { response: Response::Default, positions };
    let reply = join("MGET", false, &joining, parts(&[&one, &other])).unwrap();
    for (index, value) in reply.root().children().enumerate() {
        assert_eq!(value.kind(), if index % 2 == 0 { Kind::Nil } else { Kind::String });
    }
}
