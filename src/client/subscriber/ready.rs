//! What waits to be taken by the reader, in order.

use std::collections::VecDeque;

use super::message::Message;

/// Messages in the order in which they are given out.
pub(super) struct Ready {
    /// Each with the number of the subscription it belongs to.
    queue: VecDeque<(u64, Message)>,
    /// Those of them that were published.
    published: usize,
    /// `max_in_flight`.
    most: usize,
}

impl Ready {
    pub(super) fn new(most: usize) -> Self {
        Self { queue: VecDeque::new(), published: 0, most }
    }

    pub(super) fn push(&mut self, serial: u64, message: Message) {
        self.published += usize::from(message.is_published());
        self.queue.push_back((serial, message));
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Message)> {
        let (serial, message) = self.queue.pop_front()?;
        self.published -= usize::from(message.is_published());
        if self.queue.is_empty() && self.queue.capacity() > 1024 {
            self.queue = VecDeque::new();
        }
        Some((serial, message))
    }

    /// Takes a refusal of this subscription out of the order.
    pub(super) fn take_refusal(&mut self, serial: u64) -> Option<Message> {
        let is_it = |(of, message): &(u64, Message)| *of == serial && message.refusal().is_some();
        let at = self.queue.iter().rposition(is_it)?;
        self.queue.remove(at).map(|(_, message)| message)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Nothing more is received until something is taken.
    pub(super) fn is_full(&self) -> bool {
        self.published >= self.most
    }
}
