//! Limits of the pool and the age of its connections.

use std::time::Duration;

use super::row;
use crate::options::PoolExhausted;
use crate::options::field::{
    Field, Unit, ms, ms_or_zero, number, some_ms, some_u32, time, time_or_zero,
};
use crate::options::row::Row;

/// The most connections that a limit can be set to.
const MOST: u64 = 1_000_000;

pub(super) static ROWS: &[Row] = &[
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
];
