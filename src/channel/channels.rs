//! The channels of a client, by member of its pool.

use super::channel::Channel;
use crate::os::fork::PerProcess;
use crate::pool::{Borrower, Way};

/// The first block has so many channels, each further one twice as many as the one before.
const FIRST: usize = 8;
/// With so many blocks there is a channel for more nodes than a cluster has slots.
const BLOCKS: usize = 14;

/// Blocks of channels, made when the first of them is needed, and never moved: a channel is found without a lock.
/// No thread waits for another that makes one, for a fork may happen meanwhile.
#[derive(Default)]
pub(crate) struct Channels {
    blocks: [PerProcess<Box<[Channel]>>; BLOCKS],
}

impl Channels {
    /// The channel of the node that the way leads to. None beyond all that a cluster can have.
    #[inline]
    pub(crate) fn of(&self, way: &Way) -> Option<&Channel> {
        let (block, at) = place(way.member());
        let channels = self
            .blocks
            .get(block)?
            .get_or_make(|| (0..FIRST << block).map(|_| Channel::default()).collect());
        channels.get(at)
    }
}

impl Borrower for Channels {
    fn give_back(&self) {
        let blocks = self.blocks.iter().filter_map(PerProcess::get);
        blocks.flat_map(|block| block.iter()).for_each(Channel::give_back);
    }
}

impl Drop for Channels {
    fn drop(&mut self) {
        // The pool may live on.
        self.give_back();
    }
}

/// In which block, and where in it, the channel of this number is.
#[inline]
fn place(number: usize) -> (usize, usize) {
    let block = (number / FIRST + 1).ilog2() as usize;
    (block, number + FIRST - (FIRST << block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut next = (0, 0);
        for number in 0..100_000 {
            assert_eq!(place(number), next, "{number}");
            next = match next {
                (block, at) if at + 1 < FIRST << block => (block, at + 1),
                (block, _) => (block + 1, 0),
            };
        }
        assert!(place(16_384 * 7).0 < BLOCKS);
    }
}
