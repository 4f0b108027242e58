//! The decoder against a naive reference, on replies of every shape, cut everywhere, and on rubbish.

mod resp_reference;

use proptest::collection::vec;
use proptest::prelude::*;
use rediscluster::resp::{Builder, Kind, Limits, Reply};
use resp_reference::{Outcome, Value, decoded, reference, value_of};

const LIMITS: Limits = Limits { max_reply_size: 1 << 20, max_reply_depth: 8 };

fn line(out: &mut Vec<u8>, marker: char, text: &[u8]) {
    out.push(marker as u8);
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

fn string(out: &mut Vec<u8>, marker: char, prefix: &str, bytes: &[u8]) {
    line(out, marker, (prefix.len() + bytes.len()).to_string().as_bytes());
    out.extend_from_slice(prefix.as_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// A value as a server would send it.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(bytes) => string(out, '$', "", bytes),
        Value::Verbatim(bytes) => string(out, '=', "txt:", bytes),
        Value::Error(bytes) if bytes.iter().any(|b| b"\r\n".contains(b)) => {
            string(out, '!', "", bytes)
        }
        Value::Error(bytes) => line(out, '-', bytes),
        Value::Nil => line(out, '_', b""),
        Value::Status(bytes) => line(out, '+', bytes),
        Value::Integer(integer) => line(out, ':', integer.to_string().as_bytes()),
        Value::Double(bits) => {
            let double = f64::from_bits(*bits);
            let text = if double.is_nan() { "nan".into() } else { double.to_string() };
            line(out, ',', text.as_bytes());
        }
        Value::Boolean(boolean) => line(out, '#', if *boolean { b"t" } else { b"f" }),
        Value::BigNumber(bytes) => line(out, '(', bytes),
        Value::Aggregate(Kind::Map, elements) => {
            line(out, '%', (elements.len() / 2).to_string().as_bytes());
            elements.iter().for_each(|element| encode(element, out));
        }
        Value::Aggregate(kind, elements) => {
            let marker = match kind {
                Kind::Set => '~',
                Kind::Push => '>',
                _ => '*',
            };
            line(out, marker, elements.len().to_string().as_bytes());
            elements.iter().for_each(|element| encode(element, out));
        }
        Value::With(attributes, value) => {
            line(out, '|', (attributes.len() / 2).to_string().as_bytes());
            attributes.iter().for_each(|element| encode(element, out));
            encode(value, out);
        }
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("in a line", |b| !b"\r\n".contains(b)), 0..20)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..120).prop_map(Value::String),
        1 => Just(Value::Nil),
        1 => text().prop_map(Value::Status),
        1 => vec(any::<u8>(), 0..20).prop_map(Value::Error),
        2 => any::<i64>().prop_map(Value::Integer),
        1 => (0..1000_i64).prop_map(Value::Integer),
        1 => any::<f64>().prop_map(|d| {
            Value::Double(if d.is_nan() { f64::NAN.to_bits() } else { d.to_bits() })
        }),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => "-?[0-9]{1,40}".prop_map(|digits| Value::BigNumber(digits.into_bytes())),
        1 => vec(any::<u8>(), 0..20).prop_map(Value::Verbatim),
    ]
}

fn pairs(element: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Vec<Value>> {
    vec((element.clone(), element), 0..3)
        .prop_map(|pairs| pairs.into_iter().flat_map(|(key, value)| [key, value]).collect())
}

fn reply() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |element| {
        let kind = prop_oneof![Just(Kind::Array), Just(Kind::Set), Just(Kind::Push)];
        prop_oneof![
            4 => (kind, vec(element.clone(), 0..6)).prop_map(|(k, e)| Value::Aggregate(k, e)),
            2 => pairs(element.clone()).prop_map(|e| Value::Aggregate(Kind::Map, e)),
            1 => (pairs(element.clone()), element).prop_map(|(attributes, value)| match value {
                with @ Value::With(..) => with,
                value => Value::With(attributes, Box::new(value)),
            }),
        ]
    })
}

/// The value as a copy has it: without attributes.
fn bare(value: Value) -> Value {
    match value {
        Value::With(_, value) => bare(*value),
        Value::Aggregate(kind, elements) => {
            Value::Aggregate(kind, elements.into_iter().map(bare).collect())
        }
        scalar => scalar,
    }
}

