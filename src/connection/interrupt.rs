//! Ending a connection from another thread.

use std::sync::{Arc, Weak};

use crate::os::sockets::Socket;

/// Ends, from any thread, what its connection is doing; the connection is broken afterwards.
///
/// Cheap to clone. It does not keep the connection open, and does nothing once the connection is gone
/// or in a child of the process that made it.
#[derive(Clone)]
pub struct Interrupter(Weak<Socket>);

impl Interrupter {
    pub(super) fn new(socket: &Arc<Socket>) -> Self {
        Self(Arc::downgrade(socket))
    }

    /// True while there is a socket that it could end.
    pub fn is_open(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// True if it ends the same connection.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// The call in progress ends with `Cancelled`; without one, the next call does.
    pub fn interrupt(&self) {
        if let Some(socket) = self.0.upgrade() {
            socket.interrupt();
        }
    }
}
