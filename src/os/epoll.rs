//! One descriptor to wait on for many: epoll(7), with a timer (timerfd_create(2)) and a doorbell
//! (eventfd(2)) that stand in its set.
//!
//! A forked child inherits all three as the very objects its parent uses. It closes its copies of timer and
//! doorbell as it does those of sockets. The number of the epoll descriptor is the program's, which may
//! have it in an event loop: it stays open until [`Epoll::renew`] puts a set of the child's own there.

#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::time::Duration;

use libc::c_int;

use super::fork;
use super::sockets::Readiness;
use crate::deadline::Deadline;

/// A set of descriptors, and the one that is readable when one of them is.
pub struct Epoll {
    fd: RawFd,
    generation: u32,
}

impl Epoll {
    /// How many events one wait takes; those beyond come with the next.
    pub const EVENTS: usize = 32;

    /// An empty set.
    pub fn new() -> io::Result<Self> {
        fork::watch();
        let generation = fork::generation();
        Ok(Self { fd: create()?, generation })
    }

    /// The descriptor, good for poll(2): also in a child, where it is the parent's until it is renewed.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Puts an empty set of this process in the place of its parent's, under the same number; the parent's
    /// stays as it is.
    pub fn renew(&mut self) -> io::Result<()> {
        let fresh = create()?;
        let copied = loop {
            // SAFETY: both descriptors are ours; the copy takes the old one's number in one step.
            match check(unsafe { libc::dup3(fresh, self.fd, libc::O_CLOEXEC) }) {
                Err(error) if is_passing(&error) => {}
                copied => break copied,
            }
        };
        // SAFETY: a descriptor made above, of which nobody else knows.
        unsafe { libc::close(fresh) };
        copied?;
        self.generation = fork::generation();
        Ok(())
    }

