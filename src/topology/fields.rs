//! Single fields of a topology answer, checked.

use std::net::Ipv6Addr;

use crate::resp::{Kind, ReplyRef};
use crate::slot::SLOT_COUNT;

/// What is wrong with an answer. The text names the field, never its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed(pub &'static str);

/// What a part of an answer gives, or why the whole answer is refused.
pub(super) type Parsed<T> = Result<T, Malformed>;

/// Longest text taken for a host, an id or a zone (DNS allows 253 bytes).
const LONGEST_TEXT: usize = 255;

/// The elements of an array or, key and value in turn, of a map: RESP2 writes as a flat array what
/// RESP3 writes as a map.
pub(super) fn elements<'a>(
    part: Option<ReplyRef<'a>>,
    otherwise: &'static str,
) -> Parsed<impl Iterator<Item = ReplyRef<'a>> + use<'a>> {
    match part {
        Some(part) if matches!(part.kind(), Kind::Array | Kind::Map | Kind::Set) => {
            Ok(part.children())
        }
        _ => Err(Malformed(otherwise)),
    }
}

/// The bytes of a string; NIL is empty.
#[inline]
pub(super) fn bytes<'a>(part: Option<ReplyRef<'a>>, otherwise: &'static str) -> Parsed<&'a [u8]> {
    let Some(part) = part else { return Err(Malformed(otherwise)) };
    match part.kind() {
        Kind::String | Kind::Status | Kind::Verbatim => part.bytes().ok_or(Malformed(otherwise)),
        Kind::Nil => Ok(b""),
        _ => Err(Malformed(otherwise)),
    }
}

/// Slot numbers of one range, both inclusive.
#[inline]
pub(super) fn range(start: Option<i64>, end: Option<i64>) -> Parsed<(u16, u16)> {
    let last = i64::from(SLOT_COUNT) - 1;
    match (start, end) {
        (Some(start), Some(end)) if 0 <= start && start <= end && end <= last => {
            Ok((start as u16, end as u16))
        }
        (Some(start), Some(end)) if start > end && start <= last && end >= 0 => {
            Err(Malformed("a slot range ends before it starts"))
        }
        _ => Err(Malformed("a slot is no number from 0 to 16383")),
    }
}

/// A port; 0 where a node has none of this kind.
pub(super) fn port(number: Option<i64>) -> Parsed<u16> {
    number
        .and_then(|number| u16::try_from(number).ok())
        .ok_or(Malformed("a port is no number from 0 to 65535"))
}

/// Plain text of reasonable length: an id, a zone.
pub(super) fn text<'a>(bytes: &'a [u8], otherwise: &'static str) -> Parsed<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text)
            if text.len() <= LONGEST_TEXT
                && (text.bytes().all(|byte| byte.is_ascii_graphic())
                    || !text.chars().any(|c| c.is_control() || c.is_whitespace())) =>
        {
            Ok(text)
        }
        _ => Err(Malformed(otherwise)),
    }
}

/// A host: a name, an address, empty or "?".
pub(super) fn host(bytes: &[u8]) -> Parsed<&str> {
    const OTHERWISE: &str = "a host is neither a name nor an address";
    let host = text(bytes, OTHERWISE)?;
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bracketed.unwrap_or(host);
    let is_v6 = || bare.parse::<Ipv6Addr>().is_ok();
    if (bracketed.is_some() || bare.contains([':', '[', ']'])) && !is_v6() {
        return Err(Malformed(OTHERWISE));
    }
    Ok(host)
}

/// A number in decimal digits.
pub(super) fn number(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [b'0'..=b'9', ..] => text.parse().ok(),
        _ => None,
    }
}
