//! Promise L4, the decoder's part: what a hostile or broken server sends ends in an error or the
//! right reply, in bounded memory, without recursion.

mod resp_reference;

use rediscluster::resp::{DecodeError, Decoder, Kind, Limits, Reply};
use resp_reference::{decoded, receive};

const LIMITS: Limits =
    Limits { max_reply_size: 512 * 1024 * 1024 + 64 * 1024, max_reply_depth: 128 };

/// Receives all of `bytes` and returns what comes first: a reply, an error, or neither.
fn first(decoder: &mut Decoder, mut bytes: &[u8]) -> Result<Option<Reply>, DecodeError> {
    while !bytes.is_empty() {
        receive(decoder, &mut bytes);
        if let Some(reply) = decoder.next()? {
            return Ok(Some(reply));
        }
    }
    Ok(None)
}

fn error_of(bytes: &[u8]) -> DecodeError {
    let mut decoder = Decoder::new(LIMITS);
    let error = first(&mut decoder, bytes).unwrap_err();
    assert!(decoder.reserved() < 1 << 20, "{} bytes reserved", decoder.reserved());
    assert_eq!(decoder.next().unwrap_err(), error, "an error stays");
    error
}

fn is_limit(error: &DecodeError, name: &str) -> bool {
    matches!(error, DecodeError::Limit(message) if message.contains(name))
}

#[test]
fn depth() {
    let error = error_of(&b"*1\r\n".repeat(100_000));
    assert!(is_limit(&error, "max_reply_depth"), "{error}");
    // 128 levels are allowed, and the element in them; 129 are not.
    let mut bytes = b"*1\r\n".repeat(128);
    bytes.extend_from_slice(b":7\r\n");
    let reply = Reply::from_resp(&bytes).unwrap();
    let innermost = std::iter::successors(Some(reply.root()), |part| part.at(0)).last().unwrap();
    assert_eq!(innermost.integer(), Some(7));
    bytes.splice(0..0, *b"*1\r\n");
    assert!(is_limit(&error_of(&bytes), "max_reply_depth"));
    assert!(is_limit(&error_of(&b"|1\r\n+k\r\n".repeat(200)), "max_reply_depth"));
}

#[test]
fn declared_counts_and_lengths() {
    for bytes in ["*2147483647\r\n", "%99999999999999999\r\n", "$9999999999\r\n", "!9999999999\r\n"]
    {
        assert!(is_limit(&error_of(bytes.as_bytes()), "max_reply_size"), "{bytes}");
    }
    // With no limit to speak of, a count still reserves nothing.
    let limits = Limits { max_reply_size: usize::MAX, max_reply_depth: 128 };
    let mut decoder = Decoder::new(limits);
    assert!(first(&mut decoder, b"*2147483647\r\n:1\r\n").unwrap().is_none());
    assert!(decoder.reserved() < 64 * 1024);
    let mut decoder = Decoder::new(limits);
    assert!(first(&mut decoder, b"*4294967296\r\n").is_err());
    let mut decoder = Decoder::new(limits);
    assert!(first(&mut decoder, b"$18446744073709551615\r\n").is_err());
    let mut decoder = Decoder::new(limits);
    assert!(first(&mut decoder, b"$18446744073709551610\r\nx").is_err());
}

#[test]
fn a_length_and_silence() {
    let mut decoder = Decoder::new(LIMITS);
    assert!(first(&mut decoder, b"$536870912\r\n").unwrap().is_none());
    assert!(decoder.reserved() <= (1 << 20) + 64 * 1024, "{}", decoder.reserved());
    let mut decoder = Decoder::new(LIMITS);
    assert!(first(&mut decoder, b"*100000000\r\n$536870\r\n").unwrap().is_none());
    assert!(decoder.reserved() <= (2 << 20) + 64 * 1024, "{}", decoder.reserved());
}

#[test]
fn negative_and_malformed_lengths() {
    for bytes in [
        "$-2\r\n", "*-2\r\n", "%-1\r\n", "~-1\r\n", ">-1\r\n", "|-1\r\n", "!-1\r\n", "=-1\r\n",
        "$+1\r\n", "$ 1\r\n", "$1 \r\n", "*\r\n", "$\r\n", "$1x\r\n", "$--1\r\n", "*1.5\r\n",
    ] {
        let error = error_of(bytes.as_bytes());
        assert!(matches!(error, DecodeError::Protocol(_)), "{bytes}");
    }
}

#[test]
fn streamed_types_are_named() {
    for bytes in ["$?\r\n", "*?\r\n", "%?\r\n", "~?\r\n"] {
        assert!(error_of(bytes.as_bytes()).message().contains("streamed"), "{bytes}");
    }
}

