//! A command, encoded while it is put together.

use std::fmt;
use std::iter::FusedIterator;

use crate::resp::encode;

use super::effect::Effect;
use super::lookup;

/// Room in front of the arguments for `*N\r\n`, written right-aligned each time N changes.
const ROOM: usize = 16;

/// A command, encoded as RESP while its arguments are appended: sending is one send of
/// [`Command::encoded`].
#[derive(Clone, Default)]
pub struct Command {
    bytes: Vec<u8>,
    /// Where the encoding begins, within the room.
    start: usize,
    count: usize,
}

impl Command {
    /// A command without arguments; allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A command from its arguments.
    pub fn of(arguments: &[&[u8]]) -> Self {
        let mut command = Self::new();
        command.refill(arguments);
        command
    }

    /// These arguments in place of those that are there; the memory is used again.
    pub fn refill(&mut self, arguments: &[&[u8]]) {
        self.clear();
        if arguments.is_empty() {
            return;
        }
        // What the encoder asks for with each of them.
        let size: usize = arguments.iter().map(|argument| argument.len() + encode::AROUND).sum();
        self.bytes.reserve_exact(ROOM + size);
        self.bytes.extend_from_slice(&[b'\n'; ROOM]);
        for argument in arguments {
            encode::bulk(&mut self.bytes, argument);
        }
        self.count = arguments.len();
        self.write_count();
    }

