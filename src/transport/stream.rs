//! A connected stream of bytes. Every wait ends by the call's deadline, or when the peer has been
//! silent for `socket_timeout`.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::os::sockets::{Readiness, Socket};
use crate::resp::Fill;

/// How far the receive timeout the kernel holds may lie from the one wanted for the first receive of
/// a call: a call ends so much late at most, and ordinary calls never set it again.
const FIRST_SLACK: Duration = Duration::from_millis(10);
/// The same for the receives after the first.
const LATER_SLACK: Duration = Duration::from_millis(1);

/// Why bytes could not be sent or received.
#[derive(Debug)]
pub enum Failure {
    /// The deadline passed.
    Timeout,
    /// The peer was silent (or took no byte) for `socket_timeout`.
    Silence,
    /// The peer ended the stream.
    Closed,
    /// Another thread interrupted the connection.
    Interrupted,
    /// What the operating system says.
    Io(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Silence => f.write_str("silent for longer than socket_timeout"),
            Self::Closed => f.write_str("closed by the peer"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => f.write_str("connection refused"),
                io::ErrorKind::ConnectionReset => f.write_str("connection reset by the peer"),
                io::ErrorKind::BrokenPipe => f.write_str("closed by the peer"),
                io::ErrorKind::TimedOut => f.write_str("the network gave up on the connection"),
                _ => error.fmt(f),
            },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The waiting one call does: its deadline, and how long the peer may be silent meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    deadline: Deadline,
    /// What remained when the call looked last, for the first receive; the clock is read again for
    /// later ones.
    first: Option<Option<Duration>>,
    /// The deadline had passed when the wait was made: take what is there, wait for nothing.
    only_look: bool,
    /// None: silence is no failure (waiting for messages nobody owes us).
    silence: Option<Duration>,
}

impl Wait {
    /// Waiting until the deadline. Reads the clock once.
    #[inline]
    pub fn until(deadline: Deadline) -> Self {
        let remaining = deadline.remaining();
        let only_look = remaining == Some(Duration::ZERO);
        Self { deadline, first: Some(remaining), only_look, silence: None }
    }

    /// And no longer than this for the next bytes.
    #[inline]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = Some(silence);
        self
    }

    /// True if the deadline had passed when the wait was made.
    #[inline]
    pub fn had_passed(&self) -> bool {
        self.only_look
    }

    /// Time has been spent: the next receive reads the clock.
    pub fn look_again(&mut self) {
        self.first = None;
    }
}

/// A connected socket and the receive timeout the kernel holds for it.
pub struct Stream {
    socket: Arc<Socket>,
    timeout_set: Option<Duration>,
    socket_timeout: Duration,
}

impl Stream {
    /// Over a connected, blocking socket. `socket_timeout`: the longest silence while bytes are owed.
    pub fn new(socket: Socket, socket_timeout: Duration) -> Self {
        Self { socket: Arc::new(socket), timeout_set: None, socket_timeout }
    }

    /// The socket, to end the stream from another thread.
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// The longest silence while bytes are owed.
    #[inline]
    pub fn socket_timeout(&self) -> Duration {
        self.socket_timeout
    }

    /// Sends all of `first`, then all of `second`: ordinarily one system call that does not wait.
    ///
    /// When the kernel is full, waits until it takes more, and calls `on_readable` whenever bytes have
    /// arrived meanwhile: a peer that waits for its replies to be read would otherwise never read
    /// on. The error comes with the number of bytes that left.
    #[inline]
    pub fn send_all<E: From<Failure>>(
        &mut self,
        first: &[u8],
        second: &[u8],
        deadline: Deadline,
        on_readable: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        let sent = self.send_now(first, second).map_err(|failure| (0, failure.into()))?;
        if sent == first.len() + second.len() {
            return Ok(());
        }
        self.send_rest(first, second, sent, deadline, on_readable)
    }

    #[cold]
    fn send_rest<E: From<Failure>>(
        &mut self,
        first: &[u8],
        second: &[u8],
        mut sent: usize,
        deadline: Deadline,
        mut on_readable: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        let wanted = Readiness { readable: true, writable: true };
        let total = first.len() + second.len();
        while sent < total {
            // Looked at each time: a peer that takes a little now and then prolongs nothing.
            if deadline.has_passed() {
                return Err((sent, Failure::Timeout.into()));
            }
            let silent = Deadline::after(self.socket_timeout);
            let ready = match self.socket.poll(wanted, deadline.earlier(silent)) {
                Ok(Some(ready)) => ready,
                Ok(None) if deadline.has_passed() => return Err((sent, Failure::Timeout.into())),
                Ok(None) => return Err((sent, Failure::Silence.into())),
                Err(error) => return Err((sent, failure(&self.socket, error).into())),
            };
            if ready.readable {
                on_readable(self).map_err(|error| (sent, error))?;
            }
            if ready.writable {
                let skipped = sent.min(first.len());
                let more = self.send_now(&first[skipped..], &second[sent - skipped..]);
                sent += more.map_err(|failure| (sent, failure.into()))?;
            }
        }
        Ok(())
    }