#[test]
fn rubbish_and_missing_ends() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"\r\n",
        b"\0\0\0\0",
        b"$3\r\nabcde\r\n",
        b"$3\r\nabc\rx",
        b"$3\nabc\r\n",
        b"+OK\n",
        b"+O\rK\r\n",
        b":12a\r\n",
        b":\r\n",
        b":9223372036854775808\r\n",
        b"#x\r\n",
        b"_x\r\n",
        b",1.2.3\r\n",
        b"(12x\r\n",
        b"=3\r\ntxt\r\n",
        b"=5\r\ntxt-a\r\n",
        b"*2\r\n+a\r\nb\r\n",
    ] {
        let error = error_of(bytes);
        assert!(matches!(error, DecodeError::Protocol(_)), "{error}");
        let shown = error.message();
        assert!(!shown.contains("abc") && !shown.contains("HTTP"), "{shown}");
    }
}

#[test]
fn a_line_without_an_end() {
    let line = vec![b'+'; 64 << 20];
    let mut decoder = Decoder::new(LIMITS);
    let mut rest = &line[..];
    let error = loop {
        receive(&mut decoder, &mut rest);
        if let Err(error) = decoder.next() {
            break error;
        }
    };
    assert!(is_limit(&error, "longer than 65536"), "{error}");
    assert!(line.len() - rest.len() <= 256 * 1024 && decoder.reserved() <= 512 * 1024);
    // As long as allowed, and a byte at a time.
    let mut line = vec![b'+'; 65_537];
    line.extend_from_slice(b"\r\n");
    assert_eq!(Reply::from_resp(&line).unwrap().root().bytes().unwrap().len(), 65_536);
    let outcome = decoded(&line, 0..line.len(), LIMITS);
    assert!(outcome.accepted && outcome.values.len() == 1);
}

#[test]
fn many_elements_stay_in_proportion() {
    let count = 300_000;
    let mut bytes = format!("*{count}\r\n").into_bytes();
    bytes.extend(b"_\r\n".repeat(count));
    let mut decoder = Decoder::new(LIMITS);
    let reply = first(&mut decoder, &bytes).unwrap().unwrap();
    assert_eq!(reply.root().count(), count);
    assert!(decoder.reserved() < 30 * bytes.len());
    decoder.shrink();
    assert!(decoder.is_empty() && decoder.reserved() <= 128 * 1024);
    drop(reply);
    assert!(first(&mut decoder, b"+OK\r\n").unwrap().is_some(), "of use after shrinking");
}

#[test]
fn nested_pairs_are_walked_in_linear_time() {
    let count = 100_000;
    let mut bytes = format!("*{count}\r\n").into_bytes();
    for index in 0..count {
        bytes.extend_from_slice(format!("*2\r\n+key\r\n:{index}\r\n").as_bytes());
    }
    let reply = Reply::from_resp(&bytes).unwrap();
    let mut walked = 0;
    let mut pair = reply.root().at(0);
    while let Some(element) = pair {
        assert_eq!(element.at(1).unwrap().integer(), Some(walked));
        walked += 1;
        pair = element.next();
    }
    assert_eq!(walked, count);
    assert_eq!(reply.root().children().map(|pair| pair.count()).sum::<usize>(), 200_000);
    assert_eq!(reply.root().cells().0.len(), 300_001);
}

#[test]
fn attributes_are_found_from_any_element() {
    let count = 200_000;
    let mut bytes = format!("*{count}\r\n").into_bytes();
    for index in 0..count {
        bytes.extend_from_slice(format!("|1\r\n+i\r\n:{index}\r\n+x\r\n").as_bytes());
    }
    let reply = Reply::from_resp(&bytes).unwrap();
    for (index, element) in reply.root().children().enumerate() {
        let attributes = element.attributes().unwrap();
        assert_eq!(attributes.at(1).unwrap().integer(), Some(index as i64));
    }
    assert!(reply.root().attributes().is_none());
}

#[test]
fn pushes_and_replies_stay_apart() {
    let mut decoder = Decoder::new(LIMITS);
    let bytes = b">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n:1\r\n";
    let push = first(&mut decoder, bytes).unwrap().unwrap();
    assert_eq!(push.root().kind(), Kind::Push);
    assert!(!decoder.is_empty(), "a second reply waits");
    assert_eq!(decoder.next().unwrap().unwrap().root().text(), Some("OK"));
    assert_eq!(decoder.next().unwrap().unwrap().root().integer(), Some(1));
    assert!(decoder.next().unwrap().is_none() && decoder.is_empty());
}
