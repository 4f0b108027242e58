//! Numbers as RESP writes them.

/// Digits that fit any `i64` without a look at overflow.
const SAFE_DIGITS: usize = 18;

/// The fast path of every header: plain digits and CRLF, all of it received. Returns the number and
/// where the line ends. None where anything is out of the ordinary: the slow path then looks again.
#[inline]
pub(super) fn plain(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?;
    let mut number = 0;
    for (digits, &byte) in line.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let whole = byte == b'\r' && *line.get(digits + 1)? == b'\n';
            return (whole && digits > 0).then_some((number, at + digits + 2));
        }
        if digits == SAFE_DIGITS {
            return None;
        }
        number = number * 10 + usize::from(digit);
    }
    None
}

/// The most frequent header by far, `$` and two digits, in one load. Returns the length; the string
/// begins [`SHORT_HEADER`] bytes on.
#[inline(always)]
pub(super) fn short_bulk(bytes: &[u8]) -> Option<usize> {
    const FRAME: u64 = u64::from_le_bytes(*b"$\0\0\r\n\0\0\0");
    const MASK: u64 = u64::from_le_bytes([255, 0, 0, 255, 255, 0, 0, 0]);
    let header = u64::from_le_bytes(*bytes.first_chunk()?);
    let tens = (header >> 8 & 255).wrapping_sub(u64::from(b'0'));
    let ones = (header >> 16 & 255).wrapping_sub(u64::from(b'0'));
    let short = header & MASK == FRAME && tens <= 9 && ones <= 9;
    if short { Some((tens * 10 + ones) as usize) } else { None }
}

/// Bytes of the header that [`short_bulk`] reads.
pub(super) const SHORT_HEADER: usize = 5;

/// An integer: an optional sign and digits that fit an `i64`.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A declared length or count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Length {
    /// `-1`: there is nothing, not even an empty string or array.
    Nil,
    /// So many.
    Of(u64),
}

/// A length: `-1`, or digits alone.
pub(super) fn length(text: &[u8]) -> Option<Length> {
    if text == b"-1" {
        return Some(Length::Nil);
    }
    // Longer than any length, and it would be read again each time bytes of its bulk arrive.
    if text.len() > super::encode::MAX_DIGITS || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().map(Length::Of)
}

/// A double: `inf`, `-inf`, `nan` (`-nan` as some servers print it), or a decimal number.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    match text {
        b"inf" => Some(f64::INFINITY),
        b"-inf" => Some(f64::NEG_INFINITY),
        b"nan" | b"-nan" => Some(f64::NAN),
        _ => {
            let plain =
                |&b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
            if !text.iter().all(plain) {
                return None;
            }
            std::str::from_utf8(text).ok()?.parse().ok()
        }
    }
}

/// True for an optional sign and at least one digit.
pub(super) fn is_big_number(text: &[u8]) -> bool {
    let digits = match text {
        [b'-' | b'+', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines() {
        assert_eq!(plain(b"$64\r\n", 1), Some((64, 5)));
        assert_eq!(plain(b"0\r\n", 0), Some((0, 3)));
        assert_eq!(plain(b"999999999999999999\r\n", 0), Some((999_999_999_999_999_999, 20)));
        for other in [
            &b""[..],
            b"1",
            b"1\r",
            b"\r\n",
            b"-1\r\n",
            b"1\n",
            b"1x\r\n",
            b"1234567890123456789\r\n",
        ] {
            assert_eq!(plain(other, 0), None);
        }
        assert_eq!(plain(b"1", 5), None);
    }

    #[test]
    fn short_bulks() {
        assert_eq!(short_bulk(b"$64\r\nxxxxx"), Some(64));
        assert_eq!(short_bulk(b"$00\r\n\r\nx"), Some(0));
        for other in
            [&b"$64\r\nxx"[..], b"$6\r\nxxxxxxx", b"$644\r\nxxx", b"*64\r\nxxxxx", b"$6:\r\nxxxxx"]
        {
            assert_eq!(short_bulk(other), None);
        }
    }

    #[test]
    fn integers() {
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"+7"), Some(7));
        for bad in
            [&b""[..], b"-", b"+", b"9223372036854775808", b" 1", b"1 ", b"1.0", b"0x1", b"\xff"]
        {
            assert_eq!(integer(bad), None);
        }
    }

    #[test]
    fn lengths() {
        assert_eq!(length(b"-1"), Some(Length::Nil));
        assert_eq!(length(b"0"), Some(Length::Of(0)));
        assert_eq!(length(b"18446744073709551615"), Some(Length::Of(u64::MAX)));
        for bad in [&b""[..], b"-2", b"+1", b"?", b"18446744073709551616", b"000000000000000000001"]
        {
            assert_eq!(length(bad), None);
        }
    }

    #[test]
    fn doubles() {
        assert_eq!(double(b"3.25"), Some(3.25));
        assert_eq!(double(b"-1e-3"), Some(-0.001));
        assert_eq!(double(b"10"), Some(10.0));
        assert_eq!(double(b"inf"), Some(f64::INFINITY));
        assert_eq!(double(b"-inf"), Some(f64::NEG_INFINITY));
        assert!(double(b"nan").is_some_and(f64::is_nan));
        for bad in [&b""[..], b"infinity", b"NaN", b"1,5", b"e", b"1e", b" 1"] {
            assert_eq!(double(bad), None);
        }
    }

    #[test]
    fn big_numbers() {
        for good in [&b"1"[..], b"-349285739845723984572398457"] {
            assert!(is_big_number(good));
        }
        for bad in [&b""[..], b"-", b"1.0", b"--1"] {
            assert!(!is_big_number(bad));
        }
    }
}
