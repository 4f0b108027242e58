//! The shared library exports the functions of the header and nothing else, under the right name.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The library that cargo made for this test, beside it.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let library = test.with_file_name("librediscluster.so");
    assert!(library.exists(), "{} is not there", library.display());
    library
}

fn output_of(tool: &str, option: &str) -> String {
    let output = Command::new(tool).arg(option).arg(library()).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} (binutils): {error}"));
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The functions the header declares: the names in front of a parenthesis, outside of comments.
fn declared() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/rediscluster.h");
    let header = std::fs::read_to_string(path).expect("include/rediscluster.h");
    let is_comment = |line: &&str| line.starts_with([' ', '/', '#']) || line.starts_with("typedef");
    header
        .lines()
        .filter(|line| !is_comment(line))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn it_exports_what_the_header_declares_and_nothing_else() {
    let symbols = output_of("nm", "-D");
    let exported: BTreeSet<_> = symbols
        .lines()
        .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, kind, name] if !matches!(kind, "U" | "w" | "v") => Some(name.to_owned()),
            _ => None,
        })
        .collect();
    let declared = declared();
    assert!(declared.len() > 60, "{declared:?}");
    let difference: Vec<_> = exported.symmetric_difference(&declared).collect();
    assert!(difference.is_empty(), "exported or declared only: {difference:?}");
}

#[test]
fn its_soname_names_the_abi_and_it_is_never_unloaded() {
    let dynamic = output_of("readelf", "-dW");
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    let abi = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
    assert!(dynamic.contains(&format!("[librediscluster.so.{abi}]")), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}
