//! Config epochs: which of two views of the same slots is the older one.
//!
//! A primary's config epoch grows whenever a slot becomes its own, by promotion or by migration, to one that no
//! other node has had; so of two owners of a slot the one with the lower epoch was there before. CLUSTER NODES
//! tells the epochs, SLOTS and SHARDS do not. What a map holds of them is a lower bound: what was told once, or,
//! where a redirect or a probe has promoted a replica, one more than its primary had.

use super::fields::Parsed;
use super::nodes;
use super::slot_map::{KnownNode, SlotMap};
use crate::resp::ReplyRef;
use crate::slot::SLOT_COUNT;

/// The config epochs that one answer to CLUSTER NODES tells, by node id.
pub(super) struct Epochs(Vec<(Box<str>, u64)>);

impl Epochs {
    /// Reads the answer: what it says of ids and epochs, and nothing else of it.
    pub fn read(answer: ReplyRef<'_>) -> Parsed<Self> {
        let mut epochs = Vec::new();
        nodes::each_epoch(answer, |id, epoch| epochs.push((Box::from(id), epoch)))?;
        epochs.sort_unstable();
        Ok(Self(epochs))
    }

    fn of(&self, id: &str) -> Option<u64> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| id).ok()?;
        Some(self.0[at].1)
    }

    /// Gives the nodes of a map that the same node answered with their epochs.
    pub fn give_to(&self, map: &mut SlotMap) {
        map.tell_epochs(|node| self.of(&node.id));
    }
}

impl SlotMap {
    /// A map whose answer told no epochs takes those of the nodes it shares with the map before it: an epoch
    /// never falls.
    pub fn inherit_epochs(&mut self, before: &SlotMap) {
        self.tell_epochs(|node| epoch_in(before, &node.id));
    }

    /// True for a view of a time before the `known` map's: a slot is another node's there, whose config epoch is
    /// lower than the known owner's, and it has not yet heard of that owner's epoch. `told`: what the node that
    /// answered tells of epochs, also of nodes that the view leaves out.
    ///
    /// A view that knows the owner's epoch, or no longer the owner, and still has the slot elsewhere, is no older
    /// one.
    pub(super) fn is_older_than(&self, known: &SlotMap, told: Option<&Epochs>) -> bool {
        let told_of = |id: &str| match told {
            Some(told) => told.of(id),
            None => epoch_in(self, id),
        };
        let precedes = |owner: &KnownNode, known: &KnownNode| {
            let (Some(epoch), Some(bound)) = (owner.config_epoch, known.config_epoch) else {
                return false;
            };
            owner.id != known.id && epoch < bound && told_of(&known.id).is_some_and(|it| it < bound)
        };
        let mut compared = None;
        (0..SLOT_COUNT).any(|slot| {
            let owners = (self.primary_of(slot), known.primary_of(slot));
            if compared.replace(owners) == Some(owners) {
                return false;
            }
            let (Some(owner), Some(before)) = owners else { return false };
            precedes(&self.nodes()[owner], &known.nodes()[before])
        })
    }
}

fn epoch_in(map: &SlotMap, id: &str) -> Option<u64> {
    if id.is_empty() {
        return None;
    }
    map.nodes()[map.find(id)?].config_epoch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeAddress;
    use crate::options::Translation;
    use crate::resp::Reply;
    use crate::topology::Query;

    fn reply(nodes: &str) -> Reply {
        Reply::from_resp(format!("${}\r\n{nodes}\r\n", nodes.len()).as_bytes()).unwrap()
    }

    /// One shard of two nodes: `primary` owns all, with this epoch.
    fn lines(primary: &str, epoch: u64) -> String {
        let port = |id: &str| if id == "p" { 1 } else { 2 };
        let replica = if primary == "p" { "r" } else { "p" };
        format!(
            "{primary} 10.0.0.1:{}@9 master - 0 0 {epoch} connected 0-16383\n\
             {replica} 10.0.0.1:{}@9 slave {primary} 0 0 {epoch} connected",
            port(primary),
            port(replica)
        )
    }

    fn map(lines: &str) -> SlotMap {
        let asked = NodeAddress::new("10.0.0.1", 1);
        let translation = Translation::default();
        Query::Nodes.read(reply(lines).root(), &asked, &translation, false).unwrap()
    }

    fn is_older(view: &str, known: &str) -> bool {
        map(view).is_older_than(&map(known), None)
    }

    #[test]
    fn the_lower_epoch_is_the_older_view() {
        assert!(is_older(&lines("p", 4), &lines("r", 5)));
        assert!(!is_older(&lines("r", 5), &lines("p", 4)));
        assert!(!is_older(&lines("p", 5), &lines("r", 5)), "equal epochs contradict nothing");
        assert!(!is_older(&lines("p", 4), &lines("p", 5)), "the owner is the same");
    }

    #[test]
    fn who_knows_the_owners_epoch_and_says_otherwise_is_believed() {
        let gone = "p 10.0.0.1:1@9 master - 0 0 4 connected 0-16383";
        assert!(!is_older(gone, &lines("r", 5)), "the owner has left");
        let empty = "p 10.0.0.1:1@9 master - 0 0 4 connected 0-16383\n\
                     r 10.0.0.1:2@9 master - 0 0 5 connected";
        assert!(!is_older(empty, &lines("r", 5)), "the slots were taken from it since");
    }

    #[test]
    fn a_view_without_epochs_contradicts_nothing() {
        let mut silent = map(&lines("p", 4));
        silent.clear_epochs();
        let known = map(&lines("r", 5));
        assert!(!silent.is_older_than(&known, None));
        assert!(!known.is_older_than(&silent, None));
        silent.inherit_epochs(&known);
        assert_eq!(silent.nodes()[0].config_epoch, Some(5));
        // Beside the view: CLUSTER NODES of the same node.
        silent.clear_epochs();
        let epochs = Epochs::read(reply(&lines("p", 4)).root()).unwrap();
        epochs.give_to(&mut silent);
        assert!(silent.is_older_than(&known, Some(&epochs)));
    }

    #[test]
    fn what_is_no_answer_to_nodes_is_refused() {
        for bad in ["", "p", "p 10.0.0.1:1@9 master - 0 0 many connected"] {
            assert!(Epochs::read(reply(bad).root()).is_err(), "{bad}");
        }
        let refusal = Reply::from_resp(b"-NOPERM no\r\n").unwrap();
        assert!(Epochs::read(refusal.root()).is_err());
    }
}
