//! The fake nodes, in a process of their own: ThreadSanitizer sees our threads alone.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rediscluster::os::futex::Mutex;

use crate::crew::{Hand, pause};

const SCRIPT: &str = "
log off
node *
  handshake
  on GET slow => delay 120; bulk slow
  on GET slow:* => delay 40; bulk $arg1
  on GET lag:* => delay 3; bulk $arg1
  on GET close* => close
  on GET reset* => reset
  on GET half* => send \"$100\\r\\nhalf\"; close
  store
  topology 0-5460=1,replica:4 5461-10922=2 10923-16383=3
scene moved
node *
  topology 0-8191=1 8192-16383=2,replica:3
end
";

/// Connections of one node, or of all.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub open: usize,
    pub max: usize,
}

pub struct Fake {
    child: Child,
    lines: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    pub addresses: Vec<String>,
}

impl Fake {
    /// Starts four nodes. The program is `$REDISCLUSTER_FAKE_NODE`, or lies where cargo puts it.
    pub fn start() -> Self {
        let mut child = Command::new(program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("fake-node does not start: build it, or set REDISCLUSTER_FAKE_NODE");
        let mut input = child.stdin.take().expect("its input");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        input.write_all(SCRIPT.as_bytes()).expect("it reads the script");
        let mut line = String::new();
        output.read_line(&mut line).expect("it tells its ports");
        let ports = line.strip_prefix("ports ").unwrap_or_else(|| panic!("fake-node: {line}"));
        let addresses = ports.split_whitespace().map(|port| format!("127.0.0.1:{port}")).collect();
        Self { child, lines: Mutex::new((input, output)), addresses }
    }

    /// A control line; its answer.
    pub fn tell(&self, line: &str) -> String {
        let mut lines = self.lines.lock();
        let mut answer = String::new();
        writeln!(lines.0, "{line}").expect("fake-node is gone");
        lines.1.read_line(&mut answer).expect("fake-node is gone");
        let rest = answer.strip_prefix("ok").unwrap_or_else(|| panic!("{line}: {answer}"));
        rest.trim().to_string()
    }

    /// Kills, revives, pauses and moves nodes, until it is over.
    pub fn wreck(&self, hand: &mut Hand<'_>, is_over: impl Fn() -> bool) {
        while !is_over() {
            hand.beat();
            // Node 1 always answers after a while.
            let node = hand.random.u32(2..5);
            let (wreck, repair) = match hand.random.u32(..7) {
                0 => (format!("kill {node}"), format!("revive {node}")),
                1 => (format!("blackhole {node}"), format!("revive {node}")),
                2 => ("pause 1".into(), "resume 1".into()),
                3 => (format!("pause {node}"), format!("resume {node}")),
                4 => ("use moved".into(), "use \"\"".into()),
                _ => (format!("disconnect {}", hand.random.u32(1..5)), "connections".into()),
            };
            self.tell(&wreck);
            pause(hand.random.u64(10..120));
            self.tell(&repair);
            pause(hand.random.u64(10..120));
        }
    }

    /// The connections of a node, from 1; `None`: of all.
    pub fn connections(&self, node: Option<usize>) -> Connections {
        let node = node.map_or_else(String::new, |node| node.to_string());
        let answer = self.tell(&format!("connections {node}"));
        let numbers: Vec<usize> =
            answer.split(' ').map(|number| number.parse().expect("a number")).collect();
        Connections { open: numbers[0], max: numbers[1] }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.tell("quit");
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("REDISCLUSTER_FAKE_NODE") {
        return path.into();
    }
    // target/debug/examples/stress: target/debug/fake-node.
    let own = std::env::current_exe().expect("this program's path");
    own.ancestors().nth(2).expect("a folder").join("fake-node")
}
