//! A string that goes past the decoder: its header is read here, its bytes go where the caller says.
//!
//! From [`Decoder::begin_string`] on who takes it has to take all of it, and its end, before the next reply is asked for.

use std::mem::MaybeUninit;

use super::decode::{DecodeError, Decoder};
use super::decode_error::protocol;
use super::number;

/// What stands behind the bytes of a string.
pub const END: &[u8; 2] = b"\r\n";

impl Decoder {
    /// If the next reply is one string, and its header has arrived and nothing behind it was looked at: how long the
    /// string is. The header is taken. No limit but the caller's holds for it.
    pub fn begin_string(&mut self) -> Option<usize> {
        let bytes = self.untouched()?;
        if bytes.first() != Some(&b'$') {
            return None;
        }
        let (length, start) = number::plain(bytes, 1)?;
        self.pass(start);
        Some(length)
    }

    /// Puts as much of it as has arrived and there is room for into `room`, and gives how much that was.
    pub fn take_into(&mut self, room: &mut [MaybeUninit<u8>]) -> usize {
        let arrived = self.untouched().unwrap_or_default();
        let count = arrived.len().min(room.len());
        for (place, &byte) in room.iter_mut().zip(arrived) {
            place.write(byte);
        }
        self.pass(count);
        count
    }

    /// Drops as much of it as has arrived, at most so many bytes, and gives how many that were.
    pub fn drop_arrived(&mut self, most: usize) -> usize {
        let count = most.min(self.untouched().unwrap_or_default().len());
        self.pass(count);
        count
    }

    /// Takes its end. False: that has not arrived.
    ///
    /// # Errors
    /// PROTOCOL: something else stands there.
    pub fn take_end(&mut self) -> Result<bool, DecodeError> {
        let Some(end) = self.untouched().and_then(<[u8]>::first_chunk::<2>) else {
            return Ok(false);
        };
        check_end(end, 0)?;
        self.pass(END.len());
        Ok(true)
    }
}

/// Checks bytes that stand `at` bytes behind a string.
///
/// # Errors
/// PROTOCOL: they are not its end.
pub fn check_end(bytes: &[u8], at: usize) -> Result<(), DecodeError> {
    match END.get(at..) {
        Some(end) if end.starts_with(bytes) => Ok(()),
        _ => Err(protocol("a bulk string does not end in CRLF")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::Limits;
    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(Limits { max_reply_size: 20, max_reply_depth: 1 })
    }

    #[test]
    fn a_string_is_taken_in_pieces_and_the_next_reply_follows() {
        let mut decoder = decoder();
        decoder.feed(b"$1");
        assert_eq!(decoder.begin_string(), None);
        assert!(decoder.next().unwrap().is_none());
        decoder.feed(b"2\r\nhello ");
        assert_eq!(decoder.begin_string(), Some(12));
        let mut room = [MaybeUninit::new(0); 12];
        assert_eq!(decoder.take_into(&mut room), 6);
        assert!(!decoder.take_end().unwrap());
        decoder.feed(b"world!\r\n+OK\r\n");
        assert_eq!(decoder.take_into(&mut room[6..9]), 3);
        assert_eq!(decoder.drop_arrived(3), 3);
        assert!(decoder.take_end().unwrap());
        assert_eq!(decoder.next().unwrap().unwrap().root().text(), Some("OK"));
        assert!(decoder.is_empty());
    }

    #[test]
    fn what_is_no_string_is_the_decoders() {
        for other in ["$-1\r\n", ":5\r\n", "-ERR no\r\n", "*1\r\n$1\r\nx\r\n", "$0x\r\n", ""] {
            let mut decoder = decoder();
            decoder.feed(other.as_bytes());
            assert_eq!(decoder.begin_string(), None, "{other}");
        }
        let mut decoder = decoder();
        decoder.feed(b"*1\r\n$1\r\n");
        assert!(decoder.next().unwrap().is_none());
        decoder.feed(b"$1\r\n");
        assert_eq!(decoder.begin_string(), None, "in the middle of an array");
    }

    #[test]
    fn an_end_is_crlf_however_it_comes() {
        let mut decoder = decoder();
        decoder.feed(b"$0\r\n\rx");
        assert_eq!(decoder.begin_string(), Some(0));
        assert!(decoder.take_end().is_err());
        assert!(check_end(b"\r\n", 0).is_ok() && check_end(b"\n", 1).is_ok());
        assert!(check_end(b"\r", 1).is_err() && check_end(b"\n", 0).is_err());
        assert!(check_end(b"", 2).is_ok() && check_end(b"x", 2).is_err());
    }
}
