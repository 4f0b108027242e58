//! The one table of options: setting and reading by name, URLs, the documentation and the C API's
//! list are all made from it.

use std::ffi::CStr;
use std::time::Duration;

use super::field::{
    Field, LONGEST, Unit, ms, ms_or_zero, number, some_ms, some_u32, time, time_or_zero, to_u32,
    to_usize,
};
use super::row::Row;
use super::{Handshake, PoolExhausted, Protocol, TopologyCommand};

/// The most connections that a limit can be set to.
const MOST: u64 = 1_000_000;

const fn row(
    name: &'static CStr,
    group: &'static str,
    default: &'static CStr,
    field: Field,
    doc: &'static CStr,
) -> Row {
    Row { name, group, default, field, inverse_of: None, doc }
}

/// All options, in the order of the documentation.
pub static ROWS: &[Row] = &[
    row(
        c"startup_nodes",
        "discovery",
        c"",
        Field::Nodes { get: |o| &o.startup_nodes, set: |o, v| o.startup_nodes = v },
        c"The nodes that are asked for the topology first, as host:port, several parted by commas; an \
          IPv6 address stands in brackets. One that answers is enough. At least one is needed: empty \
          is refused when a pool is made. In a URL they are the hosts, with port 6379 where none is given.",
    ),
    row(
        c"init_slot_cache",
        "discovery",
        c"yes",
        Field::Flag { get: |o| o.init_slot_cache, set: |o, v| o.init_slot_cache = v },
        c"Whether the topology is discovered when the pool is made, which then fails if no node \
          answers. With no, making the pool opens no connection and the first get discovers, within \
          its own timeout.",
    ),
    row(
        c"require_full_coverage",
        "discovery",
        c"no",
        Field::Flag { get: |o| o.require_full_coverage, set: |o, v| o.require_full_coverage = v },
        c"Whether a topology is refused that leaves one of the 16384 slots unserved. With no, such a \
          topology is used, and only a get for an unserved slot fails. skip_full_coverage_check is \
          the same setting, turned round.",
    ),
    Row {
        name: c"skip_full_coverage_check",
        group: "discovery",
        default: c"yes",
        field: Field::Flag {
            get: |o| !o.require_full_coverage,
            set: |o, v| o.require_full_coverage = !v,
        },
        inverse_of: Some("require_full_coverage"),
        doc: c"The inverse of require_full_coverage, by the name redis-py-cluster gave it: yes here is \
          no there. The one that is set last holds; a URL may name only one of them.",
    },
    row(
        c"nodemanager_follow_cluster",
        "discovery",
        c"yes",
        Field::Flag {
            get: |o| o.nodemanager_follow_cluster,
            set: |o, v| o.nodemanager_follow_cluster = v,
        },
        c"Whether a refresh asks the nodes of the known topology first and startup_nodes, their names \
          resolved afresh, last. With no, only startup_nodes are asked.",
    ),
    row(
        c"topology_refresh_interval",
        "discovery",
        c"0",
        time_or_zero(
            |o| ms_or_zero(o.topology_refresh_interval),
            |o, v| o.topology_refresh_interval = some_ms(v),
        ),
        c"The age in milliseconds at which the pool's maintenance call renews the topology unasked. 0: \
          never, the topology is renewed only when a failure or redirect asks for it. Not shorter than \
          topology_refresh_min_interval. The library has no thread: without the maintenance call \
          nothing happens at this age.",
    ),
    row(
        c"topology_refresh_min_interval",
        "discovery",
        c"100",
        time_or_zero(
            |o| ms(o.topology_refresh_min_interval),
            |o, v| o.topology_refresh_min_interval = Duration::from_millis(v),
        ),
        c"The shortest time in milliseconds between two refreshes that failures ask for, varied by \
          chance so that many processes do not ask in step. 0: no such pause. A refresh the program asks \
          for by name is not held back.",
    ),
    row(
        c"topology_command",
        "discovery",
        c"auto",
        Field::Word {
            words: &["auto", "slots", "shards", "nodes"],
            get: |o| o.topology_command as usize,
            set: |o, v| {
                o.topology_command = match v {
                    0 => TopologyCommand::Auto,
                    1 => TopologyCommand::Slots,
                    2 => TopologyCommand::Shards,
                    _ => TopologyCommand::Nodes,
                };
            },
        },
        c"The command the topology is asked with: CLUSTER SLOTS, CLUSTER SHARDS (Redis 7.0 and later) \
          or CLUSTER NODES. With auto, another one is tried where a server does not know or allow the \
          first.",
    ),
    row(
        c"max_connections",
        "pool",
        c"0",
        number(
            Unit::Count,
            (0, MOST),
            |o| o.max_connections.map_or(0, u64::from),
            |o, v| {
                o.max_connections = some_u32(v);
                o.max_connections_is_set = true;
            },
        ),
        c"The most connections the pool has at once, over all nodes: idle, in use and being dialled. 0: \
          no limit; but with pool_exhausted=block the limit is 50 unless this option is set, be it to \
          0. At the limit an idle connection to another node is closed to make room; \
          max_connections_per_node holds together with it.",
    ),
    row(
        c"max_connections_per_node",
        "pool",
        c"0",
        Field::Number {
            unit: Unit::Count,
            from: 0,
            to: MOST,
            words: &[("yes", 16), ("no", 0)],
            get: |o| o.max_connections_per_node.map_or(0, u64::from),
            set: |o, v| o.max_connections_per_node = some_u32(v),
        },
        c"The most connections the pool has to one node at once: idle, in use and being dialled. 0 or \
          no: no limit; yes: 16. It holds together with max_connections, and may be above it.",
    ),
    row(
        c"pool_exhausted",
        "pool",
        c"error",
        Field::Word {
            words: &["error", "block"],
            get: |o| o.pool_exhausted as usize,
            set: |o, v| {
                o.pool_exhausted =
                    if v == 0 { PoolExhausted::Error } else { PoolExhausted::Block };
            },
        },
        c"What a get does at max_connections or max_connections_per_node: error fails at once with \
          POOL_EXHAUSTED, block waits up to timeout for a place, first come, first served, and then \
          fails with POOL_TIMEOUT.",
    ),
    row(
        c"timeout",
        "pool",
        c"20000",
        time(|o| ms(o.timeout), |o, v| o.timeout = Duration::from_millis(v)),
        c"How long a get takes in all, in milliseconds, where the call names no time of its own: waiting \
          for a place (with pool_exhausted=block), discovery and dial, each dial also bounded by \
          socket_connect_timeout. 0 is refused; a single call may say that it does not wait, or waits \
          for ever.",
    ),
    row(
        c"max_idle_time",
        "pool",
        c"0",
        time_or_zero(|o| ms_or_zero(o.max_idle_time), |o, v| o.max_idle_time = some_ms(v)),
        c"The idle time in milliseconds after which a connection is closed instead of used again. 0: \
          never. Expired connections are closed by the maintenance call, and without it one at most \
          by each get.",
    ),
    row(
        c"max_lifetime",
        "pool",
        c"0",
        time_or_zero(|o| ms_or_zero(o.max_lifetime), |o, v| o.max_lifetime = some_ms(v)),
        c"The age in milliseconds at which a connection is closed once it is idle, varied by chance so \
          that connections made together do not end together. 0: never. A connection in use is never \
          cut off.",
    ),
    row(
        c"health_check_interval",
        "pool",
        c"0",
        time_or_zero(
            |o| ms_or_zero(o.health_check_interval),
            |o, v| o.health_check_interval = some_ms(v),
        ),
        c"The idle time in milliseconds after which the maintenance call sends a connection a PING and \
          closes it where no answer comes. 0: never. A get looks at the socket of an idle connection in \
          any case, which shows a closed one, though not a network gone silent.",
    ),
    row(
        c"socket_timeout",
        "connection",
        c"5000",
        time(|o| ms(o.socket_timeout), |o, v| o.socket_timeout = Duration::from_millis(v)),
        c"The longest silence in milliseconds of a server that owes a reply; after it the connection \
          counts as broken. 0 is refused. The whole call is bounded by command_timeout or its own \
          timeout, whichever applies: the earlier of the two ends it.",
    ),
    row(
        c"socket_connect_timeout",
        "connection",
        c"5000",
        time(
            |o| ms(o.socket_connect_timeout),
            |o, v| o.socket_connect_timeout = Duration::from_millis(v),
        ),
        c"The longest a dial takes in milliseconds, from TCP to the end of the handshake, all addresses \
          of the name together. 0 is refused. The deadline of the call that dials holds as well.",
    ),
    row(
        c"socket_keepalive",
        "connection",
        c"yes",
        Field::Flag { get: |o| o.socket_keepalive, set: |o, v| o.socket_keepalive = v },
        c"Whether the system sends TCP keepalive probes on silent connections, so that a peer that is \
          gone is noticed. How often, the three options that follow say.",
    ),
    row(
        c"socket_keepalive_idle",
        "connection",
        c"30",
        number(
            Unit::Seconds,
            (1, 32_767),
            |o| o.socket_keepalive_idle.as_secs(),
            |o, v| o.socket_keepalive_idle = Duration::from_secs(v),
        ),
        c"The silence in seconds before the first keepalive probe. 0 is refused: \
          socket_keepalive=no turns probes off. Without effect where they are off.",
    ),
    row(
        c"socket_keepalive_interval",
        "connection",
        c"10",
        number(
            Unit::Seconds,
            (1, 32_767),
            |o| o.socket_keepalive_interval.as_secs(),
            |o, v| o.socket_keepalive_interval = Duration::from_secs(v),
        ),
        c"The time in seconds between keepalive probes that go unanswered. 0 is refused. Without effect \
          where socket_keepalive is off.",
    ),
    row(
        c"socket_keepalive_count",
        "connection",
        c"3",
        number(
            Unit::Count,
            (1, 127),
            |o| o.socket_keepalive_count.into(),
            |o, v| o.socket_keepalive_count = to_u32(v),
        ),
        c"The number of unanswered keepalive probes after which the system ends the connection. 0 is \
          refused. Without effect where socket_keepalive is off.",
    ),
    row(
        c"tcp_user_timeout",
        "connection",
        c"0",
        time_or_zero(|o| ms_or_zero(o.tcp_user_timeout), |o, v| o.tcp_user_timeout = some_ms(v)),
        c"The time in milliseconds that sent bytes may stay unacknowledged before the system ends the \
          connection (TCP_USER_TIMEOUT). 0: the system's own rule, which is minutes. Where set, Linux \
          also ends a keepalive at this time, whatever socket_keepalive_count says.",
    ),
    row(
        c"username",
        "connection",
        c"",
        Field::Text {
            token: false,
            get: |o| o.username.as_deref(),
            set: |o, v| o.username = v,
        },
        c"The ACL user that connections log in as, on every node. Empty: the default user. Needs a \
          password; for a user without one any text does.",
    ),
    row(
        c"password",
        "connection",
        c"",
        Field::Secret { get: |o| o.password.as_ref(), set: |o, v| o.password = v },
        c"The password that connections log in with, on every node. Empty: no login. It is shown \
          nowhere: reading it gives *** where it is set.",
    ),
    row(
        c"db",
        "connection",
        c"0",
        number(Unit::Count, (0, LONGEST), |o| o.db.into(), |o, v| o.db = to_u32(v)),
        c"The database that connections select. A cluster has only 0, except Valkey 9 where \
          cluster-databases allows more. 0: nothing is sent. In a URL it is the path.",
    ),
    row(
        c"client_name",
        "connection",
        c"",
        Field::Text {
            token: true,
            get: |o| o.client_name.as_deref(),
            set: |o, v| o.client_name = v,
        },
        c"The name that connections give themselves with CLIENT SETNAME, seen in CLIENT LIST. Empty: \
          none. The server allows neither blanks nor anything beyond printable ASCII.",
    ),
    row(
        c"client_info",
        "connection",
        c"yes",
        Field::Flag { get: |o| o.client_info, set: |o, v| o.client_info = v },
        c"Whether connections tell the library's name and version with CLIENT SETINFO, where the server \
          knows it. Without effect with handshake=minimal.",
    ),
    row(
        c"protocol",
        "connection",
        c"auto",
        Field::Word {
            words: &["auto", "2", "3"],
            get: |o| o.protocol as usize,
            set: |o, v| {
                o.protocol = match v {
                    0 => Protocol::Auto,
                    1 => Protocol::Resp2,
                    _ => Protocol::Resp3,
                };
            },
        },
        c"The version of the protocol: 2, 3, or auto for 3 where the server knows it and else 2. With \
          handshake=minimal auto is 2, which needs no word.",
    ),
    row(
        c"handshake",
        "connection",
        c"full",
        Field::Word {
            words: &["full", "minimal"],
            get: |o| o.handshake as usize,
            set: |o, v| {
                o.handshake = if v == 0 { Handshake::Full } else { Handshake::Minimal };
            },
        },
        c"What a new connection says before its first command. full: all that helps, in one round trip. \
          minimal: only what username, password, db, client_name and protocol need, and nothing where \
          they are not set.",
    ),
    row(
        c"command_timeout",
        "retry",
        c"10000",
        time(|o| ms(o.command_timeout), |o, v| o.command_timeout = Duration::from_millis(v)),
        c"How long a call takes in all, in milliseconds, where it names no time of its own; it holds for \
          every call but a get, which has timeout. 0 is refused; a single call may say that it does not \
          wait, or waits for ever. socket_timeout ends a call earlier where the server falls silent.",
    ),
    row(
        c"max_reply_size",
        "limits",
        c"536936448",
        number(
            Unit::Bytes,
            (1024, 1 << 40),
            |o| o.max_reply_size as u64,
            |o, v| o.max_reply_size = to_usize(v),
        ),
        c"The largest reply in bytes, as it comes over the wire; a larger one ends the call with LIMIT \
          and closes the connection. The default is 512 MiB, the longest string a server stores, and \
          64 KiB. 0 is refused.",
    ),
    row(
        c"max_reply_depth",
        "limits",
        c"128",
        number(
            Unit::Count,
            (8, 65_536),
            |o| o.max_reply_depth as u64,
            |o, v| o.max_reply_depth = to_usize(v),
        ),
        c"The deepest nesting of arrays, maps and sets in a reply; a deeper one ends the call with LIMIT \
          and closes the connection. 0 is refused: answers about the topology nest already.",
    ),
];
