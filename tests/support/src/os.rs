//! The few system calls that std does not offer.
#![allow(unsafe_code)]

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A TCP socket bound to `host:port` (port 0: a free one) that does not listen: connecting to it is
/// refused, and nobody else gets the port.
pub fn bind(host: IpAddr, port: u16) -> io::Result<OwnedFd> {
    let family = if host.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: plain socket(2); the descriptor is owned from here on.
    let socket = unsafe {
        let fd = check(libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0))?;
        OwnedFd::from_raw_fd(fd)
    };
    set_option(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, &1i32)?;
    match host {
        IpAddr::V4(ip) => {
            // SAFETY: all-zero is a valid sockaddr_in.
            let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            address.sin_family = libc::AF_INET as libc::sa_family_t;
            address.sin_port = port.to_be();
            address.sin_addr.s_addr = u32::from_ne_bytes(ip.octets());
            bind_to(&socket, &address)?;
        }
        IpAddr::V6(ip) => {
            // SAFETY: all-zero is a valid sockaddr_in6.
            let mut address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            address.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            address.sin6_port = port.to_be();
            address.sin6_addr.s6_addr = ip.octets();
            bind_to(&socket, &address)?;
        }
    }
    Ok(socket)
}

fn bind_to<A>(socket: &OwnedFd, address: &A) -> io::Result<()> {
    let length = size_of::<A>() as libc::socklen_t;
    // SAFETY: `address` is a socket address of `length` bytes, alive for the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(address).cast(), length) })?;
    Ok(())
}

fn set_option<V>(fd: RawFd, level: libc::c_int, name: libc::c_int, value: &V) -> io::Result<()> {
    let length = size_of::<V>() as libc::socklen_t;
    // SAFETY: `value` holds `length` bytes, alive for the call.
    check(unsafe { libc::setsockopt(fd, level, name, std::ptr::from_ref(value).cast(), length) })?;
    Ok(())
}

/// listen(2), with the backlog that the caller wants.
pub fn listen(socket: &OwnedFd, backlog: i32) -> io::Result<()> {
    // SAFETY: plain listen(2) on an owned descriptor.
    check(unsafe { libc::listen(socket.as_raw_fd(), backlog) }).map(|_| ())
}

/// Stops listening at once. Closing alone does not while another thread polls the descriptor.
pub fn stop_listening(listener: &impl AsRawFd) {
    // SAFETY: plain shutdown(2).
    unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RDWR) };
}

/// Makes the close of a stream a reset: what is unsent is dropped and the peer gets RST.
pub fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    set_option(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, &linger)
}

/// Fills the queue of a listener that nobody accepts from, until connecting to it hangs. The
/// streams that fill it are to be kept.
pub fn fill_backlog(address: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut kept = Vec::new();
    for _ in 0..16 {
        match TcpStream::connect_timeout(&address, std::time::Duration::from_millis(50)) {
            Ok(stream) => kept.push(stream),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(kept),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the backlog of a listener does not fill"))
}

/// Waits until one of the descriptors is readable, for at most `timeout_ms` (-1: for ever). Says
/// which are.
pub fn poll(fds: &[RawFd], timeout_ms: i32) -> io::Result<Vec<bool>> {
    let entry = |&fd: &RawFd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut entries: Vec<_> = fds.iter().map(entry).collect();
    // SAFETY: `entries` is an array of that many pollfd.
    let result = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as u64, timeout_ms) };
    match check(result) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(vec![false; fds.len()]),
        Err(error) => Err(error),
        Ok(_) => Ok(entries.iter().map(|entry| entry.revents != 0).collect()),
    }
}

/// Whether neither side has closed the connection yet, as the kernel sees it now.
pub fn is_established(stream: &TcpStream) -> bool {
    const ESTABLISHED: u8 = 1;
    // SAFETY: all-zero is a valid tcp_info.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the place and its size are those of `info`.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        )
    };
    result == 0 && info.tcpi_state == ESTABLISHED
}

/// Sends a signal to a process that this one started and has not waited for yet.
pub fn signal(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: plain kill(2).
    check(unsafe { libc::kill(pid as libc::pid_t, signal) }).map(|_| ())
}

/// Lets the command's process die with the thread that starts it, stand in a process group of its
/// own (an interrupt at the terminal does not reach it) and begin with no signal blocked.
pub fn die_with_starter(command: &mut Command) {
    command.process_group(0);
    // SAFETY: the closure makes one async-signal-safe system call.
    unsafe {
        command.pre_exec(|| check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL)).map(|_| ()));
    }
    unblock_signals(command);
}

/// Lets the command's process begin with no signal blocked.
pub fn unblock_signals(command: &mut Command) {
    // SAFETY: the closure makes only async-signal-safe calls.
    unsafe {
        command.pre_exec(|| {
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            check(libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut())).map(|_| ())
        });
    }
}

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts from now on, and returns a
/// function that waits for one of them.
pub fn termination() -> impl FnOnce() -> i32 + Send {
    // SAFETY: a signal set is initialised by sigemptyset before its use.
    let set = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for number in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(&mut set, number);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        set
    };
    move || {
        let mut number = 0;
        // SAFETY: `set` is initialised and `number` is a place for the answer.
        while unsafe { libc::sigwait(&set, &mut number) } != 0 {}
        number
    }
}

/// A descriptor that becomes readable when the parent process (not just one of its threads) ends.
/// `None` where the kernel does not offer it.
pub fn parent_descriptor() -> Option<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers; its descriptor is owned from here on.
    unsafe {
        let parent = libc::getppid();
        let fd = libc::syscall(libc::SYS_pidfd_open, parent, 0);
        if fd < 0 || libc::getppid() != parent {
            None
        } else {
            Some(OwnedFd::from_raw_fd(fd as i32))
        }
    }
}
