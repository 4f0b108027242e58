//! The same over TLS.

use std::time::{Duration, Instant};

use rediscluster::error::Status;
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;
use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::fake_node::FakeNodes;

use crate::fake::{get, options, soon};
use crate::steps::{Steps, dialer};

struct Server {
    nodes: FakeNodes,
    certificates: Throwaway,
}

impl Server {
    fn of(lines: &str) -> Self {
        let certificates = Throwaway::new().unwrap();
        let folder = certificates.folder().display();
        let script = format!("tls {folder}\nnode 1\n handshake\n store\n {lines}\n");
        Self { nodes: FakeNodes::run(&script).unwrap(), certificates }
    }

    fn node(&self) -> NodeAddress {
        NodeAddress::parse(&self.nodes.address(1)).unwrap()
    }

    fn options(&self, settings: &[(&str, &str)]) -> Options {
        let mut options = options(settings);
        options.ssl = true;
        options.ssl_ca_certs = Some(self.certificates.file("ca.pem").to_str().unwrap().into());
        options
    }
}

#[test]
fn both_versions_agree_in_steps() {
    for version in ["1.2", "1.3"] {
        let server = Server::of(&format!("tls-version {version}"));
        let dialer = dialer(&server.options(&[("password", "secret")]));
        let mut steps = Steps::begin(&dialer, &server.node(), soon()).unwrap();
        let mut connection = steps.drive().unwrap();
        assert!(connection.command(&get(), soon()).is_ok());
        assert!(connection.is_reusable());
    }
}

#[test]
fn a_handshake_comes_a_byte_at_a_time() {
    let dribbled = |version: &str| {
        let server = Server::of(&format!("tls-version {version}\n tls-dribble 1"));
        let dialer = dialer(&server.options(&[]));
        let mut steps = Steps::begin(&dialer, &server.node(), soon()).unwrap();
        let connection = steps.drive().unwrap();
        assert!(connection.is_reusable());
        // A certificate alone is several hundred bytes.
        assert!(steps.taken > 200, "{} steps", steps.taken);
    };
    std::thread::scope(|scope| {
        for version in ["1.2", "1.3"] {
            scope.spawn(move || dribbled(version));
        }
    });
}

#[test]
fn who_is_silent_ends_it_in_time() {
    let server = Server::of("tls-silent");
    let dialer = dialer(&server.options(&[("socket_connect_timeout", "200")]));
    let began = Instant::now();
    let mut steps = Steps::begin(&dialer, &server.node(), soon()).unwrap();
    let error = steps.drive().err().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(199), "{:?}", began.elapsed());
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("does the server speak it"), "{error}");
    assert!(steps.taken < 10, "{} steps", steps.taken);
}

#[test]
fn nothing_is_said_to_a_server_of_another_name() {
    let server = Server::of("tls-version 1.3");
    let mut options = server.options(&[("password", "secret")]);
    options.ssl_server_name = Some("another".into());
    let soon = soon();
    let error = Steps::begin(&dialer(&options), &server.node(), soon).unwrap().drive();
    let error = error.err().unwrap();
    assert_eq!(error.status(), Status::Tls, "{error}");
    while server.nodes.handshakes(1).failed == 0 {
        assert!(!soon.has_passed(), "the server has not noticed");
        std::thread::yield_now();
    }
    assert_eq!(server.nodes.count("HELLO"), 0);
}

#[test]
fn a_server_without_tls_is_suspected() {
    let server = Server::of("tls off");
    let dialer = dialer(&server.options(&[("socket_connect_timeout", "500")]));
    let error = Steps::begin(&dialer, &server.node(), soon()).unwrap().drive().err().unwrap();
    assert!(
        matches!(error.status(), Status::Tls | Status::Timeout | Status::Connection),
        "{error}"
    );
    assert!(error.message().contains("TLS"), "{error}");
}

#[test]
fn it_is_ended_from_another_thread() {
    let server = Server::of("tls-silent");
    let dialer = dialer(&server.options(&[]));
    let mut steps = Steps::begin(&dialer, &server.node(), soon()).unwrap();
    for _ in 0..3 {
        assert!(steps.step().unwrap().is_none());
    }
    steps.interrupter().interrupt();
    let error = steps.drive().err().unwrap();
    assert_eq!(error.status(), Status::Cancelled, "{error}");
}
