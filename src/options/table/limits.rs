//! What a reply may be.

use super::row;
use crate::options::field::{Unit, number, to_usize};
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
];
