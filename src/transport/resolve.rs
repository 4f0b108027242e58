//! A node's addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::node::NodeAddress;

/// Every address of the node, each once, in the resolver's order of preference.
///
/// Numeric hosts never reach the resolver. A name is looked up by the system in the calling thread,
/// and takes as long as the system's resolver takes: the caller looks at its deadline afterwards.
pub fn resolve(node: &NodeAddress) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = node.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, node.port)]);
    }
    if node.host.is_empty() {
        // The resolver would take it for the local machine.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the host name is empty"));
    }
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in (&*node.host, node.port).to_socket_addrs()? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_hosts_are_taken_as_they_are() {
        for (host, shown) in [("127.0.0.1", "127.0.0.1:7000"), ("::1", "[::1]:7000")] {
            let addresses = resolve(&NodeAddress::new(host, 7000)).unwrap();
            assert_eq!(addresses.len(), 1);
            assert_eq!(addresses[0].to_string(), shown);
        }
    }

    #[test]
    fn names_give_each_address_once() {
        let addresses = resolve(&NodeAddress::new("localhost", 7000)).unwrap();
        let mut unique = addresses.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), addresses.len());
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert!(resolve(&NodeAddress::new("", 7000)).is_err());
    }
}
