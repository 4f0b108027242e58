//! A small RESP: values, their encoding, and reading them from bytes.

use std::fmt;

/// One RESP value, as a test wants to see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `$-1`, `*-1` or `_`.
    Nil,
    /// `+OK`.
    Simple(Vec<u8>),
    /// `-ERR …`.
    Error(Vec<u8>),
    /// `:1`.
    Integer(i64),
    /// `$3` and its bytes; also verbatim strings, doubles and big numbers, as text.
    Bulk(Vec<u8>),
    /// `#t` and `#f`.
    Boolean(bool),
    /// `*`, and also `~` (a set).
    Array(Vec<Value>),
    /// `%`, as pairs.
    Map(Vec<(Value, Value)>),
    /// `>`.
    Push(Vec<Value>),
}

impl Value {
    /// A bulk string.
    pub fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(bytes.as_ref().to_vec())
    }

    /// Appends the value in the given protocol (2 or 3). In RESP2 a map is a flat array, a boolean
    /// an integer, and nil a null bulk; a push is a push in both.
    pub fn encode(&self, protocol: u8, out: &mut Vec<u8>) {
        let head = |out: &mut Vec<u8>, mark: u8, number: i64| {
            out.push(mark);
            out.extend_from_slice(number.to_string().as_bytes());
            out.extend_from_slice(b"\r\n");
        };
        match self {
            Self::Nil if protocol == 3 => out.extend_from_slice(b"_\r\n"),
            Self::Nil => out.extend_from_slice(b"$-1\r\n"),
            Self::Simple(text) | Self::Error(text) => {
                out.push(if matches!(self, Self::Simple(_)) { b'+' } else { b'-' });
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Self::Integer(number) => head(out, b':', *number),
            Self::Boolean(value) if protocol == 3 => {
                out.extend_from_slice(if *value { b"#t\r\n" } else { b"#f\r\n" });
            }
            Self::Boolean(value) => head(out, b':', i64::from(*value)),
            Self::Bulk(bytes) => {
                head(out, b'$', bytes.len() as i64);
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
            Self::Array(items) | Self::Push(items) => {
                let mark = if matches!(self, Self::Push(_)) { b'>' } else { b'*' };
                head(out, mark, items.len() as i64);
                items.iter().for_each(|item| item.encode(protocol, out));
            }
            Self::Map(pairs) => {
                if protocol == 3 {
                    head(out, b'%', pairs.len() as i64);
                } else {
                    head(out, b'*', 2 * pairs.len() as i64);
                }
                for (key, value) in pairs {
                    key.encode(protocol, out);
                    value.encode(protocol, out);
                }
            }
        }
    }

    /// The bytes of a string, status or error as text; empty for the rest.
    pub fn text(&self) -> String {
        match self {
            Self::Simple(bytes) | Self::Error(bytes) | Self::Bulk(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => String::new(),
        }
    }

    /// The elements of an array or push; none for the rest.
    pub fn items(&self) -> &[Value] {
        match self {
            Self::Array(items) | Self::Push(items) => items,
            _ => &[],
        }
    }
}

impl fmt::Display for Value {
    /// One line, for people: strings quoted, arrays in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Value]| -> fmt::Result {
            for (i, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if i > 0 { " " } else { "" })?;
            }
            Ok(())
        };
        match self {
            Self::Nil => write!(f, "nil"),
            Self::Simple(text) => write!(f, "{}", String::from_utf8_lossy(text)),
            Self::Error(text) => write!(f, "-{}", String::from_utf8_lossy(text)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Bulk(bytes) => write!(f, "{}", quote(bytes)),
            Self::Array(items) | Self::Push(items) => {
                write!(f, "{}", if matches!(self, Self::Push(_)) { ">[" } else { "[" })?;
                list(f, items)?;
                write!(f, "]")
            }
            Self::Map(pairs) => {
                write!(f, "{{")?;
                for (i, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key} {value}", if i > 0 { " " } else { "" })?;
                }
                write!(f, "}}")
            }
        }
    }
}

/// Bytes as a word of a script or a log: bare when plain, else in double quotes with C escapes.
pub fn quote(bytes: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b';' | b'#');
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte as char]),
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(byte as char),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// A command as an array of bulk strings.
pub fn encode_command<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut out = Vec::new();
    Value::Array(args.iter().map(Value::bulk).collect()).encode(2, &mut out);
    out
}

