//! What an option is: its type, what it accepts, and how it stands in [`Options`].

use std::ffi::CStr;
use std::time::Duration;

use super::Options;
use super::remap::Rules;
use super::secret::{HIDDEN, Secret};
use crate::node::NodeAddress;

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes; also written with KiB, MiB or GiB behind.
    Bytes,
}

/// The type of an option with its way into [`Options`] and out of it.
#[derive(Clone, Copy)]
pub enum Field {
    /// `host:port`, several parted by commas.
    Nodes { get: fn(&Options) -> &[NodeAddress], set: fn(&mut Options, Vec<NodeAddress>) },
    /// `host:port=zone`, several parted by commas.
    Zones {
        get: fn(&Options) -> &[(NodeAddress, String)],
        set: fn(&mut Options, Vec<(NodeAddress, String)>),
    },
    /// `from=to`, several parted by commas.
    Rules { get: fn(&Options) -> &Rules, set: fn(&mut Options, Rules) },
    /// Text; empty means none. `token`: printable ASCII without blanks, as CLIENT SETNAME asks.
    Text { token: bool, get: fn(&Options) -> Option<&str>, set: fn(&mut Options, Option<String>) },
    /// Certificates in PEM form, the one text that has line breaks; empty means none.
    Pem { get: fn(&Options) -> Option<&str>, set: fn(&mut Options, Option<String>) },
    /// Text that is never shown; empty means none.
    Secret { get: fn(&Options) -> Option<&Secret>, set: fn(&mut Options, Option<Secret>) },
    /// Yes or no.
    Flag { get: fn(&Options) -> bool, set: fn(&mut Options, bool) },
    /// A whole number from `from` to `to`. `yes` and `no`, where there, are words for two of them.
    Number {
        unit: Unit,
        from: u64,
        to: u64,
        words: &'static [(&'static str, u64)],
        get: fn(&Options) -> u64,
        set: fn(&mut Options, u64),
    },
    /// One of some words, by its place among them.
    Word {
        words: &'static [&'static str],
        get: fn(&Options) -> usize,
        set: fn(&mut Options, usize),
    },
}

/// The longest part of a value that an error repeats.
const SHOWN: usize = 64;

impl Field {
    /// The type's name.
    pub(super) fn type_name(&self) -> &'static CStr {
        match self {
            Self::Nodes { .. } => c"nodes",
            Self::Rules { .. } => c"rules",
            Self::Text { .. } | Self::Pem { .. } => c"string",
            Self::Zones { .. } => c"zones",
            Self::Secret { .. } => c"secret",
            Self::Flag { .. } => c"bool",
            Self::Number { unit: Unit::Count, .. } => c"integer",
            Self::Number { unit: Unit::Milliseconds, .. } => c"milliseconds",
            Self::Number { unit: Unit::Seconds, .. } => c"seconds",
            Self::Number { unit: Unit::Bytes, .. } => c"bytes",
            Self::Word { .. } => c"enum",
        }
    }

    /// What it accepts, in words.
    pub(super) fn accepts(&self) -> String {
        match self {
            Self::Nodes { .. } => "host:port, several parted by commas".into(),
            Self::Zones { .. } => "host:port=zone, several parted by commas".into(),
            Self::Rules { .. } => {
                "from_host:from_port=to_host:to_port, several parted by commas".into()
            }
            Self::Text { token: false, .. } | Self::Secret { .. } => {
                "text without control characters".into()
            }
            Self::Text { token: true, .. } => "printable ASCII text without blanks".into(),
            Self::Pem { .. } => "text in PEM form, with line breaks".into(),
            Self::Flag { .. } => "yes or no".into(),
            Self::Number { unit, from, to, words, .. } => {
                let range = match unit {
                    Unit::Count => format!("a number from {from} to {to}"),
                    Unit::Milliseconds => format!("milliseconds from {from} to {to}"),
                    Unit::Seconds => format!("seconds from {from} to {to}"),
                    Unit::Bytes => {
                        format!("bytes from {from} to {to}, plain or with KiB, MiB or GiB behind")
                    }
                };
                words
                    .iter()
                    .fold(range, |text, (word, number)| format!("{text}, {word} ({number})"))
            }
            Self::Word { words, .. } => match words {
                [all @ .., last] => format!("{} or {last}", all.join(", ")),
                [] => String::new(),
            },
        }
    }

    /// Its value as text.
    pub(super) fn get(&self, options: &Options) -> String {
        match self {
            Self::Nodes { get, .. } => {
                get(options).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            }
            Self::Rules { get, .. } => get(options).to_string(),
            Self::Text { get, .. } | Self::Pem { get, .. } => {
                get(options).unwrap_or_default().into()
            }
            Self::Zones { get, .. } => {
                let entries = get(options).iter().map(|(node, zone)| format!("{node}={zone}"));
                entries.collect::<Vec<_>>().join(",")
            }
            Self::Secret { get, .. } => get(options).map_or("", |_| HIDDEN).into(),
            Self::Flag { get, .. } => if get(options) { "yes" } else { "no" }.into(),
            Self::Number { get, .. } => get(options).to_string(),
            Self::Word { words, get, .. } => words.get(get(options)).copied().unwrap_or("").into(),
        }
    }

    /// Reads `value` and only then changes `options`. The error is what is wrong with the value, to
    /// stand behind the option's name; it never shows a secret.
    pub(super) fn set(&self, options: &mut Options, value: &str) -> Result<(), String> {
        let is_pem = matches!(self, Self::Pem { .. });
        if value.chars().any(|c| c.is_control() && !(is_pem && matches!(c, '\n' | '\r' | '\t'))) {
            return Err("holds a control character".into());
        }
        let refused = || Err(format!("cannot be {}: give {}", quoted(value), self.accepts()));
        match self {
            Self::Nodes { set, .. } => set(options, nodes(value)?),
            Self::Zones { set, .. } => set(options, zones(value)?),
            Self::Rules { set, .. } => set(options, Rules::parse(value)?),
            Self::Text { token, set, .. } => {
                if *token && !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return refused();
                }
                set(options, (!value.is_empty()).then(|| value.to_owned()));
            }
            Self::Pem { set, .. } => set(options, (!value.is_empty()).then(|| value.to_owned())),
            Self::Secret { set, .. } => {
                set(options, (!value.is_empty()).then(|| Secret::new(value)));
            }
            Self::Flag { set, .. } => match flag(value) {
                Some(on) => set(options, on),
                None => return refused(),
            },
            Self::Number { unit, from, to, words, set, .. } => {
                let word = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
                let number = match word {
                    Some(&(_, number)) => Some(number),
                    None if *unit == Unit::Bytes => bytes(value),
                    None => whole(value),
                };
                match number {
                    Some(number) if (*from..=*to).contains(&number) => set(options, number),
                    _ => return refused(),
                }
            }
            Self::Word { words, set, .. } => {
                match words.iter().position(|word| word.eq_ignore_ascii_case(value)) {
                    Some(place) => set(options, place),
                    None => return refused(),
                }
            }
        }
        Ok(())
    }
}

