//! Checked-out connections as values: an index and generations in a process-wide table.
//!
//! A C caller may release a handle twice, use it afterwards, or use it in a forked child; a value that
//! is looked up, never dereferenced, turns each of these into a status. The table's memory is never
//! given back. Its locks belong to one entry each; a child never opens those of the parent's entries,
//! because the handle itself says in which process it was made.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::lease::Lease;
use super::pool::Core;
use crate::connection::Interrupter;
use crate::error::{Error, Result, Status};
use crate::os::fork::{self, PerProcess, SetOnce};
use crate::os::futex::Mutex;

/// A checked-out connection. From the top: bit 63 set (no address looks like that), 32 bits of the
/// entry's generation, 8 of the fork generation, 22 of the entry's index, bit 0 set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle(u64);

const INDEX_BITS: u32 = 22;
const INDEX_SHIFT: u32 = 1;
const FORK_SHIFT: u32 = INDEX_SHIFT + INDEX_BITS;
const GENERATION_SHIFT: u32 = FORK_SHIFT + 8;
const MARKS: u64 = 1 << 63 | 1;

impl Handle {
    /// The handle a caller gave; anything may be in it.
    #[inline]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// As a value to give a caller.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Of this process.
    fn new(index: usize, generation: u32) -> Self {
        Self(
            MARKS
                | u64::from(generation) << GENERATION_SHIFT
                | u64::from(fork::generation() as u8) << FORK_SHIFT
                | (index as u64) << INDEX_SHIFT,
        )
    }

    #[inline]
    fn index(self) -> usize {
        (self.0 >> INDEX_SHIFT) as usize & (CAPACITY - 1)
    }

    #[cfg(test)]
    fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    /// The entry's next handle, for when this one stops being good.
    #[inline]
    fn next(self) -> Self {
        // The last generation overflows into the mark above it.
        Self(self.0.wrapping_add(1 << GENERATION_SHIFT) | MARKS)
    }

    #[inline]
    fn is_of_this_process(self) -> bool {
        (self.0 >> FORK_SHIFT) as u8 == fork::generation() as u8
    }
}

/// One place of the table: the home of one open connection, from its dial to its close. A cache line
/// each: threads with a connection each do not slow each other down.
#[repr(align(64))]
pub(super) struct Entry {
    state: Mutex<State>,
}

struct State {
    /// What is given out, or will be next: the one good handle to this entry.
    handle: Handle,
    /// The connection, while it is checked out and no call uses it.
    lease: Option<Box<Lease>>,
    /// A call is using the connection.
    lent: bool,
    interrupter: Option<Interrupter>,
}

impl Entry {
    /// Makes the lease reachable by a new handle.
    #[inline(always)]
    pub(super) fn check_out(&'static self, lease: Box<Lease>) -> Handle {
        let mut state = self.state.lock();
        let before = state.lease.replace(lease);
        // Nothing was here; the compiler cannot know, and would free it under the lock.
        std::mem::forget(before);
        state.handle
    }
}

/// Lends the connection behind a handle to `body`, which runs without any lock.
pub fn with<R>(handle: Handle, body: impl FnOnce(&mut Lease) -> Result<R>) -> Result<R> {
    let entry = find(handle)?;
    let lease = entry.take(handle, |_| Ok(()), |state| state.lent = true)?;
    let mut loan = Loan { entry, lease: Some(lease) };
    match &mut loan.lease {
        Some(lease) => body(lease),
        None => Err(not_checked_out()),
    }
}

/// Ends the handle and gives the lease back, if `may` agrees; otherwise nothing changes.
pub(super) fn end(handle: Handle, may: impl FnOnce(&Lease) -> Result<()>) -> Result<Box<Lease>> {
    find(handle)?.take(handle, may, |state| state.handle = state.handle.next())
}

/// Gives a connection back to its own pool, which may have been freed meanwhile: then it closes.
///
/// # Errors
/// NOT_CHECKED_OUT, FORKED; INVALID_ARGUMENT if another thread is using it right now: then nothing
/// changes.
pub fn release(handle: Handle) -> Result<()> {
    let lease = end(handle, |_| Ok(()))?;
    Core::take_back(lease);
    Ok(())
}

/// Ends, from any thread, what the connection is doing: that call and later ones give CANCELLED.
pub fn interrupt(handle: Handle) -> Result<()> {
    let entry = find(handle)?;
    // The entry stays locked: a moment later the connection could be someone else's.
    let state = entry.state.lock();
    match &state.interrupter {
        Some(interrupter) if state.handle == handle && (state.lease.is_some() || state.lent) => {
            interrupter.interrupt();
            Ok(())
        }
        _ => Err(not_checked_out()),
    }
}

/// Puts the lease back when the call that uses it ends, by a panic too.
struct Loan {
    entry: &'static Entry,
    lease: Option<Box<Lease>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            let mut state = self.entry.state.lock();
            state.lent = false;
            state.lease = Some(lease);
        }
    }
}

