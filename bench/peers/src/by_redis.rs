//! redis, cluster-async: one multiplexed connection a node.

use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;

use crate::tasks::Shared;
use crate::workload::{
    ELEMENTS, HASH_KEY, LARGE, LARGE_KEY, LIST_KEY, Outcome, SMALL, keys, must, tagged_keys,
};

#[derive(Clone)]
pub struct Client(ClusterConnection);

pub fn cluster(node: &str) -> Outcome<ClusterClient> {
    let settings = TcpSettings::default().set_nodelay(true);
    Ok(ClusterClient::builder([format!("redis://{node}")]).tcp_settings(settings).build()?)
}

/// A pipeline's commands, in either kind of client.
pub fn operation(key: &str, value: Option<&str>) -> redis::Cmd {
    let mut command = redis::cmd(if value.is_some() { "SET" } else { "GET" });
    command.arg(key);
    if let Some(value) = value {
        command.arg(value);
    }
    command
}

pub fn check(reply: &redis::Value, is_set: bool) -> Outcome {
    let good = match reply {
        redis::Value::Okay => is_set,
        redis::Value::BulkString(bytes) => !is_set && bytes.len() == SMALL,
        _ => false,
    };
    must(good, "the reply")
}

/// The command of a workload of values, and whether its reply is right.
pub fn value_command(workload: &str) -> Outcome<redis::Cmd> {
    let mut command = redis::Cmd::new();
    match workload {
        "large-get" => command.arg("GET").arg(LARGE_KEY),
        "large-set" => command.arg("SET").arg(LARGE_KEY).arg("x".repeat(LARGE)),
        "lrange" => command.arg("LRANGE").arg(LIST_KEY).arg(0).arg(-1),
        "hgetall" => command.arg("HGETALL").arg(HASH_KEY),
        "mget" => command.arg("MGET").arg(tagged_keys()),
        "mget-wide" => command.arg("MGET").arg(keys()),
        _ => return Err("no such workload".into()),
    };
    Ok(command)
}

pub fn check_value(reply: &redis::Value) -> Outcome {
    let good = match reply {
        redis::Value::Okay => true,
        redis::Value::BulkString(bytes) => bytes.len() == LARGE,
        redis::Value::Array(elements) => elements.len() == ELEMENTS,
        redis::Value::Map(pairs) => 2 * pairs.len() == ELEMENTS,
        _ => false,
    };
    must(good, "the reply")
}

impl Shared for Client {
    async fn open(node: &str) -> Outcome<Client> {
        Ok(Client(cluster(node)?.get_async_connection().await?))
    }

    async fn close(self) -> Outcome {
        Ok(())
    }

    async fn operate(&mut self, key: &str, value: Option<&str>) -> Outcome {
        let reply: redis::Value = operation(key, value).query_async(&mut self.0).await?;
        check(&reply, value.is_some())
    }

    async fn pipeline(&mut self, _: &[String], _: u64, _: &str) -> Outcome {
        Err("a pipeline of its asynchronous client is for one node".into())
    }

    async fn value(&mut self, workload: &str, count: u64) -> Outcome {
        let command = value_command(workload)?;
        for _ in 0..count {
            let reply: redis::Value = command.query_async(&mut self.0).await?;
            check_value(&reply)?;
        }
        Ok(())
    }
}