/// `text` in quotation marks, safe to print and not too long.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let rest = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("\"{shown}{rest}\"")
}

/// Digits and nothing else: no sign, no blank.
pub(super) fn whole(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn bytes(text: &str) -> Option<u64> {
    for (suffix, factor) in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)] {
        if let Some(number) = text.strip_suffix(suffix) {
            return whole(number)?.checked_mul(factor);
        }
    }
    whole(text)
}

fn flag(text: &str) -> Option<bool> {
    let among = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if among(["yes", "true", "on", "1"]) {
        Some(true)
    } else if among(["no", "false", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

fn nodes(text: &str) -> Result<Vec<NodeAddress>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let read = |(i, entry): (usize, &str)| {
        let entry = entry.trim();
        // A URL in the wrong place may hold a password: nothing of it is repeated.
        if entry.contains(['@', '/', '?']) {
            return Err(format!("entry {} is no host:port (a URL is read as a whole)", i + 1));
        }
        NodeAddress::parse(entry).map_err(|problem| format!("entry {}: {problem}", i + 1))
    };
    text.split(',').enumerate().map(read).collect()
}

fn zones(text: &str) -> Result<Vec<(NodeAddress, String)>, String> {
    let mut zones: Vec<(NodeAddress, String)> = Vec::new();
    if text.trim().is_empty() {
        return Ok(zones);
    }
    for (i, entry) in text.split(',').enumerate() {
        let refused = |problem: &str| Err(format!("entry {}: {problem}", i + 1));
        let shown = quoted(entry.trim());
        let (node, zone) = match entry.split_once('=') {
            Some((node, zone)) => (node.trim(), zone.trim()),
            None => return refused(&format!("{shown} has no zone: write host:port=zone")),
        };
        if zone.is_empty() {
            return refused(&format!("{shown} has no zone: write host:port=zone"));
        }
        if node.is_empty() {
            return refused(&format!("{shown} has no node: write host:port=zone"));
        }
        let node = match NodeAddress::parse(node) {
            Ok(node) => node,
            Err(problem) => return refused(&problem),
        };
        if zones.iter().any(|(known, _)| known.is(&node)) {
            return refused(&format!("{node} stands in it twice"));
        }
        zones.push((node, zone.to_owned()));
    }
    Ok(zones)
}

/// The longest time, 24 days: what fits the 32-bit milliseconds of system calls.
pub(super) const LONGEST: u64 = i32::MAX as u64;

/// Printable ASCII text without blanks.
pub(super) const fn text(
    get: fn(&Options) -> Option<&str>,
    set: fn(&mut Options, Option<String>),
) -> Field {
    Field::Text { token: true, get, set }
}

/// The path of a file or folder.
pub(super) const fn file(
    get: fn(&Options) -> Option<&str>,
    set: fn(&mut Options, Option<String>),
) -> Field {
    Field::Text { token: false, get, set }
}

/// A number without words.
pub(super) const fn number(
    unit: Unit,
    (from, to): (u64, u64),
    get: fn(&Options) -> u64,
    set: fn(&mut Options, u64),
) -> Field {
    Field::Number { unit, from, to, words: &[], get, set }
}

/// Milliseconds, at least one: there is nothing that 0 could mean but never to succeed.
pub(super) const fn time(get: fn(&Options) -> u64, set: fn(&mut Options, u64)) -> Field {
    number(Unit::Milliseconds, (1, LONGEST), get, set)
}

/// Milliseconds, 0 included.
pub(super) const fn time_or_zero(get: fn(&Options) -> u64, set: fn(&mut Options, u64)) -> Field {
    number(Unit::Milliseconds, (0, LONGEST), get, set)
}

/// A duration as the number it was set by.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// 0 for None.
pub(super) fn ms_or_zero(duration: Option<Duration>) -> u64 {
    duration.map_or(0, ms)
}

/// None for 0, the number's way to say "off".
pub(super) fn some_ms(number: u64) -> Option<Duration> {
    (number > 0).then(|| Duration::from_millis(number))
}

/// Ranges keep the tables' numbers far below this type's end.
pub(super) fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// None for 0, "no limit".
pub(super) fn some_u32(number: u64) -> Option<u32> {
    (number > 0).then(|| to_u32(number))
}
