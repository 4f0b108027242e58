//! How a node is dialled and greeted.

use std::time::Duration;

use super::row;
use crate::options::field::{
    Field, LONGEST, Unit, ms, ms_or_zero, number, some_ms, time, time_or_zero, to_u32,
};
use crate::options::row::Row;
use crate::options::{Handshake, IpPreference, Protocol};

pub(super) static ROWS: &[Row] = &[
    row(
        c"socket_timeout",
        "connection",
        c"5000",
        time(|o| ms(o.socket_timeout), |o, v| o.socket_timeout = Duration::from_millis(v)),
        c"The longest silence in milliseconds of a server that owes a reply; after it the connection \
          counts as broken. 0 is refused. The whole call is bounded by command_timeout or its own \
          timeout, whichever applies: the earlier of the two ends it.",
    ),
    row(
        c"socket_connect_timeout",
        "connection",
        c"5000",
        time(
            |o| ms(o.socket_connect_timeout),
            |o, v| o.socket_connect_timeout = Duration::from_millis(v),
        ),
        c"The longest a dial takes in milliseconds, from TCP to the end of the handshake, all addresses \
          of the name together. 0 is refused. The deadline of the call that dials holds as well.",
    ),
    row(
        c"socket_keepalive",
        "connection",
        c"yes",
        Field::Flag { get: |o| o.socket_keepalive, set: |o, v| o.socket_keepalive = v },
        c"Whether the system sends TCP keepalive probes on silent connections, so that a peer that is \
          gone is noticed. How often, the three options that follow say.",
    ),
    row(
        c"socket_keepalive_idle",
        "connection",
        c"30",
        number(
            Unit::Seconds,
            (1, 32_767),
            |o| o.socket_keepalive_idle.as_secs(),
            |o, v| o.socket_keepalive_idle = Duration::from_secs(v),
        ),
        c"The silence in seconds before the first keepalive probe. 0 is refused: \
          socket_keepalive=no turns probes off. Without effect where they are off.",
    ),
    row(
        c"socket_keepalive_interval",
        "connection",
        c"10",
        number(
            Unit::Seconds,
            (1, 32_767),
            |o| o.socket_keepalive_interval.as_secs(),
            |o, v| o.socket_keepalive_interval = Duration::from_secs(v),
        ),
        c"The time in seconds between keepalive probes that go unanswered. 0 is refused. Without effect \
          where socket_keepalive is off.",
    ),
    row(
        c"socket_keepalive_count",
        "connection",
        c"3",
        number(
            Unit::Count,
            (1, 127),
            |o| o.socket_keepalive_count.into(),
            |o, v| o.socket_keepalive_count = to_u32(v),
        ),
        c"The number of unanswered keepalive probes after which the system ends the connection. 0 is \
          refused. Without effect where socket_keepalive is off.",
    ),
    row(
        c"tcp_user_timeout",
        "connection",
        c"0",
        time_or_zero(|o| ms_or_zero(o.tcp_user_timeout), |o, v| o.tcp_user_timeout = some_ms(v)),
        c"The time in milliseconds that sent bytes may stay unacknowledged before the system ends the \
          connection (TCP_USER_TIMEOUT). 0: the system's own rule, which is minutes. Where set, Linux \
          also ends a keepalive at this time, whatever socket_keepalive_count says.",
    ),
    row(
        c"ip_preference",
        "connection",
        c"any",
        Field::Word {
            words: &["any", "ipv4", "ipv6"],
            get: |o| o.ip_preference as usize,
            set: |o, v| {
                o.ip_preference = match v {
                    0 => IpPreference::Any,
                    1 => IpPreference::Ipv4,
                    _ => IpPreference::Ipv6,
                };
            },
        },
        c"Which addresses of a host name are tried first: those of this family, and the others after \
          them. With any, they are tried in the resolver's order. A numeric host is the address it is.",
    ),
    row(
        c"username",
        "connection",
        c"",
        Field::Text {
            token: false,
            get: |o| o.username.as_deref(),
            set: |o, v| o.username = v,
        },
        c"The ACL user that connections log in as, on every node. Empty: the default user. Needs a \
          password; for a user without one any text does.",
    ),
    row(
        c"password",
        "connection",
        c"",
        Field::Secret { get: |o| o.password.as_ref(), set: |o, v| o.password = v },
        c"The password that connections log in with, on every node. Empty: no login. It is shown \
          nowhere: reading it gives *** where it is set.",
    ),
    row(
        c"db",
        "connection",
        c"0",
        number(Unit::Count, (0, LONGEST), |o| o.db.into(), |o, v| o.db = to_u32(v)),
        c"The database that connections select. A cluster has only 0, except Valkey 9 where \
          cluster-databases allows more. 0: nothing is sent. In a URL it is the path.",
    ),
    row(
        c"client_name",
        "connection",
        c"",
        Field::Text {
            token: true,
            get: |o| o.client_name.as_deref(),
            set: |o, v| o.client_name = v,
        },
        c"The name that connections give themselves with CLIENT SETNAME, seen in CLIENT LIST. Empty: \
          none. The server allows neither blanks nor anything beyond printable ASCII.",
    ),
    row(
        c"client_info",
        "connection",
        c"yes",
        Field::Flag { get: |o| o.client_info, set: |o, v| o.client_info = v },
        c"Whether connections tell the library's name and version with CLIENT SETINFO, where the server \
          knows it. Without effect with handshake=minimal.",
    ),
    row(
        c"protocol",
        "connection",
        c"auto",
        Field::Word {
            words: &["auto", "2", "3"],
            get: |o| o.protocol as usize,
            set: |o, v| {
                o.protocol = match v {
                    0 => Protocol::Auto,
                    1 => Protocol::Resp2,
                    _ => Protocol::Resp3,
                };
            },
        },
        c"The version of the protocol: 2, 3, or auto for 3 where the server knows it and else 2. With \
          handshake=minimal auto is 2, which needs no word.",
    ),
    row(
        c"handshake",
        "connection",
        c"full",
        Field::Word {
            words: &["full", "minimal"],
            get: |o| o.handshake as usize,
            set: |o, v| {
                o.handshake = if v == 0 { Handshake::Full } else { Handshake::Minimal };
            },
        },
        c"What a new connection says before its first command. full: all that helps, in one round trip. \
          minimal: only what username, password, db, client_name and protocol need, and nothing where \
          they are not set.",
    ),
];
