//! The scripted nodes, seen by a client.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rediscluster_test_support::fake_node::{FakeNodes, What};
use rediscluster_test_support::resp::encode_command;

const PATIENCE: Duration = Duration::from_secs(10);

fn connect(nodes: &FakeNodes, node: usize) -> TcpStream {
    let stream = TcpStream::connect(nodes.address(node)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn send(stream: &mut TcpStream, words: &str) {
    stream.write_all(&encode_command(&words.split(' ').collect::<Vec<_>>())).unwrap();
}

/// Sends a command and expects exactly these bytes.
fn ask(stream: &mut TcpStream, words: &str, expected: &str) {
    send(stream, words);
    receive(stream, expected);
}

fn receive(stream: &mut TcpStream, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
}

#[test]
fn rules_counters_variables_and_shapes() {
    let script = "node 1 2\n handshake\nnode 1\n first 2 on GET hot => error \"MOVED 1 $addr2\"\n \
        on GET * => bulk \"got $arg1\"\n on MANY => resp [ 1 \"2\" nil +x -\"ERR y\" [ :$port2 ] { a true } ]\n \
        expect STEP => ok\n expect STEP => int 2\n on STEP => nil\n let who me\n on WHO => bulk $who";
    let nodes = FakeNodes::run(script).unwrap();
    let mut stream = connect(&nodes, 1);
    let moved = format!("-MOVED 1 {}\r\n", nodes.address(2));
    ask(&mut stream, "GET hot", &moved);
    ask(&mut stream, "get HOT", &moved);
    ask(&mut stream, "GET hot", "$7\r\ngot hot\r\n");
    let port = nodes.port(2);
    let many = format!("*7\r\n:1\r\n$1\r\n2\r\n$-1\r\n+x\r\n-ERR y\r\n*1\r\n:{port}\r\n");
    ask(&mut stream, "MANY", &format!("{many}*2\r\n$1\r\na\r\n:1\r\n"));
    send(&mut stream, "HELLO 3");
    let mut reply = vec![0; 4];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply, b"%7\r\n");
    let end = "$7\r\nmodules\r\n*0\r\n";
    while !reply.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        reply.push(byte[0]);
    }
    ask(&mut stream, "MANY", &format!("{}%1\r\n$1\r\na\r\n#t\r\n", many.replace("$-1", "_")));
    ask(&mut stream, "STEP", "+OK\r\n");
    ask(&mut stream, "STEP", ":2\r\n");
    ask(&mut stream, "STEP", "_\r\n");
    ask(&mut connect(&nodes, 1), "STEP", "+OK\r\n");
    ask(&mut stream, "WHO", "$2\r\nme\r\n");
    nodes.set("who", "you!");
    ask(&mut stream, "WHO", "$4\r\nyou!\r\n");
    ask(&mut stream, "NOPE", "-ERR unknown command 'NOPE' (node 1 has no rule)\r\n");
    assert_eq!((nodes.count("GET"), nodes.count_on(2, "GET"), nodes.count("get")), (3, 0, 3));
    assert!(nodes.log().iter().any(|e| matches!(&e.what, What::Command { scripted: false, .. })));
}

