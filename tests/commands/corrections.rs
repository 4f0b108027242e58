//! What the servers' own tables lack or have wrong. MSETNX needs no correction: Redis 7.0 would have it
//! split over shards, where half of it could be written; Valkey 9.1, which counts, does not.

use rediscluster::command::option::{OptionWord, Which};
use rediscluster::command::{
    Begin, Blocking, Find, Flags, KeyFlags, KeySpec, Request, Response, Spec,
};

use super::Commands;

/// How long commands wait: no server says where the timeout stands.
const TIMEOUTS: [(Blocking, &[&str]); 4] = [
    (Blocking::LastSeconds, &["BLMOVE", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZPOPMAX", "BZPOPMIN"]),
    (Blocking::FirstSeconds, &["BLMPOP", "BZMPOP"]),
    (Blocking::LastMillis, &["WAIT", "WAITAOF"]),
    (Blocking::BlockMillis, &["XREAD", "XREADGROUP"]),
];

/// The servers say that the keys cannot be told. BY and GET name no key, but patterns, which cluster mode
/// does not let stray from the slot; so SORT_RO has one key.
const SORT_STORE: OptionWord = OptionWord {
    words: &["STORE"],
    from: 2,
    values: &[("BY", 1), ("GET", 1), ("LIMIT", 2)],
    which: Which::Last,
    alone: false,
};

/// Of several STORE and STOREDIST the last alone counts.
const GEORADIUS_STORE: OptionWord = OptionWord {
    words: &["STORE", "STOREDIST"],
    from: 6,
    values: &[("COUNT", 1)],
    which: Which::Last,
    alone: false,
};

const GEORADIUSBYMEMBER_STORE: OptionWord = OptionWord { from: 5, ..GEORADIUS_STORE };

/// With KEYS the key in front is empty and none; a password may be the word KEYS.
const MIGRATE_KEYS: OptionWord = OptionWord {
    words: &["KEYS"],
    from: 6,
    values: &[("AUTH", 1), ("AUTH2", 2)],
    which: Which::First,
    alone: true,
};

/// Puts right what is wrong. A correction that changes nothing any more is a mistake.
pub fn apply(commands: &mut Commands) {
    for (timeout, names) in TIMEOUTS {
        for name in names {
            change(commands, name, |spec| spec.timeout = timeout);
        }
    }
    // With NX or XX half of it could be written, and its first argument counts the keys.
    change(commands, "MSETEX", |spec| {
        spec.request = Request::One;
        spec.response = Response::Default;
    });
    let stored = KeyFlags::OW.with(KeyFlags::UPDATE);
    let moved = KeyFlags::RW.with(KeyFlags::ACCESS).with(KeyFlags::DELETE);
    for (name, option, last, flags) in [
        ("SORT", Some(&SORT_STORE), 0, stored),
        ("SORT_RO", None, 0, stored),
        ("GEORADIUS", Some(&GEORADIUS_STORE), 0, stored),
        ("GEORADIUSBYMEMBER", Some(&GEORADIUSBYMEMBER_STORE), 0, stored),
        ("MIGRATE", Some(&MIGRATE_KEYS), -1, moved),
    ] {
        let find = Find::Range { last, step: 1, limit: 0 };
        let others = option.map(|option| KeySpec { begin: Begin::Option(option), find, flags });
        change(commands, name, |spec| {
            let fixed = spec.keys.iter().filter(|key| key.is_fixed()).cloned();
            let keys: Vec<_> = fixed.chain(others).collect();
            *spec = spec.clone().with_keys(keys);
        });
    }
    for spec in commands.values() {
        let waits = spec.timeout != Blocking::Never;
        assert_eq!(spec.flags.has(Flags::BLOCKING), waits, "{}: where is its timeout?", spec.name);
        assert!(spec.timeout != Blocking::Unknown, "{}: where is its timeout?", spec.name);
    }
}

fn change(commands: &mut Commands, name: &str, change: impl FnOnce(&mut Spec)) {
    let spec = commands.get_mut(name).unwrap_or_else(|| panic!("no server knows {name}"));
    let before = spec.clone();
    change(spec);
    assert!(*spec != before, "{name} needs no correction");
}
