//! Failovers, slots that move, nodes that come and go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::start::meet;
use super::{Cluster, USER};

impl Cluster {
    /// Fails a shard over and waits until the new primary is one in every node's eyes. `node` is the
    /// replica to be promoted, or the primary that is to step down for its first running replica.
    /// `how` is "", "FORCE" or "TAKEOVER". Returns the new primary's number.
    pub fn failover(&mut self, node: usize, how: &str) -> Result<usize, String> {
        let id = self.id(node)?;
        let mut candidate = None;
        for seen in self.live() {
            let lines = self.view(seen)?;
            let Some(own) = lines.iter().find(|line| line.id == id) else { continue };
            if own.primary.is_some() {
                candidate = Some(node);
            } else {
                let of_it = lines.iter().filter(|line| line.primary.as_deref() == Some(&id));
                let numbers = of_it.filter_map(|line| self.number(&line.id).ok());
                candidate = numbers.filter(|number| self.live().contains(number)).min();
            }
            if candidate.is_some() {
                break;
            }
        }
        let promoted = candidate.ok_or_else(|| format!("node {node} has no running replica"))?;
        let promoted_id = self.id(promoted)?;
        let order: &[&str] =
            if how.is_empty() { &["CLUSTER", "FAILOVER"] } else { &["CLUSTER", "FAILOVER", how] };
        if how.is_empty() {
            // Redis 7.0 lets a failover time out when nothing was ever replicated: the first ping
            // of the primary ends that.
            self.wait_for("the replica to have heard of its primary", |cluster| {
                let text = cluster.connect(promoted)?.ok(&["INFO", "replication"])?.text();
                let mut lines = text.lines();
                let offset = lines.find_map(|line| line.strip_prefix("slave_repl_offset:"));
                let heard = offset.and_then(|o| o.parse::<i64>().ok()).is_some_and(|o| o > 1);
                if heard { Ok(()) } else { Err("its offset is 0".into()) }
            })?;
        }
        let mut asked: Option<Instant> = None;
        self.wait_for("the failover", |cluster| {
            // The server gives a failover up after five seconds; under load one does fail.
            if asked.is_none_or(|time| time.elapsed() > Duration::from_secs(6)) {
                let reply = cluster.connect(promoted)?.command(order)?;
                if asked.is_none() && matches!(reply, crate::resp::Value::Error(_)) {
                    return Err(reply.text());
                }
                asked = Some(Instant::now());
            }
            for seen in cluster.live() {
                let lines = cluster.view(seen)?;
                let line = lines.iter().find(|line| line.id == promoted_id);
                if !line.is_some_and(|line| line.is("master") && line.slot_count() > 0) {
                    return Err(format!("node {seen} does not see node {promoted} as primary"));
                }
            }
            cluster.whole()
        })?;
        Ok(promoted)
    }

    /// Moves a slot with its keys, as an operator would, and waits until every node knows it.
    pub fn move_slot(&mut self, slot: u16, to: usize) -> Result<(), String> {
        if self.owner(slot)? == to {
            return Ok(());
        }
        self.begin_move(slot, to)?;
        self.move_keys(slot, to, None)?;
        self.finish_move(slot, to)
    }

    /// The first half of a move: the slot is MIGRATING on its owner and IMPORTING on `to`.
    pub fn begin_move(&mut self, slot: u16, to: usize) -> Result<(), String> {
        let from = self.owner(slot)?;
        if from == to {
            return Err(format!("node {to} owns slot {slot} already"));
        }
        self.set_slot(to, slot, "IMPORTING", &self.id(from)?)?;
        self.set_slot(from, slot, "MIGRATING", &self.id(to)?)
    }

