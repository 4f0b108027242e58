//! Each reply is its command's, and what ends a connection.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc;
use std::thread;

use rediscluster::command::Command;
use rediscluster::error::Status;
use rediscluster::resp::Kind;

use crate::fake::{
    Fake, GET, assert_broken, dial, expect, failure, get, millis, options, soon, until_closed,
};

#[test]
fn a_reply_too_many_is_never_the_next_ones() {
    for behind in [&b"$5\r\nstray\r\n"[..], b"$5\r\nstr", b"x"] {
        let fake = Fake::new(move |mut stream| {
            expect(&mut stream, GET);
            stream.write_all(&[b"+first\r\n", behind].concat()).unwrap();
            until_closed(stream);
        });
        let mut connection = fake.connect();
        failure(connection.command(&get(), soon()), Status::Protocol, true);
        assert_broken(&mut connection);
        drop(connection);
        fake.done();
    }
    // One that comes later is seen by the idle check and by a read.
    let (now, when) = mpsc::channel();
    let fake = Fake::new(move |mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"+first\r\n").unwrap();
        when.recv().unwrap();
        stream.write_all(b"+stray\r\n").unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    assert!(connection.command(&get(), soon()).is_ok());
    assert!(connection.is_reusable() && connection.is_idle_and_open());
    now.send(()).unwrap();
    while connection.is_idle_and_open() {
        thread::yield_now();
    }
    assert_eq!(connection.read(soon()).err().unwrap().status(), Status::Protocol);
    assert_broken(&mut connection);
    drop(connection);
    fake.done();
}

#[test]
fn what_is_not_the_protocol_ends_the_call_and_the_connection() {
    for (bytes, status) in [
        (&b"rubbish\r\n"[..], Status::Protocol),
        (b"$-2\r\n", Status::Protocol),
        (b"$3\r\nabcde", Status::Protocol),
        (b"$9999999999\r\n", Status::Limit),
        (b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", Status::Limit),
    ] {
        let fake = Fake::new(move |mut stream| {
            expect(&mut stream, GET);
            stream.write_all(bytes).unwrap();
            until_closed(stream);
        });
        let options = options(&[("handshake", "minimal"), ("max_reply_depth", "8")]);
        let mut connection = dial(&fake.node, &options, false, soon()).unwrap();
        failure(connection.command(&get(), soon()), status, true);
        assert_broken(&mut connection);
        drop(connection);
        fake.done();
    }
}

#[test]
fn pushes_are_kept_in_order_beside_replies() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
        stream.write_all(b"%1\r\n$17\r\navailability_zone\r\n$4\r\nzone\r\n").unwrap();
        expect(&mut stream, GET);
        stream
            .write_all(
                b">2\r\n+a\r\n:1\r\n>2\r\n+a\r\n:2\r\n+reply\r\n>2\r\n+a\r\n:3\r\n>2\r\n+a\r\n",
            )
            .unwrap();
        expect(&mut stream, GET);
        stream.write_all(b":4\r\n+second\r\n").unwrap();
        expect(&mut stream, GET);
        for _ in 0..1025 {
            stream.write_all(b">1\r\n+flood\r\n").unwrap();
        }
        until_closed(stream);
    });
    let resp3 = options(&[("handshake", "minimal"), ("protocol", "3")]);
    let mut connection = dial(&fake.node, &resp3, false, soon()).unwrap();
    assert_eq!(connection.availability_zone(), Some("zone"));
    let reply = connection.command(&get(), soon()).unwrap();
    assert_eq!(reply.root().text(), Some("reply"));
    assert_eq!((connection.outstanding(), connection.is_reusable()), (0, false));
    let reply = connection.command(&get(), soon()).unwrap();
    assert_eq!(reply.root().text(), Some("second"));
    for number in 1..=4 {
        let push = connection.read(soon()).unwrap().unwrap();
        assert_eq!(push.root().kind(), Kind::Push);
        assert_eq!(push.root().at(1).unwrap().integer(), Some(number));
    }
    assert!(connection.read(millis(0)).unwrap().is_none());
    assert!(connection.is_reusable());
    failure(connection.command(&get(), soon()), Status::Limit, true);
    assert_broken(&mut connection);
    drop(connection);
    fake.done();
}