#[test]
fn bytes_times_and_ends_of_connections() {
    let script = "node 1\n handshake\n on SLOW => dribble 20 2; bulk hello\n on LATE => delay 60; ok\n \
        on CUT => send \"$5\\r\\nab\"; close\n on RST => reset\n on HALF => ok; half-close\n \
        on HANG => hang\n on BIG => repeat 3 send \"*1\\r\\n\"; fill 4\n on GATED => gate g; ok\n \
        on PUSHED => push invalidate [ a ]; ok\n connection 2 accept => send \"hi\"";
    let nodes = FakeNodes::run(script).unwrap();
    let mut stream = connect(&nodes, 1);
    let start = Instant::now();
    ask(&mut stream, "SLOW", "$5\r\nhello\r\n");
    assert!(start.elapsed() >= Duration::from_millis(100));
    let start = Instant::now();
    ask(&mut stream, "LATE", "+OK\r\n");
    assert!(start.elapsed() >= Duration::from_millis(60));
    ask(&mut stream, "BIG", "*1\r\n*1\r\n*1\r\n$4\r\nxxxx\r\n");
    ask(&mut stream, "PUSHED", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n+OK\r\n");
    receive(&mut connect(&nodes, 1), "hi");
    send(&mut stream, "GATED");
    stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    nodes.open_gate("g");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    receive(&mut stream, "+OK\r\n");
    ask(&mut stream, "CUT", "$5\r\nab");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let mut stream = connect(&nodes, 1);
    send(&mut stream, "RST");
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut stream = connect(&nodes, 1);
    ask(&mut stream, "HALF", "+OK\r\n");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    send(&mut stream, "PING");
    assert!(nodes.wait_until(PATIENCE, |log| log.iter().any(|e| e.name() == "PING")));
    let mut stream = connect(&nodes, 1);
    send(&mut stream, "HANG");
    stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn ports_that_refuse_hang_pause_and_come_back() {
    let script = "node *\n handshake\nnode 2\n listen refuse\nnode 3\n listen blackhole";
    let nodes = FakeNodes::run(script).unwrap();
    let dial = |node: usize| {
        let address: SocketAddr = nodes.address(node).parse().unwrap();
        TcpStream::connect_timeout(&address, Duration::from_millis(150)).map_err(|e| e.kind())
    };
    assert_eq!(dial(2).unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(dial(3).unwrap_err(), ErrorKind::TimedOut);
    let mut stream = connect(&nodes, 1);
    ask(&mut stream, "PING", "+PONG\r\n");
    nodes.pause(1);
    send(&mut stream, "PING");
    stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    nodes.resume(1);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    receive(&mut stream, "+PONG\r\n");
    nodes.kill(1);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(dial(1).unwrap_err(), ErrorKind::ConnectionRefused);
    nodes.blackhole(1);
    assert_eq!(dial(1).unwrap_err(), ErrorKind::TimedOut);
    for node in 1..=3 {
        nodes.revive(node);
        ask(&mut connect(&nodes, node), "PING", "+PONG\r\n");
    }
}

#[test]
fn scenes_topology_and_store() {
    let script = "node *\n handshake\n store moved\n topology 0-8191=1 8192-16383=2\n\
        scene after\nnode *\n topology 0-16383=2";
    let nodes = FakeNodes::run(script).unwrap();
    let (mut one, mut two) = (connect(&nodes, 1), connect(&nodes, 2));
    // "foo" has slot 12182, "bar" 5061.
    ask(&mut one, "SET foo 1", &format!("-MOVED 12182 {}\r\n", nodes.address(2)));
    ask(&mut two, "SET foo 1", "+OK\r\n");
    ask(&mut two, "INCR foo", ":2\r\n");
    ask(&mut one, "GET bar", "$-1\r\n");
    ask(&mut one, "CLUSTER SLOTS", "*2\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n");
    let mut one = connect(&nodes, 1);
    nodes.use_scene("after").unwrap();
    ask(&mut one, "CLUSTER SLOTS", "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$9\r\n127.0.0.1\r\n");
    ask(&mut connect(&nodes, 1), "GET bar", &format!("-MOVED 5061 {}\r\n", nodes.address(2)));
    assert!(nodes.use_scene("never").is_err());
    assert_eq!(nodes.connections(1).total, 3);
    // Sent in one write: the same number of the read.
    let mut pair = encode_command(&["ASKING"]);
    pair.extend(encode_command(&["PING"]));
    let mut stream = connect(&nodes, 2);
    stream.write_all(&pair).unwrap();
    receive(&mut stream, "+OK\r\n+PONG\r\n");
    let read_of = |name: &str| {
        nodes.log().into_iter().find(|e| e.name() == name).map(|e| match e.what {
            What::Command { read, .. } => (e.connection, read),
            _ => unreachable!(),
        })
    };
    assert_eq!(read_of("ASKING"), read_of("PING"));
}

#[test]
fn the_program_speaks_lines_and_ends_with_its_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fake-node"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    input.write_all(b"nodes 2\nnode *\nhandshake\nend\n").unwrap();
    let ports = lines.next().unwrap();
    let ports: Vec<u16> =
        ports.strip_prefix("ports ").unwrap().split(' ').map(|p| p.parse().unwrap()).collect();
    assert_eq!(ports.len(), 2);
    let mut stream = TcpStream::connect(("127.0.0.1", ports[1])).unwrap();
    ask(&mut stream, "PING", "+PONG\r\n");
    let mut control = |line: &str| {
        writeln!(input, "{line}").unwrap();
        lines.next().unwrap()
    };
    assert_eq!(control("count PING"), "ok 1");
    assert_eq!(control("count PING on 1"), "ok 0");
    assert_eq!(control("connections 2"), "ok 1 1 1");
    assert_eq!(control("send 2 \"+x\\r\\n\""), "ok 1");
    receive(&mut stream, "+x\r\n");
    assert!(control("kill 7").starts_with("error there is no node 7"));
    assert!(control("dance").starts_with("error "));
    assert!(control("log").ends_with(" 2 1 open"));
    assert!(lines.next().unwrap().ends_with(" 2 1 command 1 PING"));
    assert_eq!(lines.next().unwrap(), "end");
    drop(input);
    assert!(child.wait().unwrap().success());
    let output = Command::new(env!("CARGO_BIN_EXE_fake-node"))
        .args(["-e", "on GET"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.starts_with(b"error line 1: a rule needs =>"));
}

#[test]
fn the_document_has_an_example_that_runs() {
    let text = include_str!("../fake_node.md");
    let nodes = FakeNodes::run(text.split("```").nth(1).unwrap()).unwrap();
    assert_eq!(nodes.ports().len(), 4);
    ask(&mut connect(&nodes, 2), "GET slow", "$-1\r\n");
    assert!(nodes.use_scene("after").is_ok());
}