    /// Moves keys of a slot that is between `begin_move` and `finish_move`: those named, or all.
    pub fn move_keys(
        &mut self,
        slot: u16,
        to: usize,
        keys: Option<&[Vec<u8>]>,
    ) -> Result<(), String> {
        let mut source = self.connect(self.owner(slot)?)?;
        source.patience(Duration::from_secs(20));
        let target = self.node(to)?.address;
        let (host, port, slot) =
            (target.ip().to_string(), target.port().to_string(), slot.to_string());
        let password = self.password.clone();
        let head = ["MIGRATE", &host, &port, "", "0", "10000", "AUTH2", USER, &password, "KEYS"];
        loop {
            let some: Vec<Vec<u8>> = match keys {
                Some(keys) => keys.to_vec(),
                None => {
                    let reply = source.ok(&["CLUSTER", "GETKEYSINSLOT", slot.as_str(), "200"])?;
                    reply
                        .items()
                        .iter()
                        .map(|key| match key {
                            crate::resp::Value::Bulk(bytes) => bytes.clone(),
                            _ => Vec::new(),
                        })
                        .collect()
                }
            };
            if some.is_empty() {
                return Ok(());
            }
            let mut args: Vec<Vec<u8>> = head.iter().map(|word| word.as_bytes().to_vec()).collect();
            args.extend(some);
            source.ok(&args)?;
            if keys.is_some() {
                return Ok(());
            }
        }
    }

    /// The last part of a move: the slot is given to `to`, first there, then at the old owner, then
    /// at every primary.
    pub fn finish_move(&mut self, slot: u16, to: usize) -> Result<(), String> {
        let from = self.owner(slot)?;
        let id = self.id(to)?;
        self.set_slot(to, slot, "NODE", &id)?;
        if from != to {
            self.set_slot(from, slot, "NODE", &id)?;
        }
        for node in self.live() {
            if node != to && node != from && self.is_primary(node)? {
                self.set_slot(node, slot, "NODE", &id)?;
            }
        }
        self.wait_for("the slot's move to be known", |cluster| {
            for node in cluster.live() {
                let lines = cluster.view(node)?;
                let line = lines.iter().find(|line| line.id == id);
                let owns = |r: &(u16, u16)| (r.0..=r.1).contains(&slot);
                if !line.is_some_and(|line| line.slots.iter().any(owns)) {
                    return Err(format!("node {node} has another owner of slot {slot}"));
                }
            }
            Ok(())
        })
    }

    /// Gives up a move that has begun.
    pub fn stable_slot(&mut self, slot: u16) -> Result<(), String> {
        for node in self.live() {
            if self.is_primary(node)? {
                self.connect(node)?.ok(&["CLUSTER", "SETSLOT", &slot.to_string(), "STABLE"])?;
            }
        }
        Ok(())
    }

    fn set_slot(&self, node: usize, slot: u16, what: &str, id: &str) -> Result<(), String> {
        let slot = slot.to_string();
        self.connect(node)?.ok(&["CLUSTER", "SETSLOT", slot.as_str(), what, id]).map(|_| ())
    }

    /// Whether a node says of itself that it is a primary.
    pub fn is_primary(&self, node: usize) -> Result<bool, String> {
        let reply = self.connect(node)?.ok(&["ROLE"])?;
        Ok(reply.items().first().is_some_and(|role| role.text() == "master"))
    }

    /// Adds a primary without slots. Its number is returned when everyone knows it.
    pub fn add_primary(&mut self) -> Result<usize, String> {
        let before = self.live();
        let number = self.launch()?;
        for node in before {
            meet(&mut self.connect(node)?, self.node(number)?)?;
        }
        self.wait_for("the new node to be known", |cluster| cluster.met())?;
        self.wait_ok()?;
        Ok(number)
    }

    /// Adds a replica of a primary. Its number is returned when it is linked and everyone knows it.
    pub fn add_replica(&mut self, of: usize) -> Result<usize, String> {
        let primary = self.id(of)?;
        if !self.is_primary(of)? {
            return Err(format!("node {of} is a replica itself"));
        }
        let number = self.add_primary()?;
        self.connect(number)?.ok(&["CLUSTER", "REPLICATE", primary.as_str()])?;
        let id = self.id(number)?;
        self.wait_for("the new replica to be known", |cluster| {
            for node in cluster.live() {
                let lines = cluster.view(node)?;
                let line = lines.iter().find(|line| line.id == id);
                if line.and_then(|line| line.primary.as_ref()) != Some(&primary) {
                    return Err(format!("node {node} does not know node {number} as a replica"));
                }
            }
            cluster.whole()
        })?;
        Ok(number)
    }

