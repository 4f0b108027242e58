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

/// Options before STREAMS; a group or a consumer may be called so, too.
const STREAMS: OptionWord = OptionWord {
    words: &["STREAMS"],
    from: 1,
    values: &[("BLOCK", 1), ("COUNT", 1), ("GROUP", 2), ("CLAIM", 1)],
    which: Which::First,
    alone: false,
};

/// The server says that its keys cannot be told. BY and GET name no key, but patterns, which cluster mode
/// does not let stray from the slot.
const SORT_STORE: OptionWord = OptionWord {
    words: &["STORE"],
    from: 2,
    values: &[("BY", 1), ("GET", 1), ("LIMIT", 2)],
    which: Which::Last,
    alone: false,
};

/// Of several STORE and STOREDIST the last alone counts, and COUNT is not the only place for a number.
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
    for (name, option) in [
        ("XREAD", &STREAMS),
        ("XREADGROUP", &STREAMS),
        ("SORT", &SORT_STORE),
        ("GEORADIUS", &GEORADIUS_STORE),
        ("GEORADIUSBYMEMBER", &GEORADIUSBYMEMBER_STORE),
        ("MIGRATE", &MIGRATE_KEYS),
    ] {
        change(commands, name, |spec| add_option(spec, option));
    }
    // BY and GET, as for SORT; it has no STORE.
    change(commands, "SORT_RO", |spec| {
        let first = spec.keys[..1].to_vec();
        *spec = spec.clone().with_keys(first);
    });
    for spec in commands.values() {
        let waits = spec.timeout != Blocking::Never;
        assert_eq!(spec.flags.has(Flags::BLOCKING), waits, "{}: where is its timeout?", spec.name);
        assert!(spec.timeout != Blocking::Unknown, "{}: where is its timeout?", spec.name);
    }
}

/// Behind a fixed key, if there is one, an option leads to the others.
fn add_option(spec: &mut Spec, option: &'static OptionWord) {
    let mut keys: Vec<_> = spec.keys.iter().filter(|key| key.is_fixed()).cloned().collect();
    let (mut flags, mut find) = (KeyFlags::NONE, Find::Range { last: 0, step: 1, limit: 0 });
    for key in spec.keys.iter().filter(|key| !key.is_fixed()) {
        flags = key.flags;
        if let (Begin::Keyword { .. }, range) = (&key.begin, key.find) {
            find = range;
        }
    }
    // MIGRATE's are all there now.
    if flags.has(KeyFlags::INCOMPLETE) {
        flags = keys[0].flags;
    }
    keys.push(KeySpec { begin: Begin::Option(option), find, flags });
    *spec = spec.clone().with_keys(keys);
}

fn change(commands: &mut Commands, name: &str, change: impl FnOnce(&mut Spec)) {
    let spec = commands.get_mut(name).unwrap_or_else(|| panic!("no server knows {name}"));
    let before = spec.clone();
    change(spec);
    assert!(*spec != before, "{name} needs no correction");
}
