//! Error replies by which a server says that it has not run a command, and that another try may do better.

use crate::error::Status;
use crate::resp::{Kind, ReplyRef};

/// Why a server did not run a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// MOVED or ASK: another node does.
    Redirect,
    /// Not now: TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, READONLY (Redis Cluster specification; errors of
    /// the same names in the server's documentation).
    PutOff {
        /// What a call that is put off until its end ends with.
        status: Status,
        /// A newer topology may name a node that does.
        asks_for_refresh: bool,
    },
}

/// What the reply refuses, if it is such a refusal.
pub(crate) fn refusal_of(reply: ReplyRef<'_>) -> Option<Refusal> {
    if reply.kind() != Kind::Error {
        return None;
    }
    let put_off = |status, asks_for_refresh| Some(Refusal::PutOff { status, asks_for_refresh });
    match reply.error_code()? {
        "MOVED" | "ASK" => Some(Refusal::Redirect),
        "TRYAGAIN" => put_off(Status::TryAgain, false),
        "CLUSTERDOWN" => put_off(Status::ClusterDown, true),
        "LOADING" => put_off(Status::Loading, false),
        "MASTERDOWN" => put_off(Status::Loading, true),
        "READONLY" => put_off(Status::ReadOnly, true),
        _ => None,
    }
}