    /// Takes a node out of the cluster for good: its slots (with their keys) go to the other
    /// primaries, all nodes forget it, its process ends. A primary must not have replicas.
    pub fn remove(&mut self, node: usize) -> Result<(), String> {
        let id = self.id(node)?;
        if self.live().contains(&node) {
            let lines = self.view(node)?;
            if lines.iter().any(|line| line.primary.as_deref() == Some(&id)) {
                return Err(format!("node {node} has replicas: fail over first, or remove them"));
            }
            let own = lines.iter().find(|line| line.id == id);
            let slots: Vec<u16> = own
                .map(|own| own.slots.iter().flat_map(|&(a, b)| a..=b).collect())
                .unwrap_or_default();
            if !slots.is_empty() {
                self.give_away(node, &slots)?;
            }
        }
        self.node_mut(node)?.kill();
        self.nodes[node - 1] = None;
        // A node that hears of it from one that has not forgotten it yet would learn it again, were
        // it not for the minute during which a forgotten id is refused.
        for other in self.live() {
            let reply = self.command(other, &["CLUSTER", "FORGET", id.as_str()])?;
            if reply.text().starts_with("ERR") && !reply.text().contains("Unknown node") {
                return Err(format!("node {other}: {}", reply.text()));
            }
        }
        self.wait_for("the node to be forgotten", |cluster| {
            for other in cluster.live() {
                if cluster.view(other)?.iter().any(|line| line.id == id) {
                    return Err(format!("node {other} still knows it"));
                }
            }
            cluster.whole()
        })
    }

    /// Moves many slots at once, in turns to the other primaries, with few round trips.
    fn give_away(&mut self, from: usize, slots: &[u16]) -> Result<(), String> {
        let mut primaries = Vec::new();
        for node in self.live() {
            if node != from && self.is_primary(node)? {
                primaries.push(node);
            }
        }
        if primaries.is_empty() {
            return Err("there is no other primary to take the slots".into());
        }
        let share = slots.len().div_ceil(primaries.len());
        let own_id = self.id(from)?;
        for (part, &to) in slots.chunks(share).zip(&primaries) {
            let to_id = self.id(to)?;
            let orders = |what: &str, id: &str| -> Vec<Vec<String>> {
                let order = |slot: &u16| {
                    ["CLUSTER", "SETSLOT", &slot.to_string(), what, id].map(String::from).to_vec()
                };
                part.iter().map(order).collect()
            };
            let mut orders_by_node: BTreeMap<usize, Vec<Vec<String>>> = BTreeMap::new();
            self.pipeline(to, &orders("IMPORTING", &own_id))?;
            self.pipeline(from, &orders("MIGRATING", &to_id))?;
            let counts: Vec<Vec<String>> = part
                .iter()
                .map(|slot| {
                    ["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()].map(String::from).to_vec()
                })
                .collect();
            let counts = self.pipeline(from, &counts)?;
            for (&slot, count) in part.iter().zip(counts) {
                if count != crate::resp::Value::Integer(0) {
                    self.move_keys(slot, to, None)?;
                }
            }
            for &node in [to, from].iter().chain(primaries.iter().filter(|&&node| node != to)) {
                orders_by_node.insert(node, orders("NODE", &to_id));
            }
            for node in [to, from].into_iter().chain(primaries.iter().copied()) {
                if let Some(orders) = orders_by_node.remove(&node) {
                    self.pipeline(node, &orders)?;
                }
            }
        }
        Ok(())
    }

    fn pipeline(
        &self,
        node: usize,
        commands: &[Vec<String>],
    ) -> Result<Vec<crate::resp::Value>, String> {
        let mut client = self.connect(node)?;
        client.patience(Duration::from_secs(20));
        let mut replies = Vec::new();
        for part in commands.chunks(500) {
            replies.extend(client.pipeline(part)?);
        }
        match replies.iter().find(|reply| matches!(reply, crate::resp::Value::Error(_))) {
            Some(error) => Err(format!("node {node}: {}", error.text())),
            None => Ok(replies),
        }
    }
}
