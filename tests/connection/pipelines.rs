//! Append, flush, read.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::deadline::Deadline;
use rediscluster::error::Status;

use crate::fake::{Fake, GET, assert_broken, expect, failure, get, millis, soon, until_closed};

#[test]
fn a_large_pipeline_does_not_deadlock() {
    const COMMANDS: usize = 100_000;
    let fake = Fake::new(|stream| {
        // A server that stops reading while its replies are not read.
        let mut requests = std::io::BufReader::with_capacity(1 << 16, stream.try_clone().unwrap());
        let mut stream = stream;
        let reply = [&b"$1024\r\n"[..], &[b'v'; 1024], b"\r\n"].concat();
        let mut request = vec![0; GET.len()];
        for _ in 0..COMMANDS {
            requests.read_exact(&mut request).unwrap();
            stream.write_all(&reply).unwrap();
        }
        until_closed(stream);
    });
    let mut connection = fake.connect();
    for _ in 0..COMMANDS {
        connection.append(&get()).unwrap();
    }
    assert_eq!(connection.outstanding(), COMMANDS);
    failure(connection.command(&get(), soon()), Status::InvalidArgument, false);
    connection.flush(Deadline::after(Duration::from_secs(60))).unwrap();
    for left in (0..COMMANDS).rev() {
        let reply = connection.read(soon()).unwrap().unwrap();
        assert_eq!(reply.root().bytes().unwrap().len(), 1024);
        assert_eq!(connection.outstanding(), left);
    }
    assert!(connection.is_reusable());
    assert!(connection.detach().is_some() && !connection.has_buffers());
    drop(connection);
    fake.done();
}

#[test]
fn each_command_without_a_reply_may_have_run() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, &[GET, GET, GET].concat());
        stream.write_all(b"+one\r\n").unwrap();
    });
    let mut connection = fake.connect();
    for _ in 0..3 {
        connection.append(&get()).unwrap();
    }
    connection.flush(soon()).unwrap();
    assert_eq!(connection.read(soon()).unwrap().unwrap().root().text(), Some("one"));
    for _ in 0..2 {
        let error = connection.read(soon()).err().unwrap();
        assert_eq!(error.status(), Status::Connection);
        assert!(error.maybe_executed(), "{error}");
    }
    // What was not sent has not run.
    failure(connection.command(&get(), soon()), Status::Connection, false);
    fake.done();
}

#[test]
fn what_was_never_sent_has_not_run() {
    let fake = Fake::new(until_closed);
    let mut connection = fake.connect();
    connection.append(&get()).unwrap();
    connection.interrupter().interrupt();
    for status in [Status::Cancelled, Status::Connection] {
        let error = connection.read(soon()).err().unwrap();
        assert_eq!((error.status(), error.maybe_executed()), (status, false), "{error}");
    }
    fake.done();
}

#[test]
fn a_read_sends_what_was_appended() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, &[GET, GET].concat());
        stream.write_all(b"+one\r\n+two\r\n").unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    connection.append(&get()).unwrap();
    connection.append(&get()).unwrap();
    for text in ["one", "two"] {
        let reply = connection.read(soon()).unwrap().unwrap();
        assert_eq!(reply.root().text(), Some(text));
    }
    assert!(connection.is_reusable());
    drop(connection);
    fake.done();
}

#[test]
fn a_flush_the_server_does_not_take_ends_in_time() {
    let (end, ended) = mpsc::channel::<()>();
    let fake = Fake::new(move |stream| {
        let _ = ended.recv();
        drop(stream);
    });
    let mut connection = fake.connect();
    let large = Command::of(&[b"SET", b"key", &vec![b'x'; 64 << 20]]);
    connection.append(&large).unwrap();
    let error = connection.flush(millis(100)).unwrap_err();
    assert_eq!((error.status(), error.maybe_executed()), (Status::Timeout, true));
    assert_broken(&mut connection);
    drop(end);
    fake.done();
}

#[test]
fn a_look_takes_all_that_is_there() {
    let (sent, whole) = mpsc::channel();
    let fake = Fake::new(move |mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"$100000\r\n").unwrap();
        stream.write_all(&[b'x'; 100_000]).unwrap();
        stream.write_all(b"\r\n").unwrap();
        sent.send(()).unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    connection.append(&get()).unwrap();
    connection.flush(soon()).unwrap();
    whole.recv().unwrap();
    // All bytes have arrived: loopback hands them over as they are sent.
    let reply = connection.read(millis(0)).unwrap().unwrap();
    assert_eq!(reply.root().bytes().unwrap().len(), 100_000);
    drop(connection);
    fake.done();
}
