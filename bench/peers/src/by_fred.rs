//! fred: one connection a node.

use fred::bytes::Bytes;
use fred::clients::Pipeline;
use fred::prelude::*;
use fred::types::config::TcpConfig;

use crate::tasks::Shared;
use crate::workload::{
    ELEMENTS, HASH_KEY, LARGE, LARGE_KEY, LIST_KEY, Outcome, PIPELINE, SMALL, is_set, key_of, must,
};

#[derive(Clone)]
pub struct Client(fred::clients::Client);

async fn append(
    pipeline: &Pipeline<fred::clients::Client>,
    key: &str,
    value: Option<&str>,
) -> Outcome {
    let _: () = match value {
        Some(value) => pipeline.set(key, value, None, None, false).await?,
        None => pipeline.get(key).await?,
    };
    Ok(())
}

impl Shared for Client {
    async fn open(node: &str) -> Outcome<Client> {
        let config = Config::from_url(&format!("redis-cluster://{node}"))?;
        let client = Builder::from_config(config)
            .with_connection_config(|connection| {
                connection.tcp = TcpConfig { nodelay: Some(true), ..Default::default() };
            })
            .build()?;
        client.init().await?;
        Ok(Client(client))
    }

    async fn close(self) -> Outcome {
        Ok(self.0.quit().await?)
    }

    async fn operate(&mut self, key: &str, value: Option<&str>) -> Outcome {
        match value {
            Some(value) => {
                let reply: Value = self.0.set(key, value, None, None, false).await?;
                must(reply.is_ok(), "the reply to SET")
            }
            None => {
                let reply: Bytes = self.0.get(key).await?;
                must(reply.len() == SMALL, "the reply to GET")
            }
        }
    }

    async fn pipeline(&mut self, keys: &[String], turn: u64, value: &str) -> Outcome {
        let pipeline = self.0.pipeline();
        for turn in turn..turn + PIPELINE {
            append(&pipeline, &keys[key_of(turn)], is_set(turn).then_some(value)).await?;
        }
        let replies: Vec<Value> = pipeline.all().await?;
        must(replies.len() as u64 == PIPELINE, "the replies of a pipeline")
    }

    async fn value(&mut self, workload: &str, count: u64) -> Outcome {
        let large = Bytes::from(vec![b'x'; LARGE]);
        for _ in 0..count {
            let good = match workload {
                "large-get" => self.0.get::<Bytes, _>(LARGE_KEY).await?.len() == LARGE,
                "large-set" => self
                    .0
                    .set::<Value, _, _>(LARGE_KEY, large.clone(), None, None, false)
                    .await?
                    .is_ok(),
                "lrange" => {
                    self.0.lrange::<Value, _>(LIST_KEY, 0, -1).await?.array_len() == Some(ELEMENTS)
                }
                "hgetall" => match self.0.hgetall::<Value, _>(HASH_KEY).await? {
                    Value::Map(pairs) => 2 * pairs.len() == ELEMENTS,
                    reply => reply.array_len() == Some(ELEMENTS),
                },
                _ => return Err("no such workload".into()),
            };
            must(good, "the reply")?;
        }
        Ok(())
    }
}
