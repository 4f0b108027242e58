//! TLS over a stream: whatever the sizes of records, of the parts the network makes of them and of what is
//! sent and received at a time, what arrives is what was sent.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream, SslVersion};
use proptest::prelude::*;
use rediscluster::deadline::Deadline;
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::Fill;
use rediscluster::transport::{self, Connector, Failure, Stream, Wait};
use rediscluster_test_support::certificates::Throwaway;

/// Parts what goes through it, by sizes that come round.
#[derive(Debug)]
struct Parted {
    socket: TcpStream,
    parts: Vec<usize>,
    next: usize,
}

impl Parted {
    fn part(&mut self, length: usize) -> usize {
        self.next = (self.next + 1) % self.parts.len();
        length.min(self.parts[self.next])
    }
}

impl Read for Parted {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let part = self.part(space.len());
        self.socket.read(&mut space[..part])
    }
}

impl Write for Parted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = self.part(bytes.len());
        self.socket.write(&bytes[..part])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn acceptor(folder: &Path, version: SslVersion) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_private_key_file(folder.join("server.key"), SslFiletype::PEM).unwrap();
    builder.set_certificate_chain_file(folder.join("server.pem")).unwrap();
    builder.set_min_proto_version(Some(version)).unwrap();
    builder.set_max_proto_version(Some(version)).unwrap();
    builder.build()
}

/// Sends back what it receives, in records of these sizes; reads only after each pause.
fn echo(mut stream: SslStream<Parted>, mut left: usize, records: &[usize], pause: Duration) {
    let mut space = vec![0; 40_000];
    let mut sizes = records.iter().cycle();
    while left > 0 {
        thread::sleep(pause);
        let count = stream.read(&mut space).unwrap();
        assert!(count > 0);
        left -= count;
        let mut rest = &space[..count];
        while !rest.is_empty() {
            let (record, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            stream.write_all(record).unwrap();
            rest = behind;
        }
    }
    // The client closes first, so that no reset takes its last bytes away.
    let _ = stream.read(&mut space);
}

fn options(folder: &Path) -> Options {
    let mut options = Options::default();
    options.ssl = true;
    options.ssl_ca_certs = Some(folder.join("ca.pem").to_str().unwrap().into());
    options
}

fn connect(options: &Options, port: u16) -> Stream {
    let deadline = Deadline::after(Duration::from_secs(60));
    let node = NodeAddress::new("127.0.0.1", port);
    let stream = transport::dial(&node, options, deadline, &mut |_| {}).unwrap();
    stream.secure(&Connector::new(options).unwrap(), "127.0.0.1", deadline).unwrap()
}

/// Sends all of `bytes` in pieces of these sizes, each in two parts, and receives meanwhile and afterwards.
fn send_and_receive(
    stream: &mut Stream,
    bytes: &[u8],
    pieces: &[usize],
    spaces: &[usize],
) -> Vec<u8> {
    let deadline = Deadline::after(Duration::from_secs(60));
    let mut back = Vec::new();
    let mut sizes = pieces.iter().cycle();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        let (first, second) = piece.split_at(piece.len() / 3);
        stream
            .send_all(first, second, deadline, |stream| -> Result<(), Failure> {
                match stream.receive_now(Vec::with_capacity(5000).spare_capacity_mut()) {
                    Ok(received) => back.extend_from_slice(received),
                    Err(Failure::Timeout) => {}
                    Err(failure) => return Err(failure),
                }
                Ok(())
            })
            .unwrap();
        rest = behind;
    }
    let mut spaces = spaces.iter().cycle();
    while back.len() < bytes.len() {
        let size = *spaces.next().unwrap();
        let fill = if size % 2 == 0 { Fill::Exact } else { Fill::Some };
        let size = size.min(bytes.len() - back.len());
        let mut wait = Wait::until(deadline);
        let mut space = Vec::with_capacity(size);
        back.extend_from_slice(
            stream.receive(&mut space.spare_capacity_mut()[..size], fill, &mut wait).unwrap(),
        );
    }
    back
}

fn sizes(least: usize, most: usize) -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![least..20, 1..600usize, 16_000..16_400usize, 1000..=most];
    proptest::collection::vec(size.prop_map(move |size| size.max(least)), 1..8)
}

#[test]
fn what_arrives_is_what_was_sent() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.folder();
    let options = options(folder);
    let acceptors = [acceptor(folder, SslVersion::TLS1_2), acceptor(folder, SslVersion::TLS1_3)];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cases = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) };
    let amount = prop_oneof![1..200usize, 10_000..70_000usize];
    proptest!(cases, |(
        version in 0..2usize,
        amount in amount,
        records in sizes(1, 30_000),
        parts in sizes(7, 30_000),
        pieces in sizes(1, 100_000),
        spaces in sizes(1, 40_000),
    )| {
        let bytes: Vec<u8> = (0..amount).map(|i| (i * 31 + i / 251) as u8).collect();
        let back = thread::scope(|scope| {
            scope.spawn(|| {
                let socket = listener.accept().unwrap().0;
                socket.set_nodelay(true).unwrap();
                let below = Parted { socket, parts: parts.clone(), next: 0 };
                let stream = acceptors[version].accept(below).unwrap();
                echo(stream, amount, &records, Duration::ZERO);
            });
            let mut stream = connect(&options, port);
            send_and_receive(&mut stream, &bytes, &pieces, &spaces)
        });
        prop_assert!(back == bytes);
    });
}

/// The sockets fill up both ways while a large piece is sent: half a record waits while others are read.
#[test]
fn a_slow_peer_gets_each_byte_once() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.folder();
    let options = options(folder);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let bytes: Vec<u8> = (0..24 << 20).map(|i: usize| (i * 31 + i / 251) as u8).collect();
    let back = thread::scope(|scope| {
        scope.spawn(|| {
            let socket = listener.accept().unwrap().0;
            let below = Parted { socket, parts: vec![100_000], next: 0 };
            let stream = acceptor(folder, SslVersion::TLS1_3).accept(below).unwrap();
            echo(stream, bytes.len(), &[1000, 16_384], Duration::from_micros(50));
        });
        let mut stream = connect(&options, port);
        send_and_receive(&mut stream, &bytes, &[24 << 20], &[40_000])
    });
    assert!(back == bytes);
}
