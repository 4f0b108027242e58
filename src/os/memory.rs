//! Memory that is filled piece by piece by who takes nothing else than bytes.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Memory whose start is filled. What is lent to be filled is zeroed first, and only so much of it: zeroing
/// all the room there is would cost more than a small reply does.
pub struct Space<'a> {
    all: &'a mut [MaybeUninit<u8>],
    /// So many bytes from the start are filled.
    filled: usize,
    /// So many are bytes at all, those that were lent included.
    bytes: usize,
}

impl<'a> Space<'a> {
    /// Nothing of it is filled.
    pub fn new(all: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { all, filled: 0, bytes: 0 }
    }

    /// True once there is no room left.
    pub fn is_full(&self) -> bool {
        self.filled == self.all.len()
    }

    /// The next room to fill, at most so much; [`Space::fill`] says how much was used of it.
    pub fn room(&mut self, most: usize) -> &mut [u8] {
        let end = self.filled + most.min(self.all.len() - self.filled);
        if end > self.bytes {
            self.all[self.bytes..end].fill(MaybeUninit::new(0));
            self.bytes = end;
        }
        let room = &mut self.all[self.filled..end];
        // SAFETY: `bytes` bytes from the start were written, the room ends there or before, and
        // MaybeUninit<u8> has the layout of u8.
        unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), room.len()) }
    }

    /// So many bytes of the room lent last are filled.
    pub fn fill(&mut self, count: usize) {
        self.filled = self.bytes.min(self.filled + count);
    }

    /// What is filled.
    pub fn into_filled(self) -> &'a mut [u8] {
        let filled = &mut self.all[..self.filled];
        // SAFETY: no more is filled than was written as bytes; the layout as above.
        unsafe { std::slice::from_raw_parts_mut(filled.as_mut_ptr().cast(), filled.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_follow_each_other_and_no_more_counts_than_was_lent() {
        let mut memory = [const { MaybeUninit::uninit() }; 8];
        let mut space = Space::new(&mut memory);
        space.room(4)[..2].copy_from_slice(b"ab");
        space.fill(2);
        space.room(3).copy_from_slice(b"cde");
        space.fill(3);
        assert_eq!(space.room(100), [0; 3]);
        space.fill(1);
        space.fill(100);
        assert!(space.is_full());
        assert!(space.room(1).is_empty());
        assert_eq!(space.into_filled(), b"abcde\0\0\0");
        let mut memory = [MaybeUninit::uninit(); 8];
        let mut space = Space::new(&mut memory);
        space.fill(5);
        assert_eq!(space.into_filled(), b"");
    }
}
