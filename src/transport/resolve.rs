//! A node's addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::node::NodeAddress;
use crate::options::{IpPreference, Options};

/// Every address of the node, each once: those of the family that `ip_preference` names first, and
/// otherwise in the resolver's order of preference.
///
/// Numeric hosts never reach a resolver. A name is looked up in the calling thread, by the program's own
/// function or by the system, and takes as long as these take: the caller looks at its deadline afterwards.
pub fn resolve(node: &NodeAddress, options: &Options) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = node.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, node.port)]);
    }
    if node.host.is_empty() {
        // The resolver would take it for the local machine.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the host name is empty"));
    }
    let (found, nobody): (Vec<SocketAddr>, _) = match options.resolver.resolve(&node.host) {
        Some(ips) => (
            ips.into_iter().map(|ip| SocketAddr::new(ip, node.port)).collect(),
            "the program's resolve callback gave no address",
        ),
        None => ((&*node.host, node.port).to_socket_addrs()?.collect(), "the name has no address"),
    };
    let mut addresses: Vec<SocketAddr> = Vec::with_capacity(found.len());
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, nobody));
    }
    // A stable sort: within a family the order stays.
    match options.ip_preference {
        IpPreference::Any => {}
        IpPreference::Ipv4 => addresses.sort_by_key(|address| !address.is_ipv4()),
        IpPreference::Ipv6 => addresses.sort_by_key(|address| !address.is_ipv6()),
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Resolver;

    fn resolver(answer: &'static [&'static str]) -> Options {
        let mut options = Options::new();
        options.resolver = Resolver::to(move |name| {
            assert_eq!(name, "node-a");
            answer.iter().map(|ip| ip.parse().unwrap()).collect()
        });
        options
    }

    #[test]
    fn numeric_hosts_are_taken_as_they_are() {
        for (host, shown) in [("127.0.0.1", "127.0.0.1:7000"), ("::1", "[::1]:7000")] {
            let addresses = resolve(&NodeAddress::new(host, 7000), &resolver(&[])).unwrap();
            assert_eq!(addresses.len(), 1);
            assert_eq!(addresses[0].to_string(), shown);
        }
    }

    #[test]
    fn names_give_each_address_once() {
        let options = Options::new();
        let addresses = resolve(&NodeAddress::new("localhost", 7000), &options).unwrap();
        let mut unique = addresses.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), addresses.len());
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert!(resolve(&NodeAddress::new("", 7000), &options).is_err());
    }

    #[test]
    fn a_family_may_come_first() {
        let mut options = resolver(&["10.0.0.2", "::2", "10.0.0.1", "::1", "10.0.0.2"]);
        let order = |options: &Options| {
            let addresses = resolve(&NodeAddress::new("node-a", 7), options).unwrap();
            addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(&options), "10.0.0.2 ::2 10.0.0.1 ::1");
        options.set("ip_preference", "ipv4").unwrap();
        assert_eq!(order(&options), "10.0.0.2 10.0.0.1 ::2 ::1");
        options.set("ip_preference", "IPv6").unwrap();
        assert_eq!(order(&options), "::2 ::1 10.0.0.2 10.0.0.1");
        options.set("ip_preference", "any").unwrap();
        assert_eq!(order(&options), "10.0.0.2 ::2 10.0.0.1 ::1");
    }

    #[test]
    fn a_name_that_the_function_does_not_know_is_unknown() {
        let error = resolve(&NodeAddress::new("node-a", 7), &resolver(&[])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("callback"), "{error}");
    }
}
