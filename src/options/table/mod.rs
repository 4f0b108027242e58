//! The one table of options: setting and reading by name, URLs, the documentation and the C API's
//! list are all made from it. One file a group.

mod client;
mod connection;
mod discovery;
mod limits;
mod pool;
mod retry;
mod routing;
mod tls;

use std::ffi::CStr;

use super::field::Field;
use super::row::Row;

/// All groups, in the order of the documentation.
static GROUPS: [&[Row]; 8] = [
    discovery::ROWS,
    pool::ROWS,
    routing::ROWS,
    connection::ROWS,
    tls::ROWS,
    retry::ROWS,
    client::ROWS,
    limits::ROWS,
];

/// All options, in the order of the documentation.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.into_iter().flatten()
}

const fn row(
    name: &'static CStr,
    group: &'static str,
    default: &'static CStr,
    field: Field,
    doc: &'static CStr,
) -> Row {
    Row { name, group, default, field, inverse_of: None, doc }
}
