//! How long a call takes, and what is sent again.

use std::time::Duration;

use super::row;
use crate::options::field::{Field, Unit, ms, number, time, time_or_zero, to_u32};
use crate::options::row::Row;

pub(super) static ROWS: &[Row] = &[
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
        c"max_redirects",
        "retry",
        c"16",
        number(
            Unit::Count,
            (0, 1000),
            |o| u64::from(o.max_redirects),
            |o, v| o.max_redirects = to_u32(v),
        ),
        c"How many redirects (MOVED, ASK) a client's call follows; one more ends it with \
          TOO_MANY_REDIRECTS.",
    ),
    row(
        c"max_retries",
        "retry",
        c"3",
        number(
            Unit::Count,
            (0, 1000),
            |o| u64::from(o.max_retries),
            |o, v| o.max_retries = to_u32(v),
        ),
        c"How often a client's call is tried again after connections that failed or fell silent. What \
          may have run is not sent again, unless it only reads or retry_on_timeout says so. What the \
          server puts off (TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, READONLY) does not count: that \
          is tried until the call's time ends.",
    ),
    row(
        c"retry_backoff_min",
        "retry",
        c"10",
        time_or_zero(
            |o| ms(o.retry_backoff_min),
            |o, v| o.retry_backoff_min = Duration::from_millis(v),
        ),
        c"The pause before a client's call is tried again, in milliseconds: at first up to this long, \
          then up to twice as long each time, as far as retry_backoff_max. The pause is random between \
          nothing and that bound, so that many callers do not come back together. 0: no pause but for \
          what the server puts off, which waits a millisecond.",
    ),
    row(
        c"retry_backoff_max",
        "retry",
        c"500",
        time_or_zero(
            |o| ms(o.retry_backoff_max),
            |o, v| o.retry_backoff_max = Duration::from_millis(v),
        ),
        c"The longest pause before a client's call is tried again, in milliseconds. 0: as with \
          retry_backoff_min.",
    ),
    row(
        c"retry_on_timeout",
        "retry",
        c"no",
        Field::Flag { get: |o| o.retry_on_timeout, set: |o, v| o.retry_on_timeout = v },
        c"Whether a client sends a command again that may have run: one whose connection failed or fell \
          silent after bytes of it had left. no: only what merely reads is sent again, and a write ends \
          with an error that says so (maybe_executed); it has run at most once. yes: writes too; they run at \
          least once, and may run several times.",
    ),
];
