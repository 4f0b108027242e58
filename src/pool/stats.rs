//! Numbers of a pool.

/// One node's numbers, or the pool's sum.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct NodeStats {
    /// Connections now: idle and in use.
    pub open: u64,
    /// Connections now that wait to be checked out.
    pub idle: u64,
    /// Connections now checked out.
    pub in_use: u64,
    /// Connections now being made.
    pub dialing: u64,
    /// Threads now waiting for a place.
    pub waiting: u64,
    /// Connections made so far.
    pub created: u64,
    /// Connections closed so far.
    pub closed: u64,
    /// Of these, idle ones closed to make room for another node.
    pub evicted: u64,
    /// Waits for a place begun so far.
    pub waits: u64,
    /// Waits for a place that ended by their deadline.
    pub timeouts: u64,
    /// MOVED the program met so far (the pool's sum alone).
    pub moved: u64,
    /// ASK the program met so far (the pool's sum alone).
    pub ask: u64,
    /// Refreshes of the topology made so far (the pool's sum alone).
    pub refreshes: u64,
    /// Refreshes wanted so far that came too soon after the last (the pool's sum alone).
    pub refreshes_suppressed: u64,
}

impl NodeStats {
    pub(super) fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.idle += other.idle;
        self.in_use += other.in_use;
        self.dialing += other.dialing;
        self.waiting += other.waiting;
        self.created += other.created;
        self.closed += other.closed;
        self.evicted += other.evicted;
        self.waits += other.waits;
        self.timeouts += other.timeouts;
    }
}

/// A snapshot of a pool's numbers.
#[derive(Clone, Debug)]
pub struct Stats {
    /// All nodes together, those that have left included where it counts what was.
    pub total: NodeStats,
    /// By "host:port", the nodes the pool knows.
    pub nodes: Vec<(String, NodeStats)>,
}
