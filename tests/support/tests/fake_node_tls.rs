//! The scripted nodes over TLS, seen by a client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use openssl::ssl::{
    ErrorCode, SslConnector, SslFiletype, SslMethod, SslSession, SslSessionCacheMode, SslStream,
    SslVersion,
};
use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::fake_node::{Event, FakeNodes, Handshakes, What};
use rediscluster_test_support::resp::encode_command;

const PATIENCE: Duration = Duration::from_secs(10);

fn run(certificates: &Throwaway, script: &str) -> FakeNodes {
    let folder = certificates.folder().display().to_string();
    FakeNodes::run(&script.replace("FOLDER", &format!("\"{folder}\""))).unwrap()
}

fn dial(nodes: &FakeNodes, node: usize) -> TcpStream {
    let stream = TcpStream::connect(nodes.address(node)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connector that trusts the authority and has this client certificate or none.
fn connector(certificates: &Throwaway, client: Option<&str>) -> SslConnector {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(certificates.file("ca.pem")).unwrap();
    if let Some((certificate, key)) = client.map(|name| certificates.pair(name).unwrap()) {
        builder.set_certificate_chain_file(certificate).unwrap();
        builder.set_private_key_file(key, SslFiletype::PEM).unwrap();
    }
    builder.build()
}

fn connect(certificates: &Throwaway, nodes: &FakeNodes, node: usize) -> SslStream<TcpStream> {
    let connector = connector(certificates, Some("client"));
    connector.connect("127.0.0.1", dial(nodes, node)).unwrap()
}

fn send(stream: &mut impl Write, words: &str) {
    stream.write_all(&encode_command(&words.split(' ').collect::<Vec<_>>())).unwrap();
}

/// Sends a command and expects exactly these bytes.
fn ask(stream: &mut (impl Read + Write), words: &str, expected: &str) {
    send(stream, words);
    receive(stream, expected);
}

fn receive(stream: &mut impl Read, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
}

/// How a connection ends: with close_notify or without.
fn ends_in_order(stream: &mut SslStream<TcpStream>) -> bool {
    let error = stream.ssl_read(&mut [0]).unwrap_err();
    error.code() == ErrorCode::ZERO_RETURN
}

#[test]
fn all_that_happens_without_tls_happens_within() {
    let certificates = Throwaway::new().unwrap();
    let script = "tls FOLDER\nnode *\n handshake\n store moved\n topology 0-8191=1 8192-16383=2\n\
        node 1\n on SLOW => dribble 20 2; bulk hello\n on LATE => delay 60; ok\n \
        on BIG => fill 200000\n on GATED => gate g; ok\n on CUT => send \"$5\\r\\nab\"; close\n \
        on HALF => ok; half-close\n on RST => reset\n on HANG => hang\n \
        connection 2 accept => send \"hi\"";
    let nodes = run(&certificates, script);
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "PING", "+PONG\r\n");
    ask(&mut stream, "SET foo 1", &format!("-MOVED 12182 {}\r\n", nodes.address(2)));
    ask(&mut connect(&certificates, &nodes, 2), "SET foo 1", "+OK\r\n");
    let start = Instant::now();
    ask(&mut stream, "SLOW", "$5\r\nhello\r\n");
    assert!(start.elapsed() >= Duration::from_millis(100));
    let start = Instant::now();
    ask(&mut stream, "LATE", "+OK\r\n");
    assert!(start.elapsed() >= Duration::from_millis(60));
    ask(&mut stream, "BIG", &format!("$200000\r\n{}\r\n", "x".repeat(200_000)));
    receive(&mut connect(&certificates, &nodes, 1), "hi");
    // From outside, while the connection's thread waits for a command and at a gate.
    assert!(nodes.send(1, b"+x\r\n") >= 1);
    receive(&mut stream, "+x\r\n");
    send(&mut stream, "GATED");
    nodes.open_gate("g");
    receive(&mut stream, "+OK\r\n");
    // Ends.
    ask(&mut stream, "CUT", "$5\r\nab");
    assert!(ends_in_order(&mut stream));
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "HALF", "+OK\r\n");
    assert!(ends_in_order(&mut stream));
    send(&mut stream, "ECHO after");
    let heard = |name: &str| nodes.log().iter().any(|event| event.name() == name);
    assert!(nodes.wait_until(PATIENCE, |log| log.iter().any(|e| e.name() == "ECHO")));
    let mut stream = connect(&certificates, &nodes, 1);
    send(&mut stream, "RST");
    let error = stream.ssl_read(&mut [0]).unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), ErrorKind::ConnectionReset);
    let mut stream = connect(&certificates, &nodes, 1);
    send(&mut stream, "HANG");
    assert!(nodes.wait_until(PATIENCE, |log| log.iter().any(|e| e.name() == "HANG")));
    send(&mut stream, "PING");
    stream.get_ref().set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(heard("GATED") && nodes.handshakes(1).failed == 0);
    // Who does not speak TLS gets nowhere.
    let mut plain = dial(&nodes, 2);
    plain.write_all(b"PING\r\n").unwrap();
    let mut reply = Vec::new();
    let _ = plain.read_to_end(&mut reply);
    assert!(!reply.starts_with(b"+PONG"));
    assert_eq!(nodes.handshakes(2), Handshakes { done: 1, failed: 1 });
}

