//! From a command to its specification: one look into a table of names.
//!
//! The last eight bytes of a name are one number, compared at once in any letter case; few names have
//! more. A multiplication says in which group a name is and, with the group's move, at which place of
//! the table of names: no other name is there (a perfect hash, made by the compiler).

use std::borrow::Cow;

use super::command::Command;
use super::flags::Flags;
use super::spec::Spec;
use super::table::SPECS;

/// The specification of a command, by its name and, where the second word belongs to it, its
/// subcommand, in any letter case. None: no server of the table knows it.
#[inline(always)]
pub fn find(command: &Command) -> Option<&'static Spec> {
    let Some((length, last)) = command.short_name() else { return find_long(command) };
    let (index, name) = NAMES.at(last, 0, tag(length, 0))?;
    if !name.fits(last, tag(length, 0)) {
        return None;
    }
    let spec = SPECS.get(index)?;
    if spec.flags.has(Flags::CONTAINER) { subcommand(command, index) } else { Some(spec) }
}

/// The same of a command that is not encoded.
pub fn find_words(arguments: &[&[u8]]) -> Option<&'static Spec> {
    let index = lookup(arguments.first()?, 0)?;
    by_words(index, arguments.get(1).copied())
}

/// Every specification, by name.
pub fn all() -> &'static [Spec] {
    &SPECS
}

/// Whether the second word of a command belongs to its name, as far as the table knows.
pub(super) fn is_container(command: &Command) -> bool {
    let spec = command.argument(0).and_then(|name| SPECS.get(lookup(name, 0)?));
    spec.is_some_and(|spec| spec.flags.has(Flags::CONTAINER))
}

#[inline(never)]
fn find_long(command: &Command) -> Option<&'static Spec> {
    by_words(lookup(command.argument(0)?, 0)?, command.argument(1))
}

/// The container itself, where no word follows it.
#[inline(never)]
fn subcommand(command: &Command, container: usize) -> Option<&'static Spec> {
    by_words(container, command.argument(1))
}

/// The specification with this index, or its subcommand by the second word if it has some.
fn by_words(index: usize, word: Option<&[u8]>) -> Option<&'static Spec> {
    let spec = SPECS.get(index)?;
    match word {
        Some(word) if spec.flags.has(Flags::CONTAINER) => SPECS.get(lookup(word, index + 1)?),
        _ => Some(spec),
    }
}

/// The index of a specification by a name of the first level (`container` 0), or by the subcommand of
/// the container with the index `container` - 1.
fn lookup(word: &[u8], container: usize) -> Option<usize> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let (front, last, tag) = (front(word), last(word), tag(word.len(), container));
    let (index, name) = NAMES.at(last, front, tag)?;
    let fits = name.fits(last, tag) && (name.front ^ front) & name.front_mask == 0;
    // Both together are all of an ordinary one.
    let fits = fits && (word.len() <= 16 || ends_with(SPECS.get(index)?, word));
    fits.then_some(index)
}

/// Whether the name of a specification ends so.
fn ends_with(spec: &Spec, word: &[u8]) -> bool {
    let name = spec.name.as_bytes();
    let rest = name.get(name.len().saturating_sub(word.len())..);
    rest.is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// No name has more bytes; and so its length does not reach into the container's number.
const LONGEST: usize = 24;

/// Length and container in one.
#[inline]
const fn tag(length: usize, container: usize) -> u32 {
    (length | container << 8) as u32
}

/// The last eight bytes of a word, the last of them highest; zeros below a shorter one.
const fn last(word: &[u8]) -> u64 {
    if let Some(bytes) = word.last_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    let (mut number, mut at) = (0, 0);
    while at < word.len() {
        number = number >> 8 | (word[at] as u64) << 56;
        at += 1;
    }
    number
}

/// The first eight bytes of a word that has more than eight, else 0.
const fn front(word: &[u8]) -> u64 {
    match word.first_chunk() {
        Some(bytes) if word.len() > 8 => u64::from_le_bytes(*bytes),
        _ => 0,
    }
}

/// All bits but those that tell the case of letters, in a number made of capitals.
const fn mask(number: u64) -> u64 {
    let (mut mask, mut shift) = (u64::MAX, 0);
    while shift < 64 {
        if ((number >> shift) as u8).is_ascii_uppercase() {
            mask &= !(0x20 << shift);
        }
        shift += 8;
    }
    mask
}

/// A name as numbers, and the bits of them that count.
#[derive(Clone, Copy)]
struct Name {
    last: u64,
    mask: u64,
    front: u64,
    front_mask: u64,
    tag: u32,
}

impl Name {
    #[inline]
    fn fits(&self, last: u64, tag: u32) -> bool {
        self.tag == tag && (self.last ^ last) & self.mask == 0
    }
}

const COUNT: usize = SPECS.len();
const PLACES: usize = 1024;
const GROUPS: usize = 256;
const _: () = assert!(COUNT < PLACES / 2);

/// An odd number with which the compiler finds a place for each name.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// No two names share a place: each group of names is moved to where all of them find one.
struct Names {
    moves: [u16; GROUPS],
    /// Indexes of names; one that there is not where the place is free.
    places: [u16; PLACES],
    /// In the order of the table.
    names: [Name; COUNT],
}

static NAMES: Names = Names::new();

#[inline]
const fn hash(last: u64, front: u64, tag: u32) -> u64 {
    // Without the bit that tells the case of letters.
    let bits = (last ^ front.rotate_left(24)) & 0xdfdf_dfdf_dfdf_dfdf;
    bits.wrapping_add(tag as u64).wrapping_mul(FACTOR)
}

#[inline]
const fn group(hash: u64) -> usize {
    (hash >> 56) as usize % GROUPS
}

#[inline]
const fn place(hash: u64, moved: u16) -> usize {
    ((hash >> 40) ^ moved as u64) as usize % PLACES
}

impl Names {
    /// The only name that it can be, and its index.
    #[inline]
    fn at(&self, last: u64, front: u64, tag: u32) -> Option<(usize, &Name)> {
        let hash = hash(last, front, tag);
        let index = usize::from(self.places[place(hash, self.moves[group(hash)])]);
        Some((index, self.names.get(index)?))
    }

    /// Made by the compiler.
    const fn new() -> Self {
        let name = Name { last: 0, mask: 0, front: 0, front_mask: 0, tag: 0 };
        let mut all = Self { moves: [0; GROUPS], places: [u16::MAX; PLACES], names: [name; COUNT] };
        let mut hashes = [0; COUNT];
        let mut sizes = [0; GROUPS];
        let (mut index, mut container) = (0, 0);
        while index < COUNT {
            let Cow::Borrowed(name) = &SPECS[index].name else { panic!("the table borrows") };
            let (word, is_second) = last_word(name.as_bytes());
            assert!(word.len() <= LONGEST);
            // A container's subcommands stand right behind it.
            if !is_second {
                container = index + 1;
            }
            let (last, front) = (last(word), front(word));
            let tag = tag(word.len(), if is_second { container } else { 0 });
            all.names[index] = Name { last, mask: mask(last), front, front_mask: mask(front), tag };
            hashes[index] = hash(last, front, tag);
            sizes[group(hashes[index])] += 1;
            index += 1;
        }
        // The largest first, while there is most room.
        let mut size = GROUPS;
        while size > 0 {
            let mut group = 0;
            while group < GROUPS {
                if sizes[group] == size {
                    all.settle(group, &hashes);
                }
                group += 1;
            }
            size -= 1;
        }
        all
    }

    /// Finds a move that brings all names of a group to free places.
    const fn settle(&mut self, wanted: usize, hashes: &[u64; COUNT]) {
        let mut moved = 0;
        'moves: while moved < PLACES as u16 {
            let before = self.places;
            let mut index = 0;
            while index < COUNT {
                if group(hashes[index]) == wanted {
                    let place = &mut self.places[place(hashes[index], moved)];
                    if *place != u16::MAX {
                        self.places = before;
                        moved += 1;
                        continue 'moves;
                    }
                    *place = index as u16;
                }
                index += 1;
            }
            self.moves[wanted] = moved;
            return;
        }
        panic!("two names fall on the same place: FACTOR has to be another");
    }
}

