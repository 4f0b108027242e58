//! What a node says it serves at this moment: its own line of CLUSTER NODES, which alone tells what is on the move.

use std::sync::Arc;

use super::slots::SlotSet;
use crate::topology::SlotMap;

/// What one node serves.
#[derive(Clone)]
pub(super) struct Sight {
    /// The node's id; empty where nobody tells.
    pub(super) id: Arc<str>,
    /// Its config epoch, which grows whenever it takes a slot over; 0 where nobody tells.
    pub(super) epoch: u64,
    /// The slots it serves, those that leave among them.
    pub(super) owned: SlotSet,
    /// Slots whose keys are on their way to another node, and that node's id.
    pub(super) leaving: Vec<(u16, Arc<str>)>,
    /// Slots whose keys are on their way here.
    pub(super) arriving: SlotSet,
}

impl Sight {
    /// Reads CLUSTER NODES; None where the node does not find itself in it. A replica serves nothing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let own = |line: &&str| line.split(' ').nth(2).is_some_and(|flags| has(flags, "myself"));
        let mut fields = text.lines().find(own)?.split_ascii_whitespace();
        let id = fields.next()?;
        let (_address, flags, _primary) = (fields.next()?, fields.next()?, fields.next()?);
        let (_ping, _pong, epoch, _link) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let mut sight = Self::nothing(id, epoch.parse().ok()?);
        if !has(flags, "master") {
            return Some(sight);
        }
        for slots in fields {
            match slots.strip_prefix('[').and_then(|slots| slots.strip_suffix(']')) {
                None => {
                    let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
                    let (first, last) = (first.parse::<u16>().ok()?, last.parse().ok()?);
                    (first..=last).for_each(|slot| sight.owned.add(slot));
                }
                Some(moving) => sight.moves(moving)?,
            }
        }
        Some(sight)
    }

    fn nothing(id: &str, epoch: u64) -> Self {
        let (owned, arriving) = (SlotSet::NONE, SlotSet::NONE);
        Self { id: Arc::from(id), epoch, owned, leaving: Vec::new(), arriving }
    }

    /// "93->-id" or "93-<-id".
    fn moves(&mut self, moving: &str) -> Option<()> {
        let (slot, rest) = moving.split_once('-')?;
        let slot = slot.parse().ok()?;
        if let Some(to) = rest.strip_prefix(">-") {
            self.leaving.push((slot, Arc::from(to)));
        } else if rest.starts_with("<-") {
            self.arriving.add(slot);
        }
        Some(())
    }

    /// The next best thing, where a node does not tell: what the map says. It knows of no slot on the move.
    pub(super) fn of_map(map: &SlotMap, node: usize) -> Self {
        let Some(known) = map.nodes().get(node) else { return Self::nothing("", 0) };
        let mut sight = Self::nothing(&known.id, 0);
        for &(first, last) in &known.slots {
            (first..=last).for_each(|slot| sight.owned.add(slot));
        }
        sight
    }
}

fn has(flags: &str, wanted: &str) -> bool {
    flags.split(',').any(|flag| flag == wanted)
}

/// The run of a server, as INFO tells it: cursors are good within one.
pub(super) fn run_of(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_own_line() {
        let text = "a1 10.0.0.1:1@2 master - 0 0 1 connected 0-99\n\
             b2 10.0.0.2:1@2,host,shard-id=x myself,master - 0 0 7 connected 100-102 200 [100->-a1] [7-<-a1]\n\
             c3 10.0.0.3:1@2 slave b2 0 0 7 connected\n";
        let sight = Sight::read(text).expect("a sight");
        assert_eq!((&*sight.id, sight.epoch), ("b2", 7));
        assert_eq!(sight.owned.iter().collect::<Vec<_>>(), [100, 101, 102, 200]);
        assert_eq!(sight.leaving, [(100, Arc::from("a1"))]);
        assert_eq!(sight.arriving.iter().collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_replica_serves_nothing() {
        let sight =
            Sight::read("c3 10.0.0.3:1@2 myself,slave b2 0 0 7 connected\n").expect("a sight");
        assert!(sight.owned.is_empty() && sight.leaving.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_none() {
        for text in [
            "",
            "\n\n",
            "a b c",
            "a 1:1@2 myself,master - 0 0 1 connected x-y",
            "a 1:1 master - 0 0 1 c 0",
        ] {
            assert!(Sight::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_run() {
        assert_eq!(run_of("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n"), Some("abc"));
        assert_eq!(run_of("# Server\r\n"), None);
    }
}
