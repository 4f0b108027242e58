//! redis, cluster: its blocking client, one connection a node.

use redis::cluster::{ClusterConnection, cluster_pipe};

use crate::by_redis::{check, check_value, cluster, operation, value_command};
use crate::workload::{Clock, Outcome, PIPELINE, SMALL, SMALL_KEY, is_set, key_of, keys, must};

fn single(client: &mut ClusterConnection, keys: &[String], value: &str, count: u64) -> Outcome {
    for turn in 0..count {
        let reply: redis::Value =
            operation(&keys[key_of(turn)], is_set(turn).then_some(value)).query(client)?;
        check(&reply, is_set(turn))?;
    }
    Ok(())
}

fn pipelines(client: &mut ClusterConnection, keys: &[String], value: &str, count: u64) -> Outcome {
    for begin in (0..count).step_by(PIPELINE as usize) {
        let mut pipeline = cluster_pipe();
        for turn in begin..begin + PIPELINE {
            pipeline.add_command(operation(&keys[key_of(turn)], is_set(turn).then_some(value)));
        }
        let replies: Vec<redis::Value> = pipeline.query(client)?;
        must(replies.len() as u64 == PIPELINE, "the replies of a pipeline")?;
        for (turn, reply) in (begin..).zip(&replies) {
            check(reply, is_set(turn))?;
        }
    }
    Ok(())
}

fn starts(node: &str, count: u64) -> Outcome {
    for _ in 0..count {
        let mut client = cluster(node)?.get_connection()?;
        let reply: redis::Value = operation(SMALL_KEY, None).query(&mut client)?;
        check(&reply, false)?;
    }
    Ok(())
}

fn values(client: &mut ClusterConnection, workload: &str, count: u64) -> Outcome {
    let command = value_command(workload)?;
    for _ in 0..count {
        let reply: redis::Value = command.query(client)?;
        check_value(&reply)?;
    }
    Ok(())
}

pub fn run(workload: &str, count: u64, node: &str) -> Outcome {
    let (keys, value) = (keys(), "x".repeat(SMALL));
    let mut client = cluster(node)?.get_connection()?;
    single(&mut client, &keys, &value, PIPELINE)?;
    let mut repeat = |count| match workload {
        "single" => single(&mut client, &keys, &value, count),
        "pipeline" => pipelines(&mut client, &keys, &value, count),
        "start" => starts(node, count),
        _ => values(&mut client, workload, count),
    };
    repeat(1)?;
    let clock = Clock::start();
    repeat(count)?;
    clock.report(count);
    Ok(())
}
