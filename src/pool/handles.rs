//! Checked-out connections as values: an index and generations in a process-wide table.
//!
//! A C caller may release a handle twice, use it afterwards, or use it in a forked child; a value that
//! is looked up, never dereferenced, turns each of these into a status. The table's memory is never
//! given back. Its locks belong to one entry each; a child never opens those of the parent's entries,
//! because the handle itself says in which process it was made.

use std::sync::atomic::{AtomicU32, Ordering};

use super::lease::Lease;
use super::pool::Core;
use crate::connection::Interrupter;
use crate::error::{Error, Result, Status};
use crate::os::fork::{self, PerProcess, SetOnce};
use crate::os::futex::Mutex;

/// A checked-out connection. From the top: bit 63 set (no address looks like that), 8 bits of the fork
/// generation, 32 of the entry's generation, 22 of its index, bit 0 set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle(u64);

const INDEX_BITS: u32 = 22;
const INDEX_SHIFT: u32 = 1;
const GENERATION_SHIFT: u32 = INDEX_SHIFT + INDEX_BITS;
const FORK_SHIFT: u32 = GENERATION_SHIFT + 32;
const MARKS: u64 = 1 << 63 | 1;

impl Handle {
    /// The handle a caller gave; anything may be in it.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// As a value to give a caller.
    pub fn bits(self) -> u64 {
        self.0
    }

    fn new(index: u32, generation: u32) -> Self {
        Self(
            MARKS
                | u64::from(fork::generation() as u8) << FORK_SHIFT
                | u64::from(generation) << GENERATION_SHIFT
                | u64::from(index) << INDEX_SHIFT,
        )
    }

    fn index(self) -> u32 {
        (self.0 >> INDEX_SHIFT) as u32 & ((1 << INDEX_BITS) - 1)
    }

    fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    fn is_of_this_process(self) -> bool {
        (self.0 >> FORK_SHIFT) as u8 == fork::generation() as u8
    }
}

/// One place of the table: the home of one open connection, from its dial to its close.
pub(super) struct Entry {
    index: u32,
    state: Mutex<State>,
}

struct State {
    /// Grows whenever a handle to this entry stops being good.
    generation: u32,
    holding: Holding,
    interrupter: Option<Interrupter>,
}

enum Holding {
    /// No connection is checked out here.
    Nothing,
    Leased(Box<Lease>),
    /// A call is using the connection.
    Lent,
}

impl Entry {
    /// Makes the lease reachable by a new handle.
    pub(super) fn check_out(&'static self, lease: Box<Lease>) -> Handle {
        let mut state = self.state.lock();
        state.holding = Holding::Leased(lease);
        Handle::new(self.index, state.generation)
    }
}

/// Lends the connection behind a handle to `body`, which runs without any lock.
pub fn with<R>(handle: Handle, body: impl FnOnce(&mut Lease) -> Result<R>) -> Result<R> {
    let entry = find(handle)?;
    let lease = entry.take(handle, Holding::Lent, |_| Ok(()))?;
    let mut loan = Loan { entry, lease: Some(lease) };
    match &mut loan.lease {
        Some(lease) => body(lease),
        None => Err(not_checked_out()),
    }
}

/// Ends the handle and gives the lease back, if `may` agrees; otherwise nothing changes.
pub(super) fn end(handle: Handle, may: impl FnOnce(&Lease) -> Result<()>) -> Result<Box<Lease>> {
    find(handle)?.take(handle, Holding::Nothing, may)
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
    // Under the entry's lock, which a release takes, too: later it could meet whoever has the connection
    // next. It is a shutdown(2), which does not wait.
    let state = entry.state.lock();
    if matches!(state.holding, Holding::Nothing) || state.generation != handle.generation() {
        return Err(not_checked_out());
    }
    if let Some(interrupter) = &state.interrupter {
        interrupter.interrupt();
    }
    Ok(())
}

/// Puts the lease back when the call that uses it ends, by a panic too.
struct Loan {
    entry: &'static Entry,
    lease: Option<Box<Lease>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.entry.state.lock().holding = Holding::Leased(lease);
        }
    }
}

