//! Where the keys of a command are whose specification does not say all, as a server told for others like it.
//!
//! Lock: the swap's own, alone.

use std::collections::HashMap;
use std::sync::Arc;

use crate::command::Command;
use crate::os::swap::Swap;
use crate::resp::{Kind, ReplyRef};

/// Shapes that are remembered; a program that makes up many does not fill memory.
const MOST: usize = 1024;
/// The largest shape that is remembered, in bytes, and the most keys of one: what is larger is asked for each time.
const LARGEST: usize = 4096;
const MOST_KEYS: usize = 512;
/// The longest word that is taken for an option's name.
const LONGEST_WORD: usize = 24;
/// The longest number that is taken for a count of keys.
const LONGEST_NUMBER: usize = 4;

/// Which arguments are keys, by shape.
pub(crate) struct Shapes(Swap<HashMap<Vec<u8>, Arc<[usize]>>>);

impl Default for Shapes {
    fn default() -> Self {
        Self(Swap::new(HashMap::new()))
    }
}

impl Shapes {
    /// The keys' arguments, if a command of this shape was learnt.
    pub(crate) fn find(&self, command: &Command) -> Option<Arc<[usize]>> {
        self.0.load().get(&shape(command)).cloned()
    }

    /// Learns from a server's answer to COMMAND GETKEYS for the command. None: it names no arguments of the
    /// command, an error for one.
    pub(crate) fn learn(&self, command: &Command, answer: ReplyRef<'_>) -> Option<Arc<[usize]>> {
        let indexes = indexes(command, answer)?;
        let shape = shape(command);
        if shape.len() > LARGEST || indexes.len() > MOST_KEYS {
            return Some(indexes);
        }
        let known = self.0.load();
        let mut shapes = if known.len() < MOST { (*known).clone() } else { HashMap::new() };
        shapes.insert(shape, indexes.clone());
        self.0.update(|_| shapes);
        Some(indexes)
    }
}

/// All that may say where keys are: how many arguments there are, and which are words or short numbers. What
/// else an argument holds has no part in it.
fn shape(command: &Command) -> Vec<u8> {
    let mut shape = command.argument_count().to_le_bytes().to_vec();
    for (index, argument) in command.arguments().enumerate() {
        let is_word =
            argument.len() <= LONGEST_WORD && argument.iter().all(u8::is_ascii_alphabetic);
        let is_number = argument.len() <= LONGEST_NUMBER && argument.iter().all(u8::is_ascii_digit);
        if is_word || is_number || index == 0 {
            shape.extend_from_slice(&index.to_le_bytes());
            shape.extend_from_slice(&argument.len().to_le_bytes());
            shape.extend(argument.iter().map(u8::to_ascii_uppercase));
        }
    }
    shape
}

/// The arguments that the answer names, in its order.
fn indexes(command: &Command, answer: ReplyRef<'_>) -> Option<Arc<[usize]>> {
    if answer.kind() != Kind::Array {
        return None;
    }
    let mut found = Vec::with_capacity(answer.count());
    for key in answer.children() {
        let key = key.bytes()?;
        // The server names keys by their text: of equal arguments each is taken once, the first first.
        let mut arguments = command.arguments().enumerate().skip(1);
        let (index, _) =
            arguments.find(|(index, argument)| *argument == key && !found.contains(index))?;
        found.push(index);
    }
    Some(found.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Reply;

    fn answer(keys: &[&str]) -> Reply {
        let mut text = format!("*{}\r\n", keys.len());
        for key in keys {
            text += &format!("${}\r\n{key}\r\n", key.len());
        }
        Reply::from_resp(text.as_bytes()).expect("a reply")
    }

    #[test]
    fn a_shape_is_learnt_and_holds_for_commands_like_it() {
        let shapes = Shapes::default();
        let first = Command::of(&[b"MOD.DO", b"STORE", b"key:1", b"2", b"key:2", b"key:3"]);
        assert_eq!(shapes.find(&first), None);
        shapes.learn(&first, answer(&["key:1", "key:2", "key:3"]).root());
        let like = Command::of(&[b"mod.do", b"store", b"other:1", b"2", b"other:2", b"other:3"]);
        assert_eq!(shapes.find(&like).as_deref(), Some(&[2, 4, 5][..]));
        // Another count, another word, another length: other shapes.
        for other in [
            Command::of(&[b"MOD.DO", b"STORE", b"key:1", b"1", b"key:2", b"key:3"]),
            Command::of(&[b"MOD.DO", b"GET", b"key:1", b"2", b"key:2", b"key:3"]),
            Command::of(&[b"MOD.DO", b"STORE", b"key:1", b"2", b"key:2"]),
        ] {
            assert_eq!(shapes.find(&other), None);
        }
    }

    #[test]
    fn what_names_no_arguments_teaches_nothing() {
        let shapes = Shapes::default();
        let command = Command::of(&[b"MOD.DO", b"key:1"]);
        assert_eq!(shapes.learn(&command, answer(&["another"]).root()), None);
        let error = Reply::from_resp(b"-ERR Invalid command\r\n").expect("a reply");
        assert_eq!(shapes.learn(&command, error.root()), None);
        assert_eq!(shapes.find(&command), None);
    }

    #[test]
    fn memory_is_bounded() {
        let shapes = Shapes::default();
        let many: Vec<&[u8]> =
            [&b"MOD.DO"[..], b"key:1"].into_iter().chain([&b"word"[..]; 500]).collect();
        let command = Command::of(&many);
        // It is told, and not remembered.
        let keys = shapes.learn(&command, answer(&["key:1"]).root());
        assert_eq!(keys.as_deref(), Some(&[1][..]));
        assert_eq!(shapes.find(&command), None);
        let few = Command::of(&[&[b'X'; 5000][..], b"key:1"]);
        assert!(shapes.learn(&few, answer(&["key:1"]).root()).is_some());
        assert_eq!(shapes.find(&few), None);
        // Nor are many keys, of which none is a word.
        let keys: Vec<String> = (0..2000).map(|number| format!("key:{number}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut command = Command::of(&[b"MOD.DO"]);
        keys.iter().for_each(|key| command.append(key.as_bytes()));
        assert_eq!(shapes.learn(&command, answer(&keys).root()).map(|keys| keys.len()), Some(2000));
        assert_eq!(shapes.find(&command), None);
    }

    #[test]
    fn equal_keys_are_each_their_own_argument() {
        let shapes = Shapes::default();
        let command = Command::of(&[b"MOD.DO", b"k:1", b"k:1"]);
        assert_eq!(
            shapes.learn(&command, answer(&["k:1", "k:1"]).root()).as_deref(),
            Some(&[1, 2][..])
        );
    }
}
