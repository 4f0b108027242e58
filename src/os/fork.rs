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

use arc_swap::ArcSwapOption;

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
    current: ArcSwapOption<Born<T>>,
}

struct Born<T> {
    generation: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    /// Nothing is made yet.
    pub const fn new() -> Self {
        Self { current: ArcSwapOption::const_empty() }
    }

    /// This process's value, made by `make` if there is none, or one of another process. `make` may run
    /// in several threads at once; one result stays.
    pub fn get_or_make(&self, make: impl Fn() -> T) -> Arc<T> {
        self.with_or_make(make, Arc::clone)
    }

    /// Lends this process's value to `use_it` without counting a reference.
    #[inline]
    pub fn with_or_make<R>(&self, make: impl Fn() -> T, use_it: impl FnOnce(&Arc<T>) -> R) -> R {
        let current = self.current.load();
        if let Some(born) = &*current
            && born.generation == generation()
        {
            return use_it(&born.value);
        }
        drop(current);
        use_it(&self.make_anew(make))
    }

    /// This process's value, if it was made.
    pub fn get(&self) -> Option<Arc<T>> {
        let current = self.current.load();
        current
            .as_ref()
            .filter(|born| born.generation == generation())
            .map(|born| born.value.clone())
    }

    #[cold]
    fn make_anew(&self, make: impl Fn() -> T) -> Arc<T> {
        watch();
        let mut made = None;
        loop {
            let old = self.current.load_full();
            if let Some(born) = &old
                && born.generation == generation()
            {
                return born.value.clone();
            }
            let value = made.get_or_insert_with(|| Arc::new(make())).clone();
            let born = Some(Arc::new(Born { generation: generation(), value }));
            let previous = self.current.compare_and_swap(&old, born);
            let swapped = match (&*previous, &old) {
                (Some(previous), Some(old)) => Arc::ptr_eq(previous, old),
                (previous, old) => previous.is_none() && old.is_none(),
            };
            if swapped {
                // The parent's value is never dropped here: that would lock what a thread of the
                // parent may have held.
                std::mem::forget(old);
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
        let current = self.current.load_full();
        if current.as_ref().is_some_and(|born| born.generation != generation()) {
            std::mem::forget(current);
        }
    }
}
