//! From what a node announces to what is dialled.

use std::sync::Arc;

use crate::node::NodeAddress;

/// What a server writes for a host it does not know (`cluster-preferred-endpoint-type hostname`
/// on a node that has none).
const UNKNOWN_HOST: &str = "?";

/// Where a node that an answer names is dialled: the one place where an announced address (in CLUSTER
/// SLOTS, SHARDS and NODES, in MOVED and ASK) becomes one of ours.
///
/// An empty host is the host that answered: a node says so where it does not know its own address,
/// and where it is told to leave it to the client (`unknown-endpoint`). `None` for what cannot
/// be dialled: the host "?" and port 0 (a node that listens for TLS alone).
pub fn dialled(host: &str, port: u16, answered_by: &NodeAddress) -> Option<NodeAddress> {
    match host {
        _ if port == 0 => None,
        UNKNOWN_HOST => None,
        "" => Some(NodeAddress { host: Arc::clone(&answered_by.host), port }),
        host => Some(NodeAddress::new(host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_who_answered_and_a_question_mark_is_nobody() {
        let asked = NodeAddress::new("10.0.0.9", 7000);
        let to = |host, port| dialled(host, port, &asked).map(|address| address.to_string());
        assert_eq!(to("10.0.0.1", 7001).as_deref(), Some("10.0.0.1:7001"));
        assert_eq!(to("", 7001).as_deref(), Some("10.0.0.9:7001"));
        assert_eq!(to("::1", 7001).as_deref(), Some("[::1]:7001"));
        assert_eq!(to("[::1]", 7001).as_deref(), Some("[::1]:7001"));
        assert_eq!(to("?", 7001), None);
        assert_eq!(to("10.0.0.1", 0), None);
    }
}
