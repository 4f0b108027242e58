//! A connection's memory for bytes, apart from it: idle connections have none.

use crate::options::Options;
use crate::resp::{Decoder, Limits};
use crate::transport::Records;

/// What the send buffer may keep between uses.
const KEPT: usize = 64 * 1024;

/// Receive and send buffers: attached at checkout, taken off at release, reused by the pool.
pub struct Buffers {
    pub(super) decoder: Decoder,
    /// Commands appended and not sent yet.
    pub(super) output: Vec<u8>,
    /// What TLS receives records into; the stream has it while the buffers are attached.
    pub(super) records: Option<Records>,
}

impl Buffers {
    /// Empty buffers with the options' limits on replies; they take memory when first used.
    pub fn new(options: &Options) -> Box<Self> {
        Self::with_limits(limits_of(options))
    }

    pub(super) fn with_limits(limits: Limits) -> Box<Self> {
        Box::new(Self { decoder: Decoder::new(limits), output: Vec::new(), records: None })
    }

    /// True if nothing is in them.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.decoder.is_empty() && self.output.is_empty()
    }

    /// True if something waits to be sent.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Gives memory beyond the ordinary back.
    #[inline]
    pub(super) fn shrink(&mut self) {
        if self.decoder.may_shrink() || self.output.capacity() > KEPT {
            self.shrink_now();
        }
    }

    #[cold]
    fn shrink_now(&mut self) {
        self.decoder.shrink();
        if self.output.is_empty() && self.output.capacity() > KEPT {
            self.output = Vec::new();
        }
    }
}

pub(super) fn limits_of(options: &Options) -> Limits {
    Limits { max_reply_size: options.max_reply_size, max_reply_depth: options.max_reply_depth }
}
