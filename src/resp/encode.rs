//! The encoder's primitives: decimal numbers and bulk strings.

/// The most digits a `u64` has.
pub const MAX_DIGITS: usize = 20;

/// The most bytes around those of a bulk string.
pub const AROUND: usize = 1 + MAX_DIGITS + 4;

/// Writes `number` right-aligned into `buffer` and returns the digits.
pub fn decimal(buffer: &mut [u8; MAX_DIGITS], number: u64) -> &[u8] {
    let mut rest = number;
    let mut start = MAX_DIGITS;
    for slot in buffer.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        start -= 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    &buffer[start..]
}

/// Appends `bytes` as a bulk string: `$len\r\n…\r\n`.
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len();
    out.reserve(length.saturating_add(AROUND));
    // Short lengths have a header of fixed size, which is stored at once instead of copied.
    let digit = |value: usize| b'0' + (value % 10) as u8;
    match length {
        0..=9 => out.extend_from_slice(&[b'$', digit(length), b'\r', b'\n']),
        10..=99 => {
            out.extend_from_slice(&[b'$', digit(length / 10), digit(length), b'\r', b'\n']);
        }
        _ => {
            out.push(b'$');
            out.extend_from_slice(decimal(&mut [0; MAX_DIGITS], length as u64));
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for number in [0, 1, 9, 10, 99, 100, 12_345, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(decimal(&mut [0; MAX_DIGITS], number), number.to_string().as_bytes());
        }
    }

    #[test]
    fn bulks_of_every_width() {
        for length in [0, 1, 9, 10, 64, 99, 100, 999, 1000, 70_000] {
            let bytes = vec![b'x'; length];
            let mut out = b"before".to_vec();
            bulk(&mut out, &bytes);
            let mut wanted = format!("before${length}\r\n").into_bytes();
            wanted.extend_from_slice(&bytes);
            wanted.extend_from_slice(b"\r\n");
            assert_eq!(out, wanted);
        }
    }
}
