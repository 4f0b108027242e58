//! The options of a pool: one table ([`table`]) defines them, for strings, URLs and documentation.

pub mod table;

mod field;
mod nearest;
mod remap;
mod resolver;
mod row;
mod secret;
mod translation;
mod url;

use std::time::Duration;

use crate::credentials::{Credentials, CredentialsSource};
use crate::error::{Error, Result, Status};
use crate::log::Log;
use crate::node::NodeAddress;

pub use remap::Rules;
pub use resolver::Resolver;
pub use row::Row;
pub use secret::Secret;
pub use translation::Translation;

/// The total limit with `pool_exhausted=block` where `max_connections` was never set: a pool that
/// waits for a place needs a number of places.
const BLOCKING_LIMIT: u32 = 50;

/// What a get does at a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolExhausted {
    /// It fails at once.
    Error,
    /// It waits for a place.
    Block,
}

/// Which command the topology is asked with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopologyCommand {
    /// The best one the server knows and allows.
    Auto,
    /// CLUSTER SLOTS.
    Slots,
    /// CLUSTER SHARDS.
    Shards,
    /// CLUSTER NODES.
    Nodes,
}

/// The version of the protocol that is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// RESP3 where the server knows it, else RESP2.
    Auto,
    /// RESP2.
    Resp2,
    /// RESP3; a server that does not know it is refused.
    Resp3,
}

/// Which of a name's addresses are tried first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IpPreference {
    /// As the resolver gives them.
    Any,
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
}

/// How much a new connection says before its first command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handshake {
    /// All that helps.
    Full,
    /// What the settings need, no more.
    Minimal,
}

/// Whether a server's certificate is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertReqs {
    /// It must be valid.
    Required,
    /// Anything is taken.
    None,
}

/// A version of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What a command does where `max_in_flight` others wait for their replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InFlightFull {
    /// It waits until there is room.
    Wait,
    /// It fails at once.
    Error,
}

/// Which nodes of a shard answer reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadFrom {
    /// The primary.
    Primary,
    /// The replicas, and the primary where none can.
    ReplicaPreferred,
    /// The replicas alone.
    Replica,
    /// All of them in turn.
    Any,
    /// Those in the program's own availability zone before all others.
    Az,
}

