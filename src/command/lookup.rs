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
pub fn find(command: &Command) -> Option<&'static Spec> {
    let (name, behind) = command.word_at(Command::FIRST)?;
    let spec = lookup(&name, 0)?;
    if SPECS.get(spec)?.flags.has(Flags::CONTAINER) {
        return subcommand(command, spec, behind);
    }
    SPECS.get(spec)
}

/// Every specification, by name.
pub fn all() -> &'static [Spec] {
    &SPECS
}

/// The container itself, where no word follows it.
fn subcommand(command: &Command, container: usize, at: usize) -> Option<&'static Spec> {
    if command.argument_count() == 1 {
        return SPECS.get(container);
    }
    SPECS.get(lookup(&command.word_at(at)?.0, container + 1)?)
}

/// Whether the second word of a command belongs to its name, as far as the table knows.
pub(super) fn is_container(command: &Command) -> bool {
    let name = command.word_at(Command::FIRST);
    let spec = name.and_then(|(name, _)| SPECS.get(lookup(&name, 0)?));
    spec.is_some_and(|spec| spec.flags.has(Flags::CONTAINER))
}

/// A word of a name, as [`lookup`] wants it.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    /// All of it.
    pub text: &'a [u8],
    /// Its last eight bytes, the first of them lowest; zeros above a shorter one.
    pub last: u64,
    /// The first eight bytes of a longer one, else 0.
    pub front: u64,
}

/// A name in the table of names.
#[derive(Clone, Copy)]
struct Name {
    last: u64,
    /// The bits of `last` that count: all but the letters' case.
    mask: u64,
    /// Length and container; 0: nothing stands here.
    tag: u32,
    /// The index of its specification.
    spec: u16,
}

const PLACES: usize = 1024;
const GROUPS: usize = 256;
const _: () = assert!(SPECS.len() < PLACES / 2);

/// An odd number with which the compiler finds a place for each name.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// No two names share a place: each group of names is moved to where all of them find one.
struct Names {
    moves: [u16; GROUPS],
    places: [Name; PLACES],
}

static NAMES: Names = Names::of(&SPECS);

const fn tag(length: usize, container: usize) -> u32 {
    (length | container << 16) as u32
}

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

/// The index of a specification by a name of the first level (`container` 0), or by the subcommand of
/// the container with the index `container` - 1.
#[inline]
fn lookup(word: &Word<'_>, container: usize) -> Option<usize> {
    let tag = tag(word.text.len(), container);
    let hash = hash(word.last, word.front, tag);
    let name = &NAMES.places[place(hash, NAMES.moves[group(hash)])];
    let spec = usize::from(name.spec);
    if name.tag != tag || (name.last ^ word.last) & name.mask != 0 {
        return None;
    }
    (word.text.len() <= 8 || is_whole(spec, word.text)).then_some(spec)
}

/// Whether all of a long word is right, and not its end alone.
fn is_whole(spec: usize, word: &[u8]) -> bool {
    let Some(spec) = SPECS.get(spec) else { return false };
    spec.name.rsplit(' ').next().is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(word))
}

impl Names {
    /// Made by the compiler.
    const fn of<const N: usize>(specs: &[Spec; N]) -> Self {
        let nothing = Name { last: 0, mask: 0, tag: 0, spec: 0 };
        let mut names = [nothing; N];
        let mut hashes = [0; N];
        let mut sizes = [0; GROUPS];
        let (mut index, mut container) = (0, 0);
        while index < N {
            let Cow::Borrowed(whole) = &specs[index].name else { panic!("the table borrows") };
            let whole = whole.as_bytes();
            let start = last_word(whole);
            // A container's subcommands stand right behind it.
            if start == 0 {
                container = index + 1;
            }
            let tag = tag(whole.len() - start, if start == 0 { 0 } else { container });
            let (last, mask) = bytes(whole, if tag & 0xff < 8 { start } else { whole.len() - 8 });
            let (front, _) = if tag & 0xff > 8 { bytes(whole, start) } else { (0, 0) };
            names[index] = Name { last, mask, tag, spec: index as u16 };
            hashes[index] = hash(last, front, tag);
            sizes[group(hashes[index])] += 1;
            index += 1;
        }
        let mut all = Self { moves: [0; GROUPS], places: [nothing; PLACES] };
        // The largest first, while there is most room.
        let mut size = GROUPS;
        while size > 0 {
            let mut group = 0;
            while group < GROUPS {
                if sizes[group] == size {
                    all.settle(group, &names, &hashes);
                }
                group += 1;
            }
            size -= 1;
        }
        all
    }

    /// Finds a move that brings all names of a group to free places.
    const fn settle(&mut self, wanted: usize, names: &[Name], hashes: &[u64]) {
        let mut moved = 0;
        'moves: while moved < PLACES as u16 {
            let before = self.places;
            let mut index = 0;
            while index < names.len() {
                if group(hashes[index]) == wanted {
                    let place = &mut self.places[place(hashes[index], moved)];
                    if place.tag != 0 {
                        self.places = before;
                        moved += 1;
                        continue 'moves;
                    }
                    *place = names[index];
                }
                index += 1;
            }
            self.moves[wanted] = moved;
            return;
        }
        panic!("two names fall on the same place: FACTOR has to be another");
    }
}

/// Where the last word of a name begins.
const fn last_word(name: &[u8]) -> usize {
    let mut at = name.len();
    while at > 0 && name[at - 1] != b' ' {
        at -= 1;
    }
    at
}

/// Up to eight bytes as a number, and which bits of it count.
const fn bytes(name: &[u8], start: usize) -> (u64, u64) {
    let (mut number, mut mask) = (0, u64::MAX);
    let (mut at, mut shift) = (start, 0);
    while at < name.len() && shift < 64 {
        number |= (name[at] as u64) << shift;
        if name[at].is_ascii_uppercase() {
            mask &= !(0x20 << shift);
        }
        at += 1;
        shift += 8;
    }
    (number, mask)
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