    /// How many bytes of memory it has.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends an argument; the first is the command's name.
    pub fn append(&mut self, argument: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&[b'\n'; ROOM]);
        }
        encode::bulk(&mut self.bytes, argument);
        self.count += 1;
        self.write_count();
    }

    /// Writes `*N\r` in front of the last byte of the room, which is a LF for good.
    fn write_count(&mut self) {
        let Some(room) = self.bytes.first_chunk_mut::<ROOM>() else { return };
        let mut start = ROOM - 2;
        room[start] = b'\r';
        let mut rest = self.count;
        // A count of 13 digits would not fit memory.
        while start > 1 {
            start -= 1;
            room[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        start -= 1;
        room[start] = b'*';
        self.start = start;
    }

    /// Takes all arguments away and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.count = 0;
    }

    /// How many arguments there are, the name included.
    pub fn argument_count(&self) -> usize {
        self.count
    }

    /// The arguments in order, the name first.
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments { rest: self.bytes.get(ROOM..).unwrap_or_default(), remaining: self.count }
    }

    /// Argument `index`, 0 for the name; None where there are not so many.
    #[inline(always)]
    pub fn argument(&self, index: usize) -> Option<&[u8]> {
        let mut at = ROOM;
        let mut ahead = index;
        // Behind a name of up to eight bytes: `$N`, CRLF, the name, CRLF.
        if ahead > 0
            && let Some((length, _)) = self.short_name()
        {
            at += length + 6;
            ahead -= 1;
        }
        for _ in 0..ahead {
            let (_, end) = bounds(self.bytes.get(at..)?)?;
            at += end + 2;
        }
        let rest = self.bytes.get(at..)?;
        let (start, end) = bounds(rest)?;
        rest.get(start..end)
    }

    /// Length and bytes of the name as one number, its last byte highest, where it has 1 to 8 bytes and
    /// the whole command not much less.
    #[inline(always)]
    pub(super) fn short_name(&self) -> Option<(usize, u64)> {
        let [_, digit @ b'1'..=b'8', b'\r', _, bytes @ ..] =
            self.bytes.get(ROOM..)?.first_chunk::<12>()?
        else {
            return None;
        };
        let length = usize::from(digit - b'0');
        Some((length, u64::from_le_bytes(*bytes) << (8 * (8 - length))))
    }

    /// The whole command as RESP; nothing while there is no argument.
    #[inline]
    pub fn encoded(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// What it does to the connection it is sent on, by name and subcommand in any letter case; a
    /// few instructions for an ordinary command.
    #[inline]
    pub fn effect(&self) -> Effect {
        // A glance at the name's header and first letter settles nearly every command.
        match self.bytes.get(ROOM..).and_then(<[u8]>::first_chunk::<5>) {
            Some(&[_, b'0'..=b'9', b'\r', _, first]) if !Effect::begins_with(first) => Effect::None,
            Some([_, b'0'..=b'3', b'\r', _, _]) => Effect::None,
            _ => Effect::of(self.arguments()),
        }
    }

    /// "GET", "CLIENT SETNAME": for messages. Holds no other argument, and nothing that does not
    /// look like a name.
    pub fn name(&self) -> String {
        if let Some(spec) = lookup::find(self) {
            return spec.name.to_string();
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.|".contains(byte);
        match self.argument(0) {
            None => "(empty)".into(),
            Some(word) if !word.is_empty() && word.len() <= 32 && word.iter().all(plain) => {
                String::from_utf8_lossy(word).to_ascii_uppercase()
            }
            Some(_) => "(unknown)".into(),
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({}, {} arguments)", self.name(), self.count)
    }
}

/// The arguments of a command, see [`Command::arguments`].
#[derive(Clone)]
pub struct Arguments<'a> {
    rest: &'a [u8],
    remaining: usize,
}

impl<'a> Arguments<'a> {
    /// The next arguments together as they are encoded; fewer where there are not so many.
    #[inline]
    pub fn encoded(&mut self, count: usize) -> &'a [u8] {
        let before = self.rest;
        for _ in 0..count {
            self.next();
        }
        before.get(..before.len() - self.rest.len()).unwrap_or_default()
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (start, end) = bounds(self.rest)?;
        let argument = self.rest.get(start..end)?;
        self.rest = self.rest.get(end + 2..).unwrap_or_default();
        self.remaining -= 1;
        Some(argument)
    }

    #[inline]
    fn nth(&mut self, count: usize) -> Option<&'a [u8]> {
        for _ in 0..count {
            let (_, end) = bounds(self.rest)?;
            self.rest = self.rest.get(end + 2..).unwrap_or_default();
            self.remaining -= 1;
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

/// Where the bytes of the first argument begin and end. The encoding is our own, so `$`, digits and
/// CRLF stand where they are looked for.
#[inline]
fn bounds(rest: &[u8]) -> Option<(usize, usize)> {
    let digit = |byte: u8| usize::from(byte.wrapping_sub(b'0'));
    match *rest.first_chunk()? {
        [_, units, b'\r', _] => Some((4, 4 + digit(units))),
        [_, tens, units, b'\r'] => Some((5, 5 + 10 * digit(tens) + digit(units))),
        _ => long_bounds(rest),
    }
}

#[cold]
#[inline(never)]
fn long_bounds(rest: &[u8]) -> Option<(usize, usize)> {
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    let (count, length) = digits.fold((0, 0_usize), |(count, length), digit| {
        (count + 1, length * 10 + usize::from(digit - b'0'))
    });
    Some((count + 3, count + 3 + length))
}

impl ExactSizeIterator for Arguments<'_> {}
impl FusedIterator for Arguments<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding() {
        let mut command = Command::new();
        assert_eq!(command.encoded(), b"");
        assert_eq!(command.arguments().count(), 0);
        command.append(b"SET");
        command.append(b"key");
        command.append(b"a\r\n\0b");
        assert_eq!(command.encoded(), b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\na\r\n\0b\r\n");
        assert_eq!(command.arguments().collect::<Vec<_>>(), [&b"SET"[..], b"key", b"a\r\n\0b"]);
        command.clear();
        assert_eq!(command.argument_count(), 0);
        assert_eq!(command.encoded(), b"");
        command.append(b"");
        assert_eq!(command.encoded(), b"*1\r\n$0\r\n\r\n");
        assert_eq!(command.arguments().collect::<Vec<_>>(), [b""]);
    }

    #[test]
    fn clear_keeps_the_memory() {
        let mut command = Command::of(&[b"SET", b"key", &[7; 1000]]);
        let (memory, capacity) = (command.bytes.as_ptr(), command.bytes.capacity());
        command.clear();
        command.append(&[8; 900]);
        assert_eq!((command.bytes.as_ptr(), command.bytes.capacity()), (memory, capacity));
    }

    #[test]
    fn many_arguments() {
        let mut command = Command::new();
        for index in 0..12_345_u32 {
            command.append(index.to_string().as_bytes());
            if index == 9 || index == 99 {
                assert!(
                    command.encoded().starts_with(format!("*{}\r\n$1\r\n0", index + 1).as_bytes())
                );
            }
        }
        assert!(command.encoded().starts_with(b"*12345\r\n$1\r\n0\r\n"));
        assert_eq!(command.arguments().len(), 12_345);
        assert_eq!(command.arguments().nth(12_000), Some(&b"12000"[..]));
        let large = vec![b'x'; 100_000];
        assert_eq!(Command::of(&[b"ECHO", &large]).arguments().nth(1), Some(&large[..]));
    }

    #[test]
    fn effects() {
        for (name, effect) in [
            (&b"GET"[..], Effect::None),
            (b"", Effect::None),
            (b"LRANGE", Effect::None),
            (b"set", Effect::None),
            (b"multi", Effect::Multi),
            (b"SUBSCRIBE", Effect::Subscribe),
            (b"PUNSUBSCRIBE", Effect::Unsubscribe),
            (b"EXEC", Effect::EndMulti),
            (b"quit", Effect::Session),
        ] {
            assert_eq!(Command::of(&[name, b"x"]).effect(), effect);
        }
        assert_eq!(Command::new().effect(), Effect::None);
        assert_eq!(Command::of(&[b"CLIENT", b"REPLY", b"OFF"]).effect(), Effect::ReplyOff);
    }

    #[test]
    fn names_show_no_arguments() {
        for (arguments, name) in [
            (&[&b"get"[..], b"secret"][..], "GET"),
            (&[b"Client", b"setname", b"secret"], "CLIENT SETNAME"),
            (&[b"AUTH", b"secret"], "AUTH"),
            (&[b"config", b"no name\r\n"], "CONFIG"),
            (&[b"client", b"secret"], "CLIENT"),
            (&[b"mod.get", b"secret"], "MOD.GET"),
            (&[b"\xff\xfe"], "(unknown)"),
            (&[], "(empty)"),
        ] {
            let command = Command::of(arguments);
            assert_eq!(command.name(), name);
            assert!(!format!("{command:?}").contains("secret"));
        }
    }
}
