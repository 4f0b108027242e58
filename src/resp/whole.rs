//! The quick ways of the parser: replies that are most of all there are, and have arrived whole.

use super::kind::Kind;
use super::number;
use super::parser::Parser;
use super::reply::{Cell, CellValue};
use super::tree;

/// So far the quick way looks for the end of a line.
const SHORT_LINE: usize = 32;

impl Parser {
    /// A string, status or integer that has arrived whole and is all of a reply, and how many bytes it took. None:
    /// something else, which [`Parser::parse`] sees to.
    #[inline(always)]
    pub(super) fn whole_scalar(&mut self, bytes: &[u8]) -> Option<(Cell, usize)> {
        let (length, start) = match number::short_bulk(bytes) {
            Some(length) => (length, number::SHORT_HEADER),
            None if bytes.first() == Some(&b'$') => number::plain(bytes, 1)?,
            None => return self.whole_line(bytes),
        };
        let end = start + length;
        let whole = *bytes.get(end..)?.first_chunk::<2>()? == *b"\r\n";
        let cell = tree::scalar(Kind::String, CellValue { length: length as u64 }, start, 1);
        if whole { self.whole(cell, end + 2) } else { None }
    }

    #[inline]
    fn whole_line(&mut self, bytes: &[u8]) -> Option<(Cell, usize)> {
        match *bytes.first()? {
            b'+' => {
                let line = bytes.get(1..SHORT_LINE.min(bytes.len()))?;
                let length = line.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
                let whole = *line.get(length..)?.first_chunk::<2>()? == *b"\r\n";
                let cell = tree::scalar(Kind::Status, CellValue { length: length as u64 }, 1, 1);
                if whole { self.whole(cell, length + 3) } else { None }
            }
            b':' => {
                let (integer, end) = number::plain(bytes, 1)?;
                let value = CellValue { integer: integer as i64 };
                self.whole(tree::scalar(Kind::Integer, value, 0, 1), end)
            }
            _ => None,
        }
    }

    /// An array of one string or nil that has arrived whole and is all of a reply: both cells, and how many bytes it
    /// took.
    pub(super) fn whole_list_of_one(&mut self, bytes: &[u8]) -> Option<([Cell; 2], usize)> {
        const HEADER: &[u8] = b"*1\r\n";
        const NIL: &[u8] = b"$-1\r\n";
        let behind = bytes.strip_prefix(HEADER)?;
        let (mut element, length) = if behind.starts_with(NIL) {
            let value = CellValue { integer: 0 };
            self.whole(tree::scalar(Kind::Nil, value, 0, 1), NIL.len())?
        } else {
            self.whole_scalar(behind).filter(|(cell, _)| cell.kind == Kind::String as u8)?
        };
        element.flags = Cell::LAST;
        if element.offset != 0 {
            element.offset += HEADER.len() as i64;
        }
        let length = HEADER.len() + length;
        let mut list = tree::scalar(Kind::Array, CellValue { count: 1 }, 0, 1);
        list.flags |= Cell::ROOT;
        list.span = 2;
        (length <= self.limits.max_reply_size && self.limits.max_reply_depth > 0)
            .then_some(([list, element], length))
    }

    #[inline(always)]
    fn whole(&mut self, mut cell: Cell, length: usize) -> Option<(Cell, usize)> {
        if length > self.limits.max_reply_size {
            return None;
        }
        cell.flags |= Cell::ROOT;
        // Its header may have come in pieces.
        self.scanned = 0;
        self.awaited = 0;
        Some((cell, length))
    }
}
