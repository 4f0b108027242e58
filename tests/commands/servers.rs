//! Throwaway servers of both kinds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::connection::{Destination, Dialer};
use rediscluster::deadline::Deadline;
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::Reply;
use rediscluster_test_support::cluster::{Cluster, Config, Server};

/// A server in cluster mode.
pub struct Running {
    /// "Valkey", for messages.
    pub name: String,
    cluster: Cluster,
}

impl Running {
    /// Starts the server, whose version has to begin so: the table is made from these two.
    pub fn start(server: Server, version: &str) -> Self {
        let config = Config { server, primaries: 1, ..Config::default() };
        let cluster = Cluster::start(config).unwrap_or_else(|error| panic!("{error}"));
        let running = Self { name: format!("{server:?}"), cluster };
        let info = running.ask(&Options::new(), &Command::of(&[b"INFO", b"server"]));
        let field = if server == Server::Valkey { "valkey_version:" } else { "redis_version:" };
        let mut lines = info.root().text().expect("text").lines();
        let found = lines.find_map(|line| line.strip_prefix(field)).expect("a version");
        assert!(found.starts_with(version), "{server:?} {version}x is wanted, this is {found}");
        running
    }

    /// A connection of the test's own client.
    pub fn connect(&self) -> rediscluster_test_support::cluster::Client {
        self.cluster.connect(1).expect("a connection")
    }

    /// The reply to one command, over the library's own connection.
    pub fn ask(&self, options: &Options, command: &Command) -> Reply {
        let address: SocketAddr = self.cluster.addresses()[0].parse().expect("an address");
        let node = NodeAddress::new(&address.ip().to_string(), address.port());
        let deadline = Deadline::after(Duration::from_secs(10));
        let dialer = Dialer::new(Arc::new(options.clone())).expect("a dialer");
        let mut connection = dialer.dial(Destination::from(&node), deadline).expect("a connection");
        connection.command(command, deadline).expect("a reply")
    }
}
