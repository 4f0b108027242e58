//! Commands by name and number of arguments, of which all is known that a command of one key is sent by.
//!
//! A pipeline is mostly the same few commands with other keys: what was found out once is found again by one look.

use super::part::Home;
use super::plan::{access_of, replays};
use crate::command::{Blocking, find_words};
use crate::pool::{Pool, Target};
use crate::resp::encode;

/// How many are remembered; a power of two.
const PLACES: usize = 8;
/// The longest name that is remembered.
const LONGEST: usize = 8;
/// Room for the beginning of a command: `*N`, the name's header and the name, each with CRLF. Copied whole, for that
/// is two instructions.
const HEAD: usize = 32;

/// A command that goes by its only key.
#[derive(Clone, Copy)]
pub(super) struct Familiar {
    name: u64,
    length: usize,
    arguments: usize,
    /// The index of its key.
    pub(super) key: usize,
    /// Where it goes, but for the slot.
    home: Home<'static>,
    pub(super) replays: bool,
    head: [u8; HEAD],
    head_length: usize,
}

/// The last few commands.
#[derive(Default)]
pub(super) struct FamiliarCommands([Option<Familiar>; PLACES]);

impl FamiliarCommands {
    /// None: it is another kind of command, or refused; what it is, the long way finds out.
    #[inline]
    pub(super) fn find(&mut self, pool: &Pool, arguments: &[&[u8]]) -> Option<&Familiar> {
        let word = *arguments.first()?;
        if word.is_empty() || word.len() > LONGEST {
            return None;
        }
        let name = number(word);
        // The last letter and the first two tell most names apart.
        let place = (name ^ (name >> 11) ^ (name >> 61)) as usize % PLACES;
        let is_known = self.0[place].as_ref().is_some_and(|familiar| {
            familiar.name == name
                && familiar.length == word.len()
                && familiar.arguments == arguments.len()
        });
        if !is_known {
            self.0[place] = Some(Familiar::of(pool, name, arguments)?);
        }
        self.0[place].as_ref()
    }
}

impl Familiar {
    #[cold]
    fn of(pool: &Pool, name: u64, arguments: &[&[u8]]) -> Option<Self> {
        let spec = find_words(arguments)?;
        let key = spec.sole_key().filter(|&key| key < arguments.len())?;
        if spec.timeout != Blocking::Never || !spec.accepts(arguments.len()) {
            return None;
        }
        let home = match pool.target_of(0, access_of(spec), None).ok()? {
            Target::Primary(slot) => Home::Primary(slot),
            Target::Reader(slot, read_from) => Home::Reader(slot, read_from),
            _ => return None,
        };
        let word = *arguments.first()?;
        let mut encoded = Vec::with_capacity(HEAD);
        encode::count(&mut encoded, arguments.len());
        encode::bulk(&mut encoded, word);
        let head_length = encoded.len();
        encoded.resize(HEAD.max(head_length), 0);
        Some(Self {
            name,
            length: word.len(),
            arguments: arguments.len(),
            key,
            home,
            replays: replays(spec),
            head: *encoded.first_chunk().filter(|_| head_length <= HEAD)?,
            head_length,
        })
    }

    /// Where it goes with a key in this slot.
    #[inline]
    pub(super) fn home(&self, slot: u16) -> Home<'static> {
        self.home.of_slot(slot)
    }

    /// Appends the whole command, encoded.
    #[inline]
    pub(super) fn encode(&self, arguments: &[&[u8]], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        out.truncate(start + self.head_length);
        for argument in arguments.iter().skip(1) {
            encode::bulk_inline(out, argument);
        }
    }
}

/// A word of up to eight bytes as a number; its length belongs to it.
#[inline]
fn number(word: &[u8]) -> u64 {
    match *word {
        [a, b, c] => u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
        [a, b, c, d] => u64::from_le_bytes([a, b, c, d, 0, 0, 0, 0]),
        _ => word.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)),
    }
}
