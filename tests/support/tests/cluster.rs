//! Clusters of real servers: what the tests of the library ask of them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::cluster::{Cluster, Config, Server, Tls};
use rediscluster_test_support::resp::Value;

/// "{06S}…" has slot 0: any number of keys of it.
const TAG: &str = "{06S}";

fn everything(server: Server, tls: Option<Tls>) {
    let config = Config {
        server,
        replicas: 1,
        lines: vec!["user tester on >secret ~* &* +@all".into()],
        node_timeout: Duration::from_millis(1500),
        tls,
        ..Config::default()
    };
    let mut cluster = Cluster::start(config).unwrap();
    assert_eq!(cluster.addresses().len(), 6);
    let pids: Vec<u32> = (1..=6).map(|node| cluster.pid(node).unwrap().unwrap()).collect();
    assert_eq!((cluster.owner(0), cluster.owner(16383)), (Ok(1), Ok(3)));
    let whoami = cluster.connect(2).unwrap().ok(&["AUTH", "tester", "secret"]).unwrap();
    assert_eq!(whoami, Value::Simple(b"OK".to_vec()));

    // A slot with keys, first halfway, then wholly.
    for i in 0..300 {
        cluster.connect(1).unwrap().ok(&["SET", &format!("{TAG}{i}"), "v"]).unwrap();
    }
    cluster.begin_move(0, 2).unwrap();
    cluster.move_keys(0, 2, Some(&[format!("{TAG}7").into_bytes()])).unwrap();
    let reply = cluster.command(1, &["GET", &format!("{TAG}7")]).unwrap();
    assert!(reply.text().starts_with("ASK 0 127.0.0.1:"), "{reply}");
    cluster.move_keys(0, 2, None).unwrap();
    cluster.finish_move(0, 2).unwrap();
    assert_eq!(cluster.owner(0), Ok(2));
    let count = cluster.command(2, &["CLUSTER", "COUNTKEYSINSLOT", "0"]).unwrap();
    assert_eq!(count, Value::Integer(300));

    // There and back again.
    assert_eq!(cluster.failover(1, "").unwrap(), 4);
    assert_eq!(cluster.failover(1, "").unwrap(), 1);

    // A death and a promotion.
    cluster.kill(2).unwrap();
    cluster.wait_ok().unwrap();
    assert_eq!(cluster.owner(0), Ok(5));
    let reply = cluster.command(5, &["GET", &format!("{TAG}7")]).unwrap();
    assert_eq!(reply, Value::bulk("v"));
    cluster.restart(2).unwrap();
    assert_eq!(cluster.is_primary(2), Ok(false));

    // Nodes that come, take slots and go.
    let number = cluster.add_primary().unwrap();
    assert_eq!(number, 7);
    cluster.move_slot(0, 7).unwrap();
    cluster.move_slot(5000, 7).unwrap();
    let replica = cluster.add_replica(7).unwrap();
    assert!(cluster.remove(7).unwrap_err().contains("has replicas"));
    cluster.remove(replica).unwrap();
    cluster.remove(7).unwrap();
    assert_eq!(cluster.addresses().len(), 6);
    let owner = cluster.owner(0).unwrap();
    let count = cluster.command(owner, &["CLUSTER", "COUNTKEYSINSLOT", "0"]).unwrap();
    assert_eq!(count, Value::Integer(300));

    // A pause shorter than the timeout changes nothing.
    cluster.pause(3).unwrap();
    assert!(cluster.command(3, &["PING"]).is_err());
    cluster.resume(3).unwrap();
    cluster.wait_ok().unwrap();
    drop(cluster);
    for pid in pids {
        assert!(!runs(pid), "process {pid} is left");
    }
}

fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn redis() {
    everything(Server::Redis, None);
}

#[test]
fn valkey() {
    everything(Server::Valkey, None);
}

#[test]
fn redis_with_tls() {
    let certificates = Throwaway::new().unwrap();
    everything(Server::Redis, Some(Tls::new(certificates.folder())));
}

/// The servers' process ids and folder, as the program tells of them.
fn start(program: &mut Command) -> (std::process::Child, Vec<u32>) {
    let args = ["start", "--primaries", "1", "--replicas", "1"];
    let mut child =
        program.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let nodes = lines.next().unwrap();
    assert!(nodes.starts_with("nodes 127.0.0.1:"), "{nodes}");
    writeln!(child.stdin.as_mut().unwrap(), "info").unwrap();
    let info: Vec<String> = lines.take_while(|line| line != "end").collect();
    let pid = |line: &String| line.split(' ').nth(4).unwrap().parse().unwrap();
    let pids: Vec<u32> = info.iter().map(pid).collect();
    assert!(pids.len() == 2 && pids.iter().all(|&pid| runs(pid)));
    (child, pids)
}

fn all_end(program: u32, pids: &[u32], folder_goes: bool) {
    let end = Instant::now() + Duration::from_secs(10);
    let folder = std::env::temp_dir().join(format!("rediscluster-test-{program}-0"));
    while pids.iter().any(|&pid| runs(pid)) || (folder_goes && folder.exists()) {
        assert!(Instant::now() < end, "servers or their folder are left: {pids:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn the_program_leaves_nothing_however_it_ends() {
    let program = || Command::new(env!("CARGO_BIN_EXE_cluster"));
    let (mut child, pids) = start(&mut program());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    all_end(child.id(), &pids, true);
    for (signal, folder_goes) in [("-TERM", true), ("-INT", true), ("-KILL", false)] {
        let (mut child, pids) = start(&mut program());
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        assert!(!child.wait().unwrap().success());
        all_end(child.id(), &pids, folder_goes);
    }
}

#[test]
fn the_program_runs_another_on_its_cluster() {
    let script = "test \"$1\" = \"$REDISCLUSTER_TEST_CLUSTER\" && echo $1 && exit 7";
    let output = Command::new(env!("CARGO_BIN_EXE_cluster"))
        .args(["start", "--primaries", "1", "--", "sh", "-c", script, "sh", "{nodes}"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stdout.starts_with(b"127.0.0.1:"));
}
