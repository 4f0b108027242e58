//! Who keeps connections of the pool at hand while nothing is owed on them, and gives them back when asked: before the
//! pool tells how many are idle, and before it closes idle ones.
//!
//! Lock: the list, the last in any order; held for a few instructions.

use std::sync::{Arc, Weak};

use super::pool::{Core, Pool};
use crate::os::futex::Mutex;

/// See the module's comment.
pub(crate) trait Borrower: Send + Sync {
    /// Gives back what is not in use at this moment.
    fn give_back(&self);
}

/// All of a pool's, in one process.
#[derive(Default)]
pub(super) struct Borrowers(Mutex<Vec<Weak<dyn Borrower>>>);

impl Core {
    /// Idle connections are all with the pool for a moment. Takes the borrowers' locks: none of the pool's may be held.
    pub(super) fn call_back(&self) {
        let borrowers: Vec<_> = {
            let mut list = self.borrowers.0.lock();
            list.retain(|borrower| borrower.strong_count() > 0);
            list.iter().filter_map(Weak::upgrade).collect()
        };
        for borrower in borrowers {
            borrower.give_back();
        }
    }
}

impl Pool {
    /// The borrower is asked from now on, as long as it lives.
    pub(crate) fn lend_to(&self, borrower: &Arc<impl Borrower + 'static>) {
        let weak = Arc::downgrade(borrower);
        self.core().borrowers.0.lock().push(weak);
    }

    /// True if a connection may be kept at hand: no limit makes its place dear, and nothing asks how long it has been idle.
    pub(crate) fn lends(&self) -> bool {
        let options = self.options();
        options.connection_limit().is_none()
            && options.max_connections_per_node.is_none()
            && options.max_idle_time.is_none()
            && options.max_lifetime.is_none()
            && options.health_check_interval.is_none()
    }
}
