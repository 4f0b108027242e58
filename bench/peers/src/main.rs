//! peers CLIENT WORKLOAD COUNT HOST:PORT [TASKS]: CLIENT is `redis` (blocking), `redis-async` or `fred`.

mod blocking;
mod by_fred;
mod by_redis;
mod tasks;
mod workload;

use workload::Outcome;

fn main() {
    if let Err(failure) = run() {
        eprintln!("failed: {failure}");
        std::process::exit(1);
    }
}

fn run() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [client, workload, count, node, rest @ ..] = words.as_slice() else {
        return Err("usage: peers CLIENT WORKLOAD COUNT HOST:PORT [TASKS]".into());
    };
    let count = count.parse()?;
    let tasks = rest.first().map_or(Ok(1), |number| number.parse())?;
    match *client {
        "redis" => blocking::run(workload, count, node),
        "redis-async" => tasks::run::<by_redis::Client>(workload, count, node, tasks),
        "fred" => tasks::run::<by_fred::Client>(workload, count, node, tasks),
        _ => Err("no such client".into()),
    }
}
