//! The table of options: by name, by URL, in the documentation.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use rediscluster::error::{Error, Status};
use rediscluster::options::table::rows;
use rediscluster::options::{Options, PoolExhausted, Protocol, TopologyCommand};

/// All values by name, for comparisons.
fn values(options: &Options) -> Vec<(&'static str, String)> {
    rows().map(|row| (row.name(), row.get(options))).collect()
}

fn refused(result: Result<impl Sized, Error>) -> String {
    let error = result.err().expect("must be refused");
    assert_eq!(error.status(), Status::Config, "{error}");
    error.message().to_owned()
}

/// A value other than the default for a row, and what it reads as.
fn other_values(name: &str, type_name: &str) -> Vec<(&'static str, &'static str)> {
    match (name, type_name) {
        ("topology_command", _) => {
            vec![("slots", "slots"), ("SHARDS", "shards"), ("nodes", "nodes")]
        }
        ("pool_exhausted", _) => vec![("block", "block"), ("Error", "error")],
        ("in_flight_full", _) => vec![("error", "error"), ("WAIT", "wait")],
        ("protocol", _) => vec![("2", "2"), ("3", "3"), ("auto", "auto")],
        ("ip_preference", _) => vec![("ipv4", "ipv4"), ("IPv6", "ipv6"), ("any", "any")],
        ("handshake", _) => vec![("minimal", "minimal"), ("full", "full")],
        ("ssl_cert_reqs", _) => vec![("optional", "required"), ("None", "none")],
        ("ssl_min_version", _) => vec![("1.3", "1.3"), ("1.2", "1.2")],
        ("ssl_server_name", _) => vec![("redis.test", "redis.test"), ("", "")],
        ("ssl_ca_data", _) => vec![("-----BEGIN\nx\r\n", "-----BEGIN\nx\r\n"), ("", "")],
        ("read_from", _) => vec![
            ("replica_preferred", "replica_preferred"),
            ("Replica", "replica"),
            ("ANY", "any"),
            ("az", "az"),
            ("primary", "primary"),
        ],
        ("max_connections_per_node", _) => {
            vec![("yes", "16"), ("YES", "16"), ("7", "7"), ("no", "0")]
        }
        (_, "nodes") => vec![
            ("a:1", "a:1"),
            (" a:1 , [::1]:7000,::2:7001", "a:1,[::1]:7000,[::2]:7001"),
            ("", ""),
        ],
        (_, "zones") => vec![
            ("a:1=eu-1a", "a:1=eu-1a"),
            (" a:1 = x , [::1]:7000=y,::2:7001=a b", "a:1=x,[::1]:7000=y,[::2]:7001=a b"),
            ("", ""),
        ],
        (_, "rules") => vec![
            ("10.0.0.1=203.0.113.5", "10.0.0.1=203.0.113.5"),
            (" :7001 = :17001 , Gw:1=[0::1]:2", ":7001=:17001,Gw:1=[::1]:2"),
            ("", ""),
        ],
        ("client_name", _) => vec![("web-1", "web-1"), ("", "")],
        (_, "string") => vec![("jürgen meier", "jürgen meier"), ("", "")],
        (_, "secret") => vec![("open sesame", "***"), ("", "")],
        (_, "bool") => vec![
            ("yes", "yes"),
            ("True", "yes"),
            ("ON", "yes"),
            ("1", "yes"),
            ("no", "no"),
            ("FALSE", "no"),
            ("off", "no"),
            ("0", "no"),
        ],
        (_, "integer" | "milliseconds" | "seconds") => vec![("17", "17"), ("100", "100")],
        (_, "bytes") => {
            vec![("4096", "4096"), ("64KiB", "65536"), ("3MiB", "3145728"), ("1GiB", "1073741824")]
        }
        other => panic!("no values for {other:?}"),
    }
}