/// The options of a pool, typed. What each means stands in the table's `doc`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The nodes that are asked first, in this order.
    pub startup_nodes: Vec<NodeAddress>,
    /// The topology is discovered when the pool is made, not by the first get.
    pub init_slot_cache: bool,
    /// A topology that leaves a slot unserved is refused.
    pub require_full_coverage: bool,
    /// So many MOVED since the last refresh bring another. 0: none does.
    pub reinitialize_steps: u32,
    /// Known nodes are asked before the startup nodes.
    pub nodemanager_follow_cluster: bool,
    /// Age at which maintenance renews the topology. None: never.
    pub topology_refresh_interval: Option<Duration>,
    /// Shortest time between two refreshes.
    pub topology_refresh_min_interval: Duration,
    /// Which command the topology is asked with.
    pub topology_command: TopologyCommand,
    /// What becomes of the addresses that servers announce: `host_port_remap`, and a function that is
    /// not in the table.
    pub translation: Translation,
    /// The option's own value; [`Options::connection_limit`] is the limit in force. None: no limit.
    pub max_connections: Option<u32>,
    /// The limit for each node. None: no limit.
    pub max_connections_per_node: Option<u32>,
    /// What a get does at a limit.
    pub pool_exhausted: PoolExhausted,
    /// How long a get waits, dials and discovers in all, unless the call says otherwise.
    pub timeout: Duration,
    /// Idle time after which a connection is closed. None: never.
    pub max_idle_time: Option<Duration>,
    /// Age after which a connection is closed. None: never.
    pub max_lifetime: Option<Duration>,
    /// Idle time after which maintenance asks a connection for a sign of life. None: never.
    pub health_check_interval: Option<Duration>,
    /// Which nodes of a shard answer reads.
    pub read_from: ReadFrom,
    /// A get for writing is refused.
    pub readonly: bool,
    /// The availability zone the program is in.
    pub client_az: Option<String>,
    /// The zones of nodes whose servers tell none, or the wrong one.
    pub availability_zones: Vec<(NodeAddress, String)>,
    /// How long a replica that failed is left alone. None: not at all.
    pub replica_cooldown: Option<Duration>,
    /// The longest silence of a server that owes a reply.
    pub socket_timeout: Duration,
    /// The longest a dial takes, from TCP to the end of the handshake.
    pub socket_connect_timeout: Duration,
    /// TCP keepalive is on.
    pub socket_keepalive: bool,
    /// Silence before the first keepalive probe.
    pub socket_keepalive_idle: Duration,
    /// Time between keepalive probes.
    pub socket_keepalive_interval: Duration,
    /// Unanswered keepalive probes that end a connection.
    pub socket_keepalive_count: u32,
    /// TCP_USER_TIMEOUT. None: the system's own.
    pub tcp_user_timeout: Option<Duration>,
    /// Which of a name's addresses are tried first.
    pub ip_preference: IpPreference,
    /// The ACL user. None: the default user.
    pub username: Option<String>,
    /// The password. None: no authentication.
    pub password: Option<Secret>,
    /// The database that is selected.
    pub db: u32,
    /// The name given by CLIENT SETNAME. None: no name.
    pub client_name: Option<String>,
    /// The library's name and version are given by CLIENT SETINFO.
    pub client_info: bool,
    /// The version of the protocol.
    pub protocol: Protocol,
    /// How much a new connection says before its first command.
    pub handshake: Handshake,
    /// Connections are made with TLS.
    pub ssl: bool,
    /// Whether a server's certificate is checked.
    pub ssl_cert_reqs: CertReqs,
    /// File or folder with the certificates of trusted authorities. None, and no `ssl_ca_data`: the
    /// system's.
    pub ssl_ca_certs: Option<String>,
    /// The certificates of trusted authorities themselves.
    pub ssl_ca_data: Option<String>,
    /// File with the client's certificate.
    pub ssl_certfile: Option<String>,
    /// File with the certificate's key. None: it is in the certificate's file.
    pub ssl_keyfile: Option<String>,
    /// The password of an encrypted key.
    pub ssl_password: Option<Secret>,
    /// A server's certificate must hold its name.
    pub ssl_check_hostname: bool,
    /// The name that certificates hold. None: the host name or host of each node.
    pub ssl_server_name: Option<String>,
    /// The lowest version that is spoken.
    pub ssl_min_version: TlsVersion,
    /// How long a command takes in all, unless the call says otherwise.
    pub command_timeout: Duration,
    /// How many redirects a call follows.
    pub max_redirects: u32,
    /// How often a call is tried again after failures of connections.
    pub max_retries: u32,
    /// The first pause before a call is tried again is at most this long.
    pub retry_backoff_min: Duration,
    /// No pause is longer.
    pub retry_backoff_max: Duration,
    /// What may have run is sent again, writes too.
    pub retry_on_timeout: bool,
    /// The largest reply, in bytes.
    pub max_reply_size: usize,
    /// The deepest nesting of a reply.
    pub max_reply_depth: usize,
    /// A client's ordinary commands share connections.
    pub shared: bool,
    /// How many commands wait for replies at once; how many messages a subscriber holds.
    pub max_in_flight: usize,
    /// What becomes of one more.
    pub in_flight_full: InFlightFull,
    /// A function that is asked for credentials; not in the table, for a function is no text.
    pub credentials_source: CredentialsSource,
    /// Who turns names into addresses; not in the table, for a function is no text.
    pub resolver: Resolver,
    /// Where log lines go; not in the table, for a function is no text.
    pub log: Log,
    /// `max_connections` was set, be it to 0: then its value holds with `pool_exhausted=block` too.
    max_connections_is_set: bool,
}

impl Options {
    /// The defaults of the table.
    pub fn new() -> Self {
        let mut options = Self::blank();
        for row in table::rows() {
            let applied = row.set(&mut options, row.default());
            debug_assert!(applied.is_ok(), "the default of {}: {applied:?}", row.name());
        }
        options.max_connections_is_set = false;
        options
    }

    /// Options from `redis://[user[:password]@]host[:port][,host[:port]…][/db][?name=value&…]`; what
    /// the URL does not name has its default. Errors ([`Status::Config`]) never show the password.
    pub fn from_url(url: &str) -> Result<Self> {
        url::read(url)
    }

