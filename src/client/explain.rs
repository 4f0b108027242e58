//! Where a command would go, and why, without sending it.

use std::time::Instant;

use super::client::Client;
use super::settings::Settings;
use crate::command::{Command, find, find_keys};
use crate::deadline::Timeout;
use crate::error::Result;
use crate::node::NodeAddress;
use crate::pool::Target;

/// Where a command would go.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The slot, where it goes by one.
    pub slot: Option<u16>,
    /// Which arguments are keys.
    pub keys: Vec<usize>,
    /// The nodes it would be sent to; of a random one none. Of one that reads, the shard's primary stands for
    /// the replicas that take turns.
    pub nodes: Vec<NodeAddress>,
    /// Why, for people.
    pub reason: String,
}

impl Client {
    /// Where a command would go and why; it is not sent.
    ///
    /// # Errors
    /// What refuses the command before it is sent. Those of a call, where the cluster is not discovered yet, or a
    /// server has to be asked about a command that no table holds.
    pub fn explain(&self, command: &Command, settings: &Settings) -> Result<Explanation> {
        let timeout = settings.timeout.unwrap_or(Timeout::Default);
        let deadline = self.deadline(Instant::now(), timeout, None);
        let terms = self.terms(deadline, self.silence(None), settings);
        let planned = self.plan_of(command, settings, &terms)?;
        let map = self.pool().topology();
        let mut nodes = Vec::new();
        let mut slots = Vec::new();
        let targets = planned.targets();
        for target in &targets {
            let node = match target {
                Target::Node(node) => Some(node.clone()),
                Target::Primary(slot) | Target::Reader(slot, _) => {
                    slots.push(*slot);
                    map.primary_of(*slot).map(|at| map.nodes()[at].address.clone())
                }
                Target::Named(_) | Target::Any => None,
            };
            if let Some(node) = node.filter(|node| !nodes.contains(node)) {
                nodes.push(node);
            }
        }
        let keys = match find(command).map(|spec| find_keys(spec, command)) {
            Some(Ok(keys)) => keys.iter().collect(),
            _ => self.shapes.find(command).map_or_else(Vec::new, |keys| keys.to_vec()),
        };
        let by_replicas = matches!(targets.first(), Some(Target::Reader(..)));
        let readers = if by_replicas { "; it reads, and read_from says who answers" } else { "" };
        Ok(Explanation {
            slot: if planned.joining.is_none() { slots.first().copied() } else { None },
            keys,
            nodes,
            reason: format!("{}: {}{readers}", planned.name, planned.reason.0),
        })
    }
}