#[test]
fn ends_without_close_notify_and_with_it() {
    let certificates = Throwaway::new().unwrap();
    let script =
        "tls FOLDER\nhandshake\non CUT => send \"$5\\r\\nab\"; truncate\non BYE => ok; close";
    let nodes = run(&certificates, script);
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "CUT", "$5\r\nab");
    assert!(!ends_in_order(&mut stream));
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "BYE", "+OK\r\n");
    assert!(ends_in_order(&mut stream));
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "PING", "+PONG\r\n");
    nodes.disconnect(1);
    assert!(ends_in_order(&mut stream));
    let mut stream = connect(&certificates, &nodes, 1);
    ask(&mut stream, "PING", "+PONG\r\n");
    nodes.kill(1);
    assert!(!ends_in_order(&mut stream));
    // Where there is no TLS, they are the same.
    let nodes = FakeNodes::run("on CUT => ok; truncate").unwrap();
    let mut stream = dial(&nodes, 1);
    ask(&mut stream, "CUT", "+OK\r\n");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn certificates_versions_and_what_the_log_says_of_them() {
    let certificates = Throwaway::new().unwrap();
    let script = "tls FOLDER\nnode *\nhandshake\nnode 1\n tls-client-auth required\n tls-version 1.2\n\
        node 2\n tls FOLDER names\n tls-client-auth optional\n tls-version 1.3\n\
        node 3\n tls FOLDER expired\nnode 4\n tls off\nnode 5\n tls FOLDER chain";
    let nodes = run(&certificates, script);
    let log = |node: usize| {
        let log = nodes.log();
        let lines = log.iter().filter(|event| event.node == node).map(ToString::to_string);
        lines.filter(|line| line.contains("tls")).collect::<Vec<_>>()
    };
    let ping = |node: usize, client: Option<&str>, name: &str| -> Result<(), String> {
        let stream = connector(&certificates, client).connect(name, dial(&nodes, node));
        let mut stream = stream.map_err(|error| error.to_string())?;
        stream.write_all(b"PING\r\n").map_err(|error| error.to_string())?;
        stream.read_exact(&mut [0; 7]).map_err(|error| error.to_string())
    };
    ping(1, Some("client"), "127.0.0.1").unwrap();
    assert!(log(1)[0].ends_with(" 1 1 tls TLSv1.2 client=client"), "{:?}", log(1));
    ping(1, None, "localhost").unwrap_err();
    ping(1, Some("other-client"), "localhost").unwrap_err();
    ping(1, Some("expired-client"), "localhost").unwrap_err();
    let all = |node: usize, done: u64, failed: u64| {
        let fails = |e: &&Event| e.node == node && matches!(e.what, What::NotSecured(_));
        let count = |log: &[Event]| log.iter().filter(fails).count() as u64;
        assert!(nodes.wait_until(PATIENCE, |log| count(log) >= failed));
        assert_eq!(nodes.handshakes(node), Handshakes { done, failed });
    };
    all(1, 1, 3);
    assert!(log(1)[1].contains(" no-tls ") && log(1)[1].contains("peer did not return"));

    ping(2, None, "redis.test").unwrap();
    assert!(log(2)[0].ends_with(" 2 1 tls TLSv1.3 name=redis.test"), "{:?}", log(2));
    ping(2, Some("client-rsa"), "redis.test").unwrap();
    assert!(log(2)[1].ends_with(" tls TLSv1.3 name=redis.test client=client-rsa"));
    assert!(ping(2, None, "127.0.0.1").unwrap_err().contains("mismatch"));
    assert!(ping(3, None, "127.0.0.1").unwrap_err().contains("expired"));
    all(3, 0, 1);
    ping(5, None, "localhost").unwrap();
    ask(&mut dial(&nodes, 4), "PING", "+PONG\r\n");
    all(4, 0, 0);
    let everywhere = nodes.all_handshakes();
    assert_eq!(nodes.control("accepts"), format!("ok {} {}", everywhere.done, everywhere.failed));
    assert_eq!(nodes.control("accepts 1"), "ok 1 3");
    assert_eq!(nodes.connections(1).total, 4);
    let bad = FakeNodes::run(&format!("tls \"{}\" nobody", certificates.folder().display()));
    assert!(bad.err().unwrap().contains("holds no nobody.pem"));
}

