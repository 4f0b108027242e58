//! Hash slots: which of the cluster's 16384 slots a key lives in.

use crc16::{State, XMODEM};

/// How many hash slots a cluster has (Redis Cluster specification, "Key distribution model").
pub const SLOT_COUNT: u16 = 16384;

/// The hash slot of a key: CRC16 (XMODEM) of the key modulo 16384.
///
/// If the key holds a `{` and a later `}` with at least one byte between the first `{` and the first
/// `}` after it, only those bytes count, so that related keys can share a slot (Redis Cluster
/// specification, "Hash tags").
pub fn key_slot(key: &[u8]) -> u16 {
    State::<XMODEM>::calculate(hash_tag(key)) % SLOT_COUNT
}

fn hash_tag(key: &[u8]) -> &[u8] {
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
