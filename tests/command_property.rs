//! Whatever the arguments of a command, its keys, its groups and its timeout are found or not: nothing
//! panics, and what is found is there.

use proptest::collection::vec;
use proptest::prelude::*;
use rediscluster::command::{
    Begin, Command, Find, KeyFlags, KeySpec, Spec, all, find, find_keys, groups,
};

/// Words that mean something somewhere, and others.
fn argument() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&str; 22] = [
        "STORE",
        "storedist",
        "BY",
        "GET",
        "LIMIT",
        "KEYS",
        "AUTH",
        "AUTH2",
        "STREAMS",
        "block",
        "COUNT",
        "GROUP",
        "0",
        "1",
        "2",
        "3",
        "-1",
        "007",
        "1.5",
        "999999999",
        "18446744073709551616",
        "",
    ];
    prop_oneof![
        3 => proptest::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes().to_vec()),
        2 => vec(any::<u8>(), 0..4),
    ]
}

/// What a module may say of its keys.
fn key_spec() -> impl Strategy<Value = KeySpec> {
    let begin = prop_oneof![
        prop_oneof![0..8_u16, any::<u16>()].prop_map(Begin::Index),
        prop_oneof![-8..8_i16, any::<i16>()]
            .prop_map(|from| Begin::Keyword { word: "STORE".into(), from }),
        Just(Begin::Unknown),
    ];
    let small = || prop_oneof![0..4_u16, any::<u16>()];
    let find = prop_oneof![
        (prop_oneof![-4..4_i16, any::<i16>()], small(), small())
            .prop_map(|(last, step, limit)| Find::Range { last, step, limit }),
        (small(), small(), small()).prop_map(|(number, first, step)| Find::Count {
            number,
            first,
            step
        }),
        Just(Find::Unknown),
    ];
    (begin, find).prop_map(|(begin, find)| KeySpec { begin, find, flags: KeyFlags::NONE })
}

fn command(name: &str, arguments: &[Vec<u8>]) -> Command {
    let words = name.split(' ').map(str::as_bytes);
    let words: Vec<_> = words.chain(arguments.iter().map(Vec::as_slice)).collect();
    Command::of(&words)
}

fn look_at(spec: &Spec, command: &Command) {
    let _ = (spec.blocks_for(command), groups(spec));
    if let Some(index) = spec.sole_key() {
        let keys = find_keys(spec, command).map(|keys| keys.iter().collect::<Vec<_>>());
        let wanted = if command.argument_count() > index { vec![index] } else { vec![] };
        assert!(keys.is_err() || keys == Ok(wanted), "{command:?}");
    }
    if let Ok(keys) = find_keys(spec, command) {
        assert!(keys.iter().all(|index| index < command.argument_count()), "{command:?}");
        assert!(keys.of(command).eq(keys.iter().map(|index| command.argument(index).unwrap())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_arguments(arguments in vec(argument(), 0..12)) {
        for spec in all() {
            let command = command(&spec.name, &arguments);
            if let Some(found) = find(&command) {
                look_at(found, &command);
            }
            look_at(spec, &command);
        }
    }

    #[test]
    fn any_names(words in vec(argument(), 0..4)) {
        let words: Vec<_> = words.iter().map(Vec::as_slice).collect();
        let command = Command::of(&words);
        let name = words.first().copied().unwrap_or_default();
        if let Some(spec) = find(&command) {
            let first = spec.name.split(' ').next().unwrap_or_default();
            prop_assert!(name.eq_ignore_ascii_case(first.as_bytes()));
        }
    }

    #[test]
    fn any_specification(keys in vec(key_spec(), 0..6), arguments in vec(argument(), 1..12)) {
        let command = command("MGET", &arguments);
        let spec = find(&command).unwrap().clone().with_keys(keys);
        look_at(&spec, &command);
    }
}
