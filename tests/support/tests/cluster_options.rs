//! Clusters with TLS, at other addresses, on given ports and with passwords: each option by itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslFiletype, SslMethod};
use rediscluster_test_support::certificates::{Certificates, Throwaway};
use rediscluster_test_support::cluster::{ClientAuth, Cluster, Config, Server, Tls};

/// Sends PING over TLS, with this client certificate or none, expecting a server of this name.
fn ping(
    certificates: &Certificates,
    address: &str,
    client: Option<&str>,
    name: &str,
) -> Result<String, String> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(certificates.file("ca.pem")).unwrap();
    if let Some((certificate, key)) = client.map(|name| certificates.pair(name).unwrap()) {
        builder.set_certificate_chain_file(certificate).unwrap();
        builder.set_private_key_file(key, SslFiletype::PEM).unwrap();
    }
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let stream = builder.build().connect(name, stream);
    let mut stream = stream.map_err(|error| error.to_string())?;
    let mut reply = [0; 7];
    stream.write_all(b"PING\r\n").map_err(|error| error.to_string())?;
    stream.read_exact(&mut reply).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn fine(result: Result<String, String>) {
    assert_eq!(result.as_deref(), Ok("+PONG\r\n"));
}

#[test]
fn certificates_of_clients_are_demanded_or_not() {
    let certificates = Throwaway::new().unwrap();
    for auth in [ClientAuth::Required, ClientAuth::Optional, ClientAuth::Off] {
        let tls = Tls { auth, ..Tls::new(certificates.folder()) };
        let config = Config { primaries: 1, tls: Some(tls), ..Config::default() };
        let cluster = Cluster::start(config).unwrap();
        let ping = |client: Option<&str>| {
            ping(&certificates, &cluster.address(1).unwrap(), client, "127.0.0.1")
        };
        fine(ping(Some("client")));
        assert_eq!(ping(None).is_ok(), auth != ClientAuth::Required);
        assert_eq!(ping(Some("other-client")).is_ok(), auth == ClientAuth::Off);
        // Nothing is served without TLS.
        let mut plain = TcpStream::connect(cluster.address(1).unwrap()).unwrap();
        plain.write_all(b"PING\r\n").unwrap();
        let mut reply = Vec::new();
        let _ = plain.read_to_end(&mut reply);
        assert!(!reply.starts_with(b"+PONG"));
    }
}

#[test]
fn servers_have_the_certificate_that_is_named() {
    let certificates = Throwaway::new().unwrap();
    let tls = Tls { certificate: "names".into(), ..Tls::new(certificates.folder()) };
    let config = Config { primaries: 2, tls: Some(tls.clone()), ..Config::default() };
    let mut cluster = Cluster::start(config).unwrap();
    let address = cluster.address(1).unwrap();
    fine(ping(&certificates, &address, Some("client"), "redis.test"));
    assert!(ping(&certificates, &address, Some("client"), "127.0.0.1").is_err());
    // Another one while the cluster lives: links that are there stay.
    let (certificate, key) = certificates.pair("server").unwrap();
    let (certificate, key) = (certificate.display(), key.display());
    let order = format!("command 1 CONFIG SET tls-cert-file {certificate} tls-key-file {key}");
    assert_eq!(cluster.control(&order), "ok OK");
    fine(ping(&certificates, &address, Some("client"), "127.0.0.1"));
    cluster.wait_ok().unwrap();
    // One that is out of date, on a node that stands alone: others would not speak to it.
    let expired = Tls { certificate: "expired".into(), ..tls.clone() };
    let config = Config { primaries: 1, tls: Some(expired), ..Config::default() };
    let cluster = Cluster::start(config).unwrap();
    let why = ping(&certificates, &cluster.address(1).unwrap(), Some("client"), "127.0.0.1");
    assert!(why.unwrap_err().contains("expired"));
    let nobody = Tls { certificate: "nobody".into(), ..tls };
    let error = Cluster::start(Config { tls: Some(nobody), ..Config::default() }).err().unwrap();
    assert!(error.contains("holds no nobody.pem"), "{error}");
}

#[test]
fn a_server_without_tls_says_so() {
    let certificates = Throwaway::new().unwrap();
    let tls = Some(Tls::new(certificates.folder()));
    let config = Config { server: Server::Valkey, primaries: 1, tls, ..Config::default() };
    match Cluster::start(config) {
        // Somebody has a Valkey of their own, with TLS.
        Ok(cluster) => assert!(cluster.command(1, &["PING"]).is_ok()),
        Err(error) => assert!(error.ends_with("was built without TLS"), "{error}"),
    }
}

