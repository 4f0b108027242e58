//! Connections to a real server, where one is installed.

use std::net::TcpListener;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::connection::{Connection, Destination, Dialer};
use rediscluster::deadline::Deadline;
use rediscluster::error::{Result, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster::resp::Kind;

struct Server {
    process: Child,
    node: NodeAddress,
}

impl Server {
    /// None where no server is installed.
    fn start(arguments: &[&str]) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Process::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self { process, node: NodeAddress::new("127.0.0.1", port) };
        for _ in 0..1000 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn dial(
    node: &NodeAddress,
    options: &Options,
    readonly: bool,
    deadline: Deadline,
) -> Result<Connection> {
    let dialer = Dialer::new(Arc::new(options.clone()))?;
    dialer.dial(Destination { readonly, ..Destination::from(node) }, deadline)
}

fn options(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    options
}

#[test]
fn handshakes_and_commands() {
    let Some(server) = Server::start(&["--requirepass", "sesame", "--enable-debug-command", "yes"])
    else {
        return;
    };
    let settings = [("password", "sesame"), ("client_name", "tests"), ("db", "3")];
    for (protocol, spoken) in [("auto", 3), ("2", 2), ("3", 3)] {
        let mut options = options(&settings);
        options.set("protocol", protocol).unwrap();
        let mut connection = dial(&server.node, &options, false, soon()).unwrap();
        assert_eq!(connection.protocol(), spoken);
        let set = Command::of(&[b"SET", b"key", b"value"]);
        assert_eq!(connection.command(&set, soon()).unwrap().root().text(), Some("OK"));
        let get = Command::of(&[b"GET", b"key"]);
        let reply = connection.command(&get, soon()).unwrap();
        assert_eq!(reply.root().bytes(), Some(&b"value"[..]));
        let info = connection.command(&Command::of(&[b"CLIENT", b"INFO"]), soon()).unwrap();
        let info = String::from_utf8(info.root().bytes().unwrap().to_vec()).unwrap();
        assert!(info.contains("name=tests") && info.contains("db=3"), "{info}");
        assert!(connection.is_reusable() && connection.is_idle_and_open());
    }
    for (settings, wanted) in [
        (&[][..], Status::Auth),
        (&[("password", "wrong")], Status::Auth),
        (&[("password", "wrong"), ("protocol", "2"), ("handshake", "minimal")], Status::Auth),
        (&[("password", "sesame"), ("username", "nobody")], Status::Auth),
        (&[("password", "sesame"), ("db", "99")], Status::Config),
    ] {
        let error = dial(&server.node, &options(settings), false, soon()).err().unwrap();
        assert_eq!(error.status(), wanted, "{error}");
        assert_eq!(error.node(), server.node.to_string());
        assert!(!error.message().contains("wrong") && !error.message().contains("sesame"));
    }
    let error = dial(&server.node, &options(&settings), true, soon()).err().unwrap();
    assert_eq!(error.status(), Status::Config, "{error}");
    // A string that goes straight to its place, and one the kernel takes in pieces.
    let mut connection = dial(&server.node, &options(&settings), false, soon()).unwrap();
    let large: Vec<u8> = (0..40 << 20).map(|i: u32| (i >> 8) as u8).collect();
    connection.command(&Command::of(&[b"SET", b"large", &large]), soon()).unwrap();
    let reply = connection.command(&Command::of(&[b"GET", b"large"]), soon()).unwrap();
    assert!(reply.root().bytes() == Some(&large[..]));
}

#[test]
fn modes() {
    let Some(server) = Server::start(&[]) else { return };
    for protocol in ["2", "3"] {
        let options = options(&[("protocol", protocol)]);
        let dial = || dial(&server.node, &options, false, soon()).unwrap();
        let run = |connection: &mut Connection, line: &str| {
            let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
            connection.command(&Command::of(&words), soon()).unwrap()
        };
        let mut connection = dial();
        for (line, reusable) in [
            ("WATCH a", false),
            ("UNWATCH", true),
            ("WATCH a", false),
            ("MULTI", false),
            ("SET a 1", false),
            ("EXEC", true),
            ("MULTI", false),
            ("NOSUCH", false),
            ("EXEC", true),
            ("MULTI", false),
            ("DISCARD", true),
            ("EVAL x 0", true),
        ] {
            run(&mut connection, line);
            assert_eq!(connection.is_reusable(), reusable, "{line}");
        }
        run(&mut connection, "SELECT 1");
        assert!(!connection.is_reusable());

        let mut connection = dial();
        let confirmed = run(&mut connection, "SUBSCRIBE a b");
        assert_eq!(confirmed.root().at(1).unwrap().bytes(), Some(&b"a"[..]));
        assert_eq!(connection.outstanding(), 0);
        run(&mut dial(), "PUBLISH b hello");
        let pong = run(&mut connection, "PING");
        assert!(matches!(pong.root().kind(), Kind::Status | Kind::Array));
        let second = connection.read(soon()).unwrap().unwrap();
        assert_eq!(second.root().at(1).unwrap().bytes(), Some(&b"b"[..]));
        let message = connection.read(soon()).unwrap().unwrap();
        assert_eq!(message.root().at(2).unwrap().bytes(), Some(&b"hello"[..]));
        assert!(!connection.is_reusable() && !connection.is_broken());
        assert!(connection.read(Deadline::after(Duration::ZERO)).unwrap().is_none());

        let mut connection = dial();
        run(&mut connection, "MONITOR");
        run(&mut dial(), "SET seen 1");
        let mut seen = false;
        while !seen {
            let line = connection.read(soon()).unwrap().unwrap();
            seen = line.root().text().unwrap().contains("\"seen\"");
        }
        assert!(!connection.is_reusable());

        let mut connection = dial();
        for line in [
            "CLIENT REPLY OFF",
            "SET x 1",
            "GET x",
            "CLIENT REPLY ON",
            "CLIENT REPLY SKIP",
            "SET x 2",
            "GET x",
        ] {
            let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
            connection.append(&Command::of(&words)).unwrap();
        }
        assert_eq!(connection.outstanding(), 2);
        connection.flush(soon()).unwrap();
        assert_eq!(connection.read(soon()).unwrap().unwrap().root().text(), Some("OK"));
        assert_eq!(connection.read(soon()).unwrap().unwrap().root().bytes(), Some(&b"2"[..]));
        assert!(connection.is_reusable());
    }
}
