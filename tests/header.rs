//! `include/rediscluster.h` is what cbindgen makes of `src/ffi/`, and every C and C++ compiler takes
//! it without a word. `UPDATE_HEADER=1` writes it anew.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The files of `src/ffi/` in the header's reading order, as in `src/ffi/mod.rs`. One by one, so that
/// nothing of the core leaks into the header.
const FILES: [&str; 27] = [
    "version",
    "status",
    "error",
    "options",
    "callback",
    "credentials",
    "address",
    "pool",
    "checkout",
    "redirect",
    "connection",
    "command",
    "cancel",
    "setting",
    "client",
    "asynchronous",
    "explanation",
    "pipeline",
    "transaction",
    "script",
    "scan",
    "subscriber",
    "message",
    "reply",
    "topology",
    "stats",
    "key",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn header_path() -> PathBuf {
    root().join("include/rediscluster.h")
}

fn version_macros() -> String {
    let part = |digits: &str| digits.parse::<u32>().expect("a number");
    let (major, minor, patch) = (
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    );
    format!(
        "\n/* The version of this header; rediscluster_version() is the library's. */\n\
         #define REDISCLUSTER_VERSION_MAJOR {major}\n\
         #define REDISCLUSTER_VERSION_MINOR {minor}\n\
         #define REDISCLUSTER_VERSION_PATCH {patch}\n\
         #define REDISCLUSTER_VERSION {}\n\
         #define REDISCLUSTER_VERSION_STRING \"{}\"",
        major * 10_000 + minor * 100 + patch,
        env!("CARGO_PKG_VERSION"),
    )
}

fn made_by_cbindgen() -> String {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    config.after_includes = Some(version_macros() + &config.after_includes.unwrap_or_default());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(root().join(format!("src/ffi/{file}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().expect("a header").write(&mut header);
    String::from_utf8(header).expect("UTF-8")
}

/// The checked-in header; made anew first where that is asked for.
fn header() -> &'static str {
    static HEADER: OnceLock<String> = OnceLock::new();
    HEADER.get_or_init(|| {
        if std::env::var_os("UPDATE_HEADER").is_some() {
            std::fs::write(header_path(), made_by_cbindgen()).expect("include/rediscluster.h");
        }
        std::fs::read_to_string(header_path()).expect("include/rediscluster.h")
    })
}

#[test]
fn the_header_is_what_cbindgen_makes() {
    let made = made_by_cbindgen();
    let differing = made.lines().zip(header().lines()).find(|(made, old)| made != old);
    assert!(
        made == header(),
        "include/rediscluster.h is out of date; UPDATE_HEADER=1 cargo test --test header writes it \
         anew. First difference: {differing:?}"
    );
}

#[test]
fn the_files_are_those_of_the_module_in_its_order() {
    let module = std::fs::read_to_string(root().join("src/ffi/mod.rs")).expect("src/ffi/mod.rs");
    let listed = module.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(listed.collect::<Vec<_>>(), FILES);
}

/// Each prototype with the comment in front of it.
fn functions(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut comment, mut prototype) = (String::new(), String::new());
    let mut inside_comment = false;
    for line in header.lines() {
        if line.starts_with("/*") {
            inside_comment = true;
            comment.clear();
        }
        if inside_comment {
            comment.push_str(line);
            comment.push('\n');
            inside_comment = !line.trim_end().ends_with("*/");
            prototype.clear();
            continue;
        }
        prototype.push_str(line);
        if line.ends_with(");") && !prototype.starts_with("typedef") {
            let name = prototype.split('(').next().unwrap_or_default();
            let name = name.rsplit([' ', '*']).next().unwrap_or_default();
            found.push((name.to_owned(), std::mem::take(&mut comment)));
        }
        if line.ends_with(';') || line.is_empty() {
            prototype.clear();
        }
    }
    found
}

#[test]
fn every_function_says_what_it_returns_owns_and_blocks_and_in_which_threads_it_may_run() {
    const THREADS: [&str; 4] = [
        "any thread.",
        "one thread at a time per object.",
        "read-only, any thread.",
        "not while another thread uses the object.",
    ];
    let functions = functions(header());
    assert!(functions.len() > 60, "{} functions", functions.len());
    for (name, comment) in functions {
        assert!(name.starts_with("rediscluster_"), "{name}");
        for part in [" * Returns: ", " * Ownership: ", " * Blocks: ", " * Threads: "] {
            assert_eq!(comment.matches(part).count(), 1, "{name}: {part}\n{comment}");
        }
        let threads = comment.split(" * Threads: ").nth(1).and_then(|rest| rest.lines().next());
        assert!(threads.is_some_and(|said| THREADS.contains(&said)), "{name}: {threads:?}");
        assert!(
            !comment.contains("[`") && !comment.contains("::"),
            "{name}: rustdoc in a C comment"
        );
    }
}

#[test]
fn only_the_three_includes_and_only_our_names() {
    let header = header();
    let includes: Vec<_> = header.lines().filter(|line| line.starts_with("#include")).collect();
    assert_eq!(includes, ["#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>"]);
    for line in header.lines().filter_map(|line| line.strip_prefix("#define ")) {
        assert!(line.starts_with("REDISCLUSTER_"), "{line}");
    }
    assert!(header.is_ascii(), "the header is for every editor and compiler");
    assert!(header.contains("typedef struct rediscluster_connection rediscluster_connection;"));
    assert!(!header.contains("struct rediscluster_connection {"), "a value, never dereferenced");
}

/// The words of a text that begin as our names do.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("rediscluster_") && !word.ends_with('_'))
}

#[test]
fn what_a_comment_names_is_declared() {
    let is_comment = |line: &&str| line.trim_start().starts_with(['/', '*']);
    let (comments, code): (Vec<_>, Vec<_>) = header().lines().partition(is_comment);
    let declared: Vec<_> = code.iter().flat_map(|line| names(line)).collect();
    for name in comments.iter().flat_map(|line| names(line)) {
        assert!(declared.contains(&name), "{name} stands in a comment alone");
    }
}

/// A use of what only a compiler can say: the cells' layout, and in C the macro.
const PROGRAM: &str = r#"
#include "rediscluster.h"
#define CHECK(name, truth) typedef char check_##name[(truth) ? 1 : -1]
CHECK(cell_size, sizeof(rediscluster_cell) == 24);
CHECK(cell_value, offsetof(rediscluster_cell, value) == 8);
CHECK(cell_offset, offsetof(rediscluster_cell, offset) == 16);
CHECK(version, REDISCLUSTER_VERSION == REDISCLUSTER_VERSION_MAJOR * 10000
    + REDISCLUSTER_VERSION_MINOR * 100 + REDISCLUSTER_VERSION_PATCH);
int use(rediscluster_command **command, rediscluster_connection *connection);
int use(rediscluster_command **command, rediscluster_connection *connection) {
    rediscluster_error *error = NULL;
    check_cell_size one = {0};
    check_cell_value two = {0};
    check_cell_offset three = {0};
    check_version four = {0};
#ifndef __cplusplus
    if (rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", "key", "value"), command, &error)
        != REDISCLUSTER_OK)
        return 1;
#else
    if (rediscluster_command_new(command, &error) != REDISCLUSTER_OK)
        return 1;
#endif
    return one[0] + two[0] + three[0] + four[0]
        + (int)rediscluster_connection_release(connection, &error);
}
"#;

fn there_is(compiler: &str) -> bool {
    Command::new(compiler)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn compiles(compiler: &str, extension: &str, standards: &[&str]) {
    let directory =
        std::env::temp_dir().join(format!("rediscluster-{}-{compiler}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    // The header alone too: as the first thing in a file, with nothing before it.
    for (name, text) in [("alone", "#include \"rediscluster.h\"\n"), ("used", PROGRAM)] {
        let source = directory.join(format!("{name}.{extension}"));
        std::fs::write(&source, text).expect("a source file");
        for standard in standards {
            let output = Command::new(compiler)
                .arg(format!("-std={standard}"))
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
                .args(["-fsyntax-only", "-I"])
                .arg(root().join("include"))
                .arg(&source)
                .output()
                .expect("a compiler");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{compiler} -std={standard}: {said}");
        }
    }
    std::fs::remove_dir_all(&directory).expect("a directory to remove");
}

#[test]
fn every_compiler_takes_it_in_every_standard() {
    let mut used = 0;
    for compiler in ["gcc", "clang", "clang-14", "cc"] {
        if there_is(compiler) {
            compiles(compiler, "c", &["c99", "c11", "c17", "c2x"]);
            used += 1;
        }
    }
    assert!(used > 0, "no C compiler found");
    let mut used = 0;
    for compiler in ["g++", "clang++", "clang++-14", "c++"] {
        if there_is(compiler) {
            compiles(compiler, "cc", &["c++11", "c++14", "c++17", "c++20"]);
            used += 1;
        }
    }
    assert!(used > 0, "no C++ compiler found");
}
