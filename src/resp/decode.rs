//! The decoder: bytes in as they come, replies out.
//!
//! Bytes are received into one buffer and parsed there, once. A complete reply is copied out into a
//! block of its exact size. When a string beyond [`LARGE`] bytes has not arrived whole, the reply
//! moves into a block of its own, and the rest of it is received straight into its final place; what
//! comes behind the reply goes back to the buffer.

use std::mem::{self, MaybeUninit};

use super::block::{self, Block, Parts};
pub use super::decode_error::DecodeError;
use super::parser::Parser;
use super::reply::{Cell, Reply};
use super::slab::Slab;

/// The receive buffer at first, and the string from which on a reply gets a block while it arrives.
const LARGE: usize = 16 * 1024;

/// The receive buffer once the first was too small.
const WIDE: usize = 128 * 1024;

/// At most so many bytes are reserved ahead of those received, for what a length or count declares:
/// a string of 1 MiB, and its CRLF.
const AHEAD: usize = 1024 * 1024 + 2;

/// What a decoder keeps between uses, in bytes and in cells.
const KEPT: usize = 64 * 1024;
const KEPT_CELLS: usize = 2048;

/// Bounds on what a server may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a reply as it is sent.
    pub max_reply_size: usize,
    /// Aggregates within aggregates.
    pub max_reply_depth: usize,
}

/// How the bytes asked for are to be received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// Any number of them.
    Some,
    /// All of them: the rest of a string whose length is known.
    Exact,
}

/// Turns what a connection receives into replies.
pub struct Decoder {
    parser: Parser,
    /// What was received and not consumed; of a large reply, its block.
    received: Block,
    /// The receive buffer, while a large reply arrives.
    parked: Block,
    large: bool,
    /// Memory may have become more than is kept; saves a closer look after ordinary replies.
    grown: bool,
    failed: Option<DecodeError>,
    /// The most that was in the receive buffer since it was made, if that was much.
    peak: usize,
    /// The receive buffer was given back because it was large, and needed to be: the next one is made so at once.
    wide: bool,
    /// What shared replies are put into.
    slab: Option<Slab>,
}

