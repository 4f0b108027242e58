//! TCP sockets as the library needs them, over libc: no signal is ever raised, every wait has an end,
//! and a forked child never touches its parent's descriptors.
//!
//! std's `TcpStream` would do most of it, but its vectored write raises SIGPIPE, its receive wants
//! zeroed memory, and it closes by number in a forked child.

#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libc::c_int;

use super::fork;
use super::socket_address::RawAddress;
use crate::deadline::Deadline;

/// How many pieces of memory one system call sends.
pub const PIECES: usize = 8;

/// An owned TCP socket.
///
/// In a child process of the one that opened it every operation fails with `ENOTCONN`, and dropping
/// it does nothing: the fork handler has closed the child's copy, and the number may be another's.
pub struct Socket {
    fd: RawFd,
    generation: u32,
    interrupted: AtomicBool,
}

/// How a connect begun without waiting stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connecting {
    /// Connected at once.
    Done,
    /// Under way: wait until the socket is writable, then [`Socket::finish_connect`].
    InProgress,
}

/// What a wait on a socket is for, and what it found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// Bytes, an end of stream or an error can be read.
    pub readable: bool,
    /// Bytes can be sent, or an error learned by trying.
    pub writable: bool,
}

/// Keepalive probes: when they begin, how far apart, how many fail before the connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    /// Silence before the first probe; whole seconds, at least one.
    pub idle: Duration,
    /// Time between probes; whole seconds, at least one.
    pub interval: Duration,
    /// Probes without an answer that end the connection.
    pub count: u32,
}

impl Socket {
    /// A new, unconnected, non-blocking TCP socket of the address's family.
    pub fn open(address: &SocketAddr) -> io::Result<Self> {
        fork::watch();
        let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let generation = fork::generation();
        // SAFETY: socket(2) takes numbers only.
        let fd = check(unsafe { libc::socket(family, kind, 0) })?;
        fork::track(fd);
        Ok(Self { fd, generation, interrupted: AtomicBool::new(false) })
    }

