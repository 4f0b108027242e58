//! A scripted server, and what the tests say about calls and errors.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::connection::{Connection, Destination, Dialer};
use rediscluster::deadline::Deadline;
use rediscluster::error::{Error, Result, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::Reply;

/// A server that takes one connection and plays a script on it.
pub struct Fake {
    pub node: NodeAddress,
    script: Option<JoinHandle<()>>,
}

impl Fake {
    pub fn new(script: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let node = NodeAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
        let script = thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            script(stream);
        });
        Self { node, script: Some(script) }
    }

    pub fn connect(&self) -> Connection {
        dial(&self.node, &minimal(), false, soon()).unwrap()
    }

    /// The script has come to its end without a failed assertion.
    pub fn done(mut self) {
        self.script.take().unwrap().join().unwrap();
    }
}

/// A connection by these options.
pub fn dial(
    node: &NodeAddress,
    options: &Options,
    readonly: bool,
    deadline: Deadline,
) -> Result<Connection> {
    let dialer = Dialer::new(Arc::new(options.clone()))?;
    dialer.dial(Destination { readonly, ..Destination::from(node) }, deadline)
}

pub fn minimal() -> Options {
    options(&[("handshake", "minimal")])
}

pub fn options(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    options
}

pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

pub fn millis(millis: u64) -> Deadline {
    Deadline::after(Duration::from_millis(millis))
}

pub fn get() -> Command {
    Command::of(&[b"GET", b"key"])
}

pub const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";

pub fn expect(stream: &mut TcpStream, wanted: &[u8]) {
    let mut bytes = vec![0; wanted.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(wanted));
}

/// Reads until the client goes.
pub fn until_closed(mut stream: TcpStream) {
    let mut rest = [0; 4096];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
}

pub fn failure(result: Result<Reply, Error>, status: Status, maybe_executed: bool) -> Error {
    let error = result.expect_err("an error");
    assert_eq!((error.status(), error.maybe_executed()), (status, maybe_executed), "{error}");
    error
}

/// Broken, and every call says why.
pub fn assert_broken(connection: &mut Connection) {
    assert!(connection.is_broken() && !connection.is_reusable() && !connection.is_idle_and_open());
    failure(connection.command(&get(), soon()), Status::Connection, false);
    assert_eq!(connection.append(&get()).unwrap_err().status(), Status::Connection);
    assert_eq!(connection.flush(soon()).unwrap_err().status(), Status::Connection);
    assert_eq!(connection.read(soon()).err().unwrap().status(), Status::Connection);
}

/// Ends at its time, at most 20 ms late (four times as much on a busy machine), best of five.
pub fn assert_punctual(wanted: Duration, mut call: impl FnMut() -> Duration) {
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