fn bad_values(name: &str, type_name: &str) -> &'static [&'static str] {
    match (name, type_name) {
        ("client_name" | "ssl_server_name", _) => &["two words", "jürgen", "a\nb", "a\u{7f}"],
        ("ssl_ca_data", _) => &["a\0b", "\u{1b}[1m"],
        (_, "string" | "secret") => &["a\nb", "a\rb", "a\0b", "\u{1b}[1m"],
        (_, "nodes") => {
            &["a", "a:0", "a:70000", "a:1,", ",a:1", "a:1,,b:1", "a:x", "a:1;b:2", "a b:1"]
        }
        (_, "zones") => &[
            "a",
            "a:1",
            "a:1=",
            "=x",
            "a=x",
            "a:0=x",
            "a:1=x,",
            "a:1=x,b:1",
            "a:1=x,A:1=y",
            "a:1=x\n",
        ],
        (_, "rules") => &[
            "a",
            "a=",
            "=a",
            "a=b:1",
            "a:0=b:1",
            "a:1=b:70000",
            "a=b,",
            "a=b,,c=d",
            ":1=b",
            "::1=::2",
        ],
        (_, "bool") => &["", "y", "2", "yes ", "ja"],
        (_, "enum") => &["", "auto,slots", "4", "all"],
        (_, "bytes") => {
            &["", "0", "1023", "1KB", "1 KiB", "-1", "2048GiB", "99999999999999GiB", "KiB"]
        }
        _ => &[
            "",
            "-1",
            "+1",
            "1.5",
            " 1",
            "0x10",
            "1e3",
            "ten",
            "2147483648",
            "18446744073709551616",
        ],
    }
}

#[test]
fn every_default_is_what_new_gives() {
    let options = Options::new();
    for row in rows() {
        assert_eq!(row.get(&options), row.default(), "{}", row.name());
        let mut again = options.clone();
        row.set(&mut again, row.default()).unwrap();
        assert_eq!(values(&again), values(&options), "{}", row.name());
    }
    assert_eq!(options.max_reply_size, (512 << 20) + (64 << 10));
    assert_eq!(options.timeout, Duration::from_secs(20));
    assert_eq!(options.socket_keepalive_idle, Duration::from_secs(30));
    assert_eq!((options.max_connections, options.topology_refresh_interval), (None, None));
    assert_eq!(options.topology_command, TopologyCommand::Auto);
}

#[test]
fn every_row_is_whole() {
    let mut names: Vec<_> = rows().map(|row| row.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows().count(), "a name stands twice");
    for row in rows() {
        assert!(!row.group().is_empty() && !row.accepts().is_empty(), "{}", row.name());
        let doc = row.doc();
        assert!(doc.ends_with('.') && !doc.contains("  "), "{}: {doc}", row.name());
        for (c, text) in row.c_texts().iter().zip([row.name(), row.type_name(), row.default(), doc])
        {
            assert_eq!(c.to_str(), Ok(text));
        }
        match row.type_name() {
            "milliseconds" => assert!(doc.contains("milliseconds"), "{}", row.name()),
            "seconds" => assert!(doc.contains("seconds"), "{}", row.name()),
            "bytes" => assert!(doc.contains("bytes"), "{}", row.name()),
            _ => continue,
        }
        assert!(doc.contains('0'), "{} says nothing of 0", row.name());
    }
}

#[test]
fn every_row_reads_as_it_was_set() {
    for row in rows() {
        for (value, shown) in other_values(row.name(), row.type_name()) {
            let mut options = Options::new();
            options.set(row.name(), value).unwrap();
            assert_eq!(options.get(row.name()).as_deref(), Some(shown), "{}={value}", row.name());
            if row.type_name() != "secret" {
                let mut again = Options::new();
                again.set(row.name(), shown).unwrap();
                assert_eq!(values(&again), values(&options), "{}={value}", row.name());
            }
            let touched = values(&options)
                .iter()
                .zip(&values(&Options::new()))
                .filter(|(new, old)| new != old)
                .map(|(new, _)| new.0)
                .collect::<Vec<_>>();
            let coverage = ["require_full_coverage", "skip_full_coverage_check"];
            assert!(
                touched.is_empty() || touched == [row.name()] || touched == coverage,
                "{} changed {touched:?}",
                row.name()
            );
        }
    }
}

