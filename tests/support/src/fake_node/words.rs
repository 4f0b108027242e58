//! The words of a script line: bare or in double quotes, with C escapes and variables.

/// A piece of a word: bytes as they are, or the name of a variable.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Bytes(Vec<u8>),
    Variable(String),
}

/// A word of a script: bytes with variables to be filled in when it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    pieces: Vec<Piece>,
    /// Whether the word begins with a quote: such a word is never a number, a keyword or a bracket.
    pub quoted: bool,
}

impl Word {
    /// The word's text where it is bare and holds no variable: what keywords are compared with.
    pub fn bare(&self) -> Option<&str> {
        match (self.quoted, self.pieces.as_slice()) {
            (false, [Piece::Bytes(bytes)]) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Whether the word holds a variable.
    pub fn varies(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)))
    }

    /// The bytes, each variable filled in by `value`; an unknown one stays as it was written.
    pub fn fill(&self, value: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                Piece::Variable(name) => match value(name) {
                    Some(bytes) => out.extend_from_slice(&bytes),
                    None => out.extend_from_slice(format!("${name}").as_bytes()),
                },
            }
        }
        out
    }

    /// The same word without its first byte, which is one of `+ - :` and part of the bare text.
    pub fn rest(&self) -> Self {
        let mut word = self.clone();
        if let Some(Piece::Bytes(bytes)) = word.pieces.first_mut() {
            bytes.remove(0);
        }
        word
    }

    /// The first byte, if the word does not begin with a variable.
    pub fn first(&self) -> Option<u8> {
        match self.pieces.first() {
            Some(Piece::Bytes(bytes)) => bytes.first().copied(),
            _ => None,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(Piece::Bytes(bytes)) = self.pieces.last_mut() {
            bytes.push(byte);
        } else {
            self.pieces.push(Piece::Bytes(vec![byte]));
        }
    }
}

/// Splits a line into words. `#` begins a comment; `;` is a word of its own.
pub fn split(line: &str) -> Result<Vec<Word>, String> {
    let bytes = line.as_bytes();
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let mut at = 0;
    let mut quoted = false;
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_with(|| Word { pieces: Vec::new(), quoted: true });
            }
            b'\\' if quoted => {
                let (value, used) = escape(&bytes[at..])?;
                at += used;
                word.get_or_insert_default().push(value);
            }
            b'$' if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) => {
                let name_byte = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
                let length = bytes[at..].iter().take_while(name_byte).count();
                let name = line[at..at + length].to_string();
                at += length;
                word.get_or_insert_default().pieces.push(Piece::Variable(name));
            }
            _ if quoted => word.get_or_insert_default().push(byte),
            b'#' if word.is_none() => break,
            b';' => {
                words.extend(word.take());
                let mut separator = Word::default();
                separator.push(byte);
                words.push(separator);
            }
            _ if byte.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if quoted {
        return Err("a quote is not closed".into());
    }
    words.extend(word);
    Ok(words)
}

/// The byte that stands behind a backslash, and how many bytes of the script it took.
fn escape(rest: &[u8]) -> Result<(u8, usize), String> {
    let byte = match rest.first() {
        Some(b'r') => b'\r',
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'0') => 0,
        Some(&b @ (b'\\' | b'"' | b'$')) => b,
        Some(b'x') => {
            let digits = rest.get(1..3).and_then(|digits| std::str::from_utf8(digits).ok());
            let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            return Ok((value.ok_or("\\x takes two hexadecimal digits")?, 3));
        }
        _ => return Err("a backslash takes one of r n t 0 xHH \\ \" $".into()),
    };
    Ok((byte, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escapes_variables_and_comments() {
        let words = split(r#"on GET "a b" => send "$5\r\n\x00\$x"; bulk k$port1 # what "#).unwrap();
        let fill = |word: &Word| {
            let bytes = word.fill(|name| (name == "port1").then(|| b"77".to_vec()));
            String::from_utf8(bytes).unwrap()
        };
        let texts: Vec<_> = words.iter().map(fill).collect();
        let expected = ["on", "GET", "a b", "=>", "send", "$5\r\n\0$x", ";", "bulk", "k77"];
        assert_eq!(texts, expected);
        assert_eq!((words[0].bare(), words[2].bare(), words[8].bare()), (Some("on"), None, None));
        assert!(split("a \"b").is_err() && split("\"\\q\"").is_err());
    }
}
