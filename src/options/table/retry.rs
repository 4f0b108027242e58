//! How long a call takes.

use std::time::Duration;

use super::row;
use crate::options::field::{ms, time};
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
];