    /// Begins to connect, without waiting.
    pub fn start_connect(&self, address: &SocketAddr) -> io::Result<Connecting> {
        let fd = self.own()?;
        let raw = RawAddress::from(address);
        // SAFETY: the address lives through the call and its length is its own.
        match check(unsafe { libc::connect(fd, raw.as_ptr(), raw.length()) }) {
            Ok(_) => Ok(Connecting::Done),
            // Interrupted by a signal, a connect goes on by itself, like one in progress.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => {
                Ok(Connecting::InProgress)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks how the connect ended, once the socket is writable.
    pub fn finish_connect(&self) -> io::Result<()> {
        let fd = self.own()?;
        let mut code: c_int = 0;
        let mut length = size_of::<c_int>() as libc::socklen_t;
        // SAFETY: both out-parameters are of the sizes SO_ERROR writes.
        check(unsafe {
            libc::getsockopt(
                fd,
                libc::SOL_SOCKET,
                libc::SO_ERROR,
                (&raw mut code).cast(),
                &raw mut length,
            )
        })?;
        if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
    }

    /// True if the socket is connected to itself: a connect to an unused loopback port can draw that
    /// very port as its own, and TCP lets it.
    pub fn is_connected_to_itself(&self) -> io::Result<bool> {
        let fd = self.own()?;
        let ours = RawAddress::receive(|address, length| {
            // SAFETY: `receive` gives room for any address and its length.
            check(unsafe { libc::getsockname(fd, address, length) }).map(drop)
        })?;
        let theirs = RawAddress::receive(|address, length| {
            // SAFETY: as above.
            check(unsafe { libc::getpeername(fd, address, length) }).map(drop)
        })?;
        Ok(ours == theirs)
    }

    /// From now on a receive waits (for [`Socket::set_receive_timeout`] at most).
    pub fn set_blocking(&self) -> io::Result<()> {
        let fd = self.own()?;
        let mut off: c_int = 0;
        // SAFETY: FIONBIO reads one int.
        check(unsafe { libc::ioctl(fd, libc::FIONBIO, &raw mut off) }).map(drop)
    }

    /// Small writes leave at once.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.set(libc::IPPROTO_TCP, libc::TCP_NODELAY, &1)
    }

    /// Turns keepalive probes on.
    pub fn set_keepalive(&self, keepalive: &Keepalive) -> io::Result<()> {
        self.set(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, &seconds(keepalive.idle))?;
        self.set(libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, &seconds(keepalive.interval))?;
        let count = keepalive.count.clamp(1, 127) as c_int;
        self.set(libc::IPPROTO_TCP, libc::TCP_KEEPCNT, &count)?;
        self.set(libc::SOL_SOCKET, libc::SO_KEEPALIVE, &1)
    }

    /// How long sent bytes may stay unacknowledged before the kernel ends the connection.
    pub fn set_user_timeout(&self, timeout: Duration) -> io::Result<()> {
        let millis = c_int::try_from(timeout.as_millis().max(1)).unwrap_or(c_int::MAX);
        self.set(libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, &millis)
    }

    /// How long one receive may wait; `None`: for ever.
    pub fn set_receive_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // To the kernel zero means for ever, so the shortest wait is a microsecond.
        let time = timeout.map_or(libc::timeval { tv_sec: 0, tv_usec: 0 }, |wait| libc::timeval {
            tv_sec: wait.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_usec: if wait.as_secs() == 0 {
                wait.subsec_micros().max(1).into()
            } else {
                wait.subsec_micros().into()
            },
        });
        self.set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, &time)
    }

    /// Sends what the kernel takes now; `WouldBlock` if that is nothing.
    #[inline]
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let fd = self.own()?;
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: the slice lives through the call.
        again(|| unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
    }

    /// The same of two, one behind the other, in one system call.
    pub fn send_two(&self, first: &[u8], second: &[u8]) -> io::Result<usize> {
        let mut pieces: [&[u8]; PIECES] = [&[]; PIECES];
        (pieces[0], pieces[1]) = (first, second);
        self.send_pieces(&pieces)
    }

    /// Sends what the kernel takes now of the pieces, one behind the other, in one system call.
    pub fn send_pieces(&self, pieces: &[&[u8]; PIECES]) -> io::Result<usize> {
        let fd = self.own()?;
        let mut parts = pieces.map(|bytes| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        });
        // SAFETY: msghdr is plain numbers and pointers, for which zero is a value.
        let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = parts.len();
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: the message and the slices it points to live through the call and are only read.
        again(|| unsafe { libc::sendmsg(fd, &raw const message, flags) })
    }

    /// Receives into `space` and gives the filled start of it; empty at the end of the stream.
    ///
    /// `flags` is asked before each try, with the error of the try before (a signal, a timeout): it
    /// sets what the next one shall wait, or ends the receive.
    #[inline]
    pub fn receive<'a, E>(
        &self,
        space: &'a mut [MaybeUninit<u8>],
        mut flags: impl FnMut(Option<io::Error>) -> Result<c_int, E>,
    ) -> Result<&'a mut [u8], E> {
        let mut failed = None;
        loop {
            let flags = flags(failed.take())?;
            let fd = match self.own() {
                Ok(fd) => fd,
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            };
            // SAFETY: the kernel writes at most the length given into memory we hold for writing.
            let count = unsafe { libc::recv(fd, space.as_mut_ptr().cast(), space.len(), flags) };
            if count >= 0 {
                // SAFETY: the kernel has written the first `count` bytes, no more than there are.
                return Ok(unsafe {
                    std::slice::from_raw_parts_mut(space.as_mut_ptr().cast(), count as usize)
                });
            }
            failed = Some(io::Error::last_os_error());
        }
    }

    /// The same into memory that holds bytes already; gives how many of them are new.
    #[inline]
    pub fn receive_over<E>(
        &self,
        space: &mut [u8],
        flags: impl FnMut(Option<io::Error>) -> Result<c_int, E>,
    ) -> Result<usize, E> {
        let length = space.len();
        // SAFETY: MaybeUninit<u8> has the layout of u8, and `receive` writes nothing but bytes to it.
        let space = unsafe { std::slice::from_raw_parts_mut(space.as_mut_ptr().cast(), length) };
        self.receive(space, flags).map(|filled| filled.len())
    }

    /// True if the connection is open and nothing has arrived: one look, nothing consumed.
    #[inline]
    pub fn is_open_and_silent(&self) -> bool {
        let Ok(fd) = self.own() else { return false };
        let mut byte = MaybeUninit::<u8>::uninit();
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        // SAFETY: one byte of room for one byte.
        if unsafe { libc::recv(fd, byte.as_mut_ptr().cast(), 1, flags) } >= 0 {
            return false;
        }
        // No signal interrupts what does not wait.
        // SAFETY: this thread's own errno, which the call above has set. (An io::Error would be built
        // and dropped at every checkout.)
        unsafe { *libc::__errno_location() == libc::EAGAIN }
    }

    /// Waits until the socket is ready for what is asked, or the deadline passes (`None`).
    pub fn poll(&self, wanted: Readiness, deadline: Deadline) -> io::Result<Option<Readiness>> {
        let mut poll = libc::pollfd { fd: self.own()?, events: 0, revents: 0 };
        if wanted.readable {
            poll.events |= libc::POLLIN;
        }
        if wanted.writable {
            poll.events |= libc::POLLOUT;
        }
        loop {
            let timeout = deadline.remaining().map_or(-1, |left| {
                // Rounded up: a wait that ends early would go round once more.
                left.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(c_int::MAX)
            });
            // SAFETY: one pollfd, alive through the call.
            match check(unsafe { libc::poll(&raw mut poll, 1, timeout) }) {
                Ok(0) if timeout == 0 || deadline.has_passed() => return Ok(None),
                Ok(0) => {}
                Ok(_) => {
                    let trouble = poll.revents & (libc::POLLERR | libc::POLLHUP) != 0;
                    return Ok(Some(Readiness {
                        readable: wanted.readable && (trouble || poll.revents & libc::POLLIN != 0),
                        writable: wanted.writable && (trouble || poll.revents & libc::POLLOUT != 0),
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the connection in both directions; whoever waits on it wakes. The descriptor stays.
    pub fn shutdown(&self) {
        if let Ok(fd) = self.own() {
            // SAFETY: a descriptor of ours. An error means the connection is gone already.
            unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
        }
    }

    /// [`Socket::shutdown`], and notes that it was asked for: from any thread. Nothing in a child.
    pub fn interrupt(&self) {
        if self.own().is_ok() {
            self.interrupted.store(true, Ordering::Release);
            self.shutdown();
        }
    }

    /// True once [`Socket::interrupt`] was called.
    #[inline]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// True in the process that opened the socket, false in its children.
    #[inline]
    pub fn is_of_this_process(&self) -> bool {
        self.generation == fork::generation()
    }

    /// The descriptor; -1 in a child of the process that opened it.
    pub fn fd(&self) -> RawFd {
        self.own().unwrap_or(-1)
    }

    #[inline]
    fn own(&self) -> io::Result<RawFd> {
        if self.is_of_this_process() {
            Ok(self.fd)
        } else {
            Err(io::Error::from_raw_os_error(libc::ENOTCONN))
        }
    }

    fn set<T>(&self, level: c_int, name: c_int, value: &T) -> io::Result<()> {
        let fd = self.own()?;
        let length = size_of::<T>() as libc::socklen_t;
        // SAFETY: the value lives through the call and the length is its own; the kernel only reads.
        let result =
            unsafe { libc::setsockopt(fd, level, name, std::ptr::from_ref(value).cast(), length) };
        check(result).map(drop)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Ok(fd) = self.own() {
            fork::untrack(fd);
            // SAFETY: the descriptor is ours and nobody uses it after this. Not repeated on EINTR:
            // Linux has closed it by then.
            unsafe { libc::close(fd) };
        }
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Repeats a call that never waits while a signal interrupts it.
#[inline]
fn again(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result as usize);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINTR) {
            return Err(error);
        }
    }
}

/// Whole seconds as keepalive takes them: beyond these bounds the kernel refuses.
fn seconds(duration: Duration) -> c_int {
    duration.as_secs().clamp(1, 32_767) as c_int
}