    /// Sets one option by its name. On failure ([`Status::Config`], the option named, with what it
    /// accepts) nothing is changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        row::find(name)?.set(self, value)
    }

    /// One option as text, in a form [`Options::set`] takes back; a secret that is set reads `***`.
    /// None: no option has this name.
    pub fn get(&self, name: &str) -> Option<String> {
        row::find(name).ok().map(|row| row.get(self))
    }

    /// Checks what no option can be asked alone: that the options make sense together.
    pub fn validate(&self) -> Result<()> {
        let problem = if self.startup_nodes.is_empty() {
            "option \"startup_nodes\" is empty: name at least one node of the cluster as host:port"
        } else if self.username.is_some()
            && self.password.is_none()
            && !self.credentials_source.is_set()
        {
            "option \"username\" is set without \"password\": set both (for a user without \
             password any text does)"
        } else if self.ssl && self.ssl_keyfile.is_some() && self.ssl_certfile.is_none() {
            "option \"ssl_keyfile\" is set without \"ssl_certfile\": name the file of the \
             certificate that the key belongs to"
        } else if self
            .topology_refresh_interval
            .is_some_and(|interval| interval < self.topology_refresh_min_interval)
        {
            "option \"topology_refresh_interval\" is shorter than \"topology_refresh_min_interval\": \
             make it longer, or 0 for off"
        } else if self.read_from == ReadFrom::Az && self.client_az.is_none() {
            "option \"read_from\" is az without \"client_az\": name the availability zone the program \
             is in"
        } else {
            return Ok(());
        };
        Err(Error::new(Status::Config, problem))
    }

    /// Who connections log in as, by `username` and `password`.
    pub fn credentials(&self) -> Option<Credentials> {
        let password = self.password.clone()?;
        Some(Credentials { username: self.username.clone(), password })
    }

    /// The total limit in force: `max_connections`, or 50 when `pool_exhausted=block` and it was
    /// never set. None: no limit.
    pub fn connection_limit(&self) -> Option<u32> {
        match (self.max_connections, self.pool_exhausted) {
            (None, PoolExhausted::Block) if !self.max_connections_is_set => Some(BLOCKING_LIMIT),
            (limit, _) => limit,
        }
    }

    /// Every field filled, with no claim to sense: the table's defaults come over it.
    fn blank() -> Self {
        Self {
            startup_nodes: Vec::new(),
            init_slot_cache: false,
            require_full_coverage: false,
            reinitialize_steps: 0,
            nodemanager_follow_cluster: false,
            topology_refresh_interval: None,
            topology_refresh_min_interval: Duration::ZERO,
            topology_command: TopologyCommand::Auto,
            translation: Translation::default(),
            max_connections: None,
            max_connections_per_node: None,
            pool_exhausted: PoolExhausted::Error,
            timeout: Duration::ZERO,
            max_idle_time: None,
            max_lifetime: None,
            health_check_interval: None,
            read_from: ReadFrom::Primary,
            readonly: false,
            client_az: None,
            availability_zones: Vec::new(),
            replica_cooldown: None,
            socket_timeout: Duration::ZERO,
            socket_connect_timeout: Duration::ZERO,
            socket_keepalive: false,
            socket_keepalive_idle: Duration::ZERO,
            socket_keepalive_interval: Duration::ZERO,
            socket_keepalive_count: 0,
            tcp_user_timeout: None,
            ip_preference: IpPreference::Any,
            username: None,
            password: None,
            db: 0,
            client_name: None,
            client_info: false,
            protocol: Protocol::Auto,
            handshake: Handshake::Full,
            ssl: false,
            ssl_cert_reqs: CertReqs::Required,
            ssl_ca_certs: None,
            ssl_ca_data: None,
            ssl_certfile: None,
            ssl_keyfile: None,
            ssl_password: None,
            ssl_check_hostname: false,
            ssl_server_name: None,
            ssl_min_version: TlsVersion::Tls12,
            command_timeout: Duration::ZERO,
            max_redirects: 0,
            max_retries: 0,
            retry_backoff_min: Duration::ZERO,
            retry_backoff_max: Duration::ZERO,
            retry_on_timeout: false,
            max_reply_size: 0,
            max_reply_depth: 0,
            shared: false,
            max_in_flight: 0,
            in_flight_full: InFlightFull::Wait,
            credentials_source: CredentialsSource::default(),
            resolver: Resolver::default(),
            log: Log::default(),
            max_connections_is_set: false,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
