//! How long a call waits for bytes.

use std::time::Duration;

use crate::deadline::Deadline;

/// The waiting one call does: its deadline, and how long the peer may be silent meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub(super) deadline: Deadline,
    /// What remained when the call looked last, for the first receive; the clock is read again for
    /// later ones.
    pub(super) first: Option<Option<Duration>>,
    /// The deadline had passed when the wait was made: take what is there, wait for nothing.
    pub(super) only_look: bool,
    /// None: silence is no failure (waiting for messages nobody owes us).
    pub(super) silence: Option<Duration>,
}

impl Wait {
    /// Waiting until the deadline. Reads the clock once.
    #[inline]
    pub fn until(deadline: Deadline) -> Self {
        let remaining = deadline.remaining();
        let only_look = remaining == Some(Duration::ZERO);
        Self { deadline, first: Some(remaining), only_look, silence: None }
    }

    /// The same for a call that begins at this moment and has so long (None: for ever), which saves a look at
    /// the clock.
    #[inline]
    pub fn beginning(deadline: Deadline, remaining: Option<Duration>) -> Self {
        let only_look = remaining == Some(Duration::ZERO);
        Self { deadline, first: Some(remaining), only_look, silence: None }
    }

    /// And no longer than this for the next bytes.
    #[inline]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = Some(silence);
        self
    }

    /// True if the deadline had passed when the wait was made.
    #[inline]
    pub fn had_passed(&self) -> bool {
        self.only_look
    }

    /// Time has been spent: the next receive reads the clock.
    pub fn look_again(&mut self) {
        self.first = None;
    }
}
