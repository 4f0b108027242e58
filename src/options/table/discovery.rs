//! How the topology is found and kept.

use std::time::Duration;

use super::row;
use crate::options::TopologyCommand;
use crate::options::field::{
    Field, LONGEST, Unit, ms, ms_or_zero, number, some_ms, time_or_zero, to_u32,
};
use crate::options::row::Row;

pub(super) static ROWS: &[Row] = &[
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
        c"reinitialize_steps",
        "discovery",
        c"5",
        number(
            Unit::Count,
            (0, LONGEST),
            |o| o.reinitialize_steps.into(),
            |o, v| o.reinitialize_steps = to_u32(v),
        ),
        c"How many MOVED replies since the last refresh bring another. Each of them corrects what is \
          known of its slot, or of its shard after a failover; a refresh brings the rest, within \
          command_timeout and topology_refresh_min_interval. 1: each MOVED refreshes. 0: none does.",
    ),
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
        c"host_port_remap",
        "discovery",
        c"",
        Field::Rules { get: |o| &o.translation.rules, set: |o, v| o.translation.rules = v },
        c"Rules for clusters that announce addresses which cannot be reached from here (behind NAT, in \
          containers), parted by commas: 10.0.0.1:7001=gw.example:9001 for one address, \
          10.0.0.1=203.0.113.5 for a host with any port, :7001=:17001 for a port of any host. Hosts are \
          names in any letter case, IPv4 or, in brackets, IPv6 addresses. The first rule that matches is \
          applied, once. They hold for every address that a server announces, in the topology and in \
          redirects, never for startup_nodes.",
    ),
];
