//! A pool's statistics, as a snapshot.

use std::ffi::c_char;

use super::{arg, call, handle};
use crate::pool::{NodeStats, Stats};

/// A pool's statistics at one moment: in all, and by node. It never changes, and may be read by
/// several threads.
pub struct rediscluster_stats(Stats);

/// What rediscluster_stats_get tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_stat {
    /// Connections there are: idle and in use.
    REDISCLUSTER_STAT_OPEN = 1,
    /// Connections that wait to be used.
    REDISCLUSTER_STAT_IDLE = 2,
    /// Connections checked out.
    REDISCLUSTER_STAT_IN_USE = 3,
    /// Connections being dialled.
    REDISCLUSTER_STAT_DIALING = 4,
    /// Calls that wait for a connection.
    REDISCLUSTER_STAT_WAITING = 5,
    /// Connections made since the beginning.
    REDISCLUSTER_STAT_CREATED = 6,
    /// Connections closed since the beginning.
    REDISCLUSTER_STAT_CLOSED = 7,
    /// Of those, the idle ones closed to make room for another node's.
    REDISCLUSTER_STAT_EVICTED = 8,
    /// Calls that had to wait since the beginning.
    REDISCLUSTER_STAT_WAITS = 9,
    /// Of those, the ones that waited in vain.
    REDISCLUSTER_STAT_TIMEOUTS = 10,
    /// MOVED replies that rediscluster_pool_moved was told of; of the pool in all alone.
    REDISCLUSTER_STAT_MOVED = 11,
    /// ASK replies that rediscluster_pool_ask was told of; of the pool in all alone.
    REDISCLUSTER_STAT_ASK = 12,
    /// Refreshes of the topology.
    REDISCLUSTER_STAT_REFRESHES = 13,
    /// Refreshes that were asked for and not made, because one was under way or had just been made.
    REDISCLUSTER_STAT_REFRESHES_SUPPRESSED = 14,
}

impl rediscluster_stats {
    pub(super) fn new(stats: Stats) -> Self {
        Self(stats)
    }
}

fn value(stats: &NodeStats, what: i32) -> Option<u64> {
    use rediscluster_stat::*;
    let all = [
        (REDISCLUSTER_STAT_OPEN, stats.open),
        (REDISCLUSTER_STAT_IDLE, stats.idle),
        (REDISCLUSTER_STAT_IN_USE, stats.in_use),
        (REDISCLUSTER_STAT_DIALING, stats.dialing),
        (REDISCLUSTER_STAT_WAITING, stats.waiting),
        (REDISCLUSTER_STAT_CREATED, stats.created),
        (REDISCLUSTER_STAT_CLOSED, stats.closed),
        (REDISCLUSTER_STAT_EVICTED, stats.evicted),
        (REDISCLUSTER_STAT_WAITS, stats.waits),
        (REDISCLUSTER_STAT_TIMEOUTS, stats.timeouts),
        (REDISCLUSTER_STAT_MOVED, stats.moved),
        (REDISCLUSTER_STAT_ASK, stats.ask),
        (REDISCLUSTER_STAT_REFRESHES, stats.refreshes),
        (REDISCLUSTER_STAT_REFRESHES_SUPPRESSED, stats.refreshes_suppressed),
    ];
    all.into_iter().find_map(|(stat, value)| (stat as i32 == what).then_some(value))
}

/// One number of the statistics.
///
/// node: "host:port" as rediscluster_node_address gives it; NULL: of the pool in all.
/// what: one of REDISCLUSTER_STAT_....
///
/// Returns: the number; -1 for a node the pool does not know, a number that is no statistic, and
/// NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_stats_get(
    stats: *const rediscluster_stats,
    node: *const c_char,
    what: i32,
) -> i64 {
    // SAFETY: NULL or live statistics, by the API's contract.
    let Some(rediscluster_stats(stats)) = (unsafe { stats.as_ref() }) else { return -1 };
    let numbers = if node.is_null() {
        Some(&stats.total)
    } else {
        // SAFETY: not NULL, and NUL-terminated by the API's contract.
        let node = unsafe { arg::text(node, "node") };
        node.ok().and_then(|node| {
            stats.nodes.iter().find_map(|(name, numbers)| (name == node).then_some(numbers))
        })
    };
    let value = numbers.and_then(|numbers| value(numbers, what));
    value.map_or(-1, |value| i64::try_from(value).unwrap_or(i64::MAX))
}

/// Frees statistics. NULL is fine.
///
/// Returns: nothing.
/// Ownership: the statistics are gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_stats_free(stats: *mut rediscluster_stats) {
    // SAFETY: NULL or statistics that are the caller's to free, by the API's contract.
    call::or_else((), || drop(unsafe { handle::take(stats) }));
}
