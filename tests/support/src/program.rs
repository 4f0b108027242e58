//! What both programs share: they end with their parent and on a signal, and are driven by lines.

use std::io::{BufRead, Write};
use std::os::fd::AsRawFd;
use std::thread;

use crate::os;

/// Watches for SIGINT, SIGTERM, SIGHUP and the end of the parent process; then calls `clean_up` and
/// ends the program. To be called before other threads start.
pub fn watch(clean_up: fn()) {
    let wait = os::termination();
    thread::spawn(move || {
        let number = wait();
        clean_up();
        std::process::exit(128 + number);
    });
    if let Some(parent) = os::parent_descriptor() {
        thread::spawn(move || {
            while !os::poll(&[parent.as_raw_fd()], -1).is_ok_and(|ready| ready[0]) {}
            clean_up();
            std::process::exit(1);
        });
    }
}

/// Reads control lines from standard input until it ends or says `quit`, and prints an answer to
/// each.
pub fn control(mut answer: impl FnMut(&str) -> String) {
    let mut line = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        line.clear();
        match input.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let words = line.trim();
        if words.is_empty() {
            continue;
        }
        if words == "quit" {
            say("ok");
            return;
        }
        if !say(&answer(words)) {
            return;
        }
    }
}

/// Prints a line at once. False when nobody reads any more.
pub fn say(line: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

/// Lets a command's process begin with no signal blocked, although [`watch`] blocks some here.
pub fn unblock_signals(command: &mut std::process::Command) {
    os::unblock_signals(command);
}
