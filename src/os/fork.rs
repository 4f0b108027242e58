//! Which process this is, counted in forks, and what a forked child does with what it inherits.
//!
//! The child's handler (pthread_atfork(3)) bumps a counter and closes the parent's sockets from a
//! table without locks; nothing else is safe there. Everything else happens lazily: who finds state
//! of another generation builds its own and leaves the old alone ([`PerProcess`]).

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Descriptors beyond this number are not closed in a child; they are CLOEXEC all the same.
const TRACKED: usize = 1 << 20;
static SOCKETS: [AtomicU64; TRACKED / 64] = [const { AtomicU64::new(0) }; TRACKED / 64];
/// One more than the highest word of [`SOCKETS`] ever used.
static WORDS_USED: AtomicUsize = AtomicUsize::new(0);

/// How many forks lie between the program's start and this process. One relaxed load.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Registers the handler. Called before anything is made that a fork could harm.
pub fn watch() {
    static ONCE: Once = Once::new();
    // SAFETY: the handler only uses atomics and close(2), which may run between fork and exec.
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    });
}

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let words = WORDS_USED.load(Ordering::Relaxed);
    for (index, word) in SOCKETS[..words].iter().enumerate() {
        let mut bits = word.swap(0, Ordering::Relaxed);
        while bits != 0 {
            let fd = index * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            // SAFETY: the descriptor is a copy of one the parent's library owns; the child's library
            // never uses it, and close() sends nothing: the parent's copy keeps the connection.
            unsafe { libc::close(fd as RawFd) };
        }
    }
}

/// Notes a socket of this process, for its children to close.
pub fn track(fd: RawFd) {
    let Some((word, bit)) = place(fd) else { return };
    WORDS_USED.fetch_max(word + 1, Ordering::Relaxed);
    SOCKETS[word].fetch_or(bit, Ordering::Relaxed);
}

/// Forgets a socket; called before it is closed.
pub fn untrack(fd: RawFd) {
    let Some((word, bit)) = place(fd) else { return };
    SOCKETS[word].fetch_and(!bit, Ordering::Relaxed);
}

fn place(fd: RawFd) -> Option<(usize, u64)> {
    let fd = usize::try_from(fd).ok().filter(|&fd| fd < TRACKED)?;
    Some((fd / 64, 1 << (fd % 64)))
}

/// A value each process makes for itself, at its first use: after a fork the child makes a new one, and
/// the parent's is abandoned unopened (its locks may be held by threads the child does not have).
pub struct PerProcess<T> {
    /// NULL, or a leaked box that is freed in `drop` alone, and only in the process that made it: so a
    /// shared borrow of `self` keeps what is read from here alive.
    current: AtomicPtr<Born<T>>,
    /// What may be shared and sent is what an `Arc<T>` may.
    owns: PhantomData<Arc<T>>,
}

struct Born<T> {
    generation: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    /// Nothing is made yet.
    pub const fn new() -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// This process's value, made by `make` if there is none, or one of another process. `make` may run
    /// in several threads at once; one result stays.
    #[inline]
    pub fn get_or_make(&self, make: impl Fn() -> T) -> &Arc<T> {
        match self.get() {
            Some(value) => value,
            None => self.make_anew(make),
        }
    }

    /// This process's value, if it was made.
    #[inline]
    pub fn get(&self) -> Option<&Arc<T>> {
        // SAFETY: see `current`.
        let born = unsafe { self.current.load(Ordering::Acquire).as_ref() }?;
        (born.generation == generation()).then_some(&born.value)
    }

    #[cold]
    fn make_anew(&self, make: impl Fn() -> T) -> &Arc<T> {
        watch();
        let born = Box::new(Born { generation: generation(), value: Arc::new(make()) });
        let born = ptr::NonNull::from(Box::leak(born));
        loop {
            let old = self.current.load(Ordering::Acquire);
            if let Some(value) = self.get() {
                // Another thread was faster.
                // SAFETY: leaked above, and nobody else has seen it.
                drop(unsafe { take_back(born) });
                return value;
            }
            // The parent's value, if `old` is one, is never dropped: that would open locks that a
            // thread of the parent may have held.
            let swapped = self.current.compare_exchange(
                old,
                born.as_ptr(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            if swapped.is_ok() {
                // SAFETY: see `current`.
                return unsafe { &born.as_ref().value };
            }
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let Some(born) = ptr::NonNull::new(*self.current.get_mut()) else { return };
        // SAFETY: see `current`; nobody borrows `self` any more.
        unsafe {
            if born.as_ref().generation == generation() {
                drop(take_back(born));
            }
        }
    }
}

/// Undoes `Box::leak`.
#[allow(clippy::disallowed_methods)] // this pointer never is a handle
unsafe fn take_back<T>(leaked: ptr::NonNull<T>) -> Box<T> {
    // SAFETY: the caller's: leaked from a box, and taken back once.
    unsafe { Box::from_raw(leaked.as_ptr()) }
}

/// A place that is filled once and never emptied, without a lock that a fork could leave closed.
pub struct SetOnce<T: 'static>(AtomicPtr<T>);

impl<T: Send + Sync> SetOnce<T> {
    /// An empty place.
    pub const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// What is there.
    #[inline]
    pub fn get(&self) -> Option<&'static T> {
        // SAFETY: NULL, or leaked by `fill` and never freed.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// Fills the place, unless another thread was faster; what is there then, for good.
    pub fn fill(&self, value: T) -> &'static T {
        let leaked = ptr::NonNull::from(Box::leak(Box::new(value)));
        let filled = self.0.compare_exchange(
            ptr::null_mut(),
            leaked.as_ptr(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        match filled {
            // SAFETY: leaked just now, never freed.
            Ok(_) => unsafe { leaked.as_ref() },
            Err(faster) => {
                // SAFETY: leaked above, and nobody else has seen it.
                drop(unsafe { take_back(leaked) });
                // SAFETY: as in `get`; not NULL.
                unsafe { &*faster }
            }
        }
    }
}

impl<T: Send + Sync> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}
