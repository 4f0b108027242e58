//! Large strings: received straight into the reply, which they never leave.

mod resp_reference;

use rediscluster::resp::{Decoder, Fill, Limits, Reply};
use resp_reference::write;

const LIMITS: Limits = Limits { max_reply_size: 1 << 30, max_reply_depth: 128 };

/// A space the decoder handed out.
struct Request {
    start: usize,
    length: usize,
    fill: Fill,
}

/// A server whose bytes come as fast as they are asked for, but at most so many at a time.
struct Server<'a> {
    rest: &'a [u8],
    at_most: usize,
    requests: Vec<Request>,
}

impl<'a> Server<'a> {
    fn new(bytes: &'a [u8], at_most: usize) -> Self {
        Self { rest: bytes, at_most, requests: Vec::new() }
    }

    fn reply(&mut self, decoder: &mut Decoder) -> Reply {
        loop {
            if let Some(reply) = decoder.next().unwrap() {
                return reply;
            }
            let count = decoder.fill(|space, fill| {
                let count = space.len().min(self.rest.len()).min(self.at_most);
                let start = space.as_ptr() as usize;
                self.requests.push(Request { start, length: space.len(), fill });
                let (now, rest) = self.rest.split_at(count);
                self.rest = rest;
                Ok::<_, ()>(write(&mut space[..count], now))
            });
            assert_ne!(count, Ok(0), "the stream ends too early");
        }
    }

    fn exact(&self) -> Vec<&Request> {
        self.requests.iter().filter(|request| request.fill == Fill::Exact).collect()
    }
}

fn bulk(length: usize, seed: usize) -> Vec<u8> {
    let mut bytes = format!("${length}\r\n").into_bytes();
    bytes.extend((0..length).map(|index| (index * 7 + seed) as u8));
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn holds(bytes: &[u8], length: usize, seed: usize) -> bool {
    bytes.len() == length
        && bytes.iter().enumerate().all(|(index, &byte)| byte == (index * 7 + seed) as u8)
}

#[test]
fn a_mebibyte_is_copied_once() {
    let bytes = bulk(1 << 20, 3);
    let mut decoder = Decoder::new(LIMITS);
    let mut server = Server::new(&bytes, usize::MAX);
    let reply = server.reply(&mut decoder);
    let string = reply.root().bytes().unwrap();
    assert!(holds(string, 1 << 20, 3));
    let exact = server.exact();
    assert_eq!((server.requests.len(), exact.len()), (2, 1), "two receives");
    assert_eq!(exact[0].start + exact[0].length, string.as_ptr_range().end as usize + 2);
    assert!(exact[0].length > (1 << 20) - 16 * 1024);
    assert!(decoder.is_empty() && decoder.reserved() <= 64 * 1024);
}

#[test]
fn a_large_string_doubles_while_it_arrives() {
    let length = 10 << 20;
    let bytes = bulk(length, 5);
    let mut decoder = Decoder::new(LIMITS);
    let mut server = Server::new(&bytes, usize::MAX);
    let reply = server.reply(&mut decoder);
    assert!(holds(reply.root().bytes().unwrap(), length, 5));
    let exact = server.exact();
    assert!(exact.len() <= 5, "{} receives", exact.len());
    assert!(exact[0].length <= (1 << 20) + 2);
    let (_, size) = reply.root().cells();
    assert!(size < length + 100, "{size} bytes for {length}");
}

#[test]
fn large_strings_within_a_reply_stay_where_they_arrive() {
    let lengths = [20_000, 5, 300_000, 16_385, 0, 70_000];
    let mut bytes = b"*2\r\n*6\r\n".to_vec();
    for (seed, &length) in lengths.iter().enumerate() {
        bytes.extend(bulk(length, seed));
    }
    bytes.extend_from_slice(b":9\r\n+OK\r\n");
    for at_most in [usize::MAX, 20_000, 4_099] {
        let mut decoder = Decoder::new(LIMITS);
        let mut server = Server::new(&bytes, at_most);
        let reply = server.reply(&mut decoder);
        let inner = reply.root().at(0).unwrap();
        for (seed, (part, &length)) in inner.children().zip(&lengths).enumerate() {
            assert!(holds(part.bytes().unwrap(), length, seed), "{at_most} {seed}");
        }
        assert_eq!(reply.root().at(1).unwrap().integer(), Some(9));
        assert!(!server.exact().is_empty());
        // Asked for is never more than the string that is missing.
        assert!(server.exact().iter().all(|request| request.length <= 300_002));
        // What came behind the reply was not lost with its block.
        assert_eq!(server.reply(&mut decoder).root().text(), Some("OK"));
        assert!(decoder.is_empty());
    }
}

#[test]
fn the_last_string_ends_where_it_was_received() {
    let mut bytes = b"*3\r\n+first\r\n".to_vec();
    bytes.extend(bulk(100_000, 1));
    bytes.extend(bulk(200_000, 2));
    let mut decoder = Decoder::new(LIMITS);
    let mut server = Server::new(&bytes, usize::MAX);
    let reply = server.reply(&mut decoder);
    let last = reply.root().at(2).unwrap().bytes().unwrap();
    assert!(holds(last, 200_000, 2));
    let request = *server.exact().last().unwrap();
    assert_eq!(request.start + request.length, last.as_ptr_range().end as usize + 2);
}

#[test]
fn more_elements_than_the_gap_was_made_for() {
    // The cells known when the large string comes are few; 50,000 more follow it.
    let mut bytes = b"*2\r\n".to_vec();
    bytes.extend(bulk(50_000, 1));
    bytes.extend_from_slice(b"*50000\r\n");
    bytes.extend(b"+x\r\n".repeat(50_000));
    bytes.extend(bulk(30_000, 4));
    for at_most in [usize::MAX, 10_007] {
        let mut decoder = Decoder::new(LIMITS);
        let mut server = Server::new(&bytes, at_most);
        let reply = server.reply(&mut decoder);
        assert!(holds(reply.root().at(0).unwrap().bytes().unwrap(), 50_000, 1));
        let many = reply.root().at(1).unwrap();
        assert!(many.count() == 50_000 && many.children().all(|part| part.text() == Some("x")));
        drop(reply);
        assert!(holds(server.reply(&mut decoder).root().bytes().unwrap(), 30_000, 4));
        assert!(decoder.is_empty());
    }
}

#[test]
fn attributes_of_a_large_reply() {
    let mut bytes = b"*2\r\n|1\r\n+k\r\n".to_vec();
    bytes.extend(bulk(40_000, 6));
    bytes.extend(bulk(50_000, 7));
    bytes.extend_from_slice(b"|1\r\n+a\r\n:1\r\n#t\r\n");
    let mut decoder = Decoder::new(LIMITS);
    let reply = Server::new(&bytes, 9_001).reply(&mut decoder);
    let (first, second) = (reply.root().at(0).unwrap(), reply.root().at(1).unwrap());
    assert!(holds(first.bytes().unwrap(), 50_000, 7));
    assert!(holds(first.attributes().unwrap().at(1).unwrap().bytes().unwrap(), 40_000, 6));
    assert_eq!(second.attributes().unwrap().at(1).unwrap().integer(), Some(1));
}
