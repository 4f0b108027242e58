//! Which node of a shard answers.

use super::row;
use crate::options::ReadFrom;
use crate::options::field::{Field, ms_or_zero, some_ms, time_or_zero};
use crate::options::row::Row;

pub(super) static ROWS: &[Row] = &[
    row(
        c"read_from",
        "routing",
        c"primary",
        Field::Word {
            words: &["primary", "replica_preferred", "replica", "any", "az"],
            get: |o| o.read_from as usize,
            set: |o, v| {
                o.read_from = match v {
                    0 => ReadFrom::Primary,
                    1 => ReadFrom::ReplicaPreferred,
                    2 => ReadFrom::Replica,
                    3 => ReadFrom::Any,
                    _ => ReadFrom::Az,
                };
            },
        },
        c"Which node a get for reading, by slot or key, gives a connection to. primary: the primary. \
          replica_preferred: the shard's replicas in turn, the primary where none is usable. replica: \
          the replicas in turn, the primary only where the shard has none. any: primary and replicas in \
          turn. az: the replicas in client_az in turn, else the primary if it is there, else the other \
          replicas in turn, else the primary. What a replica answers may be older than what was written. \
          A get for writing always gives the primary.",
    ),
    row(
        c"readonly",
        "routing",
        c"no",
        Field::Flag { get: |o| o.readonly, set: |o, v| o.readonly = v },
        c"Whether gets for writing are refused with READ_ONLY. With yes, a random get chooses among \
          primaries and replicas alike, unless read_from is primary.",
    ),
    row(
        c"client_az",
        "routing",
        c"",
        Field::Text {
            token: false,
            get: |o| o.client_az.as_deref(),
            set: |o, v| o.client_az = v,
        },
        c"The availability zone the program is in, as the servers or availability_zones call it. \
          read_from=az needs it; else it has no effect.",
    ),
    row(
        c"availability_zones",
        "routing",
        c"",
        Field::Zones { get: |o| &o.availability_zones, set: |o, v| o.availability_zones = v },
        c"The availability zones of nodes, as host:port=zone, several parted by commas; host and port as \
          announced or as dialled. For servers that tell none (Redis 7.0); where one tells another, this \
          one holds. Nodes that it does not name are in the zone the topology tells, or the node itself \
          when it is dialled; before that a replica counts as one in client_az.",
    ),
    row(
        c"replica_cooldown",
        "routing",
        c"1000",
        time_or_zero(|o| ms_or_zero(o.replica_cooldown), |o, v| o.replica_cooldown = some_ms(v)),
        c"How long in milliseconds reads pass over a replica that could not be dialled, that answered \
          LOADING or MASTERDOWN, or that the topology calls failed or loading. Afterwards one get at a \
          time tries it. 0: it is passed over within the same get alone.",
    ),
];
