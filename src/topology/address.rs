//! From what a node announces to what is dialled.

use std::sync::Arc;

use crate::node::NodeAddress;
use crate::options::Translation;

/// What a server writes for a host it does not know (`cluster-preferred-endpoint-type hostname`
/// on a node that has none).
const UNKNOWN_HOST: &str = "?";

/// Where a node that an answer names is dialled: the one place where an announced address (in CLUSTER
/// SLOTS, SHARDS and NODES, in MOVED and ASK) becomes one of ours.
///
/// An empty host is the host that answered: a node says so where it does not know its own address,
/// and where it is told to leave it to the client (`unknown-endpoint`). Then it is translated as the
/// program says. `None` for what cannot be dialled: the host "?" and port 0 (a node that listens for
/// TLS alone); there is nothing to translate in these.
///
/// Calls a function of the program's, where there is one: not under a lock.
pub fn dialled(
    host: &str,
    port: u16,
    answered_by: &NodeAddress,
    translation: &Translation,
) -> Option<NodeAddress> {
    let announced = match host {
        _ if port == 0 => return None,
        UNKNOWN_HOST => return None,
        "" => NodeAddress { host: Arc::clone(&answered_by.host), port },
        host => NodeAddress::new(host, port),
    };
    Some(translation.apply(announced))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn empty_is_who_answered_and_a_question_mark_is_nobody() {
        let asked = NodeAddress::new("10.0.0.9", 7000);
        let as_is = Translation::default();
        let to =
            |host, port| dialled(host, port, &asked, &as_is).map(|address| address.to_string());
        assert_eq!(to("10.0.0.1", 7001).as_deref(), Some("10.0.0.1:7001"));
        assert_eq!(to("", 7001).as_deref(), Some("10.0.0.9:7001"));
        assert_eq!(to("::1", 7001).as_deref(), Some("[::1]:7001"));
        assert_eq!(to("[::1]", 7001).as_deref(), Some("[::1]:7001"));
        assert_eq!(to("?", 7001), None);
        assert_eq!(to("10.0.0.1", 0), None);
    }

    #[test]
    fn what_is_filled_in_is_translated_and_what_nobody_can_dial_is_not() {
        let asked = NodeAddress::new("10.0.0.9", 7000);
        let mut options = Options::new();
        options.set("host_port_remap", "10.0.0.9=gw,[::1]:1=[::1]:2,:7001=:17001").unwrap();
        options.translation.set_function(|address| {
            assert!(&*address.host != "?" && address.port != 0);
            (address.port == 5).then(|| NodeAddress::new("five", 5))
        });
        let to = |host, port| {
            dialled(host, port, &asked, &options.translation).map(|address| address.to_string())
        };
        assert_eq!(to("", 7001).as_deref(), Some("gw:7001"));
        assert_eq!(to("", 5).as_deref(), Some("five:5"));
        assert_eq!(to("10.0.0.1", 7001).as_deref(), Some("10.0.0.1:17001"));
        assert_eq!(to("[0:0::1]", 1).as_deref(), Some("[::1]:2"));
        assert_eq!(to("?", 7001), None);
        assert_eq!(to("10.0.0.1", 0), None);
    }
}
