//! A set of slots.

use crate::slot::SLOT_COUNT;

const WORDS: usize = SLOT_COUNT as usize / 64;

/// A set of slots, a bit for each.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SlotSet([u64; WORDS]);

impl SlotSet {
    /// No slot.
    pub(super) const NONE: Self = Self([0; WORDS]);
    /// Every slot.
    pub(super) const ALL: Self = Self([u64::MAX; WORDS]);

    /// True if the slot is in it.
    pub(super) fn has(&self, slot: u16) -> bool {
        self.0.get(usize::from(slot) / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Adds a slot; one that there is not is left out.
    pub(super) fn add(&mut self, slot: u16) {
        if let Some(word) = self.0.get_mut(usize::from(slot) / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Takes a slot out.
    pub(super) fn remove(&mut self, slot: u16) {
        if let Some(word) = self.0.get_mut(usize::from(slot) / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    /// Leaves what is in both.
    pub(super) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }

    /// True if it has none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The slots, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..SLOT_COUNT).filter(|&slot| self.has(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_and_go() {
        let mut set = SlotSet::NONE;
        assert!(set.is_empty());
        for slot in [0, 63, 64, 16383, 16384, u16::MAX] {
            set.add(slot);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 16383]);
        set.remove(63);
        assert!(set.has(64) && !set.has(63) && !set.has(16384));
        let mut other = SlotSet::ALL;
        assert!(other != set);
        other.keep(&set);
        assert!(other == set);
    }
}