/// The last word of a name, and whether another stands in front of it.
const fn last_word(name: &[u8]) -> (&[u8], bool) {
    let mut at = name.len();
    while at > 0 {
        if name[at - 1] == b' ' {
            return (name.split_at(at).1, true);
        }
        at -= 1;
    }
    (name, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<&'static str> {
        let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
        find(&Command::of(&words)).map(|spec| &*spec.name)
    }

    #[test]
    fn every_name_in_any_letter_case() {
        for spec in all() {
            let mut turn = false;
            let mixed = spec.name.chars().map(|letter| {
                turn = !turn;
                if turn { letter.to_ascii_lowercase() } else { letter }
            });
            let (mixed, lower) = (mixed.collect::<String>(), spec.name.to_ascii_lowercase());
            for name in [&*spec.name, &*lower, &*mixed] {
                assert_eq!(found(name), Some(&*spec.name));
                let longer = format!("{name} more");
                if !spec.flags.has(Flags::CONTAINER) {
                    assert_eq!(found(&longer), Some(&*spec.name));
                }
            }
        }
    }

    #[test]
    fn containers() {
        assert_eq!(found("client setname x"), Some("CLIENT SETNAME"));
        assert_eq!(found("CLIENT"), Some("CLIENT"));
        assert_eq!(found("COMMAND"), Some("COMMAND"));
        assert_eq!(found("cluster COUNT-FAILURE-REPORTS x"), Some("CLUSTER COUNT-FAILURE-REPORTS"));
        // A subcommand is none of another container's, and no command.
        for line in
            ["CLIENT NOSUCH", "CLIENT ENCODING", "SETNAME x", "CLIENT GET", "CLIENT ", "OBJECT x"]
        {
            assert_eq!(found(line), None, "{line}");
        }
        assert_eq!(found("GET HELP"), Some("GET"));
    }

    #[test]
    fn what_is_no_name() {
        for line in [
            "",
            "GE",
            "GETT",
            "G\0T",
            "GET\0",
            "\0\0\0",
            "7ET",
            "RESTORE\rASKING",
            "XDIFFSTORE",
            "ZRANGEBYSCORF",
        ] {
            assert_eq!(found(line), None, "{line:?}");
        }
        assert!(find(&Command::new()).is_none());
        for length in [8, 9, 10, 16, 99, 100, 1000, 65_539, 70_000] {
            assert!(find(&Command::of(&[&vec![b'G'; length]])).is_none());
        }
    }

    /// Each letter of every name matters, and with it the whole byte.
    #[test]
    fn nearly_a_name() {
        for spec in all().iter().filter(|spec| !spec.name.contains(' ')) {
            for at in 0..spec.name.len() {
                for bit in 0..8 {
                    let mut name = spec.name.as_bytes().to_vec();
                    name[at] ^= 1 << bit;
                    let other = find(&Command::of(&[&name]));
                    let same = name.eq_ignore_ascii_case(spec.name.as_bytes());
                    assert_eq!(
                        other.is_some_and(|other| other.name == spec.name),
                        same,
                        "{name:?}"
                    );
                }
            }
        }
    }
}
