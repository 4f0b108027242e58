//! A naive decoder to compare with: recursive, owned, everything by the definition.

#![allow(dead_code)] // each test program uses its own part

use rediscluster::resp::{Decoder, Kind, Limits, Reply, ReplyRef};

/// A reply as a tree.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Nil,
    String(Vec<u8>),
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    /// As bits: a NaN equals itself.
    Double(u64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    Verbatim(Vec<u8>),
    Aggregate(Kind, Vec<Value>),
    /// Attributes, and what they belong to.
    With(Vec<Value>, Box<Value>),
}

/// Why there is no value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stop {
    Incomplete,
    Wrong,
}

/// What a stream of bytes amounts to.
#[derive(PartialEq, Debug)]
pub struct Outcome {
    pub values: Vec<Value>,
    pub accepted: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    limits: Limits,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut attributes = None;
        loop {
            let marker = *self.bytes.get(self.at).ok_or(Stop::Incomplete)?;
            if !b"$:+-*%~>|!=_#,(".contains(&marker) {
                return Err(Stop::Wrong);
            }
            self.at += 1;
            let line = self.line()?;
            if marker == b'|' {
                attributes = Some(self.elements(&line, 2, depth)?);
                continue;
            }
            let value = self.after(marker, line, depth)?;
            return Ok(match attributes {
                Some(attributes) => Value::With(attributes, Box::new(value)),
                None => value,
            });
        }
    }

    fn after(&mut self, marker: u8, line: Vec<u8>, depth: usize) -> Result<Value, Stop> {
        let text = || std::str::from_utf8(&line).map_err(|_| Stop::Wrong);
        Ok(match marker {
            b'$' | b'*' if line == b"-1" => Value::Nil,
            b'$' => Value::String(self.string(&line)?),
            b'!' => Value::Error(self.string(&line)?),
            b'=' => {
                let string = self.string(&line)?;
                if string.len() < 4 || string[3] != b':' {
                    return Err(Stop::Wrong);
                }
                Value::Verbatim(string[4..].to_vec())
            }
            b'*' => Value::Aggregate(Kind::Array, self.elements(&line, 1, depth)?),
            b'~' => Value::Aggregate(Kind::Set, self.elements(&line, 1, depth)?),
            b'>' => Value::Aggregate(Kind::Push, self.elements(&line, 1, depth)?),
            b'%' => Value::Aggregate(Kind::Map, self.elements(&line, 2, depth)?),
            b'+' => Value::Status(line),
            b'-' => Value::Error(line),
            b':' => Value::Integer(text()?.parse().map_err(|_| Stop::Wrong)?),
            b'_' if line.is_empty() => Value::Nil,
            b'#' if line == b"t" => Value::Boolean(true),
            b'#' if line == b"f" => Value::Boolean(false),
            b',' => Value::Double(match text()? {
                "inf" => f64::INFINITY.to_bits(),
                "-inf" => f64::NEG_INFINITY.to_bits(),
                "nan" | "-nan" => f64::NAN.to_bits(),
                other if other.chars().any(|c| !"0123456789+-.eE".contains(c)) => {
                    return Err(Stop::Wrong);
                }
                other => other.parse::<f64>().map_err(|_| Stop::Wrong)?.to_bits(),
            }),
            b'(' => {
                let unsigned = text()?.strip_prefix(['-', '+']).unwrap_or(text()?);
                if unsigned.is_empty() || unsigned.chars().any(|c| !c.is_ascii_digit()) {
                    return Err(Stop::Wrong);
                }
                Value::BigNumber(line)
            }
            _ => return Err(Stop::Wrong),
        })
    }

    fn line(&mut self) -> Result<Vec<u8>, Stop> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| b"\r\n".contains(b)).unwrap_or(rest.len());
        if end > 64 * 1024 {
            return Err(Stop::Wrong);
        }
        match &rest[end..] {
            [] | [b'\r'] => Err(Stop::Incomplete),
            [b'\r', b'\n', ..] => {
                self.at += end + 2;
                Ok(rest[..end].to_vec())
            }
            _ => Err(Stop::Wrong),
        }
    }

    fn length(&self, line: &[u8]) -> Result<usize, Stop> {
        let digits = !line.is_empty() && line.len() <= 20 && line.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(line).map_err(|_| Stop::Wrong)?;
        if digits { text.parse().map_err(|_| Stop::Wrong) } else { Err(Stop::Wrong) }
    }

    fn string(&mut self, line: &[u8]) -> Result<Vec<u8>, Stop> {
        let length = self.length(line)?;
        if self.at as u128 + length as u128 + 2 > self.limits.max_reply_size as u128 {
            return Err(Stop::Wrong);
        }
        let end = self.at + length;
        let string = self.bytes.get(self.at..end + 2).ok_or(Stop::Incomplete)?;
        let string = string.strip_suffix(b"\r\n").ok_or(Stop::Wrong)?;
        self.at = end + 2;
        Ok(string.to_vec())
    }

    fn elements(&mut self, line: &[u8], each: u128, depth: usize) -> Result<Vec<Value>, Stop> {
        let count = self.length(line)? as u128 * each;
        if depth >= self.limits.max_reply_depth
            || self.at as u128 + 3 * count > self.limits.max_reply_size as u128
        {
            return Err(Stop::Wrong);
        }
        (0..count).map(|_| self.value(depth + 1)).collect()
    }
}

