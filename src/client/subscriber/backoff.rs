//! How long is waited before something is tried again, and how long a try may take.

use std::time::Duration;

use crate::options::Options;

/// The first dial of a node may take so long, the next twice as long: others wait meanwhile.
const FIRST_DIAL: Duration = Duration::from_millis(500);

/// The bounds that the options set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) min: Duration,
    pub(super) max: Duration,
    /// `socket_connect_timeout`.
    pub(super) longest_dial: Duration,
}

impl Backoff {
    pub(super) fn of(options: &Options) -> Self {
        Self {
            min: options.retry_backoff_min,
            max: options.retry_backoff_max,
            longest_dial: options.socket_connect_timeout,
        }
    }

    /// The pause after so many failures in a row: random, and never none after the first.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let bound = self.min.saturating_mul(1 << failures.min(16)).min(self.max);
        let pause = bound.mul_f64(fastrand::f64());
        if failures == 0 { pause } else { pause.max(Duration::from_millis(1)) }
    }

    /// How long a dial may take after so many failures.
    pub(super) fn dial(&self, failures: u32) -> Duration {
        FIRST_DIAL.saturating_mul(1 << failures.min(16)).min(self.longest_dial)
    }
}