    /// Sends what the kernel takes now, possibly nothing.
    #[inline]
    fn send_now(&self, first: &[u8], second: &[u8]) -> Result<usize, Failure> {
        let sent = if second.is_empty() {
            self.socket.send(first)
        } else if first.is_empty() {
            self.socket.send(second)
        } else {
            self.socket.send_two(first, second)
        };
        match sent {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(failure(&self.socket, error)),
        }
    }

    /// Receives bytes into `space` and gives the filled start of it, never empty.
    ///
    /// `Fill::Exact` waits until all of it is there, but a timeout gives what has come so far. The
    /// kernel counts one receive's time over all its arrivals, so a peer that sends a byte now and
    /// then does not prolong it; the longest silence is then noticed up to once its length late.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
        fill: Fill,
        wait: &mut Wait,
    ) -> Result<&'a mut [u8], Failure> {
        let whole = if fill == Fill::Exact { libc::MSG_WAITALL } else { 0 };
        let Self { socket, timeout_set, .. } = self;
        let mut longest = None;
        let received = socket.receive(space, |failed| -> Result<_, Failure> {
            if let Some(error) = failed {
                after_failure(socket, error, wait, longest)?;
            }
            let (remaining, slack) = match wait.first.take() {
                Some(remaining) => (remaining, FIRST_SLACK),
                None => (wait.deadline.remaining(), LATER_SLACK),
            };
            longest = match (remaining, wait.silence) {
                (Some(remaining), Some(silence)) => Some(remaining.min(silence)),
                (remaining, silence) => remaining.or(silence),
            };
            if longest == Some(Duration::ZERO) {
                // A peer that never pauses would otherwise keep a call going beyond its end.
                return if wait.only_look { Ok(libc::MSG_DONTWAIT) } else { Err(Failure::Timeout) };
            }
            if !is_near(*timeout_set, longest, slack) {
                socket.set_receive_timeout(longest).map_err(|error| failure(socket, error))?;
                *timeout_set = longest;
            }
            Ok(whole)
        })?;
        if received.is_empty() { Err(ended(socket)) } else { Ok(received) }
    }

    /// Receives what is there, without waiting; `Timeout` if nothing is.
    pub fn receive_now<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
    ) -> Result<&'a mut [u8], Failure> {
        let socket = &self.socket;
        let received = socket.receive(space, |failed| match failed {
            None => Ok(libc::MSG_DONTWAIT),
            Some(error) => match error.kind() {
                io::ErrorKind::Interrupted => Ok(libc::MSG_DONTWAIT),
                io::ErrorKind::WouldBlock => Err(Failure::Timeout),
                _ => Err(failure(socket, error)),
            },
        })?;
        if received.is_empty() { Err(ended(socket)) } else { Ok(received) }
    }
}

/// What a failed receive means: go on (`Ok`) after a signal or an early end of the wait.
#[cold]
fn after_failure(
    socket: &Socket,
    error: io::Error,
    wait: &Wait,
    waited: Option<Duration>,
) -> Result<(), Failure> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock if waited == Some(Duration::ZERO) => Err(Failure::Timeout),
        io::ErrorKind::WouldBlock if wait.deadline.has_passed() => Err(Failure::Timeout),
        io::ErrorKind::WouldBlock if wait.silence.is_some() && wait.silence == waited => {
            Err(Failure::Silence)
        }
        // The kernel's clock ended the wait a little before ours.
        io::ErrorKind::WouldBlock => Ok(()),
        _ => Err(failure(socket, error)),
    }
}

#[cold]
fn ended(socket: &Socket) -> Failure {
    if socket.is_interrupted() { Failure::Interrupted } else { Failure::Closed }
}

#[cold]
fn failure(socket: &Socket, error: io::Error) -> Failure {
    if socket.is_interrupted() { Failure::Interrupted } else { Failure::Io(error) }
}

/// Whether the timeout the kernel holds is near enough to the one wanted.
#[inline]
fn is_near(set: Option<Duration>, wanted: Option<Duration>, slack: Duration) -> bool {
    match (set, wanted) {
        (None, None) => true,
        (Some(set), Some(wanted)) => {
            set == wanted || (set <= wanted + slack && wanted <= set + slack)
        }
        _ => false,
    }
}
