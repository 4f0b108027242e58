//! Commands that no table knows, as a server described them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::os::swap::Swap;
use crate::resp::{Kind, ReplyRef};

use super::command::Command;
use super::flags::Flags;
use super::lookup;
use super::spec::Spec;

/// Names that are remembered; a program that makes up names does not fill memory.
const MOST: usize = 4096;

/// The longest word of a name.
const LONGEST: usize = 128;

/// What was learnt while the program runs, of modules' commands and those of newer servers.
///
/// Lock: the swap's own, alone. A forked child knows what its parent knew.
pub struct Learnt(Swap<Names>);

/// By name in capitals; None: the server does not know it.
type Names = HashMap<Arc<[u8]>, Option<Arc<Spec>>>;

/// What is known of a command.
#[derive(Clone, PartialEq, Debug)]
pub enum Knowledge {
    /// This.
    Known(Arc<Spec>),
    /// The server does not know it.
    NoSuchCommand,
    /// Nobody was asked yet.
    NotAsked,
}

impl Default for Learnt {
    fn default() -> Self {
        Self(Swap::new(HashMap::new()))
    }
}

impl Learnt {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was learnt of a command, in any letter case of its name.
    pub fn find(&self, command: &Command) -> Knowledge {
        knowledge(command, &self.0.load())
    }

    /// Learns from a server's whole reply to COMMAND INFO with the first word of a command. What the
    /// reply does not describe is remembered as unknown; an error says nothing. Gives what is known of
    /// the command now.
    pub fn learn(&self, command: &Command, reply: ReplyRef<'_>) -> Knowledge {
        if reply.kind() != Kind::Array {
            return self.find(command);
        }
        let specs = reply.children().flat_map(Spec::parse);
        let learnt: Names = specs
            .filter(|spec| spec.name.len() <= 2 * LONGEST + 1)
            .map(|spec| (Arc::from(spec.name.as_bytes()), Some(Arc::new(spec))))
            .take(MOST)
            .collect();
        // Whether the second word belongs to the name is only plain now.
        let asked = name_of(command, &learnt).filter(|name| !learnt.contains_key(&**name));
        let known = self.0.load();
        // Full: all anew, so that what is used now finds room.
        let full = known.len() + learnt.len() + 1 > MOST;
        let mut names = if full { Names::new() } else { (*known).clone() };
        names.extend(learnt);
        if let Some(name) = asked {
            names.entry(name.into()).or_insert(None);
        }
        let knowledge = knowledge(command, &names);
        // Of two that learn at the same time one is forgotten, and learnt again.
        self.0.update(|_| names);
        knowledge
    }
}

fn knowledge(command: &Command, names: &Names) -> Knowledge {
    match name_of(command, names).and_then(|name| names.get(&*name)) {
        Some(Some(spec)) => Knowledge::Known(spec.clone()),
        Some(None) => Knowledge::NoSuchCommand,
        None => Knowledge::NotAsked,
    }
}

/// The name in capitals, with the second word where a container stands in front of it.
fn name_of(command: &Command, names: &Names) -> Option<Vec<u8>> {
    let mut arguments = command.arguments().take_while(|word| word.len() <= LONGEST);
    let mut name = arguments.next()?.to_ascii_uppercase();
    let is_container = match names.get(&*name) {
        Some(spec) => spec.as_ref().is_some_and(|spec| spec.flags.has(Flags::CONTAINER)),
        None => lookup::is_container(command),
    };
    if let Some(word) = arguments.next().filter(|_| is_container) {
        name.push(b' ');
        name.extend_from_slice(&word.to_ascii_uppercase());
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Reply;

    fn reply(text: &str) -> Reply {
        Reply::from_resp(text.as_bytes()).unwrap()
    }

    /// COMMAND INFO of a command without more to say.
    fn info(name: &str) -> Reply {
        reply(&format!("*1\r\n*3\r\n${}\r\n{name}\r\n:2\r\n*0\r\n", name.len()))
    }

    #[test]
    fn known_unknown_and_not_asked() {
        let learnt = Learnt::new();
        let (known, unknown) = (Command::of(&[b"mod.Get", b"k"]), Command::of(&[b"NOSUCH"]));
        assert_eq!(learnt.find(&known), Knowledge::NotAsked);
        assert_eq!(learnt.find(&Command::new()), Knowledge::NotAsked);
        assert!(matches!(learnt.learn(&known, info("mod.get").root()), Knowledge::Known(_)));
        let Knowledge::Known(spec) = learnt.find(&Command::of(&[b"MOD.GET"])) else { panic!() };
        assert_eq!((&*spec.name, spec.arity), ("MOD.GET", 2));
        let denied = reply("-NOPERM no\r\n");
        assert_eq!(learnt.learn(&unknown, denied.root()), Knowledge::NotAsked);
        let nothing = reply("*1\r\n*-1\r\n");
        assert_eq!(learnt.learn(&unknown, nothing.root()), Knowledge::NoSuchCommand);
        assert_eq!(learnt.find(&Command::of(&[b"nosuch", b"x"])), Knowledge::NoSuchCommand);
        assert!(matches!(learnt.find(&known), Knowledge::Known(_)));
    }

    #[test]
    fn subcommands() {
        let learnt = Learnt::new();
        let entry = "*10\r\n$6\r\nmod.db\r\n:-2\r\n*0\r\n:0\r\n:0\r\n:0\r\n*0\r\n*0\r\n*0\r\n\
            *1\r\n*3\r\n$10\r\nmod.db|get\r\n:3\r\n*0\r\n";
        let entry = reply(&format!("*1\r\n{entry}"));
        let command = |second: &[u8]| Command::of(&[b"MOD.DB", second, b"k"]);
        assert!(matches!(learnt.learn(&command(b"get"), entry.root()), Knowledge::Known(_)));
        let Knowledge::Known(spec) = learnt.find(&command(b"Get")) else { panic!() };
        assert_eq!(spec.name, "MOD.DB GET");
        assert_eq!(learnt.find(&command(b"put")), Knowledge::NotAsked);
        assert_eq!(learnt.learn(&command(b"put"), entry.root()), Knowledge::NoSuchCommand);
        // Of a container that the table knows.
        let newer = Command::of(&[b"CLIENT", b"NEWER"]);
        assert_eq!(learnt.find(&newer), Knowledge::NotAsked);
        assert_eq!(learnt.learn(&newer, reply("*1\r\n*-1\r\n").root()), Knowledge::NoSuchCommand);
        assert_eq!(learnt.find(&Command::of(&[b"client", b"newest"])), Knowledge::NotAsked);
    }

    #[test]
    fn memory_is_bounded() {
        let learnt = Learnt::new();
        for number in 0..MOST + 10 {
            let name = format!("M{number}");
            learnt.learn(&Command::of(&[name.as_bytes()]), info(&name).root());
        }
        assert!(learnt.0.load().len() <= MOST);
        let last = format!("m{}", MOST + 9);
        assert!(matches!(learnt.find(&Command::of(&[last.as_bytes()])), Knowledge::Known(_)));
        let long = Command::of(&[&[b'x'; LONGEST + 1]]);
        assert_eq!(learnt.learn(&long, reply("*1\r\n*-1\r\n").root()), Knowledge::NotAsked);
    }
}
