//! A value that is replaced whole while others use it, across forks too.

#![allow(unsafe_code)]
// These pointers never are handles.
#![allow(clippy::disallowed_methods)]

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::fork::PerProcess;
use super::futex::Mutex;

/// The present value of something that changes rarely and is read where a lock of a few instructions
/// does not matter.
///
/// Lock: `turn`, alone; nothing is done under it but taking a reference or replacing the pointer. A
/// forked child has a lock of its own, and finds the value its parent had: whatever the parent's
/// threads were doing to it, the pointer is one value or the other, and no count is too low.
pub struct Swap<T> {
    /// What [`Arc::into_raw`] gave; one reference is this pointer's.
    current: AtomicPtr<T>,
    turn: PerProcess<Mutex<()>>,
    owns: PhantomData<Arc<T>>,
}

impl<T: Send + Sync> Swap<T> {
    /// Holds `value`.
    pub fn new(value: T) -> Self {
        Self {
            current: AtomicPtr::new(Arc::into_raw(Arc::new(value)).cast_mut()),
            turn: PerProcess::new(),
            owns: PhantomData,
        }
    }

    /// The present value; it lives as long as somebody holds it.
    pub fn load(&self) -> Arc<T> {
        let _turn = self.turn.get_or_make(|| Mutex::new(())).lock();
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer's own reference is given up only by who has replaced it, which takes the
        // lock held here; so the count is at least one while another is added and taken.
        unsafe {
            Arc::increment_strong_count(current);
            Arc::from_raw(current)
        }
    }

    /// Replaces the value by what `make` gives for the present one; one replacement at a time. Who holds
    /// the old one keeps it. `make` runs under the lock and only puts together what it has.
    pub fn update(&self, make: impl FnOnce(&T) -> T) {
        let old = {
            let _turn = self.turn.get_or_make(|| Mutex::new(())).lock();
            // SAFETY: the pointer's own reference is given up only under the lock held here.
            let new = make(unsafe { &*self.current.load(Ordering::Acquire) });
            self.current.swap(Arc::into_raw(Arc::new(new)).cast_mut(), Ordering::AcqRel)
        };
        // SAFETY: the reference that the pointer held, which nobody finds there any more.
        drop(unsafe { Arc::from_raw(old) });
    }
}

impl<T> Drop for Swap<T> {
    fn drop(&mut self) {
        // SAFETY: the reference that the pointer held; nobody borrows `self` any more.
        drop(unsafe { Arc::from_raw(*self.current.get_mut()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    struct Counted(usize, Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_value_is_freed_once_and_not_while_it_is_held() {
        let freed = Arc::new(AtomicUsize::new(0));
        let swap = Swap::new(Counted(0, freed.clone()));
        let held = swap.load();
        thread::scope(|scope| {
            for thread in 1..=4 {
                let (swap, freed) = (&swap, &freed);
                scope.spawn(move || {
                    for round in 0..1000 {
                        swap.update(|_| Counted(thread * 10_000 + round, freed.clone()));
                        assert!(swap.load().0 >= 10_000);
                    }
                });
            }
        });
        assert_eq!(held.0, 0);
        assert_eq!(freed.load(Ordering::Relaxed), 3999);
        drop(held);
        drop(swap);
        assert_eq!(freed.load(Ordering::Relaxed), 4001);
    }
}