fn stream(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.iter().for_each(|value| encode(value, &mut bytes));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Several replies in one buffer, cut at every place, and byte by byte.
    #[test]
    fn replies_at_every_split(values in vec(reply(), 1..4)) {
        let bytes = stream(&values);
        prop_assert_eq!(&reference(&bytes, LIMITS).values, &values);
        let wanted = Outcome { values, accepted: true };
        for split in 0..=bytes.len() {
            prop_assert_eq!(&decoded(&bytes, [split], LIMITS), &wanted);
        }
        prop_assert_eq!(&decoded(&bytes, 0..bytes.len(), LIMITS), &wanted);
    }

    /// Replies copied into one, as if they had been sent in an array.
    #[test]
    fn copies(values in vec(reply(), 1..4)) {
        let parts: Vec<_> = values
            .iter()
            .map(|value| Reply::from_resp(&stream(std::slice::from_ref(value))).unwrap())
            .collect();
        let mut builder = Builder::new();
        builder.array(parts.len());
        parts.iter().for_each(|part| builder.copy(part.root()));
        let together = builder.finish().unwrap();
        prop_assert_eq!(value_of(&together), bare(Value::Aggregate(Kind::Array, values)));
    }

    /// A stream cut off anywhere is neither accepted too early nor refused.
    #[test]
    fn incomplete_replies(values in vec(reply(), 1..3)) {
        let bytes = stream(&values);
        for end in 0..bytes.len() {
            let part = &bytes[..end];
            prop_assert_eq!(decoded(part, [end / 2], LIMITS), reference(part, LIMITS));
        }
    }

    /// Replies with some bytes changed: the same decision as the reference's, wherever cut.
    #[test]
    fn damaged_replies(
        values in vec(reply(), 1..3),
        changes in vec((any::<prop::sample::Index>(), damage()), 1..4),
        limit in prop_oneof![Just(1 << 20), 0..200_usize],
        depth in 0..5_usize,
        split in any::<prop::sample::Index>(),
    ) {
        let limits = Limits { max_reply_size: limit, max_reply_depth: depth };
        let mut bytes = stream(&values);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            match byte {
                Some(byte) => bytes[at] = byte,
                None => { bytes.remove(at); bytes.push(b'\n'); }
            }
        }
        let wanted = reference(&bytes, limits);
        prop_assert_eq!(&decoded(&bytes, [], limits), &wanted);
        prop_assert_eq!(&decoded(&bytes, [split.index(bytes.len())], limits), &wanted);
        prop_assert_eq!(&decoded(&bytes, 0..bytes.len(), limits), &wanted);
    }

    /// Bytes that look a little like RESP.
    #[test]
    fn rubbish(bytes in vec(prop_oneof![3 => lively(), 1 => any::<u8>()], 0..60)) {
        let wanted = reference(&bytes, LIMITS);
        prop_assert_eq!(&decoded(&bytes, [], LIMITS), &wanted);
        prop_assert_eq!(&decoded(&bytes, 0..bytes.len(), LIMITS), &wanted);
    }

    /// The same of whole lines, which get further.
    #[test]
    fn rubbish_in_lines(lines in vec("[-$:+*%~>|!=_#,(]{1,2}[-0-9tfina.:?]{0,3}", 0..12)) {
        let bytes: Vec<u8> = lines.iter().flat_map(|l| [l.as_bytes(), b"\r\n"].concat()).collect();
        let wanted = reference(&bytes, LIMITS);
        prop_assert_eq!(&decoded(&bytes, [], LIMITS), &wanted);
        prop_assert_eq!(&decoded(&bytes, 0..bytes.len(), LIMITS), &wanted);
    }
}

fn lively() -> impl Strategy<Value = u8> {
    prop::sample::select(&b"$:+-*%~>|!=_#,(0123\r\n\r\n\r\n?tf"[..])
}

/// A byte to put in place of another; None takes it out.
fn damage() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![2 => lively().prop_map(Some), 1 => any::<u8>().prop_map(Some), 1 => Just(None)]
}
