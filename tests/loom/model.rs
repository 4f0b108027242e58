//! model [NAME...]: the turns of shared channels (`src/channel/queue.rs`, `state.rs` and `turns.rs`, as they are) under the model
//! checker loom: every order of the callers' steps with so many preemptions as the model says, or LOOM_MAX_PREEMPTIONS. A thread that
//! sleeps for ever, a reply to another command, a connection left behind: each is an abort that names the model.

#![allow(dead_code)]

mod channel;
mod deadline;
mod models;
mod net;
mod os {
    pub mod futex;
}
#[path = "../../src/channel/carrier.rs"]
mod carrier;
#[path = "../../src/channel/queue.rs"]
mod queue;
#[path = "../../src/channel/state.rs"]
mod state;
mod story;
#[path = "../../src/channel/turns.rs"]
mod turns;
#[path = "../../src/channel/waited.rs"]
mod waited;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) =
        names.iter().find(|name| !models::MODELS.iter().any(|(known, ..)| known == name))
    {
        eprintln!("model: no model is called {name:?}");
        std::process::exit(2);
    }
    let begun = Instant::now();
    let mut all = 0;
    for &(name, preemptions, model) in models::MODELS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            all += check(name, preemptions, model);
        }
    }
    println!("{all} orders in {:.1} s", begun.elapsed().as_secs_f64());
}

fn check(name: &str, preemptions: usize, model: fn()) -> u64 {
    println!("{name}");
    let begun = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 10_000;
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let count = count.load(Ordering::Relaxed);
    println!("    {count} orders in {:.1} s", begun.elapsed().as_secs_f64());
    count
}