#[test]
fn a_bad_value_names_the_option_and_changes_nothing() {
    for row in rows() {
        for bad in bad_values(row.name(), row.type_name()) {
            let mut options = Options::new();
            let (good, _) = other_values(row.name(), row.type_name())[0];
            options.set(row.name(), good).unwrap();
            let before = (values(&options), format!("{options:?}"));
            let message = refused(options.set(row.name(), bad));
            assert!(message.contains(row.name()), "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
            assert_eq!((values(&options), format!("{options:?}")), before, "{}={bad}", row.name());
        }
    }
    let mut options = Options::new();
    let mut message = |name: &str, value: &str| refused(options.set(name, value));
    assert_eq!(
        message("max_connections", "1000001"),
        "option \"max_connections\" cannot be \"1000001\": give a number from 0 to 1000000"
    );
    assert_eq!(
        message("pool_exhausted", "wait"),
        "option \"pool_exhausted\" cannot be \"wait\": give error or block"
    );
    assert_eq!(message("username", "a\nb"), "option \"username\" holds a control character");
    assert!(message("timeout", "0").contains("milliseconds from 1 to 2147483647"));
    assert!(message("socket_keepalive_count", "128").contains("from 1 to 127"));
    assert!(message("db", &"9".repeat(1000)).len() < 200);
}

#[test]
fn a_bad_node_is_named_by_position_and_text() {
    let mut options = Options::new();
    for (value, expected) in [
        ("a:1,b:0", "startup_nodes entry 2: \"b:0\": the port must be a number from 1 to 65535"),
        (
            "a:70000",
            "startup_nodes entry 1: \"a:70000\": the port must be a number from 1 to 65535",
        ),
        ("a:1,b:2,c", "startup_nodes entry 3: \"c\" has no port: write host:port"),
    ] {
        assert_eq!(refused(options.set("startup_nodes", value)), expected);
    }
    let url = refused(options.set("startup_nodes", "redis://me:hunter2@a:1"));
    assert!(url.contains("entry 1") && !url.contains("hunter2"), "{url}");
}

#[test]
fn a_bad_rule_is_named_by_position_and_text() {
    let mut options = Options::new();
    for (value, expected) in [
        ("a=b,c=", "host_port_remap entry 2: \"c=\": there is nothing on one side of the \"=\""),
        ("a=b:1", "host_port_remap entry 1: \"a=b:1\": a port stands on both sides, or on neither"),
        ("a=b,", "host_port_remap entry 2: there is no rule: take the comma away, or write one"),
    ] {
        assert_eq!(refused(options.set("host_port_remap", value)), expected);
    }
    let long = format!("{}=b,c", "x".repeat(10_000));
    assert!(refused(options.set("host_port_remap", &long)).len() < 200);
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let mut options = Options::new();
    for (name, nearest) in [
        ("max_conections", "max_connections"),
        ("max-connections", "max_connections"),
        ("Timeout", "timeout"),
        ("topology_refresh_intervall", "topology_refresh_interval"),
        ("user_name", "username"),
        ("pasword", "password"),
        ("dbs", "db"),
    ] {
        let expected = format!("unknown option \"{name}\": did you mean \"{nearest}\"?");
        assert_eq!(refused(options.set(name, "1")), expected);
        assert_eq!(options.get(name), None);
        assert_eq!(refused(Options::from_url(&format!("redis://a?{name}=1"))), expected);
    }
    let far = refused(options.set("nothing_like_it_at_all", "1"));
    assert!(far.contains("the nearest known one is"), "{far}");
    let control = refused(options.set("a\nb", "1"));
    assert!(control.starts_with("unknown option \"a\\nb\""), "{control}");
    assert!(refused(options.set(&"x".repeat(100_000), "1")).len() < 200);
    refused(options.set("", "1"));
}

#[test]
fn coverage_is_one_setting_with_two_names() {
    let mut options = Options::new();
    options.set("skip_full_coverage_check", "no").unwrap();
    assert!(options.require_full_coverage);
    options.set("require_full_coverage", "no").unwrap();
    assert_eq!(options.get("skip_full_coverage_check").as_deref(), Some("yes"));
}

#[test]
fn the_total_limit_in_force() {
    let limit = |settings: &[(&str, &str)]| {
        let mut options = Options::new();
        settings.iter().for_each(|(name, value)| options.set(name, value).unwrap());
        options.clone().connection_limit()
    };
    assert_eq!(limit(&[]), None);
    assert_eq!(limit(&[("pool_exhausted", "block")]), Some(50));
    assert_eq!(limit(&[("pool_exhausted", "block"), ("max_connections", "0")]), None);
    assert_eq!(limit(&[("max_connections", "7"), ("pool_exhausted", "block")]), Some(7));
    assert_eq!(limit(&[("max_connections", "7")]), Some(7));
}

#[test]
fn options_that_make_no_sense_together() {
    let check = |settings: &[(&str, &str)]| {
        let mut options = Options::new();
        settings.iter().for_each(|(name, value)| options.set(name, value).unwrap());
        options.validate()
    };
    assert!(refused(check(&[])).contains("startup_nodes"));
    let nodes = ("startup_nodes", "a:1");
    check(&[nodes]).unwrap();
    let message = refused(check(&[nodes, ("username", "me")]));
    assert!(message.contains("username") && message.contains("password"), "{message}");
    check(&[nodes, ("username", "me"), ("password", "x")]).unwrap();
    check(&[nodes, ("max_connections", "2"), ("max_connections_per_node", "8")]).unwrap();
    let message = refused(check(&[nodes, ("topology_refresh_interval", "99")]));
    assert!(message.contains("topology_refresh_min_interval"), "{message}");
    check(&[nodes, ("topology_refresh_interval", "100")]).unwrap();
    let message = refused(check(&[nodes, ("read_from", "az")]));
    assert!(message.contains("read_from") && message.contains("client_az"), "{message}");
    check(&[nodes, ("read_from", "az"), ("client_az", "x")]).unwrap();
    check(&[nodes, ("client_az", "x"), ("replica_cooldown", "0")]).unwrap();
}

#[test]
fn a_zone_entry_without_its_partner_is_named() {
    for (value, entry) in [
        ("a:1=x,b:2", "entry 2: \"b:2\""),
        ("a:1=", "entry 1: \"a:1=\""),
        ("=x", "entry 1: \"=x\""),
    ] {
        let message = refused(Options::new().set("availability_zones", value));
        assert!(message.contains("availability_zones") && message.contains(entry), "{message}");
    }
}

#[test]
fn secrets_are_never_shown() {
    const SECRET: &str = "hunter2";
    let mut options = Options::from_url("redis://me:hunter2@a:1").unwrap();
    assert_eq!(options.password.as_ref().unwrap().reveal(), SECRET);
    assert_eq!(options.get("password").as_deref(), Some("***"));
    let shown = format!("{options:?} {options:#?} {:?}", options.password);
    assert!(!shown.contains(SECRET) && shown.contains("***"), "{shown}");
    let message = refused(options.set("password", "hunter2\n"));
    assert!(message.contains("password") && !message.contains(SECRET), "{message}");
    assert_eq!(options.password.as_ref().unwrap().reveal(), SECRET);

    // Whatever is wrong with a URL, and wherever an unencoded password ends up in it.
    for url in [
        "rediss://me:hunter2@a?ssl=no",
        "http://me:hunter2@a",
        "me:hunter2@a",
        "redis://me:hunter2",
        "redis://:hunter2",
        "redis://me:hunter2@",
        "redis://me:hunter2@a:0",
        "redis://me:hunter2@a:70000,b",
        "redis://me:hunter2@a,b:x",
        "redis://me:hunter2@a/x",
        "redis://me:hunter2@a?nothing=1",
        "redis://me:hunter2@a?password=hunter2",
        "redis://me:hunter2@a?timeout=0",
        "redis://me:hunter2%@a",
        "redis://me:hunter2%zz@a",
        "redis://me:hunter2%ff@a",
        "redis://me:hunter2%0a@a",
        "redis://me:hunter2\n@a",
        "redis://me:x/hunter2@a",
        "redis://me:x?hunter2@a",
        "redis://me:x?y=hunter2@a",
        "redis://me:x#hunter2@a",
        "redis://a?password=hunter2%",
        "redis://a?password=hunter2%00",
        "redis://a?password=x&hunter2",
        "redis://a/hunter2",
        "redis://me:hunter2@[a",
    ] {
        let message = refused(Options::from_url(url));
        assert!(!message.contains(SECRET) && !message.contains("://me"), "{url}: {message}");
    }
}

#[test]
fn urls() {
    let nodes = |url: &str| Options::from_url(url).unwrap().get("startup_nodes").unwrap();
    assert_eq!(nodes("redis://a"), "a:6379");
    assert_eq!(nodes("REDIS://a:1/"), "a:1");
    assert_eq!(nodes("valkey://a?"), "a:6379");
    assert_eq!(
        nodes("redis://a,b:7001,[::1],[fe80::2]:7002"),
        "a:6379,b:7001,[::1]:6379,[fe80::2]:7002"
    );
    assert_eq!(nodes("redis://127.0.0.1:7000,10.0.0.1"), "127.0.0.1:7000,10.0.0.1:6379");
    assert_eq!(nodes("redis://h%6Fst:1"), "host:1");

    let options = Options::from_url(
        "redis://j%C3%BCrgen:p%40s%2Fs%3A%3F%23%25+@a/3?pool_exhausted=block&protocol=3&\
         client_name=web%2D1&max_reply_size=1MiB&%74imeout=7&skip_full_coverage_check=no",
    )
    .unwrap();
    assert_eq!(options.username.as_deref(), Some("jürgen"));
    assert_eq!(options.password.as_ref().unwrap().reveal(), "p@s/s:?#%+");
    assert_eq!((options.db, options.max_reply_size), (3, 1 << 20));
    assert_eq!(options.pool_exhausted, PoolExhausted::Block);
    assert_eq!(options.protocol, Protocol::Resp3);
    assert_eq!(options.client_name.as_deref(), Some("web-1"));
    assert_eq!(options.timeout, Duration::from_millis(7));
    assert!(options.require_full_coverage);

    let options =
        Options::from_url("redis://a?host_port_remap=[::1]:6381=[::1]:7381,10.0.0.1=gw&timeout=7")
            .unwrap();
    let rules = options.get("host_port_remap");
    assert_eq!(rules.as_deref(), Some("[::1]:6381=[::1]:7381,10.0.0.1=gw"));

    let options = Options::from_url("redis://:only@a?username=me").unwrap();
    assert_eq!(options.username.as_deref(), Some("me"));
    assert_eq!(options.password.as_ref().unwrap().reveal(), "only");
    let options = Options::from_url("redis://:p@ss:w@a:1").unwrap();
    assert_eq!(options.password.as_ref().unwrap().reveal(), "p@ss:w");
    let options = Options::from_url("redis://:@a").unwrap();
    assert!(options.username.is_none() && options.password.is_none());
}

#[test]
fn urls_that_are_refused() {
    for (url, part) in [
        ("", "no scheme"),
        ("a:1", "no scheme"),
        ("redis:/a", "no scheme"),
        ("http://a", "another scheme"),
        ("rediss://a?ssl=no", "sets option \"ssl\" twice"),
        ("rediss://a?ssl_min_version=1.1", "1.2 or 1.3"),
        ("redis://", "startup_nodes entry 1 has no host"),
        ("redis://:7000", "startup_nodes entry 1 has no host"),
        ("redis://a,", "startup_nodes entry 2 has no host"),
        ("redis://a,b:0", "startup_nodes entry 2 (host \"b\"): the port must be"),
        ("redis://a:70000", "startup_nodes entry 1 (host \"a\"): the port must be"),
        ("redis://a:", "the port must be"),
        ("redis://a:+1", "the port must be"),
        ("redis://::1:7000", "has no host"),
        ("redis://fe80::1", "an IPv6 address stands in brackets"),
        ("redis://[::1", "brackets"),
        ("redis://[::1]7000", "brackets"),
        ("redis://[localhost]", "brackets"),
        ("redis://a%3A%3Ab", "brackets"),
        ("redis://a b", "a character that no host name has"),
        ("redis://a%00", "a character that no host name has"),
        ("redis://a/x", "database number"),
        ("redis://a/0/1", "database number"),
        ("redis://a/9999999999", "option \"db\""),
        ("redis://a?timeout", "without \"=\""),
        ("redis://a?timeout=x", "option \"timeout\" cannot be \"x\""),
        ("redis://a?timeout=1&timeout=1", "sets option \"timeout\" twice"),
        ("redis://a/1?db=1", "sets option \"db\" twice"),
        ("redis://me@a?username=me", "sets option \"username\" twice"),
        ("redis://a?startup_nodes=b:1", "sets option \"startup_nodes\" twice"),
        (
            "redis://a?require_full_coverage=yes&skip_full_coverage_check=yes",
            "both \"require_full_coverage\" and \"skip_full_coverage_check\"",
        ),
        ("redis://a?timeout=%", "badly encoded in the value"),
        ("redis://a?%f=1", "badly encoded in the name"),
        ("redis://%ff@a", "badly encoded in the user"),
        ("redis://a#b", "%23"),
    ] {
        let message = refused(Options::from_url(url));
        assert!(message.contains(part), "{url}: {message}");
    }
}

/// Percent-encodes all but letters and digits, and of these some.
fn encoded(text: &str, also: u8) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() && byte % 7 != also {
            out.push(byte.into());
        } else if byte % 2 == 0 {
            let _ = write!(out, "%{byte:02x}");
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9.-]{0,20}",
        any::<[u8; 4]>().prop_map(|b| std::net::Ipv4Addr::from(b).to_string()),
        any::<[u8; 16]>().prop_map(|b| format!("[{}]", std::net::Ipv6Addr::from(b))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_url_gives_the_parts_it_was_made_of(
        user in "\\PC{0,12}",
        password in "\\PC{0,24}",
        hosts in prop::collection::vec((host(), prop::option::of(1u16..)), 1..5),
        db in prop::option::of(0u32..100_000),
        timeout in prop::option::of(1u32..100_000),
        yes in any::<bool>(),
        also in 0u8..8,
    ) {
        let list: Vec<_> = hosts.iter().map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        }).collect();
        let mut url = format!(
            "redis://{}:{}@{}", encoded(&user, also), encoded(&password, also), list.join(",")
        );
        if let Some(db) = db {
            let _ = write!(url, "/{db}");
        }
        let _ = write!(url, "?{}={}", encoded("init_slot_cache", also), if yes { "on" } else { "off" });
        if let Some(timeout) = timeout {
            let _ = write!(url, "&timeout={}", encoded(&timeout.to_string(), also));
        }
        let options = Options::from_url(&url).unwrap();
        prop_assert_eq!(options.username.as_deref().unwrap_or(""), user);
        prop_assert_eq!(options.password.as_ref().map_or("", |p| p.reveal()), password);
        let nodes: Vec<_> = hosts.iter()
            .map(|(host, port)| format!("{host}:{}", port.unwrap_or(6379))).collect();
        prop_assert_eq!(options.get("startup_nodes").unwrap(), nodes.join(","));
        prop_assert_eq!(options.db, db.unwrap_or(0));
        prop_assert_eq!(options.init_slot_cache, yes);
        prop_assert_eq!(options.timeout.as_millis(), u128::from(timeout.unwrap_or(20_000)));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}", name in 0..rows().count()) {
        let mut options = Options::new();
        let _ = Options::from_url(&text);
        let _ = Options::from_url(&format!("redis://{text}"));
        let before = values(&options);
        if options.set(rows().nth(name).unwrap().name(), &text).is_err() {
            prop_assert_eq!(values(&options), before);
        }
    }
}

