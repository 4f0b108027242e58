//! Connecting to a node: each of its addresses in turn, within one deadline.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::resolve::resolve;
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::error::{Attempt, Error, Result, Status};
use crate::node::NodeAddress;
use crate::options::Options;
use crate::os::sockets::{Connecting, Keepalive, Readiness, Socket};

/// A dial under way: a machine that never waits. [`Connect::step`] when the socket is writable, or at
/// [`Connect::until`].
///
/// What remains of the time is shared fairly among the addresses left, so that one that swallows
/// packets does not use up the time of the next.
pub struct Connect {
    node: NodeAddress,
    /// Those not tried yet, the next one last.
    addresses: Vec<SocketAddr>,
    deadline: Deadline,
    trying: Option<Try>,
    attempts: Vec<Attempt>,
    timed_out: bool,
}

/// One address that is being connected to.
struct Try {
    address: SocketAddr,
    socket: Arc<Socket>,
    connecting: Connecting,
    begun: Instant,
    until: Deadline,
}

impl Connect {
    /// Begins with the first address. To look a name up may take time, by the resolver; nothing else does.
    ///
    /// # Errors
    /// TIMEOUT without time; CONNECTION for a name without an address, and where no address can even be tried.
    pub fn begin(node: &NodeAddress, options: &Options, deadline: Deadline) -> Result<Self> {
        if deadline.has_passed() {
            return Err(timeout(node, "no time was left to connect").on_node(node));
        }
        let mut addresses = resolve(node, options).map_err(|error| {
            Error::new(
                Status::Connection,
                format!(
                    "cannot find the address of {node}: {error}; check the name and the resolver"
                ),
            )
            .on_node(node)
        })?;
        if deadline.has_passed() {
            return Err(timeout(node, "finding its address took all the time").on_node(node));
        }
        addresses.reverse();
        let mut connect = Self {
            node: node.clone(),
            addresses,
            deadline,
            trying: None,
            attempts: Vec::new(),
            timed_out: false,
        };
        connect.try_next(options)?;
        Ok(connect)
    }

    /// The socket that is connecting, to be waited for until it is writable; another one with each address. To
    /// interrupt it ends the dial.
    pub fn socket(&self) -> Option<&Arc<Socket>> {
        self.trying.as_ref().map(|trying| &trying.socket)
    }

    /// When the present address has had its share of the time.
    pub fn until(&self) -> Deadline {
        self.trying.as_ref().map_or(self.deadline, |trying| trying.until)
    }

    /// Looks how it stands, and goes on to the next address where this one has failed. None: wait again.
    ///
    /// # Errors
    /// Each address with its cause; CANCELLED once interrupted.
    pub fn step(&mut self, options: &Options) -> Result<Option<Stream>> {
        loop {
            let Some(trying) = &self.trying else {
                let attempts = std::mem::take(&mut self.attempts);
                return Err(summary(&self.node, attempts, self.timed_out));
            };
            match trying.look() {
                Ok(false) => return Ok(None),
                Ok(true) => {
                    let socket = Arc::clone(&trying.socket);
                    return Ok(Some(Stream::new(socket, options.socket_timeout)));
                }
                Err(Failure::Interrupted) => {
                    let node = &self.node;
                    let message = format!("{node}: interrupted while it was being connected to");
                    return Err(Error::new(Status::Cancelled, message).on_node(node));
                }
                Err(failure) => {
                    let (address, begun) = (trying.address, trying.begun);
                    self.failed(address, begun, &failure);
                    self.try_next(options)?;
                }
            }
        }
    }

    /// Begins with the next address that can be tried.
    fn try_next(&mut self, options: &Options) -> Result<()> {
        self.trying = None;
        while let Some(address) = self.addresses.pop() {
            let begun = Instant::now();
            let until = self.deadline.share(self.addresses.len() + 1);
            match open(&address, options) {
                Ok((socket, connecting)) => {
                    self.trying = Some(Try { address, socket, connecting, begun, until });
                    return Ok(());
                }
                Err(error) => self.failed(address, begun, &Failure::Io(error)),
            }
        }
        Err(summary(&self.node, std::mem::take(&mut self.attempts), self.timed_out))
    }

    fn failed(&mut self, address: SocketAddr, begun: Instant, failure: &Failure) {
        self.timed_out |= matches!(failure, Failure::Timeout);
        let cause = failure.to_string();
        self.attempts.push(Attempt { node: address.to_string(), elapsed: begun.elapsed(), cause });
    }
}

impl Try {
    /// True once connected.
    fn look(&self) -> Result<bool, Failure> {
        let socket = &self.socket;
        if self.connecting == Connecting::InProgress {
            let wanted = Readiness { readable: false, writable: true };
            let ready = socket.poll(wanted, Deadline::after(Duration::ZERO))?;
            if socket.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            if ready.is_none() {
                return if self.until.has_passed() { Err(Failure::Timeout) } else { Ok(false) };
            }
            socket.finish_connect()?;
        }
        if self.address.ip().is_loopback() && socket.is_connected_to_itself()? {
            return Err(Failure::Io(io::Error::from_raw_os_error(libc::ECONNREFUSED)));
        }
        socket.set_blocking()?;
        Ok(true)
    }
}

/// A connected stream to the node, or an error that names each address with its cause. `watch` is handed each
/// socket as soon as it is connecting: to interrupt it ends the dial.
pub fn dial(
    node: &NodeAddress,
    options: &Options,
    deadline: Deadline,
    watch: &mut dyn FnMut(&Arc<Socket>),
) -> Result<Stream> {
    let mut connect = Connect::begin(node, options, deadline)?;
    let mut watched = None;
    loop {
        if let Some(socket) = connect.socket()
            && !watched.as_ref().is_some_and(|watched| Arc::ptr_eq(watched, socket))
        {
            watch(socket);
            watched = Some(Arc::clone(socket));
        }
        if let Some(stream) = connect.step(options)? {
            return Ok(stream);
        }
        if let Some(socket) = connect.socket() {
            let wanted = Readiness { readable: false, writable: true };
            // What is wrong with the socket, the next step meets.
            let _ = socket.poll(wanted, connect.until());
        }
    }
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

/// A socket that begins to connect. It is shown to nobody before: one that does not connect yet cannot be ended.
fn open(address: &SocketAddr, options: &Options) -> io::Result<(Arc<Socket>, Connecting)> {
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
    Ok((socket, connecting))
}
