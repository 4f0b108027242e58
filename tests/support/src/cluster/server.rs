//! One server process: its binary, its configuration, its life.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::SslConnector;

use super::client::Client;
use super::ports;
use crate::os;

/// Child processes and folders that live now, for an end that runs no destructors.
static LEFT: Mutex<(Vec<u32>, Vec<PathBuf>)> = Mutex::new((Vec::new(), Vec::new()));

/// Kills every server that this process started and removes their folders: for a program that is
/// about to end. Nothing may be started any more.
pub fn abandon() {
    let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    for &pid in &left.0 {
        let _ = os::signal(pid, libc::SIGKILL);
    }
    for folder in &left.1 {
        let _ = fs::remove_dir_all(folder);
    }
    // The lock stays taken: nothing starts or is reaped from here on.
    std::mem::forget(left);
}

/// A folder for a cluster's servers, removed with it. Those of processes that were killed are swept.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Result<Self, String> {
        let parent = std::env::temp_dir();
        let prefix = "rediscluster-test-";
        for entry in fs::read_dir(&parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let pid = name.strip_prefix(prefix).and_then(|rest| rest.split('-').next());
            if pid.is_some_and(|pid| {
                pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()
            }) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        for number in 0.. {
            let path = parent.join(format!("{prefix}{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    left.1.push(path.clone());
                    return Ok(Self(path));
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("{}: {error}", path.display())),
            }
        }
        Err("no folder".into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        LEFT.lock().unwrap_or_else(PoisonError::into_inner).1.retain(|path| *path != self.0);
    }
}

/// Starts a process from a thread that lives as long as this process: the kernel kills the child
/// when the *thread* that started it ends, and a test's thread ends with its test.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Order = (Command, Sender<std::io::Result<Child>>);
    static STARTER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
                let child = command.spawn();
                left.0.extend(child.as_ref().map(Child::id).ok());
                let _ = answer.send(child);
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = channel();
    let closed = |_| std::io::Error::other("the starting thread is gone");
    let order = (command, sender);
    starter
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(order)
        .map_err(|_| std::io::Error::other("the starting thread is gone"))?;
    answer.recv().map_err(closed)?
}

/// A server of the cluster, running or not.
pub struct Process {
    /// Where it listens, the same over restarts.
    pub address: SocketAddr,
    /// The port of the cluster bus.
    pub bus: u16,
    /// The node id, once known.
    pub id: String,
    /// Whether it is stopped by SIGSTOP.
    pub paused: bool,
    program: PathBuf,
    connector: Option<SslConnector>,
    folder: PathBuf,
    child: Option<Child>,
}

/// What all servers of a cluster have in common.
pub struct Recipe {
    /// The server's program.
    pub program: PathBuf,
    /// The address they listen on.
    pub host: IpAddr,
    /// Lines of their configuration.
    pub lines: Vec<String>,
    /// How to connect to them, if they speak TLS.
    pub connector: Option<SslConnector>,
}

impl Process {
    /// Starts a server in its own folder below `parent`, on this port or on a free one.
    pub fn start(
        recipe: &Recipe,
        parent: &Path,
        number: usize,
        wanted: Option<u16>,
    ) -> Result<Self, String> {
        let folder = parent.join(number.to_string());
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut last = String::new();
        for _ in 0..5 {
            let (port, bus) = ports::take(recipe.host, wanted)?;
            let own = [
                match recipe.connector {
                    Some(_) => format!("port 0\ntls-port {port}"),
                    None => format!("port {port}"),
                },
                format!("cluster-port {bus}"),
                format!("dir {}", folder.display()),
                format!("logfile {}", folder.join("log").display()),
            ];
            let lines = own.iter().chain(&recipe.lines);
            let text = lines.map(|line| format!("{line}\n")).collect::<String>();
            fs::write(folder.join("conf"), text).map_err(|error| error.to_string())?;
            let mut process = Self {
                address: SocketAddr::from((recipe.host, port)),
                bus,
                id: String::new(),
                paused: false,
                program: recipe.program.clone(),
                connector: recipe.connector.clone(),
                folder: folder.clone(),
                child: None,
            };
            process.run()?;
            // A port that somebody else took meanwhile ends the server at once.
            let end = Instant::now() + Duration::from_secs(10);
            while Instant::now() < end {
                if TcpListener::bind(process.address).is_err()
                    && process.log().contains("eady to accept")
                {
                    return Ok(process);
                }
                if !process.running() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            last = process.log() + &process.complaint();
            process.kill();
            if last.contains("Failed finding TLS support")
                || (last.contains("'tls-") && last.contains("Bad directive"))
            {
                return Err(format!("{} was built without TLS", recipe.program.display()));
            }
            let _ = fs::remove_file(folder.join("log"));
        }
        let tail: Vec<&str> = last.lines().rev().take(5).collect();
        Err(format!("{} does not start: {}", recipe.program.display(), tail.join(" / ")))
    }

    /// Starts the process (again) with the configuration that it has.
    pub fn run(&mut self) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.arg(self.folder.join("conf")).stdin(Stdio::null());
        let complaint = fs::File::create(self.folder.join("complaint"));
        command.stdout(Stdio::null()).stderr(complaint.map_err(|error| error.to_string())?);
        os::die_with_starter(&mut command);
        let child = spawn(command);
        self.child = Some(child.map_err(|error| format!("{}: {error}", self.program.display()))?);
        self.paused = false;
        Ok(())
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// What it said of its configuration before it had a log.
    fn complaint(&self) -> String {
        fs::read_to_string(self.folder.join("complaint")).unwrap_or_default()
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether the process runs (paused or not).
    pub fn running(&mut self) -> bool {
        let ended = match &mut self.child {
            None => return false,
            Some(child) => matches!(child.try_wait(), Ok(Some(_))),
        };
        if ended {
            self.forget();
        }
        !ended
    }

    /// Sends a signal, if the process runs.
    pub fn signal(&mut self, signal: i32) -> Result<(), String> {
        match self.pid() {
            Some(pid) => os::signal(pid, signal).map_err(|error| error.to_string()),
            None => Err("the node is not running".into()),
        }
    }

    /// kill -9, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.forget();
    }

    /// Ends the server in good order, as an operator would; kill -9 after ten seconds.
    pub fn stop(&mut self) {
        let _ = self.signal(libc::SIGTERM);
        let end = Instant::now() + Duration::from_secs(10);
        while self.running() && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    fn forget(&mut self) {
        if let Some(child) = self.child.take() {
            let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
            left.0.retain(|&pid| pid != child.id());
        }
        self.paused = false;
    }

    /// A new connection to it.
    pub fn connect(&self, user: &str, password: &str) -> Result<Client, String> {
        Client::connect(self.address, self.connector.as_ref(), user, password)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