#[test]
fn bytes_below_tls() {
    let certificates = Throwaway::new().unwrap();
    let script = "tls FOLDER\nnode *\nhandshake\nnode 1\n tls-dribble 0\nnode 2\n tls-silent\n\
        node 3\n tls-dribble 1";
    let nodes = run(&certificates, script);
    ask(&mut connect(&certificates, &nodes, 1), "PING", "+PONG\r\n");
    // Byte by byte from the first on; a certificate alone is some hundred bytes.
    let mut stream = dial(&nodes, 3);
    let connector = connector(&certificates, None);
    let start = Instant::now();
    let tls = connector.connect("127.0.0.1", stream.try_clone().unwrap()).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(500));
    drop(tls);
    stream.shutdown(Shutdown::Both).unwrap();
    stream = dial(&nodes, 2);
    stream.write_all(&[22, 3, 1, 0, 1, 1]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(nodes.handshakes(2), Handshakes::default());
    assert_eq!(nodes.connections(2).open, 1);
    nodes.disconnect(2);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn records_of_a_size() {
    let certificates = Throwaway::new().unwrap();
    let script = "tls FOLDER\non GET => records 3; bulk hello\non MANY => ok; records 1; ok";
    let nodes = run(&certificates, script);
    let mut stream = connect(&certificates, &nodes, 1);
    // A read takes from one record at most.
    let mut sizes = |command: &str, total: usize| {
        send(&mut stream, command);
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < total {
            sizes.push(stream.read(&mut [0; 100]).unwrap());
        }
        sizes
    };
    assert_eq!(sizes("GET", 11), [3, 3, 3, 2]);
    assert_eq!(sizes("MANY", 10), [5, 1, 1, 1, 1, 1]);
    assert_eq!(sizes("NOPE", 49).len(), 1);
}

/// Sessions that a connector was given: a list that its callback fills.
static GIVEN: LazyLock<Mutex<Vec<SslSession>>> = LazyLock::new(Mutex::default);

#[test]
fn tickets_on_an_idle_connection_and_sessions_taken_up() {
    let certificates = Throwaway::new().unwrap();
    let script = "tls FOLDER\nnode *\n handshake\n tls-client-auth required\n tls-tickets 0\n\
        node 1\n on T => ok; tickets 2\nnode 2\n tls-version 1.2";
    let nodes = run(&certificates, script);
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(certificates.file("ca.pem")).unwrap();
    builder.set_certificate_chain_file(certificates.file("client.pem")).unwrap();
    builder.set_private_key_file(certificates.file("client.key"), SslFiletype::PEM).unwrap();
    builder.set_session_cache_mode(SslSessionCacheMode::CLIENT);
    builder.set_new_session_callback(|_, session| GIVEN.lock().unwrap().push(session));
    let connector = builder.build();
    let mut stream = connector.connect("127.0.0.1", dial(&nodes, 1)).unwrap();
    ask(&mut stream, "PING", "+PONG\r\n");
    let given = || GIVEN.lock().unwrap().len();
    assert_eq!(given(), 0);
    // The socket becomes readable, and there is nothing to be read.
    let readable = |stream: &SslStream<TcpStream>| stream.get_ref().peek(&mut [0]).unwrap() == 1;
    assert_eq!(nodes.tickets(1, 3), 1);
    assert!(readable(&stream));
    let nothing = |stream: &mut SslStream<TcpStream>| {
        stream.get_ref().set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        stream.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    };
    nothing(&mut stream);
    assert_eq!(given(), 3);
    ask(&mut stream, "T", "+OK\r\n");
    assert!(readable(&stream));
    nothing(&mut stream);
    assert_eq!(given(), 5);
    ask(&mut stream, "PING", "+PONG\r\n");
    assert_eq!(nodes.control("tickets 1"), "ok 1");
    // A session is taken up, with the client's certificate.
    let mut configured = connector.configure().unwrap().into_ssl("127.0.0.1").unwrap();
    let session = GIVEN.lock().unwrap().pop().unwrap();
    assert_eq!(session.protocol_version(), SslVersion::TLS1_3);
    // SAFETY: the session is of a connector with the same settings: of this one.
    #[allow(unsafe_code)]
    unsafe {
        configured.set_session(&session).unwrap();
    }
    let mut stream = configured.connect(dial(&nodes, 1)).unwrap();
    ask(&mut stream, "PING", "+PONG\r\n");
    let resumed = |log: &[Event]| {
        log.iter().any(|e| matches!(&e.what, What::Secured { resumed: true, client: Some(_), .. }))
    };
    assert!(resumed(&nodes.log()));
    assert!(nodes.log().iter().any(|e| e.to_string().ends_with("client=client resumed")));
    // There is no such thing in TLS 1.2.
    let mut stream = connector.connect("127.0.0.1", dial(&nodes, 2)).unwrap();
    ask(&mut stream, "PING", "+PONG\r\n");
    assert_eq!(nodes.tickets(2, 1), 0);
    ask(&mut stream, "PING", "+PONG\r\n");
}

#[test]
fn the_document_has_an_example_that_runs() {
    let certificates = Throwaway::new().unwrap();
    let text = include_str!("../fake_node.md").split("```").nth(3).unwrap();
    let nodes = run(&certificates, &text.replace("/tmp/certificates", "FOLDER"));
    ask(&mut connect(&certificates, &nodes, 1), "PING", "+PONG\r\n");
    let connector = connector(&certificates, Some("client"));
    let mut stream = connector.connect("redis.test", dial(&nodes, 2)).unwrap();
    ask(&mut stream, "GET half", "$5\r\nhe");
    assert!(!ends_in_order(&mut stream));
}
