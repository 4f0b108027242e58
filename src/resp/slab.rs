//! Memory for many small replies at once: those of a pipeline come and go together.
//!
//! A slab is one allocation, given out from front to back; it counts the replies in it and its owner, and the
//! last of them frees it. With `block` and `reply` this is the arena.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

const ALIGN: usize = 8;
/// All of a slab.
const SIZE: usize = 32 * 1024;
/// The largest reply that goes into one: others would leave much of it unused.
const LARGEST: usize = 1024;

/// At the beginning of a slab: how many replies are in it, and for its owner [`OWNER`], less those that it has given
/// out: so that giving out touches no atomic.
#[repr(C)]
struct Count(AtomicUsize);

/// More than there are replies in a slab.
const OWNER: usize = SIZE;

const LAYOUT: Layout = match Layout::from_size_align(SIZE, ALIGN) {
    Ok(layout) => layout,
    Err(_) => panic!("a slab is no layout"),
};

/// A slab that is being filled; its replies outlive it.
pub(super) struct Slab {
    memory: NonNull<u8>,
    /// What is given out already, the count included.
    used: usize,
    /// Replies given out.
    given: usize,
}

// SAFETY: the free part belongs to the owner alone; the count is atomic.
unsafe impl Send for Slab {}
// SAFETY: as above; nothing is given out through a shared reference.
unsafe impl Sync for Slab {}

impl Slab {
    /// An empty slab.
    fn new() -> Self {
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(LAYOUT) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(LAYOUT) };
        // SAFETY: fresh memory, aligned for the count.
        unsafe { memory.cast::<Count>().write(Count(AtomicUsize::new(OWNER))) };
        Self { memory, used: size_of::<Count>(), given: 0 }
    }

    /// Room of `size` bytes for a reply, which counts from now on, and how far it lies behind the slab's
    /// beginning. A slab that has none is replaced by another. None: a reply of this size has memory of its own.
    #[inline]
    pub(super) fn room(slab: &mut Option<Self>, size: usize) -> Option<(NonNull<u8>, usize)> {
        if size > LARGEST {
            return None;
        }
        let size = size.next_multiple_of(ALIGN);
        if slab.as_ref().is_none_or(|slab| SIZE - slab.used < size) {
            *slab = Some(Self::new());
        }
        let slab = slab.as_mut()?;
        let at = slab.used;
        slab.used += size;
        slab.given += 1;
        // SAFETY: `at + size` is within the slab.
        Some((unsafe { slab.memory.add(at) }, at))
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: the owner's own count; those it has given out count for themselves from here on.
        unsafe { settle(self.memory, OWNER - self.given) }
    }
}

/// One fewer is in the slab; the last one frees it.
///
/// # Safety
/// `memory` is a slab that counts the caller, who does not use it afterwards.
#[inline]
pub(super) unsafe fn leave(memory: NonNull<u8>) {
    // SAFETY: the caller's promise.
    unsafe { settle(memory, 1) }
}

/// So many fewer count.
///
/// # Safety
/// As [`leave`]; they are the caller's.
#[inline]
unsafe fn settle(memory: NonNull<u8>, fewer: usize) {
    // SAFETY: the count stands at the beginning, and lives while somebody counts.
    let count = unsafe { memory.cast::<Count>().as_ref() };
    if count.0.fetch_sub(fewer, Ordering::Release) == fewer {
        // What the others did to it comes before.
        fence(Ordering::Acquire);
        // SAFETY: allocated with this layout, and nobody counts any more.
        unsafe { dealloc(memory.as_ptr(), LAYOUT) };
    }
}