/// What the reference makes of `bytes`.
pub fn reference(bytes: &[u8], limits: Limits) -> Outcome {
    let mut values = Vec::new();
    let mut from = 0;
    loop {
        let rest = &bytes[from..];
        let mut reader = Reader { bytes: rest, at: 0, limits };
        match reader.value(0) {
            Ok(value) if reader.at <= limits.max_reply_size => {
                values.push(value);
                from += reader.at;
            }
            Err(Stop::Incomplete) if rest.len() <= limits.max_reply_size => {
                return Outcome { values, accepted: true };
            }
            _ => return Outcome { values, accepted: false },
        }
    }
}

/// What the decoder makes of `bytes`, received in pieces that end at `splits`.
pub fn decoded(bytes: &[u8], splits: impl IntoIterator<Item = usize>, limits: Limits) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut values = Vec::new();
    let mut from = 0;
    for to in splits.into_iter().chain([bytes.len()]) {
        let mut piece = &bytes[from..to];
        from = to;
        while !piece.is_empty() {
            receive(&mut decoder, &mut piece);
            loop {
                match decoder.next() {
                    Ok(Some(reply)) => values.push(value_of(&reply)),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(decoder.next().unwrap_err(), error);
                        return Outcome { values, accepted: false };
                    }
                }
            }
        }
    }
    Outcome { values, accepted: true }
}

/// Lets the decoder receive from `piece` as it would from a socket.
pub fn receive(decoder: &mut Decoder, piece: &mut &[u8]) -> usize {
    let source = *piece;
    let filled = decoder.fill(|space, _| {
        assert!(!space.is_empty());
        let count = space.len().min(source.len());
        Ok::<_, ()>(write(&mut space[..count], &source[..count]))
    });
    let count = filled.unwrap();
    *piece = &source[count..];
    count
}

/// Fills `space` with as many bytes.
#[allow(unsafe_code)]
pub fn write<'a>(space: &'a mut [std::mem::MaybeUninit<u8>], bytes: &[u8]) -> &'a mut [u8] {
    assert_eq!(space.len(), bytes.len());
    for (slot, byte) in space.iter_mut().zip(bytes) {
        slot.write(*byte);
    }
    // SAFETY: each byte of the space was written just now.
    unsafe { &mut *(std::ptr::from_mut(space) as *mut [u8]) }
}

/// A reply as a tree, read by every way there is, which must agree.
pub fn value_of(reply: &Reply) -> Value {
    let root = reply.root();
    assert!(root.is_root() && root.next().is_none());
    let (cells, size) = root.cells();
    assert!(size >= size_of_val(cells));
    value(root)
}

#[allow(unsafe_code)]
fn value(element: ReplyRef<'_>) -> Value {
    let bytes = || {
        let bytes = element.bytes().unwrap();
        // SAFETY: by the promise under test, a byte of the same block follows.
        assert_eq!(unsafe { *bytes.as_ptr().add(bytes.len()) }, 0, "a NUL follows the bytes");
        bytes.to_vec()
    };
    let plain = match element.kind() {
        Kind::Nil => Value::Nil,
        Kind::String => Value::String(bytes()),
        Kind::Status => Value::Status(bytes()),
        Kind::Error => Value::Error(bytes()),
        Kind::BigNumber => Value::BigNumber(bytes()),
        Kind::Verbatim => Value::Verbatim(bytes()),
        Kind::Integer => Value::Integer(element.integer().unwrap()),
        Kind::Double => Value::Double(element.double().unwrap().to_bits()),
        Kind::Boolean => Value::Boolean(element.boolean().unwrap()),
        kind => Value::Aggregate(kind, elements(element)),
    };
    match element.attributes() {
        Some(attributes) => {
            assert!(attributes.kind() == Kind::Map && !attributes.is_root());
            Value::With(elements(attributes), Box::new(plain))
        }
        None => plain,
    }
}

fn elements(aggregate: ReplyRef<'_>) -> Vec<Value> {
    let children: Vec<_> = aggregate.children().collect();
    assert_eq!(children.len(), aggregate.count());
    let span: u32 = aggregate.cells().0.iter().skip(1).map(|_| 1).sum();
    let of_children: usize = children.iter().map(|child| child.cells().0.len()).sum();
    assert_eq!(span as usize, of_children);
    for (index, child) in children.iter().enumerate() {
        assert_eq!(aggregate.at(index).unwrap().as_ptr(), child.as_ptr());
        let next = children.get(index + 1).map(|next| next.as_ptr());
        assert_eq!(child.next().map(|next| next.as_ptr()), next);
    }
    assert!(aggregate.at(children.len()).is_none());
    children.into_iter().map(value).collect()
}
