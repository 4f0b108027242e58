//! Calls end when they should, and only then.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rediscluster::command::Command;
use rediscluster::error::Status;

use crate::fake::{
    Fake, GET, assert_broken, assert_punctual, dial, expect, failure, get, millis, options, soon,
    until_closed,
};

#[test]
fn a_call_ends_at_its_deadline_and_the_late_reply_is_nobodys() {
    assert_punctual(Duration::from_millis(300), || {
        let (answer, asked) = mpsc::channel();
        let fake = Fake::new(move |mut stream| {
            expect(&mut stream, GET);
            asked.recv().unwrap();
            let _ = stream.write_all(b"$4\r\nlate\r\n");
            until_closed(stream);
        });
        let mut connection = fake.connect();
        let begun = Instant::now();
        failure(connection.command(&get(), millis(300)), Status::Timeout, true);
        let took = begun.elapsed();
        answer.send(()).unwrap();
        assert_broken(&mut connection);
        drop(connection);
        fake.done();
        took
    });
}

#[test]
fn bytes_that_dribble_do_not_prolong_a_call() {
    // In a line, in a string that goes through the buffer, in one received into its place.
    for head in [&b"+"[..], b"$9000\r\n", b"$2000000\r\n"] {
        assert_punctual(Duration::from_millis(500), || {
            let fake = Fake::new(move |mut stream| {
                stream.set_nodelay(true).unwrap();
                expect(&mut stream, GET);
                stream.write_all(head).unwrap();
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(70));
                }
            });
            let mut connection = fake.connect();
            let begun = Instant::now();
            failure(connection.command(&get(), millis(500)), Status::Timeout, true);
            let took = begun.elapsed();
            drop(connection);
            fake.done();
            took
        });
    }
}

#[test]
fn a_reply_that_never_pauses_does_not_prolong_a_call() {
    assert_punctual(Duration::from_millis(200), || {
        let fake = Fake::new(move |mut stream| {
            expect(&mut stream, GET);
            stream.write_all(b"*150000000\r\n").unwrap();
            let elements = b":1\r\n".repeat(1000);
            while stream.write_all(&elements).is_ok() {}
        });
        let mut connection = fake.connect();
        let begun = Instant::now();
        failure(connection.command(&get(), millis(200)), Status::Timeout, true);
        let took = begun.elapsed();
        drop(connection);
        fake.done();
        took
    });
}

#[test]
fn a_server_that_takes_a_little_now_and_then_does_not_prolong_a_call() {
    let large = Command::of(&[b"SET", b"key", &vec![b'x'; 64 << 20]]);
    assert_punctual(Duration::from_millis(300), || {
        let fake = Fake::new(move |mut stream| {
            let mut some = vec![0; 100_000];
            while matches!(stream.read(&mut some), Ok(1..)) {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let mut connection = fake.connect();
        let begun = Instant::now();
        failure(connection.command(&large, millis(300)), Status::Timeout, true);
        let took = begun.elapsed();
        drop(connection);
        drop(fake);
        took
    });
}

#[test]
fn silence_ends_a_call_before_its_deadline() {
    let fake = Fake::new(until_closed);
    let options = options(&[("handshake", "minimal"), ("socket_timeout", "100")]);
    let mut connection = dial(&fake.node, &options, false, soon()).unwrap();
    let begun = Instant::now();
    failure(connection.command(&get(), soon()), Status::Timeout, true);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(99) && took < Duration::from_secs(5), "{took:?}");
    drop(connection);
    fake.done();
    // Where no reply is owed, silence is nothing wrong.
    let fake = Fake::new(until_closed);
    let mut connection = dial(&fake.node, &options, false, soon()).unwrap();
    assert!(connection.read(millis(250)).unwrap().is_none());
    assert!(!connection.is_broken());
    drop(connection);
    fake.done();
}

#[test]
fn no_time_sends_nothing() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, GET);
        stream.write_all(b"+only\r\n").unwrap();
        until_closed(stream);
    });
    let mut connection = fake.connect();
    failure(connection.command(&get(), millis(0)), Status::Timeout, false);
    assert!(connection.is_reusable());
    assert!(connection.read(millis(0)).unwrap().is_none());
    let reply = connection.command(&get(), soon()).unwrap();
    assert_eq!(reply.root().text(), Some("only"));
    drop(connection);
    fake.done();
}

static TICKS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn tick(_: libc::c_int) {
    TICKS.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn signals_do_not_disturb_a_call() {
    let fake = Fake::new(|mut stream| {
        expect(&mut stream, GET);
        thread::sleep(Duration::from_millis(100));
        stream.write_all(b"$100000\r\n").unwrap();
        for _ in 0..10 {
            thread::sleep(Duration::from_millis(5));
            stream.write_all(&[b'x'; 10_000]).unwrap();
        }
        stream.write_all(b"\r\n").unwrap();
        expect(&mut stream, GET);
        until_closed(stream);
    });
    let mut connection = fake.connect();
    // SAFETY: a handler that only counts, sent to this thread alone while it lives.
    let this = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = tick as *const () as usize;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
        libc::pthread_self()
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // SAFETY: the thread lives until this scope ends.
                unsafe { libc::pthread_kill(this, libc::SIGUSR1) };
                thread::sleep(Duration::from_millis(2));
            }
        });
        let reply = connection.command(&get(), soon()).unwrap();
        assert_eq!(reply.root().bytes().unwrap().len(), 100_000);
        let begun = Instant::now();
        failure(connection.command(&get(), millis(200)), Status::Timeout, true);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(199) && took < Duration::from_secs(2), "{took:?}");
        stop.store(true, Ordering::Relaxed);
        ticker.join().unwrap();
    });
    assert!(TICKS.load(Ordering::Relaxed) > 20);
    drop(connection);
    fake.done();
}
