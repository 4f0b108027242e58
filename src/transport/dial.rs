//! Connecting to a node: each of its addresses in turn, within one deadline.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::failure::Failure;
use super::resolve::resolve;
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::error::{Attempt, Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::os::sockets::{Connecting, Keepalive, Readiness, Socket};

/// A connected stream to the node, or an error that names each address with its cause.
///
/// What remains of the time is shared fairly among the addresses left, so that one that swallows
/// packets does not use up the time of the next. `watch` is handed each socket as soon as it is connecting: to
/// interrupt it ends the dial.
pub fn dial(
    node: &NodeAddress,
    options: &Options,
    deadline: Deadline,
    watch: &mut dyn FnMut(&Arc<Socket>),
) -> Result<Stream> {
    if deadline.has_passed() {
        return Err(timeout(node, "no time was left to connect").on_node(node));
    }
    let addresses = resolve(node, options).map_err(|error| {
        Error::new(
            Status::Connection,
            format!("cannot find the address of {node}: {error}; check the name and the resolver"),
        )
        .on_node(node)
    })?;
    if deadline.has_passed() {
        return Err(timeout(node, "finding its address took all the time").on_node(node));
    }
    let mut attempts = Vec::new();
    let mut timed_out = false;
    for (index, address) in addresses.iter().enumerate() {
        let begun = Instant::now();
        let share = fair_share(deadline, addresses.len() - index);
        match connect(address, options, share, watch) {
            Ok(socket) => return Ok(Stream::new(socket, options.socket_timeout)),
            Err(Failure::Interrupted) => {
                let message = format!("{node}: interrupted while it was being connected to");
                return Err(Error::new(Status::Cancelled, message).on_node(node));
            }
            Err(failure) => {
                timed_out |= matches!(failure, Failure::Timeout);
                let cause = failure.to_string();
                attempts.push(Attempt {
                    node: address.to_string(),
                    elapsed: begun.elapsed(),
                    cause,
                });
            }
        }
    }
    Err(summary(node, attempts, timed_out))
}

fn timeout(node: &NodeAddress, why: &str) -> Error {
    Error::new(
        Status::Timeout,
        format!("cannot connect to {node}: {why}; allow the call more time"),
    )
}

fn summary(node: &NodeAddress, attempts: Vec<Attempt>, timed_out: bool) -> Error {
    let causes = match &*attempts {
        [only] if only.node == node.to_string() => only.cause.clone(),
        several => {
            let causes: Vec<_> =
                several.iter().map(|one| format!("{}: {}", one.node, one.cause)).collect();
            causes.join("; ")
        }
    };
    let status = if timed_out { Status::Timeout } else { Status::Connection };
    Error::new(status, format!("cannot connect to {node}: {causes}"))
        .on_node(node)
        .with_attempts(attempts)
}

fn fair_share(deadline: Deadline, addresses_left: usize) -> Deadline {
    let Some(remaining) = deadline.remaining() else { return deadline };
    let share = remaining / u32::try_from(addresses_left.max(1)).unwrap_or(u32::MAX);
    Deadline::after(share).earlier(deadline)
}

fn connect(
    address: &SocketAddr,
    options: &Options,
    deadline: Deadline,
    watch: &mut dyn FnMut(&Arc<Socket>),
) -> Result<Arc<Socket>, Failure> {
    let socket = Arc::new(Socket::open(address)?);
    socket.set_nodelay()?;
    if options.socket_keepalive {
        socket.set_keepalive(&Keepalive {
            idle: options.socket_keepalive_idle,
            interval: options.socket_keepalive_interval,
            count: options.socket_keepalive_count,
        })?;
    }
    if let Some(timeout) = options.tcp_user_timeout {
        socket.set_user_timeout(timeout)?;
    }
    let connecting = socket.start_connect(address)?;
    // Not before: a socket that does not connect yet cannot be ended.
    watch(&socket);
    if connecting == Connecting::InProgress {
        let wanted = Readiness { readable: false, writable: true };
        let ready = socket.poll(wanted, deadline)?;
        if socket.is_interrupted() {
            return Err(Failure::Interrupted);
        }
        if ready.is_none() {
            return Err(Failure::Timeout);
        }
        socket.finish_connect()?;
    }
    if address.ip().is_loopback() && socket.is_connected_to_itself()? {
        return Err(Failure::Io(io::Error::from_raw_os_error(libc::ECONNREFUSED)));
    }
    socket.set_blocking()?;
    Ok(socket)
}
