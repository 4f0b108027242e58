//! Makes a reply out of parts, as if one server had sent them together.
//!
//! The parts are given in pre-order, an aggregate before what is in it. Cells are gathered as they
//! come; of the bytes only where they stand. Both go into the reply's block at the end: each byte is
//! copied once, and a reply of any size takes as many allocations as its lists need to grow.

use super::block::{self, Block};
use super::kind::Kind;
use super::reply::{CellValue, Reply, ReplyRef};
use super::tree::Tree;

/// A reply's bytes together stay below this, so that an offset, which has their cells in between,
/// fits an `i64`.
const MOST_BYTES: usize = isize::MAX as usize / 2;

/// A reply in the making. Its parts are borrowed until it is finished.
///
/// The first part is the root. Where that is an array or a map, its elements follow, and elements of
/// elements behind each.
pub struct Builder<'a> {
    tree: Tree,
    /// The bytes of the cells that have some, in their order.
    strings: Vec<&'a [u8]>,
    /// What they take in the block, a NUL behind each; and one in front of all, since 0 as an offset
    /// stands for none.
    length: usize,
    /// A part was one too many, or larger than a reply can be.
    refused: bool,
}

impl Default for Builder<'_> {
    fn default() -> Self {
        Self::with_room(0)
    }
}

impl<'a> Builder<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, but memory for so many elements, those of elements counted with them.
    pub fn with_room(elements: usize) -> Self {
        let mut builder =
            Self { tree: Tree::new(), strings: Vec::new(), length: 1, refused: false };
        builder.reserve(elements);
        builder
    }

    fn reserve(&mut self, elements: usize) {
        self.tree.cells.reserve(elements);
        self.strings.reserve(elements);
    }

    /// An Integer.
    pub fn integer(&mut self, integer: i64) {
        self.value(Kind::Integer, CellValue { integer });
    }

    /// A Boolean.
    pub fn boolean(&mut self, boolean: bool) {
        self.value(Kind::Boolean, CellValue { integer: i64::from(boolean) });
    }

    /// A Nil.
    pub fn nil(&mut self) {
        self.value(Kind::Nil, CellValue { integer: 0 });
    }

    /// A Status, such as "OK".
    pub fn status(&mut self, status: &'a str) {
        self.text(Kind::Status, status.as_bytes());
    }

    /// An Error: its code, a blank and its text.
    pub fn error(&mut self, error: &'a [u8]) {
        self.text(Kind::Error, error);
    }

    /// A String.
    pub fn bytes(&mut self, bytes: &'a [u8]) {
        self.text(Kind::String, bytes);
    }

    /// An Array, whose `count` elements come next.
    pub fn array(&mut self, count: usize) {
        self.open(Kind::Array, count as u64);
    }

    /// A Set, whose `count` elements come next.
    pub fn set(&mut self, count: usize) {
        self.open(Kind::Set, count as u64);
    }

    /// A Map, whose `pairs` keys and values come next, in turn.
    pub fn map(&mut self, pairs: usize) {
        self.open(Kind::Map, (pairs as u64).saturating_mul(2));
    }

    /// A reply, or a part of one, with all that is in it. Attributes are left out: they belong to the
    /// reply that a server gave.
    pub fn copy(&mut self, part: ReplyRef<'a>) {
        let elements = part.pre_order();
        self.reserve(elements.len());
        for element in elements {
            let kind = element.kind();
            if let Some(bytes) = element.bytes() {
                self.text(kind, bytes);
            } else if kind.has_elements() {
                self.open(kind, element.count() as u64);
            } else if let Some(number) = element.double() {
                self.value(kind, CellValue { number });
            } else {
                let boolean = element.boolean().map(i64::from);
                let integer = element.integer().or(boolean).unwrap_or(0);
                self.value(kind, CellValue { integer });
            }
        }
    }

    /// An aggregate, whose `count` elements come next: of a Map twice its pairs.
    fn open(&mut self, kind: Kind, count: u64) {
        if self.takes() {
            self.refused |= self.tree.open(kind, count).is_err();
            self.close();
        }
    }

    fn text(&mut self, kind: Kind, bytes: &'a [u8]) {
        let length = self.length.saturating_add(bytes.len()).saturating_add(1);
        self.refused |= length > MOST_BYTES;
        if self.takes() {
            self.tree.push(kind, CellValue { length: bytes.len() as u64 }, self.length);
            self.strings.push(bytes);
            self.length = length;
            self.close();
        }
    }

    fn value(&mut self, kind: Kind, value: CellValue) {
        if self.takes() {
            self.tree.push(kind, value, 0);
            self.close();
        }
    }

    /// True if another part has a place. None has behind a complete reply.
    fn takes(&mut self) -> bool {
        self.refused |= self.tree.remaining == 0;
        !self.refused
    }

    /// Ends each aggregate that has all its elements.
    fn close(&mut self) {
        self.refused |= self.tree.close().is_err();
    }

    /// The reply. None where parts are missing or were too many, or took more than a reply holds:
    /// 2³² elements.
    pub fn finish(mut self) -> Option<Reply> {
        if self.refused || self.tree.remaining != 0 {
            return None;
        }
        if let Some(cell) = self.tree.finish() {
            return Some(block::scalar(
                cell,
                self.strings.first().copied().unwrap_or_default(),
                None,
            ));
        }
        let strings = self.strings;
        Some(self.tree.with_parts(|parts| {
            let mut block = Block::with_gap(parts.cells.len(), self.length);
            block.append(b"\0");
            for string in &strings {
                block.append(string);
                block.append(b"\0");
            }
            block.seal(parts)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_bytes_than_an_offset_reaches() {
        let mut builder = Builder::new();
        builder.array(2);
        builder.length = MOST_BYTES - 2;
        builder.bytes(b"x");
        assert!(!builder.refused);
        builder.bytes(b"");
        assert!(builder.refused && builder.finish().is_none());
    }
}
