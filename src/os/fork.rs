//! Which process this is, counted in forks, and what a forked child does with what it inherits.
//!
//! The child's handler (pthread_atfork(3)) bumps a counter and closes the parent's sockets from a
//! table without locks; nothing else is safe there. Everything else happens lazily: who finds state
//! of another generation builds its own and leaves the old alone ([`PerProcess`]).

#![allow(unsafe_code)]

use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

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

/// A value each process makes for itself: after a fork the child's first use makes a new one, and the
/// parent's is abandoned unopened (its locks may be held by threads the child does not have).
pub struct PerProcess<T> {
    current: ArcSwap<Born<T>>,
}

struct Born<T> {
    generation: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    /// This process's value.
    pub fn new(value: T) -> Self {
        watch();
        Self { current: ArcSwap::from_pointee(Born { generation: generation(), value: Arc::new(value) }) }
    }

    /// This process's value, made by `make` if the present one is of another process. `make` may run
    /// in several threads at once; one result stays.
    pub fn get_or_make(&self, make: impl Fn() -> T) -> Arc<T> {
        self.with_or_make(make, Arc::clone)
    }

    /// Lends this process's value to `use_it` without counting a reference.
    #[inline]
    pub fn with_or_make<R>(&self, make: impl Fn() -> T, use_it: impl FnOnce(&Arc<T>) -> R) -> R {
        let current = self.current.load();
        if current.generation == generation() {
            return use_it(&current.value);
        }
        drop(current);
        use_it(&self.make_anew(make))
    }

    #[cold]
    fn make_anew(&self, make: impl Fn() -> T) -> Arc<T> {
        loop {
            let old = self.current.load_full();
            if old.generation == generation() {
                return old.value.clone();
            }
            let born = Arc::new(Born { generation: generation(), value: Arc::new(make()) });
            let previous = self.current.compare_and_swap(&old, born);
            let swapped = Arc::ptr_eq(&previous, &old);
            if swapped {
                // The parent's value is never dropped here: that would lock what a thread of the
                // parent may have held.
                std::mem::forget(old);
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = self.current.load_full();
        if current.generation != generation() {
            std::mem::forget(current);
        }
    }
}