impl Decoder {
    /// A decoder without any memory yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            parser: Parser::new(limits),
            received: Block::new(),
            parked: Block::new(),
            large: false,
            grown: false,
            failed: None,
            peak: 0,
            wide: false,
            slab: None,
        }
    }

    /// The next complete reply among the bytes received so far; None: more bytes are needed. After
    /// an error the decoder is of no more use, and says the same again.
    #[inline]
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Reply>, DecodeError> {
        self.next_in(false)
    }

    /// The same; if `shared`, small replies share memory, which lives as long as the last of them: for those
    /// that come and go together. [`Reply::into_own`] gives one memory of its own.
    #[inline(always)]
    pub fn next_in(&mut self, shared: bool) -> Result<Option<Reply>, DecodeError> {
        match self.scalar(shared) {
            Some(reply) => Ok(Some(reply)),
            None => self.next_of_all(shared),
        }
    }

    /// The same where it is no scalar that has arrived whole.
    #[inline(never)]
    fn next_of_all(&mut self, shared: bool) -> Result<Option<Reply>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.received.is_empty() {
            return Ok(None);
        }
        if let Some(reply) = self.list_of_one(shared) {
            return Ok(Some(reply));
        }
        match self.parser.parse(self.received.bytes_mut()) {
            Ok(true) => Ok(self.take(shared)),
            Ok(false) => {
                if let Some(end) = self.parser.awaited() {
                    self.expect(end);
                }
                Ok(None)
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// A reply that is one string, status or integer and has arrived whole: the answer to most commands, which
    /// needs no parser.
    #[inline(always)]
    fn scalar(&mut self, shared: bool) -> Option<Reply> {
        if self.parser.position() != 0 || self.large || self.failed.is_some() {
            return None;
        }
        let (cell, length) = self.parser.whole_scalar(self.received.bytes())?;
        let slab = shared.then_some(&mut self.slab);
        let reply = block::scalar(cell, string_of(&cell, self.received.bytes()), slab);
        self.received.consume(length);
        Some(reply)
    }

    /// An array of one string or nil that has arrived whole: what MGET of one slot's keys mostly is answered.
    #[inline]
    fn list_of_one(&mut self, shared: bool) -> Option<Reply> {
        if self.parser.position() != 0 || self.large {
            return None;
        }
        let (cells, length) = self.parser.whole_list_of_one(self.received.bytes())?;
        let kept = match cells[1].offset as usize {
            0 => 0,
            offset => offset + cells[1].length() + 1,
        };
        let bytes = self.received.bytes_mut().get_mut(..kept)?;
        if let Some(last) = bytes.last_mut() {
            *last = 0;
        }
        let parts = Parts { cells: &cells, attribute_cells: &[], entries: &[] };
        let reply = block::copied(&parts, bytes, shared.then_some(&mut self.slab));
        self.received.consume(length);
        Some(reply)
    }

    /// The complete reply that the parser stands behind.
    fn take(&mut self, shared: bool) -> Option<Reply> {
        self.grown = true;
        let length = self.parser.position();
        let alone = self.parser.finish();
        let reply = if self.large {
            self.large = false;
            let mut arrived = mem::replace(&mut self.received, Block::new());
            mem::swap(&mut self.received, &mut self.parked);
            self.received.append(arrived.bytes().get(length..).unwrap_or_default());
            arrived.truncate(length);
            self.parser.with_parts(|parts, _| arrived.seal(parts))
        } else {
            let bytes = self.received.bytes();
            let slab = shared.then_some(&mut self.slab);
            let reply = match alone {
                Some(cell) => block::scalar(cell, string_of(&cell, bytes), slab),
                None => self.parser.with_parts(|parts, kept| {
                    block::copied(parts, bytes.get(..kept).unwrap_or_default(), slab)
                }),
            };
            self.received.consume(length);
            reply
        };
        self.parser.reset();
        Some(reply)
    }

    /// Prepares for a string that ends at `end` and has not arrived whole.
    fn expect(&mut self, end: usize) {
        let missing = end.saturating_sub(self.received.len());
        if self.large || end - self.parser.position() <= LARGE {
            return;
        }
        let (cells, declared) = self.parser.extent();
        let declared = (declared as usize).min(AHEAD / size_of::<Cell>());
        let room = self.received.len() + missing.min(AHEAD);
        let mut block = Block::with_gap(cells + declared, room);
        block.append(self.received.bytes());
        self.received.consume(usize::MAX);
        self.parked = mem::replace(&mut self.received, block);
        self.large = true;
    }

    /// Hands `receive` the space for the next bytes; what it returns must be the start of that
    /// space, filled. Returns how many came (0: end of stream).
    pub fn fill<E>(
        &mut self,
        receive: impl for<'a> FnOnce(&'a mut [MaybeUninit<u8>], Fill) -> Result<&'a mut [u8], E>,
    ) -> Result<usize, E> {
        let length = self.received.len();
        match self.parser.awaited() {
            Some(end) if self.large && end > length => {
                let missing = end - length;
                let room = self.received.room();
                if room < missing.min(LARGE) {
                    self.received.grow(missing.min(length.max(AHEAD)));
                }
                self.received.receive(missing, |space| receive(space, Fill::Exact))
            }
            _ => {
                self.make_room();
                let received =
                    self.received.receive(usize::MAX, |space| receive(space, Fill::Some));
                if self.received.len() > LARGE {
                    self.peak = self.peak.max(self.received.len());
                }
                received
            }
        }
    }

    /// What has arrived, if nothing of it was parsed yet.
    pub(super) fn untouched(&self) -> Option<&[u8]> {
        let touched = self.parser.position() != 0 || self.large || self.failed.is_some();
        (!touched).then(|| self.received.bytes())
    }

    /// So many bytes of that are somebody else's.
    pub(super) fn pass(&mut self, count: usize) {
        self.parser.reset();
        self.received.consume(count);
    }

    /// Takes bytes that are in memory already, as if they had been received.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.received.append(bytes);
    }

    /// Room for any number of bytes: the memory grows only while one reply fills it.
    fn make_room(&mut self) {
        let capacity = self.received.capacity();
        let low = |block: &Block| block.room() <= capacity / 8;
        if self.large {
            // A block only goes on with small elements here: doubling it would be too much.
            if self.received.room() < LARGE / 4 {
                self.received.grow(LARGE.max(capacity / 8));
            }
        } else {
            if low(&self.received) {
                self.received.compact();
            }
            if low(&self.received) {
                self.grown |= capacity > 0 || self.wide;
                // What does not fit the first buffer is mostly not just a little larger.
                let least = if capacity > 0 || self.wide { WIDE } else { LARGE };
                let room = least.max(capacity * 2) - self.received.len();
                self.received.grow(room);
            }
        }
    }

    /// True if no byte is buffered and no reply is half decoded.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Bytes of memory held, whether filled or not.
    pub fn reserved(&self) -> usize {
        self.received.capacity() + self.parked.capacity() + self.parser.reserved()
    }

    /// True if [`Decoder::shrink`] may find something to give back.
    #[inline]
    pub fn may_shrink(&self) -> bool {
        self.grown
    }

    /// Gives memory beyond the ordinary back, as after a huge reply. Changes nothing else.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.grown = false;
            self.parser.shrink(KEPT_CELLS);
            if self.received.capacity() > KEPT {
                self.received = Block::new();
                self.wide = self.peak > LARGE;
            }
            self.peak = 0;
        }
    }
}

