//! Resolving, connecting, the handshake.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use rediscluster::error::Status;
use rediscluster::node::NodeAddress;

use crate::fake::{
    Fake, assert_punctual, dial, expect, millis, minimal, options, soon, until_closed,
};

#[test]
fn a_flight_is_one_write_and_falls_back() {
    let fake = Fake::new(|mut stream| {
        // One read sees all of it: it was sent at once.
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        let flight = String::from_utf8(bytes[..count].to_vec()).unwrap();
        assert!(flight.contains("HELLO") && flight.ends_with("READONLY\r\n"), "{flight}");
        let unknown = b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `u`, `secret`\r\n";
        stream.write_all(unknown).unwrap();
        for _ in 0..3 {
            stream.write_all(b"-NOAUTH Authentication required.\r\n").unwrap();
        }
        stream.write_all(b"-NOAUTH Authentication required.\r\n").unwrap();
        expect(&mut stream, b"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n");
        stream
            .write_all(b"+OK\r\n+OK\r\n-ERR unknown subcommand\r\n-ERR unknown\r\n+OK\r\n")
            .unwrap();
        until_closed(stream);
    });
    let options = options(&[("username", "u"), ("password", "secret"), ("client_name", "name")]);
    let mut connection = dial(&fake.node, &options, true, soon()).unwrap();
    assert_eq!((connection.protocol(), connection.is_readonly()), (2, true));
    assert!(connection.is_reusable() && connection.is_idle_and_open());
    assert!(!format!("{connection:?}").contains("secret"));
    drop(connection);
    fake.done();
}

#[test]
fn a_server_that_turns_us_away_says_why() {
    for (words, status) in [
        (&b"-ERR max number of clients reached\r\n"[..], Status::Connection),
        (b"-WRONGPASS invalid username-password pair\r\n", Status::Auth),
        (b"-NOAUTH HELLO must be called with the client already authenticated\r\n", Status::Auth),
        (b"rubbish\r\n", Status::Protocol),
        (b"+OK\r\n", Status::Protocol),
        (b"", Status::Connection),
    ] {
        let fake = Fake::new(move |mut stream| {
            stream.write_all(words).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            until_closed(stream);
        });
        let error = dial(&fake.node, &options(&[]), false, soon()).err().unwrap();
        assert_eq!(error.status(), status, "{error}");
        assert_eq!(error.node(), fake.node.to_string());
        fake.done();
    }
}

#[test]
fn dials_end_in_time_and_name_the_cause() {
    let node = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        NodeAddress::new("127.0.0.1", listener.local_addr().unwrap().port())
    };
    let error = dial(&node, &minimal(), false, soon()).err().unwrap();
    assert_eq!(error.status(), Status::Connection);
    assert!(error.message().contains("refused"), "{error}");
    assert_eq!(error.attempts().len(), 1);
    let error = dial(&node, &minimal(), false, millis(0)).err().unwrap();
    assert_eq!(error.status(), Status::Timeout);

    // A full backlog swallows connects as a black hole does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // SAFETY: listening again only changes the length of the backlog.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    while let Ok(filler) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        fillers.push(filler);
    }
    let node = NodeAddress::new("127.0.0.1", address.port());
    assert_punctual(Duration::from_millis(300), || {
        let begun = Instant::now();
        let error = dial(&node, &minimal(), false, millis(300)).err().unwrap();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        begun.elapsed()
    });
    let hasty = options(&[("socket_connect_timeout", "100")]);
    assert_punctual(Duration::from_millis(100), || {
        let begun = Instant::now();
        let error = dial(&node, &hasty, false, soon()).err().unwrap();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        begun.elapsed()
    });
    // Accepted and never answered: the handshake has the same end.
    let silent = Fake::new(until_closed);
    let begun = Instant::now();
    let error = dial(&silent.node, &options(&[]), false, millis(100)).err().unwrap();
    assert_eq!(error.status(), Status::Timeout, "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(99));
    silent.done();
}

#[test]
fn each_address_of_a_name_is_tried() {
    let fake = Fake::new(until_closed);
    let node = NodeAddress::new("localhost", fake.node.port);
    let connection = dial(&node, &minimal(), false, soon()).unwrap();
    drop(connection);
    fake.done();
    let node = NodeAddress::new("name.invalid", 7000);
    let error = dial(&node, &minimal(), false, soon()).err().unwrap();
    assert_eq!((error.status(), error.node()), (Status::Connection, "name.invalid:7000"));
}