    /// Watches a descriptor for something to read. `token` tells of it from then on.
    pub fn add(&self, fd: RawFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN as u32, token)
    }

    /// The same, where one wait tells of it, once each time something has come: it needs not be silenced.
    pub fn add_once(&self, fd: RawFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, (libc::EPOLLIN | libc::EPOLLET) as u32, token)
    }

    /// Watches a descriptor for what is wanted, be it in the set already or not.
    pub fn watch(&self, fd: RawFd, token: u64, wanted: Readiness) -> io::Result<()> {
        let readable = if wanted.readable { libc::EPOLLIN } else { 0 };
        let writable = if wanted.writable { libc::EPOLLOUT } else { 0 };
        let events = (readable | writable) as u32;
        match self.control(libc::EPOLL_CTL_MOD, fd, events, token) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                self.control(libc::EPOLL_CTL_ADD, fd, events, token)
            }
            outcome => outcome,
        }
    }

    fn control(&self, what: c_int, fd: RawFd, events: u32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: the event lives through the call.
        check(unsafe { libc::epoll_ctl(self.own()?, what, fd, &raw mut event) }).map(drop)
    }

    /// Watches a descriptor no more. To be called before it is closed: a child that has not yet closed its
    /// copy would keep it in the set.
    pub fn remove(&self, fd: RawFd) {
        let Ok(own) = self.own() else { return };
        // SAFETY: numbers alone; a NULL event is allowed for this operation. An error means that the
        // descriptor is not in the set.
        unsafe { libc::epoll_ctl(own, libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
    }

    /// Waits until something can be read, or the deadline passes, and gives the tokens of what can.
    pub fn wait(&self, deadline: Deadline, ready: &mut Vec<u64>) -> io::Result<()> {
        ready.clear();
        let mut events = [const { MaybeUninit::<libc::epoll_event>::uninit() }; Self::EVENTS];
        loop {
            let timeout = deadline.remaining().map_or(-1, |left| {
                // Rounded up: a wait that ends early would go round once more.
                left.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(c_int::MAX)
            });
            let room = events.as_mut_ptr().cast();
            // SAFETY: there is room for so many events.
            let count =
                unsafe { libc::epoll_wait(self.own()?, room, Self::EVENTS as c_int, timeout) };
            match check(count) {
                Ok(0) if timeout != 0 && !deadline.has_passed() => {}
                Ok(count) => {
                    // SAFETY: the kernel has written the first `count` events.
                    ready.extend(events[..count as usize].iter().map(|event| unsafe {
                        let event = event.assume_init_ref();
                        event.u64
                    }));
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn own(&self) -> io::Result<RawFd> {
        if self.generation == fork::generation() {
            Ok(self.fd)
        } else {
            Err(io::Error::from_raw_os_error(libc::EBADF))
        }
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: the number is ours in a child, too, where closing it changes nothing of the parent's set.
        unsafe { libc::close(self.fd) };
    }
}

fn create() -> io::Result<RawFd> {
    // SAFETY: epoll_create1(2) takes numbers only.
    check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// A descriptor that is readable once a time has come.
pub struct Timer(Own);

impl Timer {
    /// A timer that is not set.
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: timerfd_create(2) takes numbers only.
        Own::new(|| unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) }).map(Self)
    }

    /// Readable so long from now, and not before; `None`: never.
    pub fn set(&self, after: Option<Duration>) -> io::Result<()> {
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let at = after.map_or(zero, |after| libc::timespec {
            tv_sec: after.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            // All zero would turn the timer off.
            tv_nsec: if after.is_zero() { 1 } else { after.subsec_nanos().into() },
        });
        let spec = libc::itimerspec { it_interval: zero, it_value: at };
        // SAFETY: the times live through the call; the old ones are not asked for.
        check(unsafe {
            libc::timerfd_settime(self.0.own()?, 0, &raw const spec, std::ptr::null_mut())
        })
        .map(drop)
    }

    /// The descriptor; -1 in a child of the process that made it.
    pub fn fd(&self) -> RawFd {
        self.0.own().unwrap_or(-1)
    }
}

/// A descriptor that is readable from when it is rung until it is silenced, by any thread.
pub struct Bell(Own);

impl Bell {
    /// A bell that does not ring.
    pub fn new() -> io::Result<Self> {
        let flags = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK;
        // SAFETY: eventfd(2) takes numbers only.
        Own::new(|| unsafe { libc::eventfd(0, flags) }).map(Self)
    }

    /// Makes it readable.
    pub fn ring(&self) {
        let Ok(fd) = self.0.own() else { return };
        let one = 1_u64;
        // SAFETY: eight bytes that live through the call. It fails only where the count is full, and the
        // descriptor readable.
        unsafe { libc::write(fd, (&raw const one).cast(), 8) };
    }

    /// Makes it unreadable.
    pub fn silence(&self) {
        let Ok(fd) = self.0.own() else { return };
        let mut count = 0_u64;
        // SAFETY: room for eight bytes. It fails only where there is nothing to silence.
        unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
    }

    /// The descriptor; -1 in a child of the process that made it.
    pub fn fd(&self) -> RawFd {
        self.0.own().unwrap_or(-1)
    }
}

/// A descriptor that forked children close, as they do sockets.
struct Own {
    fd: RawFd,
    generation: u32,
}

impl Own {
    fn new(make: impl FnOnce() -> c_int) -> io::Result<Self> {
        fork::watch();
        let generation = fork::generation();
        let fd = check(make())?;
        fork::track(fd);
        Ok(Self { fd, generation })
    }

    fn own(&self) -> io::Result<RawFd> {
        if self.generation == fork::generation() {
            Ok(self.fd)
        } else {
            Err(io::Error::from_raw_os_error(libc::EBADF))
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Ok(fd) = self.own() {
            fork::untrack(fd);
            // SAFETY: the descriptor is ours and nobody uses it after this.
            unsafe { libc::close(fd) };
        }
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// What dup3(2) answers when it may well succeed at once.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EBUSY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_readable_is_told_and_what_is_removed_is_not() {
        let epoll = Epoll::new().unwrap();
        let (bell, timer) = (Bell::new().unwrap(), Timer::new().unwrap());
        epoll.add(bell.fd(), 7).unwrap();
        epoll.add(timer.fd(), 8).unwrap();
        let mut ready = Vec::new();
        let soon = || Deadline::after(Duration::from_millis(20));
        epoll.wait(soon(), &mut ready).unwrap();
        assert!(ready.is_empty());
        bell.ring();
        bell.ring();
        epoll.wait(Deadline::NEVER, &mut ready).unwrap();
        assert_eq!(ready, [7]);
        bell.silence();
        timer.set(Some(Duration::ZERO)).unwrap();
        epoll.wait(Deadline::NEVER, &mut ready).unwrap();
        assert_eq!(ready, [8]);
        timer.set(None).unwrap();
        bell.ring();
        epoll.remove(bell.fd());
        epoll.wait(soon(), &mut ready).unwrap();
        assert!(ready.is_empty());
    }

    #[test]
    fn what_is_told_once_is_told_again_when_it_comes_again() {
        let epoll = Epoll::new().unwrap();
        let bell = Bell::new().unwrap();
        epoll.add_once(bell.fd(), 7).unwrap();
        let mut ready = Vec::new();
        let now = || Deadline::after(Duration::ZERO);
        for _ in 0..3 {
            bell.ring();
            epoll.wait(Deadline::NEVER, &mut ready).unwrap();
            assert_eq!(ready, [7]);
            epoll.wait(now(), &mut ready).unwrap();
            assert!(ready.is_empty());
        }
        // Watched for writing it is ready at once, under another token.
        let wanted = Readiness { readable: false, writable: true };
        epoll.watch(bell.fd(), 8, wanted).unwrap();
        epoll.wait(Deadline::NEVER, &mut ready).unwrap();
        assert_eq!(ready, [8]);
        epoll.remove(bell.fd());
        epoll.watch(bell.fd(), 9, wanted).unwrap();
        epoll.wait(Deadline::NEVER, &mut ready).unwrap();
        assert_eq!(ready, [9]);
    }

    #[test]
    fn a_renewed_set_is_empty_and_has_the_same_number() {
        let mut epoll = Epoll::new().unwrap();
        let bell = Bell::new().unwrap();
        epoll.add(bell.fd(), 1).unwrap();
        bell.ring();
        let fd = epoll.fd();
        epoll.renew().unwrap();
        assert_eq!(epoll.fd(), fd);
        let mut ready = vec![9];
        epoll.wait(Deadline::after(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
        epoll.add(bell.fd(), 2).unwrap();
        epoll.wait(Deadline::NEVER, &mut ready).unwrap();
        assert_eq!(ready, [2]);
    }
}