impl Entry {
    /// Takes the lease if the handle is good and `may` agrees, and lets `leave` note why it is gone;
    /// otherwise nothing changes.
    #[inline(always)]
    fn take(
        &self,
        handle: Handle,
        may: impl FnOnce(&Lease) -> Result<()>,
        leave: impl FnOnce(&mut State),
    ) -> Result<Box<Lease>> {
        let mut state = self.state.lock();
        if state.handle != handle {
            return Err(not_checked_out());
        }
        match &state.lease {
            Some(lease) => may(lease)?,
            None if state.lent => return Err(in_use()),
            None => return Err(not_checked_out()),
        }
        leave(&mut state);
        state.lease.take().ok_or_else(not_checked_out)
    }
}

#[inline]
fn find(handle: Handle) -> Result<&'static Entry> {
    // The fork first: a child never opens the lock of an entry of its parent's.
    if handle.is_of_this_process()
        && let Some(entry) = entry(handle.index())
    {
        return Ok(entry);
    }
    Err(not_found(handle))
}

#[cold]
fn not_found(handle: Handle) -> Error {
    if handle.0 & MARKS != MARKS || handle.is_of_this_process() {
        return not_checked_out();
    }
    Error::new(
        Status::Forked,
        "the connection was checked out before a fork, in the parent process; get one of this \
         process from the pool",
    )
}

#[cold]
fn not_checked_out() -> Error {
    Error::new(
        Status::NotCheckedOut,
        "the connection is not checked out: it was released already, or the value never came from \
         a get",
    )
}

#[cold]
fn in_use() -> Error {
    Error::new(
        Status::InvalidArgument,
        "another thread is using the connection at this moment; a connection serves one thread at \
         a time",
    )
}

/// The table grows by so many entries.
const CHUNK: usize = 64;
const CAPACITY: usize = 1 << INDEX_BITS;

static TABLE: [SetOnce<[Entry; CHUNK]>; CAPACITY / CHUNK] =
    [const { SetOnce::new() }; CAPACITY / CHUNK];
/// How many entries were ever taken. A child goes on counting: the parent's entries stay the parent's.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

#[inline]
fn entry(index: usize) -> Option<&'static Entry> {
    TABLE.get(index / CHUNK)?.get()?.get(index % CHUNK)
}

fn free_entries() -> &'static Mutex<Vec<&'static Entry>> {
    static FREE: PerProcess<Mutex<Vec<&'static Entry>>> = PerProcess::new();
    FREE.get_or_make(|| Mutex::new(Vec::new()))
}

/// The home of one open connection; back to the table when dropped, and handles to it are no good.
pub(super) struct Home(&'static Entry);

impl Home {
    /// Takes a free entry, or the table's next.
    pub(super) fn take(interrupter: Interrupter) -> Result<Self> {
        let free = free_entries().lock().pop();
        let entry = match free {
            Some(entry) => entry,
            None => grow()?,
        };
        entry.state.lock().interrupter = Some(interrupter);
        Ok(Self(entry))
    }

    pub(super) fn entry(&self) -> &'static Entry {
        self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        {
            let mut state = self.0.state.lock();
            state.handle = state.handle.next();
            state.interrupter = None;
        }
        free_entries().lock().push(self.0);
    }
}

fn grow() -> Result<&'static Entry> {
    let index = TAKEN.fetch_add(1, Ordering::Relaxed);
    if index >= CAPACITY {
        TAKEN.store(CAPACITY, Ordering::Relaxed);
        return Err(Error::new(Status::Limit, "4,194,304 connections are open in this process"));
    }
    let chunk = &TABLE[index / CHUNK];
    if chunk.get().is_none() {
        let first = index - index % CHUNK;
        chunk.fill(std::array::from_fn(|offset| Entry::new(first + offset)));
    }
    let Some(entry) = entry(index) else {
        return Err(Error::new(Status::Internal, "the table of connections did not grow"));
    };
    // A parent may have made the entry, and not taken it.
    entry.state.lock().handle = Handle::new(index, 0);
    Ok(entry)
}

impl Entry {
    fn new(index: usize) -> Self {
        let handle = Handle::new(index, 0);
        Self { state: Mutex::new(State { handle, lease: None, lent: false, interrupter: None }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_no_address_and_keeps_its_parts() {
        for (index, generation) in [(0, 0), (1, 7), (CAPACITY - 1, u32::MAX)] {
            let handle = Handle::new(index, generation);
            assert_eq!((handle.index(), handle.generation()), (index, generation));
            assert!(handle.is_of_this_process());
            assert_eq!(handle.bits() >> 63, 1);
            assert_eq!(handle.bits() & 1, 1);
        }
    }

    #[test]
    fn the_next_handle_differs_in_its_generation_alone() {
        let last = Handle::new(9, u32::MAX);
        assert_eq!(last.next(), Handle::new(9, 0));
        assert_eq!(last.next().next(), Handle::new(9, 1));
    }

    #[test]
    fn rubbish_is_no_handle() {
        for bits in [0, 1, 2, MARKS, u64::MAX, 1 << 63, 0x7fff_ffff_ffff] {
            let status = end(Handle::from_bits(bits), |_| Ok(())).map(|_| ()).unwrap_err().status();
            assert!(
                matches!(status, Status::NotCheckedOut | Status::Forked),
                "{bits:x} {status:?}"
            );
            assert!(interrupt(Handle::from_bits(bits)).is_err());
        }
    }
}
