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

/// `$N` and CRLF of the lengths that nearly all arguments have, each in one load.
static SHORT: [[u8; 8]; 100] = {
    let mut headers = [[0; 8]; 100];
    let mut length = 0;
    while length < 100 {
        let (tens, ones) = (b'0' + (length / 10) as u8, b'0' + (length % 10) as u8);
        headers[length] = if length < 10 {
            [b'$', ones, b'\r', b'\n', 0, 0, 0, 0]
        } else {
            [b'$', tens, ones, b'\r', b'\n', 0, 0, 0]
        };
        length += 1;
    }
    headers
};

/// Appends the header of a bulk string: `$len\r\n`.
#[inline]
pub fn bulk_header(out: &mut Vec<u8>, length: usize) {
    match SHORT.get(length) {
        Some(header) => {
            let start = out.len();
            out.extend_from_slice(header);
            out.truncate(start + 4 + usize::from(length > 9));
        }
        None => number(out, b'$', length),
    }
}

/// Appends the header of a command: `*count\r\n`.
pub fn count(out: &mut Vec<u8>, count: usize) {
    number(out, b'*', count);
}

fn number(out: &mut Vec<u8>, marker: u8, number: usize) {
    out.push(marker);
    out.extend_from_slice(decimal(&mut [0; MAX_DIGITS], number as u64));
    out.extend_from_slice(b"\r\n");
}

/// Appends `bytes` as a bulk string: `$len\r\n…\r\n`.
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len().saturating_add(AROUND));
    bulk_inline(out, bytes);
}

/// The same, for a loop that is nothing else.
#[inline(always)]
pub fn bulk_inline(out: &mut Vec<u8>, bytes: &[u8]) {
    bulk_header(out, bytes.len());
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
