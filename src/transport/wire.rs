//! A connected socket whose every receive ends in time.

use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use libc::c_int;

use super::failure::Failure;
use super::wait::Wait;
use crate::os::sockets::{PIECES, Socket};

/// How far the receive timeout the kernel holds may lie from the one wanted for the first receive of
/// a call: a call ends so much late at most, and ordinary calls never set it again.
const FIRST_SLACK: Duration = Duration::from_millis(10);
/// The same for the receives after the first.
const LATER_SLACK: Duration = Duration::from_millis(1);

/// A socket and the receive timeout the kernel holds for it.
pub(super) struct Wire {
    socket: Arc<Socket>,
    timeout_set: Option<Duration>,
}

impl Wire {
    /// Over a connected, blocking socket.
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self { socket, timeout_set: None }
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Sends what the kernel takes now, possibly nothing.
    #[inline]
    pub(super) fn send(&self, first: &[u8], second: &[u8]) -> Result<usize, Failure> {
        let sent = if second.is_empty() {
            self.socket.send(first)
        } else if first.is_empty() {
            self.socket.send(second)
        } else {
            self.socket.send_two(first, second)
        };
        self.sent(sent)
    }

    /// The same of several pieces, one behind the other.
    pub(super) fn send_pieces(&self, pieces: &[&[u8]; PIECES]) -> Result<usize, Failure> {
        self.sent(self.socket.send_pieces(pieces))
    }

    #[inline]
    fn sent(&self, sent: io::Result<usize>) -> Result<usize, Failure> {
        match sent {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(failure(&self.socket, error)),
        }
    }

    /// Receives bytes into `space` and gives the filled start of it, never empty. `whole`: waits until
    /// all of it is there, but a timeout gives what has come so far. The kernel counts one receive's
    /// time over all its arrivals, so a peer that sends a byte now and then does not prolong it; the
    /// longest silence is then noticed up to once its length late.
    #[inline]
    pub(super) fn receive<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
        whole: bool,
        wait: &mut Wait,
    ) -> Result<&'a mut [u8], Failure> {
        let Self { socket, timeout_set } = self;
        let whole = if whole { libc::MSG_WAITALL } else { 0 };
        let mut longest = None;
        let received = socket.receive(space, |failed| {
            next_try(socket, timeout_set, wait, &mut longest, failed).map(|flags| flags | whole)
        })?;
        if received.is_empty() { Err(ended(socket)) } else { Ok(received) }
    }

    /// Receives into memory that holds bytes already; gives how many are new, at least one.
    pub(super) fn receive_over(
        &mut self,
        space: &mut [u8],
        wait: &mut Wait,
    ) -> Result<usize, Failure> {
        let Self { socket, timeout_set } = self;
        let mut longest = None;
        let received = socket.receive_over(space, |failed| {
            next_try(socket, timeout_set, wait, &mut longest, failed)
        })?;
        if received == 0 { Err(ended(socket)) } else { Ok(received) }
    }

    /// Receives what is there, without waiting; `Timeout` if nothing is.
    pub(super) fn receive_now<'a>(
        &self,
        space: &'a mut [MaybeUninit<u8>],
    ) -> Result<&'a mut [u8], Failure> {
        let socket = &self.socket;
        let received = socket.receive(space, |failed| next_look(socket, failed))?;
        if received.is_empty() { Err(ended(socket)) } else { Ok(received) }
    }

    /// The same into memory that holds bytes already.
    pub(super) fn receive_over_now(&self, space: &mut [u8]) -> Result<usize, Failure> {
        let socket = &self.socket;
        let received = socket.receive_over(space, |failed| next_look(socket, failed))?;
        if received == 0 { Err(ended(socket)) } else { Ok(received) }
    }
}

/// Sets what the next receive may wait and gives its flags, or ends the receive. `failed` is the error of
/// the try before, `longest` what that one waited.
#[inline]
fn next_try(
    socket: &Socket,
    timeout_set: &mut Option<Duration>,
    wait: &mut Wait,
    longest: &mut Option<Duration>,
    failed: Option<io::Error>,
) -> Result<c_int, Failure> {
    if let Some(error) = failed {
        after_failure(socket, error, wait, *longest)?;
    }
    let (remaining, slack) = match wait.first.take() {
        Some(remaining) => (remaining, FIRST_SLACK),
        None => (wait.deadline.remaining(), LATER_SLACK),
    };
    *longest = match (remaining, wait.silence) {
        (Some(remaining), Some(silence)) => Some(remaining.min(silence)),
        (remaining, silence) => remaining.or(silence),
    };
    if *longest == Some(Duration::ZERO) {
        // A peer that never pauses would otherwise keep a call going beyond its end.
        return if wait.only_look { Ok(libc::MSG_DONTWAIT) } else { Err(Failure::Timeout) };
    }
    if !is_near(*timeout_set, *longest, slack) {
        socket.set_receive_timeout(*longest).map_err(|error| failure(socket, error))?;
        *timeout_set = *longest;
    }
    Ok(0)
}

/// The flags of a receive that does not wait.
fn next_look(socket: &Socket, failed: Option<io::Error>) -> Result<c_int, Failure> {
    match failed {
        None => Ok(libc::MSG_DONTWAIT),
        Some(error) => match error.kind() {
            io::ErrorKind::Interrupted => Ok(libc::MSG_DONTWAIT),
            io::ErrorKind::WouldBlock => Err(Failure::Timeout),
            _ => Err(failure(socket, error)),
        },
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

/// What an error of the socket is to who uses the stream.
#[cold]
pub(super) fn failure(socket: &Socket, error: io::Error) -> Failure {
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
