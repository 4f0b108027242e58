//! The workloads of an asynchronous client, on tokio: one thread of it, or one for each processor (`threads`, `events-multi`).

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::workload::{Clock, IN_FLIGHT, Outcome, PIPELINE, SMALL, is_set, key_of, keys};

/// A client that tasks share by clones.
pub trait Shared: Clone + Send + Sync + Sized + 'static {
    fn open(node: &str) -> impl Future<Output = Outcome<Self>> + Send;
    fn close(self) -> impl Future<Output = Outcome> + Send;
    /// A GET of a key or a SET to a value; checks the reply.
    fn operate(&mut self, key: &str, value: Option<&str>) -> impl Future<Output = Outcome> + Send;
    /// As many operations as a pipeline has.
    fn pipeline(
        &mut self,
        keys: &[String],
        turn: u64,
        value: &str,
    ) -> impl Future<Output = Outcome> + Send;
    /// One of the workloads of values: large-get, large-set, lrange, hgetall, mget, mget-wide.
    fn value(&mut self, workload: &str, count: u64) -> impl Future<Output = Outcome> + Send;
}

struct Data {
    keys: Vec<String>,
    value: String,
}

async fn operations<C: Shared>(
    mut client: C,
    data: Arc<Data>,
    turns: std::ops::Range<u64>,
) -> Outcome {
    for turn in turns {
        let value = is_set(turn).then_some(data.value.as_str());
        client.operate(&data.keys[key_of(turn)], value).await?;
    }
    Ok(())
}

/// So many tasks with an equal share each.
async fn at_once<C: Shared>(client: &C, data: &Arc<Data>, count: u64, tasks: u64) -> Outcome {
    let share = count / tasks;
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            tokio::spawn(operations(client.clone(), data.clone(), task * share..(task + 1) * share))
        })
        .collect();
    for task in running {
        task.await??;
    }
    Ok(())
}

fn runtime(workload: &str) -> Outcome<Runtime> {
    let mut builder = match workload {
        "threads" | "events-multi" => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    Ok(builder.enable_all().build()?)
}

pub fn run<C: Shared>(workload: &str, count: u64, node: &str, tasks: u64) -> Outcome {
    let data = Arc::new(Data { keys: keys(), value: "x".repeat(SMALL) });
    runtime(workload)?.block_on(async {
        if workload == "start" {
            return starts::<C>(node, count).await;
        }
        let mut client = C::open(node).await?;
        operations(client.clone(), data.clone(), 0..PIPELINE).await?;
        let tasks = if workload.starts_with("events") { IN_FLIGHT } else { tasks };
        let mut done = count;
        let clock = match workload {
            "single" => {
                let clock = Clock::start();
                operations(client, data, 0..count).await?;
                clock
            }
            "threads" | "events" | "events-multi" => {
                at_once(&client, &data, 2 * tasks, tasks).await?;
                done = count / tasks * tasks;
                let clock = Clock::start();
                at_once(&client, &data, count, tasks).await?;
                clock
            }
            "pipeline" => {
                client.pipeline(&data.keys, 0, &data.value).await?;
                let clock = Clock::start();
                for turn in (0..count).step_by(PIPELINE as usize) {
                    client.pipeline(&data.keys, turn, &data.value).await?;
                }
                clock
            }
            _ => {
                client.value(workload, 2).await?;
                let clock = Clock::start();
                client.value(workload, count).await?;
                clock
            }
        };
        clock.report(done);
        Ok(())
    })
}

async fn starts<C: Shared>(node: &str, count: u64) -> Outcome {
    let clock = Clock::start();
    for _ in 0..count {
        let mut client = C::open(node).await?;
        client.operate(crate::workload::SMALL_KEY, None).await?;
        client.close().await?;
    }
    clock.report(count);
    Ok(())
}
