//! Waiting for several sockets at once (poll(2)).

#![allow(unsafe_code)]

use std::io;

use libc::c_int;

use super::sockets::Readiness;
use crate::deadline::Deadline;

/// Sockets that are waited for together. The memory is used again by each wait.
#[derive(Default)]
pub struct PollSet(Vec<libc::pollfd>);

impl PollSet {
    /// Nothing is waited for.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a descriptor; [`PollSet::ready`] knows it by the order of adding.
    pub fn add(&mut self, fd: i32, wanted: Readiness) {
        let readable = if wanted.readable { libc::POLLIN } else { 0 };
        let writable = if wanted.writable { libc::POLLOUT } else { 0 };
        self.0.push(libc::pollfd { fd, events: readable | writable, revents: 0 });
    }

    /// Waits until one of them is ready or the deadline passes. A signal may end the wait early.
    pub fn wait(&mut self, deadline: Deadline) -> io::Result<()> {
        let timeout = deadline.remaining().map_or(-1, |left| {
            // Rounded up: a wait that ends early would go round once more.
            left.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(c_int::MAX)
        });
        // SAFETY: so many pollfds, alive through the call.
        let polled =
            unsafe { libc::poll(self.0.as_mut_ptr(), self.0.len() as libc::nfds_t, timeout) };
        if polled >= 0 {
            return Ok(());
        }
        for entry in &mut self.0 {
            entry.revents = 0;
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) }
    }

    /// What the one that was added at this place is ready for. One in trouble is ready for all: the next
    /// send or receive tells.
    pub fn ready(&self, place: usize) -> Readiness {
        let revents = self.0.get(place).map_or(0, |entry| entry.revents);
        let trouble = revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0;
        Readiness {
            readable: trouble || revents & libc::POLLIN != 0,
            writable: trouble || revents & libc::POLLOUT != 0,
        }
    }
}
