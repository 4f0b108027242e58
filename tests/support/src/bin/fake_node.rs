//! `fake-node [FILE | -e SCRIPT]`: runs the nodes of a script (without either it is read from
//! standard input up to a line `end`), prints `ports …`, then answers control lines until standard
//! input ends. See `fake_node.md`.

use std::process::ExitCode;

use rediscluster_test_support::fake_node::FakeNodes;
use rediscluster_test_support::program;

fn script() -> Result<String, String> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("-e") => args.next().ok_or_else(|| "-e takes the script".to_string()),
        Some("-h" | "--help") => Err("usage: fake-node [FILE | -e SCRIPT]".into()),
        Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}")),
        None => {
            let mut text = String::new();
            for line in std::io::stdin().lines() {
                let line = line.map_err(|error| error.to_string())?;
                if line.trim() == "end" {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            Ok(text)
        }
    }
}

fn main() -> ExitCode {
    program::watch(|| {});
    let nodes = match script().and_then(|text| FakeNodes::run(&text)) {
        Ok(nodes) => nodes,
        Err(error) => {
            program::say(&format!("error {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ports: Vec<String> = nodes.ports().iter().map(u16::to_string).collect();
    program::say(&format!("ports {}", ports.join(" ")));
    program::control(|line| nodes.control(line));
    ExitCode::SUCCESS
}
