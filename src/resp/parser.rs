//! Finds the cells of a reply in its bytes, as they come.
//!
//! The parser remembers where it stands, and no element is parsed twice. Nothing is reserved because a
//! count was declared. It works in place: the CR behind each string becomes the string's NUL.

use super::block::Parts;
use super::decode::Limits;
use super::decode_error::{DecodeError, bad_length, protocol, unknown_type};
use super::kind::Kind;
use super::number::{self, Length};
use super::reply::{Cell, CellValue};
use super::tree::{self, Tree};

/// A line longer than this has no end.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// The shortest element there is, `_\r\n`: so many bytes a declared element still takes.
const SHORTEST: u64 = 3;

/// The reply in progress.
pub(super) struct Parser {
    pub(super) limits: Limits,
    /// Bytes parsed.
    position: usize,
    /// No line ends before here.
    pub(super) scanned: usize,
    /// Where the bulk ends that has not arrived whole; 0 if that is not what is missing.
    pub(super) awaited: usize,
    /// Behind the last string's NUL: what comes after it need not be kept.
    kept: usize,
    tree: Tree,
}

impl Parser {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, position: 0, scanned: 0, awaited: 0, kept: 0, tree: Tree::new() }
    }

    /// Bytes of the reply parsed so far; all of them once it is complete.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Where the bulk ends that the parser waits for, CRLF included.
    pub(super) fn awaited(&self) -> Option<usize> {
        (self.awaited > 0).then_some(self.awaited)
    }

    /// Bytes of the scratch memory.
    pub(super) fn reserved(&self) -> usize {
        self.tree.reserved()
    }

    /// Cells so far, and elements still declared.
    pub(super) fn extent(&self) -> (usize, u64) {
        self.tree.extent()
    }

    /// Goes on with the reply that `bytes` begins. True: it is complete.
    #[inline]
    pub(super) fn parse(&mut self, bytes: &mut [u8]) -> Result<bool, DecodeError> {
        self.awaited = 0;
        // The most frequent reply is one string or integer, and needs no more than this.
        self.plain_elements(bytes);
        if self.tree.remaining == 0
            && self.tree.depth() == 0
            && self.position <= self.limits.max_reply_size
        {
            return Ok(true);
        }
        self.parse_on(bytes)
    }

    #[inline(never)]
    fn parse_on(&mut self, bytes: &mut [u8]) -> Result<bool, DecodeError> {
        loop {
            // `close` comes before the next element: the strings may have been the last ones.
            if self.tree.remaining == 0 && self.tree.close()? {
                if self.position > self.limits.max_reply_size {
                    return Err(self.too_large());
                }
                return Ok(true);
            }
            let Some(&marker) = bytes.get(self.position) else { break };
            let end = match marker {
                b'$' => self.bulk(bytes, Kind::String)?,
                b':' => self.integer(bytes)?,
                b'+' => self.line_of_text(bytes, Kind::Status)?,
                b'*' => self.aggregate(bytes, Kind::Array)?,
                b'-' => self.line_of_text(bytes, Kind::Error)?,
                b'%' => self.aggregate(bytes, Kind::Map)?,
                b'~' => self.aggregate(bytes, Kind::Set)?,
                b'>' => self.aggregate(bytes, Kind::Push)?,
                b'|' => self.attributes(bytes)?,
                b'!' => self.bulk(bytes, Kind::Error)?,
                b'=' => self.bulk(bytes, Kind::Verbatim)?,
                b'_' | b'#' | b',' | b'(' => self.line_of_value(bytes, marker)?,
                _ => return Err(unknown_type()),
            };
            match end {
                Some(end) => self.position = end,
                None => break,
            }
            self.plain_elements(bytes);
        }
        // All these bytes are the reply's: it is not complete.
        if bytes.len() > self.limits.max_reply_size {
            return Err(self.too_large());
        }
        Ok(false)
    }

    /// Strings and integers that have arrived whole, as many as there are in a row: what most replies
    /// are made of, so this loop keeps its state in registers. All else is left to the general path.
    /// The size needs no look here: what has arrived beyond the limit is refused by the caller.
    #[inline(always)]
    fn plain_elements(&mut self, bytes: &mut [u8]) {
        if self.tree.has_pending() {
            return;
        }
        let mut position = self.position;
        let mut remaining = self.tree.remaining;
        let mut kept = self.kept;
        while remaining > 0 {
            let Some(rest) = bytes.get_mut(position..) else { break };
            let (length, start) = match number::short_bulk(rest) {
                Some(length) => (length, number::SHORT_HEADER),
                None => match (rest.first(), number::plain(rest, 1)) {
                    (Some(b'$'), Some(found)) => found,
                    (Some(b':'), Some((integer, end))) => {
                        let value = CellValue { integer: integer as i64 };
                        self.tree.cells.push(tree::scalar(Kind::Integer, value, 0, remaining));
                        remaining -= 1;
                        position += end;
                        continue;
                    }
                    _ => break,
                },
            };
            let Some(tail) = rest.get_mut(start + length..) else { break };
            let Some(tail) = tail.first_chunk_mut::<2>().filter(|tail| **tail == *b"\r\n") else {
                break;
            };
            tail[0] = 0;
            let value = CellValue { length: length as u64 };
            self.tree.cells.push(tree::scalar(Kind::String, value, position + start, remaining));
            remaining -= 1;
            position += start + length + 2;
            kept = position - 1;
        }
        self.position = position;
        self.tree.remaining = remaining;
        self.kept = kept;
    }

    /// `$6\r\nstring\r\n`, and blob errors and verbatim strings alike.
    fn bulk(&mut self, bytes: &mut [u8], kind: Kind) -> Result<Option<usize>, DecodeError> {
        let (length, start) = match number::plain(bytes, self.position + 1) {
            Some(found) => found,
            None => match self.length(bytes)? {
                None => return Ok(None),
                Some((Length::Of(length), start)) => {
                    (usize::try_from(length).unwrap_or(usize::MAX), start)
                }
                Some((Length::Nil, end)) if kind == Kind::String => {
                    self.tree.push(Kind::Nil, CellValue { integer: 0 }, 0);
                    return Ok(Some(end));
                }
                Some((Length::Nil, _)) => return Err(bad_length()),
            },
        };
        let most = self.limits.max_reply_size;
        if length > most || start + 2 > most - length {
            return Err(self.too_large());
        }
        let end = start + length;
        let Some(tail) = bytes.get_mut(end..).and_then(<[u8]>::first_chunk_mut::<2>) else {
            self.awaited = end + 2;
            return Ok(None);
        };
        if *tail != *b"\r\n" {
            return Err(protocol("a bulk string does not end in CRLF"));
        }
        tail[0] = 0;
        self.kept = end + 1;
        if kind == Kind::Verbatim {
            if length < 4 || bytes.get(start + 3) != Some(&b':') {
                return Err(protocol("a verbatim string does not begin with its format"));
            }
            self.tree.push(kind, CellValue { length: length as u64 - 4 }, start + 4);
        } else {
            self.tree.push(kind, CellValue { length: length as u64 }, start);
        }
        Ok(Some(end + 2))
    }

    #[inline]
    fn integer(&mut self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let start = self.position + 1;
        let (integer, end) = match number::plain(bytes, start) {
            Some((number, end)) => (number as i64, end),
            None => {
                let Some(end) = self.line(bytes)? else { return Ok(None) };
                let integer = bytes.get(start..end).and_then(number::integer);
                (integer.ok_or_else(|| protocol("an integer is no 64-bit number"))?, end + 2)
            }
        };
        self.tree.push(Kind::Integer, CellValue { integer }, 0);
        Ok(Some(end))
    }

    fn line_of_text(&mut self, bytes: &mut [u8], kind: Kind) -> Result<Option<usize>, DecodeError> {
        let start = self.position + 1;
        let Some(end) = self.line(bytes)? else { return Ok(None) };
        if let Some(cr) = bytes.get_mut(end) {
            *cr = 0;
        }
        self.kept = end + 1;
        self.tree.push(kind, CellValue { length: (end - start) as u64 }, start);
        Ok(Some(end + 2))
    }

    /// Nil, boolean, double, big number.
    fn line_of_value(
        &mut self,
        bytes: &mut [u8],
        marker: u8,
    ) -> Result<Option<usize>, DecodeError> {
        let start = self.position + 1;
        let Some(end) = self.line(bytes)? else { return Ok(None) };
        let text = bytes.get(start..end).unwrap_or_default();
        match marker {
            b'(' => {
                if !number::is_big_number(text) {
                    return Err(protocol("a big number has other characters than digits"));
                }
                return self.line_of_text(bytes, Kind::BigNumber);
            }
            b',' => {
                let number = number::double(text).ok_or_else(|| protocol("a double is no number"));
                self.tree.push(Kind::Double, CellValue { number: number? }, 0);
            }
            b'#' => {
                let integer = match text {
                    b"t" => 1,
                    b"f" => 0,
                    _ => return Err(protocol("a boolean is neither t nor f")),
                };
                self.tree.push(Kind::Boolean, CellValue { integer }, 0);
            }
            _ if text.is_empty() => self.tree.push(Kind::Nil, CellValue { integer: 0 }, 0),
            _ => return Err(protocol("a nil has content")),
        }
        Ok(Some(end + 2))
    }

    fn aggregate(&mut self, bytes: &[u8], kind: Kind) -> Result<Option<usize>, DecodeError> {
        let Some((length, end)) = self.count(bytes)? else { return Ok(None) };
        match length {
            Length::Nil if kind == Kind::Array => {
                self.tree.push(Kind::Nil, CellValue { integer: 0 }, 0);
            }
            Length::Nil => return Err(bad_length()),
            Length::Of(count) => {
                let count = self.elements(kind, count, end)?;
                self.tree.open(kind, count)?;
            }
        }
        Ok(Some(end))
    }

    /// `|1\r\n…`: a map that belongs to the element behind it and counts as none itself.
    #[cold]
    fn attributes(&mut self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Some((length, end)) = self.count(bytes)? else { return Ok(None) };
        let Length::Of(pairs) = length else { return Err(bad_length()) };
        let count = self.elements(Kind::Map, pairs, end)?;
        self.tree.open_attributes(count)?;
        Ok(Some(end))
    }

    /// The number of elements of an aggregate, with all limits applied.
    fn elements(&self, kind: Kind, length: u64, end: usize) -> Result<u64, DecodeError> {
        if self.tree.depth() >= self.limits.max_reply_depth {
            return Err(DecodeError::Limit(format!(
                "a reply is nested deeper than max_reply_depth ({}): raise it if the server is \
                 trusted",
                self.limits.max_reply_depth
            )));
        }
        let count = length.saturating_mul(if kind == Kind::Map { 2 } else { 1 });
        if count.saturating_mul(SHORTEST).saturating_add(end as u64)
            > self.limits.max_reply_size as u64
        {
            return Err(self.too_large());
        }
        Ok(count)
    }

    /// The length behind a type's marker, and where its line ends. None: not here yet.
    #[cold]
    fn length(&mut self, bytes: &[u8]) -> Result<Option<(Length, usize)>, DecodeError> {
        let start = self.position + 1;
        let Some(end) = self.line(bytes)? else { return Ok(None) };
        let text = bytes.get(start..end).unwrap_or_default();
        if text == b"?" {
            return Err(protocol(
                "a streamed string or aggregate (length \"?\"), which no server sends unasked",
            ));
        }
        number::length(text).map(|length| Some((length, end + 2))).ok_or_else(bad_length)
    }

    #[inline]
    fn count(&mut self, bytes: &[u8]) -> Result<Option<(Length, usize)>, DecodeError> {
        match number::plain(bytes, self.position + 1) {
            Some((count, end)) => Ok(Some((Length::Of(count as u64), end))),
            None => self.length(bytes),
        }
    }

    /// Where the CR of this line stands. None: the line has not arrived whole. What was looked
    /// through once is not looked through again.
    fn line(&mut self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let start = self.position + 1;
        let from = self.scanned.max(start).min(bytes.len());
        let rest = bytes.get(from..).unwrap_or_default();
        let end = from + rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
        if end - start > MAX_LINE {
            return Err(DecodeError::Limit(format!(
                "a line of the reply is longer than {MAX_LINE} bytes: this is no Redis server, or \
                 the connection lost its place"
            )));
        }
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => Ok(Some(end)),
            (None, _) | (Some(b'\r'), None) => {
                self.scanned = end;
                Ok(None)
            }
            _ => Err(protocol("a line does not end in CRLF")),
        }
    }

    /// Hands over the complete reply's parts, and how many of its bytes they need.
    pub(super) fn with_parts<T>(&self, make: impl FnOnce(&Parts<'_>, usize) -> T) -> T {
        self.tree.with_parts(|parts| make(parts, self.kept))
    }

    /// Marks the root, and gives it alone if it is the whole reply.
    #[inline]
    pub(super) fn finish(&mut self) -> Option<Cell> {
        self.tree.finish()
    }

    /// Ready for the next reply.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.position = 0;
        self.scanned = 0;
        self.awaited = 0;
        self.kept = 0;
        self.tree.clear();
    }

    /// Gives scratch memory beyond `ordinary` cells back.
    pub(super) fn shrink(&mut self, ordinary: usize) {
        self.tree.shrink(ordinary);
    }

    #[cold]
    fn too_large(&self) -> DecodeError {
        DecodeError::Limit(format!(
            "a reply is larger than max_reply_size ({} bytes): raise it or ask for less at a time",
            self.limits.max_reply_size
        ))
    }
}