impl Entry {
    #[inline]
    fn take(
        &self,
        handle: Handle,
        leaving: Holding,
        may: impl FnOnce(&Lease) -> Result<()>,
    ) -> Result<Box<Lease>> {
        let mut state = self.state.lock();
        if state.generation != handle.generation() {
            return Err(not_checked_out());
        }
        match &state.holding {
            Holding::Leased(lease) => may(lease)?,
            Holding::Lent => return Err(in_use()),
            Holding::Nothing => return Err(not_checked_out()),
        }
        if matches!(leaving, Holding::Nothing) {
            state.generation = state.generation.wrapping_add(1);
        }
        match std::mem::replace(&mut state.holding, leaving) {
            Holding::Leased(lease) => Ok(lease),
            _ => Err(not_checked_out()),
        }
    }
}

#[inline]
fn find(handle: Handle) -> Result<&'static Entry> {
    if handle.0 & MARKS != MARKS {
        return Err(not_checked_out());
    }
    if !handle.is_of_this_process() {
        return Err(Error::new(
            Status::Forked,
            "the connection was checked out before a fork, in the parent process; get one of this \
             process from the pool",
        ));
    }
    entry(handle.index()).ok_or_else(not_checked_out)
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

/// Chunk k holds 64 << k entries: 16 chunks are 4,194,240.
const CHUNKS: usize = 16;
const FIRST_CHUNK: u32 = 64;
const CAPACITY: u32 = FIRST_CHUNK * ((1 << CHUNKS) - 1);

static TABLE: [SetOnce<Box<[Entry]>>; CHUNKS] = [const { SetOnce::new() }; CHUNKS];
/// How many entries were ever taken. A child goes on counting: the parent's entries stay the parent's.
static TAKEN: AtomicU32 = AtomicU32::new(0);

#[inline]
fn locate(index: u32) -> (usize, usize) {
    let nth = index / FIRST_CHUNK + 1;
    let chunk = nth.ilog2();
    (chunk as usize, (index - FIRST_CHUNK * ((1 << chunk) - 1)) as usize)
}

#[inline]
fn entry(index: u32) -> Option<&'static Entry> {
    let (chunk, offset) = locate(index);
    TABLE.get(chunk)?.get()?.get(offset)
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
            state.generation = state.generation.wrapping_add(1);
            state.interrupter = None;
        }
        free_entries().lock().push(self.0);
    }
}

fn grow() -> Result<&'static Entry> {
    let index = TAKEN.fetch_add(1, Ordering::Relaxed);
    if index >= CAPACITY {
        TAKEN.store(CAPACITY, Ordering::Relaxed);
        return Err(Error::new(Status::Limit, "4,194,240 connections are open in this process"));
    }
    let (chunk, _) = locate(index);
    if TABLE[chunk].get().is_none() {
        let first = FIRST_CHUNK * ((1 << chunk) - 1);
        TABLE[chunk].fill((first..first + (FIRST_CHUNK << chunk)).map(Entry::new).collect());
    }
    entry(index)
        .ok_or_else(|| Error::new(Status::Internal, "the table of connections did not grow"))
}

impl Entry {
    fn new(index: u32) -> Self {
        Self {
            index,
            state: Mutex::new(State {
                generation: 0,
                holding: Holding::Nothing,
                interrupter: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_no_address_and_keeps_its_parts() {
        for (index, generation) in [(0, 0), (1, 7), ((1 << INDEX_BITS) - 1, u32::MAX)] {
            let handle = Handle::new(index, generation);
            assert_eq!((handle.index(), handle.generation()), (index, generation));
            assert!(handle.is_of_this_process());
            assert_eq!(handle.bits() >> 63, 1);
            assert_eq!(handle.bits() & 1, 1);
        }
    }

    #[test]
    fn chunks_cover_every_index_once() {
        assert_eq!(locate(0), (0, 0));
        assert_eq!(locate(63), (0, 63));
        assert_eq!(locate(64), (1, 0));
        assert_eq!(locate(191), (1, 127));
        assert_eq!(locate(192), (2, 0));
        assert_eq!(locate(CAPACITY - 1), (CHUNKS - 1, (64 << (CHUNKS - 1)) - 1));
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
