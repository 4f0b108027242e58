//! Discovery over real sockets: nodes that answer, refuse, are silent or gone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rediscluster::connection::Dialer;
use rediscluster::deadline::Deadline;
use rediscluster::error::{Result, Status};
use rediscluster::options::Options;
use rediscluster::topology::{self, SlotMap};

/// A node on a free loopback port: `answer` gets each subcommand of CLUSTER. The threads end with
/// the connections, and those with the test.
struct Node {
    address: String,
    dialled: Arc<AtomicUsize>,
}

fn serve(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Node {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dialled = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (dialled.clone(), Arc::new(answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            thread::spawn(move || {
                let (mut seen, mut part) = (Vec::new(), [0; 512]);
                while let Ok(length @ 1..) = stream.read(&mut part) {
                    seen.extend_from_slice(&part[..length]);
                    let text = String::from_utf8_lossy(&seen).into_owned();
                    for name in ["SLOTS", "SHARDS", "NODES"] {
                        if text.ends_with(&format!("{name}\r\n")) {
                            seen.clear();
                            answer(name, &mut stream);
                        }
                    }
                }
            });
        }
    });
    Node { address, dialled }
}

fn dead() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn discover(options: &Options, deadline: Deadline) -> Result<SlotMap> {
    let dialer = Dialer::new(Arc::new(options.clone()))?;
    topology::discover(&dialer, None, &[], deadline).map(|found| found.map)
}

fn options(startup: &[&str], more: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    options.set("startup_nodes", &startup.join(",")).unwrap();
    // Nothing but the question is on the wire.
    options.set("handshake", "minimal").unwrap();
    options.set("protocol", "2").unwrap();
    for (name, value) in more {
        options.set(name, value).unwrap();
    }
    options
}

const ALL: &[u8] = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:7001\r\n";

fn write(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

fn seconds(count: u64) -> Deadline {
    Deadline::after(Duration::from_secs(count))
}

#[test]
fn the_live_one_is_found_and_nothing_else_is_asked_of_it() {
    let live = serve(|name, stream| {
        assert_eq!(name, "SLOTS");
        write(stream, ALL);
    });
    for _ in 0..10 {
        let options = options(&[&dead(), &live.address], &[]);
        let map = discover(&options, seconds(20)).unwrap();
        assert_eq!(
            (map.covered(), map.nodes()[0].address.to_string()),
            (16384, "127.0.0.1:7001".into())
        );
    }
    assert_eq!(live.dialled.load(Ordering::SeqCst), 10);
}

#[test]
fn all_dead_names_each_with_its_cause() {
    let nodes = [dead(), dead(), dead()];
    let options = options(&[&nodes[0], &nodes[1], &nodes[2]], &[]);
    let error = discover(&options, seconds(20)).unwrap_err();
    assert_eq!((error.status(), error.attempts().len()), (Status::Unreachable, 3));
    assert!(nodes.iter().all(|node| error.message().contains(node.as_str())), "{error}");
}

#[test]
fn a_refused_command_is_followed_on_the_same_connection() {
    let node = serve(|name, stream| match name {
        "NODES" => {
            let line = "aa 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-16383";
            write(stream, format!("${}\r\n{line}\r\n", line.len()).as_bytes());
        }
        _ => write(stream, b"-NOPERM this user has no permissions to run it\r\n"),
    });
    let map = discover(&options(&[&node.address], &[]), seconds(20)).unwrap();
    assert_eq!(map.nodes()[0].config_epoch, Some(1));
    assert_eq!(node.dialled.load(Ordering::SeqCst), 1);
}

#[test]
fn silent_nodes_end_at_the_deadline() {
    let nodes = [serve(|_, _| {}), serve(|_, _| {}), serve(|_, _| {})];
    let startup: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    let options = options(&startup, &[]);
    let (began, wait) = (Instant::now(), Duration::from_millis(300));
    let error = discover(&options, Deadline::at(began + wait)).unwrap_err();
    let took = began.elapsed();
    assert_eq!(error.status(), Status::Timeout, "{error}");
    assert!(took >= wait && took < wait * 4, "{took:?}");
}

#[test]
fn a_silent_or_dribbling_node_leaves_time_for_another() {
    let silent = serve(|_, _| {});
    let dribbling = serve(|_, stream| {
        for byte in ALL {
            thread::sleep(Duration::from_millis(100));
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
    });
    let live = serve(|_, stream| write(stream, ALL));
    let startup = [silent.address.as_str(), &dribbling.address, &live.address];
    for _ in 0..3 {
        let options = options(&startup, &[("socket_timeout", "200")]);
        assert_eq!(discover(&options, seconds(20)).unwrap().covered(), 16384);
        // The options leave each node far more than the deadline leaves all of them.
        let options = self::options(&startup, &[]);
        assert_eq!(discover(&options, seconds(2)).unwrap().covered(), 16384);
    }
}

#[test]
fn wrong_credentials_are_named_as_such() {
    let node = serve(|_, stream| write(stream, b"-NOAUTH Authentication required.\r\n"));
    let error = discover(&options(&[&node.address], &[]), seconds(20)).unwrap_err();
    assert_eq!(error.status(), Status::Auth);
}
