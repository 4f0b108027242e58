//! `cluster start [OPTIONS] [-- PROGRAM ARGS…]`: a throwaway cluster. Without a program it prints
//! `nodes host:port …` and answers control lines until standard input ends; with one it runs that,
//! the addresses in REDISCLUSTER_TEST_CLUSTER and for `{nodes}` in its arguments, the folder of
//! certificates in REDISCLUSTER_TEST_CERTIFICATES, and ends with its status. See `cluster.md`.

use std::process::{Command, ExitCode};

use rediscluster_test_support::cluster::{Cluster, Config, abandon};
use rediscluster_test_support::program;

const USAGE: &str = "usage: cluster start [--server redis|valkey] [--primaries N] [--replicas N] \
    [--config LINE]… [--node-timeout MS] [--bind ADDRESS] [--ports P,P,…] [--password SECRET] \
    [--tls FOLDER [--tls-auth yes|no|optional] [--tls-certificate NAME]] [-- PROGRAM ARGS…]";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().map(String::as_str) != Some("start") {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    }
    args.remove(0);
    let program = match args.iter().position(|arg| arg == "--") {
        Some(at) => args.split_off(at).split_off(1),
        None => Vec::new(),
    };
    program::watch(abandon);
    let started = Config::from_args(&args).and_then(Cluster::start);
    let mut cluster = match started {
        Ok(cluster) => cluster,
        Err(error) => {
            program::say(&format!("error {error}"));
            eprintln!("cluster: {error}");
            return ExitCode::FAILURE;
        }
    };
    if program.is_empty() {
        program::say(&format!("nodes {}", cluster.addresses().join(" ")));
        program::control(|line| cluster.control(line));
        return ExitCode::SUCCESS;
    }
    run(&cluster, &program)
}

fn run(cluster: &Cluster, program: &[String]) -> ExitCode {
    let addresses = cluster.addresses();
    let args = program[1..].iter().map(|arg| arg.replace("{nodes}", &addresses.join(",")));
    let mut command = Command::new(&program[0]);
    command.args(args).env("REDISCLUSTER_TEST_CLUSTER", addresses.join(","));
    if let Some(certificates) = cluster.certificates() {
        command.env("REDISCLUSTER_TEST_CERTIFICATES", certificates.folder());
    }
    program::unblock_signals(&mut command);
    match command.status() {
        Ok(status) => status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8)),
        Err(error) => {
            eprintln!("cluster: {}: {error}", program[0]);
            ExitCode::from(127)
        }
    }
}
