//! How a client uses its connections.

use super::row;
use crate::options::field::Field;
use crate::options::row::Row;

pub(super) static ROWS: &[Row] = &[row(
    c"shared",
    "client",
    c"yes",
    Field::Flag { get: |o| o.shared, set: |o, v| o.shared = v },
    c"Whether the ordinary commands of a client share connections: one a node, which any number of threads \
      write to, and whose replies the callers read for each other. no: each call takes a connection of the pool \
      for itself. Commands that block, transactions, subscribers and large pipelines take one of their own in any \
      case. A pool itself is not concerned: what it gives is exclusive.",
)];