/// Reads one value from the front of `bytes`: it and how many bytes it took, `None` while it is not
/// all there. The nesting of what real servers send is small, so this recurses.
pub fn decode(bytes: &[u8]) -> Result<Option<(Value, usize)>, String> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let Some((&mark, text)) = bytes[..end].split_first() else {
        return Err("an empty line where a value begins".into());
    };
    let mut at = end + 2;
    let number = || -> Result<i64, String> {
        let text = String::from_utf8_lossy(text);
        text.parse().map_err(|_| format!("\"{text}\" is no number"))
    };
    let value = match mark {
        b'+' => Value::Simple(text.to_vec()),
        b'-' => Value::Error(text.to_vec()),
        b':' => Value::Integer(number()?),
        b'_' => Value::Nil,
        b'#' => Value::Boolean(text == b"t"),
        b',' | b'(' => Value::Bulk(text.to_vec()),
        b'$' | b'=' | b'!' => match number()? {
            length @ 0.. => {
                let stop = at + length as usize;
                if bytes.len() < stop + 2 {
                    return Ok(None);
                }
                let body = bytes[at..stop].to_vec();
                at = stop + 2;
                if mark == b'!' { Value::Error(body) } else { Value::Bulk(body) }
            }
            _ => Value::Nil,
        },
        b'*' | b'~' | b'>' | b'%' => {
            let count = number()?;
            if count < 0 {
                return Ok(Some((Value::Nil, at)));
            }
            let mut items = Vec::new();
            for _ in 0..if mark == b'%' { 2 * count } else { count } {
                let Some((item, used)) = decode(&bytes[at..])? else { return Ok(None) };
                items.push(item);
                at += used;
            }
            match mark {
                b'>' => Value::Push(items),
                b'%' => {
                    let mut rest = items.into_iter();
                    let mut pairs = Vec::new();
                    while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
                        pairs.push((key, value));
                    }
                    Value::Map(pairs)
                }
                _ => Value::Array(items),
            }
        }
        _ => return Err(format!("a value cannot begin with byte 0x{mark:02x}")),
    };
    Ok(Some((value, at)))
}

/// Reads one command: an array of bulk strings, or an inline line. Its arguments and its length.
#[allow(clippy::type_complexity)]
pub fn decode_command(bytes: &[u8]) -> Result<Option<(Vec<Vec<u8>>, usize)>, String> {
    if bytes.first() != Some(&b'*') {
        let Some(end) = bytes.iter().position(|&b| b == b'\n') else { return Ok(None) };
        let words = bytes[..end].split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty());
        return Ok(Some((words.map(<[u8]>::to_vec).collect(), end + 1)));
    }
    match decode(bytes)? {
        Some((Value::Array(items), used)) => {
            let args = items.into_iter().map(|item| match item {
                Value::Bulk(bytes) => Ok(bytes),
                _ => Err("a command holds something other than bulk strings".to_string()),
            });
            Ok(Some((args.collect::<Result<_, _>>()?, used)))
        }
        Some((_, used)) => Ok(Some((Vec::new(), used))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_at_any_split() {
        let value = Value::Array(vec![
            Value::Nil,
            Value::Simple(b"OK".to_vec()),
            Value::Error(b"ERR no".to_vec()),
            Value::Integer(-7),
            Value::bulk("a\r\nb"),
            Value::Boolean(true),
            Value::Map(vec![(Value::bulk("k"), Value::Array(vec![]))]),
        ]);
        let mut bytes = Vec::new();
        value.encode(3, &mut bytes);
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), Ok(None), "{cut}");
        }
        assert_eq!(decode(&bytes), Ok(Some((value, bytes.len()))));
    }

    #[test]
    fn commands_in_both_forms() {
        let args = vec![b"GET".to_vec(), b"k \n".to_vec()];
        let bytes = encode_command(&args);
        assert_eq!(decode_command(&bytes[..bytes.len() - 1]), Ok(None));
        assert_eq!(decode_command(&bytes), Ok(Some((args, bytes.len()))));
        let inline = Ok(Some((vec![b"PING".to_vec(), b"x".to_vec()], 8)));
        assert_eq!(decode_command(b"PING x\r\n"), inline);
        assert_eq!(quote(b"a b\x00\n"), "\"a b\\x00\\n\"");
    }
}