#[test]
fn a_closed_connection_is_an_error_and_no_signal() {
    // Rust's runtime ignores SIGPIPE; here it would kill.
    // SAFETY: the default action is what a C program has.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let fake = Fake::new(drop);
    let mut connection = fake.connect();
    let node = fake.node.clone();
    fake.done();
    while connection.is_idle_and_open() {
        thread::yield_now();
    }
    let error = connection.command(&get(), soon()).err().unwrap();
    assert_eq!((error.status(), error.node()), (Status::Connection, &*node.to_string()));
    assert_broken(&mut connection);

    // Half closed: the server wants no more, but its reply to what was sent before still comes.
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"+bye\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    assert_eq!(connection.command(&get(), soon()).unwrap().root().text(), Some("bye"));
    while connection.is_idle_and_open() {
        thread::yield_now();
    }
    failure(connection.command(&get(), soon()), Status::Connection, true);
    drop(connection);
    fake.done();
    // Closed in the midst of a reply.
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"$100\r\nhalf").unwrap();
    });
    let mut connection = fake.connect();
    failure(connection.command(&get(), soon()), Status::Connection, true);
    fake.done();
}

#[test]
fn a_child_process_leaves_the_connection_alone() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"+parent\r\n").unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    // SAFETY: the child only calls the library and leaves without running anything of the parent's.
    let child = unsafe { libc::fork() };
    if child == 0 {
        connection.interrupter().interrupt();
        let forked = connection.command(&get(), soon()).err().map(|error| error.status());
        let right = forked == Some(Status::Forked) && connection.fd() == -1;
        let right = right && !connection.is_idle_and_open() && !connection.is_reusable();
        drop(connection);
        // SAFETY: as above.
        unsafe { libc::_exit(if right { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    assert!(connection.is_idle_and_open());
    let reply = connection.command(&get(), soon()).unwrap();
    assert_eq!(reply.root().text(), Some("parent"));
    drop(connection);
    fake.done();
}
#[test]
fn another_thread_interrupts() {
    let (sent, asked) = mpsc::channel();
    let fake = Fake::new(move |mut stream| {
        expect(&mut stream, GET);
        sent.send(()).unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    let interrupter = connection.interrupter();
    let other = interrupter.clone();
    let thread = thread::spawn(move || {
        asked.recv().unwrap();
        other.interrupt();
    });
    failure(connection.command(&get(), soon()), Status::Cancelled, true);
    thread.join().unwrap();
    assert_broken(&mut connection);
    drop(connection);
    interrupter.interrupt();
    fake.done();

    let fake = Fake::new(until_closed);
    let mut connection = fake.connect();
    connection.interrupter().interrupt();
    assert!(connection.is_broken() && !connection.is_reusable());
    let error = connection.command(&get(), soon()).err().unwrap();
    assert_eq!(error.status(), Status::Cancelled);
    drop(connection);
    fake.done();
}

#[test]
fn misuse_is_answered() {
    let fake = Fake::new(until_closed);
    let mut connection = fake.connect();
    failure(connection.command(&Command::new(), soon()), Status::InvalidArgument, false);
    assert_eq!(connection.append(&Command::new()).unwrap_err().status(), Status::InvalidArgument);
    for mode in [&b"OFF"[..], b"SKIP"] {
        let command = Command::of(&[b"CLIENT", b"REPLY", mode]);
        failure(connection.command(&command, soon()), Status::InvalidArgument, false);
    }
    assert!(connection.is_reusable());
    connection.append(&Command::of(&[b"CLIENT", b"REPLY", b"OFF"])).unwrap();
    failure(connection.command(&get(), soon()), Status::InvalidArgument, false);
    assert_eq!(connection.outstanding(), 0);
    assert!(connection.detach().is_none() && !connection.is_reusable());
    drop(connection);
    fake.done();
}
