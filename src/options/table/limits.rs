//! What a reply may be, and how much may wait.

use super::row;
use crate::options::InFlightFull;
use crate::options::field::{Field, Unit, number, to_usize};
use crate::options::row::Row;

pub(super) static ROWS: &[Row] = &[
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
    row(
        c"max_in_flight",
        "limits",
        c"65536",
        number(
            Unit::Count,
            (1, 1 << 24),
            |o| o.max_in_flight as u64,
            |o, v| o.max_in_flight = to_usize(v),
        ),
        c"How many commands may wait for their replies at once: on each shared connection of a client, and \
          in an asynchronous handle; a command more waits or fails, as in_flight_full says. Also how many \
          messages a subscriber holds for a reader that is slower than they come. A full \
          subscriber reads no more from its connections until messages have been taken: the server holds \
          them then, and ends the connection when its own limit (client-output-buffer-limit pubsub) is \
          reached; the subscriber subscribes again and reports a gap. 0 is refused.",
    ),
    row(
        c"in_flight_full",
        "limits",
        c"wait",
        Field::Word {
            words: &["wait", "error"],
            get: |o| o.in_flight_full as usize,
            set: |o, v| {
                o.in_flight_full =
                    if v == 0 { InFlightFull::Wait } else { InFlightFull::Error };
            },
        },
        c"What a command does where max_in_flight others wait for their replies. wait: it waits for room \
          within its own time; an asynchronous handle, which never waits, refuses it with LIMIT until \
          completions have been taken. error: it fails with LIMIT at once, and was not sent.",
    ),
];
