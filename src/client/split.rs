//! A command of many keys as one command for each slot: MGET, MSET, DEL and the like.

use super::part::Home;
use super::positions::Positions;
use crate::command::{Command, Groups};
use crate::resp::encode;
use crate::slot::key_slot;

/// The commands that it is split into, in the order in which their slots first come.
pub(crate) struct Split {
    /// All of them, encoded, one behind the other.
    bytes: Vec<u8>,
    shares: Vec<Share>,
}

/// What one slot has of the command.
struct Share {
    slot: u16,
    keys: u32,
    /// Its first and its last group.
    first: u32,
    last: u32,
    /// Where its command ends.
    end: usize,
}

/// A key and what belongs to it, encoded, and the next one of its share.
struct Group<'a> {
    encoded: &'a [u8],
    next: u32,
}

impl Split {
    /// Splits a command, whose groups begin behind its name.
    pub(crate) fn of(command: &Command, groups: Groups) -> (Self, Positions) {
        let mut arguments = command.arguments();
        let name = arguments.encoded(groups.first);
        let most = arguments.len().div_ceil(groups.step.max(1));
        let mut found: Vec<Group<'_>> = Vec::with_capacity(most);
        let mut shares = Shares::with_room(most);
        while let Some(key) = arguments.clone().next() {
            let number = found.len() as u32;
            let share = shares.of_slot(key_slot(key), number);
            share.keys += 1;
            let before = std::mem::replace(&mut share.last, number);
            if let Some(before) = found.get_mut(before as usize) {
                before.next = number;
            }
            found.push(Group { encoded: arguments.encoded(groups.step), next: number });
        }
        let payload: usize = found.iter().map(|group| group.encoded.len()).sum();
        let mut shares = shares.all;
        let mut bytes = Vec::with_capacity(payload + shares.len() * (name.len() + encode::AROUND));
        // Most slots have one of the keys.
        let mut head_of_one = Vec::with_capacity(name.len() + encode::AROUND);
        encode::count(&mut head_of_one, groups.first + groups.step);
        head_of_one.extend_from_slice(name);
        let mut all = Vec::with_capacity(found.len());
        let mut ends = Vec::with_capacity(shares.len());
        for share in &mut shares {
            if share.keys == 1 {
                bytes.extend_from_slice(&head_of_one);
            } else {
                encode::count(&mut bytes, groups.first + share.keys as usize * groups.step);
                bytes.extend_from_slice(name);
            }
            let mut number = share.first;
            for _ in 0..share.keys {
                let Some(group) = found.get(number as usize) else { break };
                bytes.extend_from_slice(group.encoded);
                all.push(number);
                number = group.next;
            }
            share.end = bytes.len();
            ends.push(all.len() as u32);
        }
        (Self { bytes, shares }, Positions::new(all, ends))
    }

    /// How many commands there are.
    pub(crate) fn len(&self) -> usize {
        self.shares.len()
    }

    /// Each command, encoded, and where it goes; `home` is where one of them does.
    pub(crate) fn commands(
        &self,
        home: Home<'static>,
    ) -> impl Iterator<Item = (&[u8], Home<'static>)> {
        let mut start = 0;
        self.shares.iter().map(move |share| {
            let encoded = self.bytes.get(start..share.end).unwrap_or_default();
            start = share.end;
            (encoded, home.of_slot(share.slot))
        })
    }

    /// One of the commands.
    pub(crate) fn command(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => self.shares.get(before)?.end,
            None => 0,
        };
        self.bytes.get(start..self.shares.get(index)?.end)
    }

    /// The slots, in the order of the commands.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u16> {
        self.shares.iter().map(|share| share.slot)
    }
}

/// Shares in the making, found by slot.
struct Shares {
    all: Vec<Share>,
    /// Where each slot's is, and one; 0: the place is free. Twice as many places as there can be shares.
    places: Vec<u32>,
}

impl Shares {
    fn with_room(most: usize) -> Self {
        let places = (2 * most).next_power_of_two();
        Self { all: Vec::with_capacity(most), places: vec![0; places] }
    }

    /// The slot's share; a new one begins with this group.
    #[inline]
    fn of_slot(&mut self, slot: u16, group: u32) -> &mut Share {
        let mask = self.places.len() - 1;
        // Neighbouring slots lie apart.
        let mut at = usize::from(slot).wrapping_mul(0x9e37) & mask;
        while let Some(index) = (self.places[at] as usize).checked_sub(1) {
            if self.all[index].slot == slot {
                return &mut self.all[index];
            }
            at = (at + 1) & mask;
        }
        self.places[at] = self.all.len() as u32 + 1;
        self.all.push(Share { slot, keys: 0, first: group, last: group, end: 0 });
        let index = self.all.len() - 1;
        &mut self.all[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_its_keys_in_their_order() {
        let mut random = fastrand::Rng::with_seed(5);
        for (name, step, count) in [("MGET", 1, 1000), ("MSET", 2, 300), ("DEL", 1, 2)] {
            let mut command = Command::of(&[name.as_bytes()]);
            let mut groups = Vec::new();
            for _ in 0..count {
                let key = format!("{{{}}}{}", random.u8(..200), random.u32(..));
                let group: Vec<_> =
                    [key, "v".repeat(random.usize(..200))].into_iter().take(step).collect();
                group.iter().for_each(|argument| command.append(argument.as_bytes()));
                groups.push(group);
            }
            let (split, positions) = Split::of(&command, Groups { first: 1, step });
            assert_eq!((positions.parts(), positions.keys()), (split.len(), count));
            let mut seen = Vec::new();
            let commands = split.commands(Home::Primary(0));
            for (positions, (encoded, home)) in positions.iter().zip(commands) {
                let mut wanted = Command::of(&[name.as_bytes()]);
                for &position in positions {
                    let group = &groups[position as usize];
                    assert_eq!(home, Home::Primary(key_slot(group[0].as_bytes())));
                    group.iter().for_each(|argument| wanted.append(argument.as_bytes()));
                }
                assert!(positions.is_sorted());
                assert_eq!(encoded, wanted.encoded());
                seen.extend_from_slice(positions);
            }
            let firsts: Vec<_> = positions.iter().map(|positions| positions[0]).collect();
            assert!(firsts.is_sorted());
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..count as u32));
        }
    }
}
