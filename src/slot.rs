//! Hash slots: which of the cluster's 16384 slots a key lives in.

/// How many hash slots a cluster has (Redis Cluster specification, "Key distribution model").
pub const SLOT_COUNT: u16 = 16384;

/// The hash slot of a key: CRC16 (XMODEM) of the key modulo 16384.
///
/// If the key holds a `{` and a later `}` with at least one byte between the first `{` and the first
/// `}` after it, only those bytes count, so that related keys can share a slot (Redis Cluster
/// specification, "Hash tags").
#[inline]
pub fn key_slot(key: &[u8]) -> u16 {
    crc(hash_tag(key)) % SLOT_COUNT
}

/// By how many zero bytes follow it: the CRC of each byte.
static TABLES: [[u16; 256]; 4] = tables();

const fn tables() -> [[u16; 256]; 4] {
    /// x¹⁶ + x¹² + x⁵ + 1, as the specification has it.
    const POLYNOMIAL: u16 = 0x1021;
    let mut tables = [[0; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= POLYNOMIAL;
            }
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 4 {
        byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before << 8) ^ tables[0][(before >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// CRC16 (XMODEM), four bytes at a time: a third of the instructions of a byte at a time, and every command
/// with a key pays them.
#[inline]
fn crc(bytes: &[u8]) -> u16 {
    let of = |zeros: usize, byte: u8| TABLES[zeros][usize::from(byte)];
    let mut crc = 0_u16;
    let mut fours = bytes.chunks_exact(4);
    for four in fours.by_ref() {
        let &[a, b, c, d] = four.first_chunk().unwrap_or(&[0; 4]);
        let [high, low] = crc.to_be_bytes();
        crc = of(3, a ^ high) ^ of(2, b ^ low) ^ of(1, c) ^ of(0, d);
    }
    for &byte in fours.remainder() {
        let [high, _] = crc.to_be_bytes();
        crc = (crc << 8) ^ of(0, byte ^ high);
    }
    crc
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
        assert_eq!(crc(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"123456789"), 0x31C3 % SLOT_COUNT);
    }

    #[test]
    fn the_crc_is_that_of_a_library() {
        let mut random = fastrand::Rng::with_seed(7);
        for length in (0..64).chain([1000, 65_537]) {
            let mut bytes = vec![0; length];
            random.fill(&mut bytes);
            assert_eq!(crc(&bytes), crc16::State::<crc16::XMODEM>::calculate(&bytes), "{length}");
        }
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
