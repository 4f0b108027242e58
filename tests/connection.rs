//! Connections against servers that behave as the test says.
#![allow(unsafe_code)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rediscluster::command::Command;
use rediscluster::connection::Connection;
use rediscluster::deadline::Deadline;
use rediscluster::error::{Error, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::{Kind, Reply};

/// A server that takes one connection and plays a script on it.
struct Fake {
    node: NodeAddress,
    script: Option<JoinHandle<()>>,
}

impl Fake {
    fn new(script: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let node = NodeAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
        let script = thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            script(stream);
        });
        Self { node, script: Some(script) }
    }

    fn connect(&self) -> Connection {
        Connection::dial(&self.node, &minimal(), false, soon()).unwrap()
    }

    /// The script has come to its end without a failed assertion.
    fn done(mut self) {
        self.script.take().unwrap().join().unwrap();
    }
}

fn minimal() -> Options {
    options(&[("handshake", "minimal")])
}

fn options(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    options
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn millis(millis: u64) -> Deadline {
    Deadline::after(Duration::from_millis(millis))
}

fn get() -> Command {
    Command::of(&[b"GET", b"key"])
}

const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";

fn expect(stream: &mut TcpStream, wanted: &[u8]) {
    let mut bytes = vec![0; wanted.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(wanted));
}

/// Reads until the client goes.
fn until_closed(mut stream: TcpStream) {
    let mut rest = [0; 4096];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
}

fn failure(result: Result<Reply, Error>, status: Status, maybe_executed: bool) -> Error {
    let error = result.err().expect("an error");
    assert_eq!((error.status(), error.maybe_executed()), (status, maybe_executed), "{error}");
    error
}

/// Broken, and every call says why.
fn assert_broken(connection: &mut Connection) {
    assert!(connection.is_broken() && !connection.is_reusable() && !connection.is_idle_and_open());
    failure(connection.command(&get(), soon()), Status::Connection, false);
    assert_eq!(connection.append(&get()).unwrap_err().status(), Status::Connection);
    assert_eq!(connection.flush(soon()).unwrap_err().status(), Status::Connection);
    assert_eq!(connection.read(soon()).err().unwrap().status(), Status::Connection);
}

/// Ends at its time, at most 20 ms late (four times as much on a busy machine), best of five.
fn assert_punctual(wanted: Duration, mut call: impl FnMut() -> Duration) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let took = call();
        assert!(took >= wanted - Duration::from_millis(1), "{took:?}, early");
        best = best.min(took);
        if best <= wanted + Duration::from_millis(20) {
            return;
        }
    }
    assert!(best <= wanted + Duration::from_millis(80), "{best:?}, late");
}

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
    let connection = Connection::dial(&fake.node, &options, true, soon()).unwrap();
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
        let error = Connection::dial(&fake.node, &options(&[]), false, soon()).err().unwrap();
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
    let error = Connection::dial(&node, &minimal(), false, soon()).err().unwrap();
    assert_eq!(error.status(), Status::Connection);
    assert!(error.message().contains("refused"), "{error}");
    assert_eq!(error.attempts().len(), 1);
    let error = Connection::dial(&node, &minimal(), false, millis(0)).err().unwrap();
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
        let error = Connection::dial(&node, &minimal(), false, millis(300)).err().unwrap();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        begun.elapsed()
    });
    let hasty = options(&[("socket_connect_timeout", "100")]);
    assert_punctual(Duration::from_millis(100), || {
        let begun = Instant::now();
        let error = Connection::dial(&node, &hasty, false, soon()).err().unwrap();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        begun.elapsed()
    });
    // Accepted and never answered: the handshake has the same end.
    let silent = Fake::new(until_closed);
    let begun = Instant::now();
    let error = Connection::dial(&silent.node, &options(&[]), false, millis(100)).err().unwrap();
    assert_eq!(error.status(), Status::Timeout, "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(99));
    silent.done();
}

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
fn silence_ends_a_call_before_its_deadline() {
    let fake = Fake::new(until_closed);
    let options = options(&[("handshake", "minimal"), ("socket_timeout", "100")]);
    let mut connection = Connection::dial(&fake.node, &options, false, soon()).unwrap();
    let begun = Instant::now();
    failure(connection.command(&get(), soon()), Status::Timeout, true);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(99) && took < Duration::from_secs(5), "{took:?}");
    drop(connection);
    fake.done();
    // Where no reply is owed, silence is nothing wrong.
    let fake = Fake::new(until_closed);
    let mut connection = Connection::dial(&fake.node, &options, false, soon()).unwrap();
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
        let mut connection = Connection::dial(&fake.node, &options, false, soon()).unwrap();
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
    let mut connection = Connection::dial(&fake.node, &resp3, false, soon()).unwrap();
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
    let fake = Fake::new(|stream| drop(stream));
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