/// docs/options.md, as the table has it.
fn documentation() -> String {
    let mut page = String::from(
        "# Options\n\n\
         Made from the table in `src/options/table/`; `UPDATE_DOCS=1 cargo test --test options` writes \
         it anew.\n\n\
         Options are set by name and text, or in the query of a URL:\n\n\
         ```\n\
         redis://[user[:password]@]host[:port][,host[:port]...][/db][?name=value&...]\n\
         ```\n\n\
         An IPv6 address stands in brackets, the port is 6379 where none is given, and user, password, \
         hosts, names and values may be percent-encoded. `valkey://` means the same as `redis://`. An \
         option that is named twice is refused, and so are an unknown name and a value out of range: \
         the error names the option and what it accepts, and changes nothing.\n\n\
         Times are in milliseconds, but for the two of keepalive, which are in seconds. A `bool` is `yes` or `no`; `true`, \
         `false`, `on`, `off`, `1` and `0` are taken as well, in any letter case. Bytes may be written \
         as `64KiB`, `16MiB`, `1GiB`. No text holds control characters. A `secret` is never shown.\n",
    );
    let mut group = "";
    for row in rows() {
        if row.group() != group {
            group = row.group();
            let _ = write!(page, "\n## {}{}\n", group[..1].to_uppercase(), &group[1..]);
        }
        let default = match row.default() {
            "" => "none".into(),
            text => format!("`{text}`"),
        };
        let _ = write!(
            page,
            "\n### `{}`\n\nType: {} ({}). Default: {default}.\n\n{}\n",
            row.name(),
            row.type_name(),
            row.accepts(),
            row.doc()
        );
    }
    page
}

#[test]
fn the_documentation_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/options.md");
    let expected = documentation();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/options.md is old: UPDATE_DOCS=1 cargo test --test options");
}