/// The second cluster stands where the first one stood, but on another address: what a service does
/// that moves behind a name.
#[test]
fn the_same_ports_at_another_address() {
    for server in [Server::Redis, Server::Valkey] {
        let config = Config { server, replicas: 1, ..Config::default() };
        let first = Cluster::start(config.clone()).unwrap();
        let ports = |cluster: &Cluster| -> Vec<u16> {
            let addresses = cluster.addresses();
            addresses.iter().map(|a| a.rsplit_once(':').unwrap().1.parse().unwrap()).collect()
        };
        let taken = ports(&first);
        let same = Config { ports: taken.clone(), ..config.clone() };
        let error = Cluster::start(same.clone()).err().unwrap();
        assert!(error.contains("127.0.0.1 port"), "{error}");
        drop(first);
        for bind in ["127.0.0.2", "::1"] {
            let config = Config { bind: bind.parse().unwrap(), ..same.clone() };
            let second = Cluster::start(config).unwrap();
            assert_eq!(ports(&second), taken);
            let slots = second.command(1, &["CLUSTER", "SLOTS"]).unwrap().to_string();
            assert!(slots.contains(bind) && !slots.contains("127.0.0.1"), "{slots}");
        }
    }
}

#[test]
fn a_password_for_all_and_users_beside_it() {
    let lines = vec!["user app on >app-secret ~* &* +@all".into()];
    let password = Some("correct horse".into());
    let config = Config { primaries: 1, replicas: 1, lines, password, ..Config::default() };
    let mut cluster = Cluster::start(config).unwrap();
    let mut client = cluster.connect(1).unwrap();
    assert!(client.command(&["AUTH", "wrong"]).unwrap().text().starts_with("WRONGPASS"));
    client.ok(&["AUTH", "correct horse"]).unwrap();
    client.ok(&["AUTH", "app", "app-secret"]).unwrap();
    let stream = &mut TcpStream::connect(cluster.address(1).unwrap()).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"-NOAUTH");
    // The password changes and nothing of the cluster ends: it has a user of its own.
    assert_eq!(cluster.control("config 1 requirepass another one"), "ok");
    client.ok(&["AUTH", "another one"]).unwrap();
    cluster.failover(1, "").unwrap();
    cluster.wait_ok().unwrap();
}

#[test]
fn what_nodes_are_called() {
    let lines = vec![
        "cluster-announce-hostname localhost".into(),
        "cluster-preferred-endpoint-type hostname".into(),
    ];
    let config = Config { primaries: 2, lines, ..Config::default() };
    let mut cluster = Cluster::start(config).unwrap();
    let slots = cluster.command(1, &["CLUSTER", "SLOTS"]).unwrap().to_string();
    assert_eq!(slots.matches("[localhost ").count(), 2, "{slots}");
    for (kind, part) in [("unknown-endpoint", "[nil "), ("ip", "[127.0.0.1 ")] {
        let order = format!("config 1 cluster-preferred-endpoint-type {kind}");
        assert_eq!(cluster.control(&order), "ok");
        let slots = cluster.command(1, &["CLUSTER", "SLOTS"]).unwrap().to_string();
        assert_eq!(slots.matches(part).count(), 2, "{slots}");
    }
    // An empty value, and a wrong one.
    assert_eq!(cluster.control("config 1 cluster-announce-hostname"), "ok");
    assert!(cluster.control("config 1 no-such-thing 1").starts_with("error CONFIG: "));
    let valkey = Config { server: Server::Valkey, primaries: 1, ..Config::default() };
    let mut cluster = Cluster::start(valkey).unwrap();
    assert_eq!(cluster.control("config 1 availability-zone eu-1"), "ok");
    assert!(cluster.control("command 1 CLUSTER SHARDS").contains("availability-zone eu-1"));
}

#[test]
fn the_program_hands_the_folder_on() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.file("empty-folder");
    let script = "test \"$REDISCLUSTER_TEST_CERTIFICATES\" = \"$1\" && test -e \"$1/names.pem\"";
    let program = |args: &[&str]| {
        let command = [env!("CARGO_BIN_EXE_cluster"), "start", "--primaries", "1"];
        let mut program = Command::new(command[0]);
        program.args(&command[1..]).args(args).arg("--").args(["sh", "-c", script, "sh"]);
        program.arg(&folder).output().unwrap()
    };
    let text = folder.to_str().unwrap();
    assert!(program(&["--tls", text, "--tls-auth", "no"]).status.success());
    assert!(program(&["--tls", text, "--tls-certificate", "chain"]).status.success());
    for bad in [
        &["--tls-auth", "no"][..],
        &["--tls-auth", "maybe", "--tls", text],
        &["--bind", "nowhere"],
        &["--ports", "1,x"],
    ] {
        let output = program(bad);
        assert!(output.stdout.starts_with(b"error ") && !output.status.success(), "{bad:?}");
    }
}
