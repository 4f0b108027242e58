//! Hash slots: which of the cluster's 16384 slots a key lives in.

use crc16::{State, XMODEM};

/// How many hash slots a cluster has (Redis Cluster specification, "Key distribution model").
pub const SLOT_COUNT: u16 = 16384;

/// The hash slot of a key: CRC16 (XMODEM) of the key modulo 16384.
///
/// If the key holds a `{` and a later `}` with at least one byte between the first `{` and the first
/// `}` after it, only those bytes count, so that related keys can share a slot (Redis Cluster
/// specification, "Hash tags").
#[inline]
pub fn key_slot(key: &[u8]) -> u16 {
    State::<XMODEM>::calculate(hash_tag(key)) % SLOT_COUNT
}

#[inline]
fn hash_tag(key: &[u8]) -> &[u8] {
    if has_brace(key) { between_braces(key) } else { key }
}

/// Whether there is a `{`: eight bytes at a time, for nearly no key has one.
#[inline]
fn has_brace(key: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let mut words = key.chunks_exact(8);
    let in_words = words.by_ref().any(|word| {
        let word = word.first_chunk().map_or(0, |word| u64::from_ne_bytes(*word));
        // The byte that is a brace is 0 here; only below a 0 does the subtraction borrow.
        let zero = word ^ (EACH * b'{' as u64);
        zero.wrapping_sub(EACH) & !zero & (EACH << 7) != 0
    });
    in_words || words.remainder().contains(&b'{')
}

#[cold]
fn between_braces(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else { return key };
    let rest = &key[open + 1..];
    match rest.iter().position(|&byte| byte == b'}') {
        Some(close) if close > 0 => &rest[..close],
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_check_value() {
        assert_eq!(State::<XMODEM>::calculate(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"123456789"), 0x31C3 % SLOT_COUNT);
    }

    #[test]
    fn a_brace_is_seen_at_every_place() {
        for length in 0..40 {
            let mut key = vec![b'z'; length];
            assert!(!has_brace(&key));
            for place in 0..length {
                for (byte, is_brace) in
                    [(b'{', true), (b'z', false), (b'|', false), (0xfb, false), (0, false)]
                {
                    key[place] = byte;
                    assert_eq!(has_brace(&key), is_brace, "{place} of {length}: {byte}");
                }
                key[place] = b'z';
            }
        }
    }

    #[test]
    fn hash_tags() {
        assert_eq!(key_slot(b"{user1000}.following"), key_slot(b"user1000"));
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(hash_tag(b"{}{a}"), b"{}{a}");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(hash_tag(b"foo{bar"), b"foo{bar");
        assert_eq!(hash_tag(b"}foo{a\0b}"), b"a\0b");
        assert_eq!(hash_tag(b""), b"");
    }
}
