//! What rules match, what they give, and what is no rule.

use super::*;

fn leads(rules: &str, address: &str) -> String {
    let rules = Rules::parse(rules).unwrap();
    let address = NodeAddress::parse(address).unwrap();
    rules.apply(&address).map_or("-".into(), |address| address.to_string())
}

#[test]
fn either_part_may_be_absent_on_both_sides() {
    assert_eq!(leads("10.0.0.1=203.0.113.5", "10.0.0.1:7001"), "203.0.113.5:7001");
    assert_eq!(leads("10.0.0.1=203.0.113.5", "10.0.0.2:7001"), "-");
    assert_eq!(leads(":7001=:17001", "10.0.0.1:7001"), "10.0.0.1:17001");
    assert_eq!(leads(":7001=:17001", "[::1]:7001"), "[::1]:17001");
    assert_eq!(leads(":7001=:17001", "10.0.0.1:7002"), "-");
    assert_eq!(leads("10.0.0.1:7001=gw.example:9001", "10.0.0.1:7001"), "gw.example:9001");
    assert_eq!(leads("10.0.0.1:7001=gw.example:9001", "10.0.0.1:7002"), "-");
    assert_eq!(leads("10.0.0.1:7001=gw.example:9001", "10.0.0.2:7001"), "-");
    assert_eq!(leads("", "10.0.0.1:7001"), "-");
}

#[test]
fn hosts_are_compared_as_what_they_are() {
    assert_eq!(leads("Node-A=gw", "NODE-a:1"), "gw:1");
    assert_eq!(leads("[::1]:6381=[::1]:7381", "[::1]:6381"), "[::1]:7381");
    assert_eq!(leads("[::1]=[fd00::1]", "::1:5"), "[fd00::1]:5");
    assert_eq!(leads("[FD00:0:0:0::0001]=gw", "[fd00::1]:5"), "gw:5");
    assert_eq!(leads("[fd00::1]=gw", "[FD00:0::1]:5"), "gw:5");
    assert_eq!(leads("[::ffff:10.0.0.1]=gw", "10.0.0.1:5"), "-");
}

#[test]
fn the_first_that_matches_wins_and_is_applied_once() {
    let rules = "10.0.0.1:7001=one:1, 10.0.0.1=two ,:7001=:3,two=three";
    assert_eq!(leads(rules, "10.0.0.1:7001"), "one:1");
    assert_eq!(leads(rules, "10.0.0.1:7002"), "two:7002");
    assert_eq!(leads(rules, "10.0.0.2:7001"), "10.0.0.2:3");
    assert_eq!(leads(rules, "two:7001"), "two:3");
    assert_eq!(leads(rules, "two:7002"), "three:7002");
    assert_eq!(leads("a=b,b=a", "a:1"), "b:1");
    assert_eq!(leads("a=b,b=a", "b:1"), "a:1");
    // An exception before a wider rule.
    assert_eq!(leads("a:1=a:1,a=b", "a:1"), "a:1");
    assert_eq!(leads("a:1=a:1,a=b", "a:2"), "b:2");
}

#[test]
fn what_is_shown_can_be_set() {
    for (text, shown) in [
        ("", ""),
        (" a = b , :1 = :2 ", "a=b,:1=:2"),
        ("[::1]:6381=[::1]:7381", "[::1]:6381=[::1]:7381"),
        ("[0::1]=[FD00::0:1]", "[::1]=[fd00::1]"),
        ("10.0.0.1:7001=gw.example:9001", "10.0.0.1:7001=gw.example:9001"),
        ("gw=[::1]", "gw=[::1]"),
    ] {
        let rules = Rules::parse(text).unwrap();
        assert_eq!(rules.to_string(), shown);
        assert_eq!(Rules::parse(shown).unwrap().to_string(), shown);
    }
}

#[test]
fn what_is_no_rule_is_named_by_its_number() {
    for (text, part) in [
        ("a=b,c=", "entry 2: \"c=\": there is nothing on one side"),
        ("=b", "entry 1: \"=b\": there is nothing on one side"),
        ("=", "nothing on one side"),
        ("a=b,,c=d", "entry 2: there is no rule"),
        ("a=b,", "entry 2: there is no rule"),
        (",", "entry 1: there is no rule"),
        ("a", "there is no \"=\""),
        ("a:1", "there is no \"=\""),
        ("a=b:1", "a port stands on both sides"),
        ("a:1=b", "a port stands on both sides"),
        (":1=b:1", "a host stands on both sides"),
        ("a:1=:1", "a host stands on both sides"),
        ("a=:1", "a host stands on both sides"),
        ("a:0=b:1", "a port is a number from 1 to 65535"),
        ("a:1=b:70000", "a port is a number from 1 to 65535"),
        ("a:=b:", "a port is a number from 1 to 65535"),
        (":=:", "a port is a number from 1 to 65535"),
        ("a:+1=b:1", "a port is a number"),
        ("a=b=c:1", "a port"),
        ("::1=::2", "an IPv6 address stands in brackets"),
        ("::1:7=[::2]:7", "an IPv6 address stands in brackets"),
        ("[::1]7=[::2]7", "behind the brackets"),
        ("[a]=b", "brackets hold an IPv6 address"),
        ("[]=b", "brackets hold an IPv6 address"),
        ("]=b", "brackets hold an IPv6 address"),
        ("[::1=b", "an IPv6 address stands in brackets"),
        ("[=b", "brackets hold an IPv6 address"),
        ("a b=c", "a blank"),
    ] {
        let problem = Rules::parse(text).unwrap_err();
        assert!(problem.contains(part), "{text}: {problem}");
    }
    let url = Rules::parse("redis://me:hunter2@a=b").unwrap_err();
    assert!(url.starts_with("entry 1: ") && !url.contains("hunter2"), "{url}");
}