/// The bytes a single cell points at.
#[inline]
fn string_of<'a>(cell: &Cell, bytes: &'a [u8]) -> &'a [u8] {
    let start = cell.offset as usize;
    bytes.get(start..start.saturating_add(cell.length())).unwrap_or_default()
}

impl Reply {
    /// The reply that `bytes` are, for tests and tools.
    pub fn from_resp(bytes: &[u8]) -> Result<Self, DecodeError> {
        let limits = Limits { max_reply_size: usize::MAX, max_reply_depth: 128 };
        let mut decoder = Decoder::new(limits);
        decoder.feed(bytes);
        match decoder.next()? {
            Some(reply) if decoder.is_empty() => Ok(reply),
            Some(_) => Err(DecodeError::Protocol("bytes follow the reply".into())),
            None => Err(DecodeError::Protocol("the reply is not complete".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn scalars() {
        let reply = |text: &str| Reply::from_resp(text.as_bytes()).unwrap();
        assert_eq!(reply("$5\r\nhello\r\n").root().bytes(), Some(&b"hello"[..]));
        assert_eq!(reply("+OK\r\n").root().text(), Some("OK"));
        assert_eq!(reply("$0\r\n\r\n").root().bytes(), Some(&b""[..]));
        assert_eq!(reply(":-42\r\n").root().integer(), Some(-42));
        assert_eq!(reply(",2.5\r\n").root().double(), Some(2.5));
        assert_eq!(reply("#t\r\n").root().boolean(), Some(true));
        assert_eq!(reply("(123\r\n").root().bytes(), Some(&b"123"[..]));
        assert_eq!(reply("=8\r\ntxt:some\r\n").root().text(), Some("some"));
        for nil in ["$-1\r\n", "*-1\r\n", "_\r\n"] {
            assert_eq!(reply(nil).root().kind(), Kind::Nil);
        }
        let error = reply("-WRONGTYPE Operation against a key\r\n");
        assert_eq!(error.root().error_code(), Some("WRONGTYPE"));
        assert_eq!(reply("!6\r\nERR no\r\n").root().error_code(), Some("ERR"));
    }

    #[test]
    fn trees() {
        let reply =
            Reply::from_resp(b"*3\r\n:1\r\n%1\r\n+key\r\n*2\r\n:2\r\n$1\r\nx\r\n#f\r\n").unwrap();
        let root = reply.root();
        assert!(root.is_root() && root.next().is_none() && root.count() == 3);
        let map = root.at(1).unwrap();
        assert_eq!((map.kind(), map.count()), (Kind::Map, 2));
        assert_eq!(map.at(0).unwrap().text(), Some("key"));
        assert_eq!(map.at(1).unwrap().at(1).unwrap().text(), Some("x"));
        assert_eq!(map.next().unwrap().boolean(), Some(false));
        assert!(root.at(3).is_none() && root.at(2).unwrap().next().is_none());
        assert_eq!(root.cells().0.len(), 8);
        assert_eq!(root.children().len(), 3);
    }

    #[test]
    fn attributes_stand_beside_the_reply() {
        let reply = Reply::from_resp(
            b"|1\r\n+ttl\r\n:9\r\n*2\r\n|1\r\n+a\r\n|1\r\n+b\r\n:1\r\n+c\r\n+x\r\n:5\r\n",
        )
        .unwrap();
        let root = reply.root();
        assert_eq!((root.count(), root.cells().0.len()), (2, 3));
        assert_eq!(root.attributes().unwrap().at(1).unwrap().integer(), Some(9));
        let of_element = root.at(0).unwrap().attributes().unwrap();
        assert_eq!(of_element.at(1).unwrap().text(), Some("c"));
        let nested = of_element.at(1).unwrap().attributes().unwrap();
        assert_eq!(nested.at(0).unwrap().text(), Some("b"));
        assert!(root.at(1).unwrap().attributes().is_none() && !nested.is_root());
    }
}
