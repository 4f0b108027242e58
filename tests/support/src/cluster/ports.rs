//! Loopback ports for servers.

use std::fs;
use std::net::{IpAddr, TcpListener};

/// A port for clients, the one wanted or a free one, and a free one for the cluster bus. Free ports
/// lie below the range from which the kernel takes ports by itself, so that nobody else gets the
/// port of a server that is down.
pub fn take(host: IpAddr, wanted: Option<u16>) -> Result<(u16, u16), String> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let low = range.split_whitespace().next().and_then(|low| low.parse::<u16>().ok());
    let high = low.unwrap_or(32768).clamp(12000, 32768);
    let mut ports: Vec<u16> = wanted.into_iter().collect();
    if let Some(port) = wanted {
        TcpListener::bind((host, port)).map_err(|error| format!("{host} port {port}: {error}"))?;
    }
    for _ in 0..1000 {
        // RandomState is seeded by the system: parallel test programs try different ports.
        use std::hash::{BuildHasher, RandomState};
        let random = RandomState::new().hash_one(ports.len());
        let port = 10000 + (random % u64::from(high - 10000)) as u16;
        if !ports.contains(&port) && TcpListener::bind((host, port)).is_ok() {
            ports.push(port);
            if let [port, bus] = ports[..] {
                return Ok((port, bus));
            }
        }
    }
    Err(format!("no free ports on {host}"))
}
