//! A dial in steps, none of which waits.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rediscluster::connection::{Connection, Destination, Dialer, Dialing, Interrupter};
use rediscluster::deadline::Deadline;
use rediscluster::error::{Error, Result, Status};
use rediscluster::node::NodeAddress;
use rediscluster::options::{Options, Resolver};
use rediscluster::os::poll::PollSet;
use rediscluster_test_support::fake_node::FakeNodes;
use rediscluster_test_support::waits;

use crate::fake::{Fake, dial, expect, get, millis, options, soon, until_closed};

/// A dial, and what its steps have cost.
pub struct Steps {
    dialing: Dialing,
    pub taken: usize,
    waited: usize,
}

impl Steps {
    pub fn begin(dialer: &Arc<Dialer>, node: &NodeAddress, deadline: Deadline) -> Result<Self> {
        let dialing = dialer.begin(Destination::from(node), deadline)?;
        Ok(Self { dialing, taken: 0, waited: 0 })
    }

    pub fn step(&mut self) -> Result<Option<Connection>> {
        let (outcome, waited) = waits::during(|| self.dialing.step());
        self.waited += usize::from(waited);
        self.taken += 1;
        outcome
    }

    pub fn interrupter(&self) -> Interrupter {
        self.dialing.interrupter().unwrap()
    }

    /// Waits as an event loop does.
    pub fn wait(&self) {
        let mut set = PollSet::default();
        if let Some(fd) = self.dialing.fd() {
            set.add(fd, self.dialing.wanted());
        }
        set.wait(self.dialing.until()).unwrap();
    }

    /// Steps to the end; no step has waited.
    pub fn drive(&mut self) -> Result<Connection> {
        loop {
            let outcome = self.step();
            assert!(self.taken < 100_000, "it goes round");
            match outcome {
                Ok(None) => self.wait(),
                Ok(Some(connection)) => {
                    assert_eq!(self.waited, 0, "of {} steps", self.taken);
                    return Ok(connection);
                }
                Err(error) => {
                    assert_eq!(self.waited, 0, "of {} steps", self.taken);
                    return Err(error);
                }
            }
        }
    }
}

pub fn dialer(options: &Options) -> Arc<Dialer> {
    Arc::new(Dialer::new(Arc::new(options.clone())).unwrap())
}

fn outcome(options: &Options, node: &NodeAddress, deadline: Deadline) -> Result<Connection> {
    Steps::begin(&dialer(options), node, deadline)?.drive()
}

/// The same words, but for the times in them.
fn assert_alike(stepped: &Error, waited: &Error) {
    assert_eq!(stepped.status(), waited.status());
    assert_eq!(stepped.message(), waited.message());
    assert_eq!(stepped.attempts().len(), waited.attempts().len());
}

#[test]
fn who_accepts_late_is_waited_for() {
    let nodes = FakeNodes::run("node 1\n handshake\n store\n listen blackhole").unwrap();
    let node = NodeAddress::parse(&nodes.address(1)).unwrap();
    let mut steps = Steps::begin(&dialer(&options(&[])), &node, soon()).unwrap();
    let fd = steps.dialing.fd();
    for _ in 0..3 {
        assert!(steps.step().unwrap().is_none());
        assert!(fd.is_some() && steps.dialing.fd() == fd);
        assert!(steps.dialing.wanted().writable && !steps.dialing.wanted().readable);
    }
    nodes.revive(1);
    let mut connection = steps.drive().unwrap();
    assert!(connection.is_reusable() && Some(connection.fd()) == fd);
    assert!(connection.command(&get(), soon()).is_ok());
    assert!(steps.step().is_err(), "it is over");
}

#[test]
fn who_refuses_is_told_as_by_a_dial_that_waits() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let node = NodeAddress::new("127.0.0.1", port);
    let stepped = outcome(&options(&[]), &node, soon()).err().unwrap();
    assert_eq!(stepped.status(), Status::Connection);
    assert_alike(&stepped, &dial(&node, &options(&[]), false, soon()).err().unwrap());
    let late = outcome(&options(&[]), &node, millis(0)).err().unwrap();
    assert_alike(&late, &dial(&node, &options(&[]), false, millis(0)).err().unwrap());
}

#[test]
fn the_next_address_has_another_socket() {
    let nodes = FakeNodes::run("node 1\n handshake\nnode 2\n listen blackhole").unwrap();
    // The silent address has the port of the one that answers, which listens at 127.0.0.1 alone.
    let listener = TcpListener::bind(("127.0.0.3", nodes.port(1))).unwrap();
    let mut full = Vec::new();
    let silent = listener.local_addr().unwrap();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&silent, Duration::from_millis(200))
    {
        full.push(stream);
        assert!(full.len() < 10_000, "its queue is never full");
    }
    let mut options = options(&[]);
    let ips: Vec<IpAddr> =
        ["127.0.0.2", "127.0.0.3", "127.0.0.1"].map(|ip| ip.parse().unwrap()).into();
    options.resolver = Resolver::to(move |_| ips.clone());
    let node = NodeAddress::new("name", nodes.port(1));
    let mut steps = Steps::begin(&dialer(&options), &node, millis(900)).unwrap();
    let mut interrupters = vec![steps.interrupter()];
    let began = Instant::now();
    let connection = loop {
        if let Some(connection) = steps.step().unwrap() {
            break connection;
        }
        let interrupter = steps.interrupter();
        if !interrupters.iter().any(|known| known.is_same(&interrupter)) {
            interrupters.push(interrupter);
        }
        steps.wait();
    };
    // The second had half of what was left, and no more.
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    // The refusal, and the answer, may be there before there is anything to wait for.
    let present = connection.interrupter();
    let past = interrupters.iter().filter(|known| !known.is_same(&present)).count();
    assert!((1..=2).contains(&past), "{past}");
    assert_eq!(interrupters.iter().filter(|known| !known.is_open()).count(), past);
    assert_eq!(steps.waited, 0);
}

/// A server that sends one byte of its answers each time it is told to.
fn dribbler(answers: &'static [u8]) -> (Fake, Sender<()>, Receiver<()>) {
    let (go, told) = channel();
    let (tell, sent) = channel();
    let fake = Fake::new(move |mut stream| {
        let mut flight = [0; 4096];
        assert!(stream.read(&mut flight).unwrap() > 0);
        for byte in answers {
            told.recv().unwrap();
            stream.write_all(&[*byte]).unwrap();
            tell.send(()).unwrap();
        }
        until_closed(stream);
    });
    (fake, go, sent)
}

const ANSWERS: &[u8] = b"%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n";

#[test]
fn an_answer_comes_a_byte_at_a_time() {
    let (fake, go, sent) = dribbler(ANSWERS);
    let mut steps = Steps::begin(&dialer(&options(&[])), &fake.node, soon()).unwrap();
    let mut connection = None;
    for at in 0..ANSWERS.len() {
        assert!(connection.is_none(), "after {at} bytes");
        // The flight has left by the time the first byte comes.
        while at == 0 && steps.dialing.wanted().writable {
            assert!(steps.step().unwrap().is_none());
        }
        go.send(()).unwrap();
        sent.recv().unwrap();
        steps.wait();
        let before = steps.taken;
        connection = steps.step().unwrap();
        assert_eq!(steps.taken, before + 1);
    }
    let connection = connection.expect("a connection, with the last byte");
    assert_eq!((connection.protocol(), steps.waited), (3, 0));
    drop(connection);
    fake.done();
}

#[test]
fn who_is_silent_ends_it_in_time() {
    for (settings, wait, status) in [
        (&[("socket_connect_timeout", "200")][..], 200, "the call's time ended"),
        (&[("socket_timeout", "150")], 150, "silent for longer than socket_timeout"),
    ] {
        let fake = Fake::new(until_closed);
        let began = Instant::now();
        let mut steps = Steps::begin(&dialer(&options(settings)), &fake.node, soon()).unwrap();
        let error = steps.drive().err().unwrap();
        assert!(began.elapsed() >= Duration::from_millis(wait - 1), "{:?}", began.elapsed());
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.message().contains(status), "{error}");
        assert!(steps.taken < 10, "{} steps", steps.taken);
        assert!(steps.step().is_err() && steps.dialing.fd().is_none());
        drop(steps);
        fake.done();
    }
}

#[test]
fn it_is_ended_from_another_thread() {
    let fake = Fake::new(until_closed);
    let mut steps = Steps::begin(&dialer(&options(&[])), &fake.node, soon()).unwrap();
    while steps.dialing.wanted().writable {
        assert!(steps.step().unwrap().is_none());
        steps.wait();
    }
    let interrupter = steps.interrupter();
    std::thread::spawn(move || interrupter.interrupt()).join().unwrap();
    assert_eq!(steps.drive().err().unwrap().status(), Status::Cancelled);
    fake.done();
    // While it connects, too.
    let nodes = FakeNodes::run("node 1\n listen blackhole").unwrap();
    let node = NodeAddress::parse(&nodes.address(1)).unwrap();
    let mut steps = Steps::begin(&dialer(&options(&[])), &node, soon()).unwrap();
    assert!(steps.step().unwrap().is_none());
    steps.interrupter().interrupt();
    assert_eq!(steps.drive().err().unwrap().status(), Status::Cancelled);
}

#[test]
fn one_that_is_dropped_closes_its_socket() {
    let fake = Fake::new(until_closed);
    let mut steps = Steps::begin(&dialer(&options(&[])), &fake.node, soon()).unwrap();
    while steps.dialing.wanted().writable {
        assert!(steps.step().unwrap().is_none());
        steps.wait();
    }
    let interrupter = steps.interrupter();
    drop(steps);
    assert!(!interrupter.is_open());
    fake.done();
}

/// Goes on until it waits for its turn or its answer.
fn to_the_password(steps: &mut Steps) {
    while steps.dialing.fd().is_some() {
        assert!(steps.step().unwrap().is_none());
        if steps.dialing.wanted().readable {
            return;
        }
        if steps.dialing.fd().is_some() {
            steps.wait();
        }
    }
}

#[test]
fn one_at_a_time_tries_a_password() {
    let script = "node 1\n on HELLO * => gate go; $answer\n handshake";
    for (answer, goes_on) in [("handshake", true), ("error \"WRONGPASS invalid\"", false)] {
        let nodes = FakeNodes::run(&script.replace("$answer", answer)).unwrap();
        let node = NodeAddress::parse(&nodes.address(1)).unwrap();
        let dialer = dialer(&options(&[("password", "secret")]));
        let mut dials: Vec<_> =
            (0..3).map(|_| Steps::begin(&dialer, &node, soon()).unwrap()).collect();
        dials.iter_mut().for_each(to_the_password);
        assert!(dials[0].dialing.fd().is_some(), "the first has asked");
        for steps in &mut dials[1..] {
            assert!(steps.step().unwrap().is_none() && steps.dialing.fd().is_none());
            let left = steps.dialing.until().remaining().unwrap();
            assert!(left <= Duration::from_millis(5), "{left:?}");
        }
        let asked = |log: &[_]| log.len() >= 4;
        assert!(nodes.wait_until(Duration::from_secs(20), asked));
        assert_eq!(nodes.count("HELLO"), 1);
        // Given up: the next one tries.
        drop(dials.remove(0));
        assert!(dials[0].step().unwrap().is_none() && dials[0].dialing.fd().is_some());
        assert!(dials[1].step().unwrap().is_none() && dials[1].dialing.fd().is_none());
        nodes.open_gate("go");
        for steps in &mut dials {
            let outcome = steps.drive();
            assert_eq!(outcome.is_ok(), goes_on, "{:?}", outcome.err());
            let _ = outcome.map_err(|error| assert_eq!(error.status(), Status::Auth));
        }
        assert_eq!(nodes.count("HELLO"), if goes_on { 3 } else { 2 });
        // What was refused is remembered.
        assert_eq!(Steps::begin(&dialer, &node, soon()).is_ok(), goes_on);
    }
}

#[test]
fn its_turn_may_never_come() {
    let nodes = FakeNodes::run("node 1\n on HELLO * => hang").unwrap();
    let node = NodeAddress::parse(&nodes.address(1)).unwrap();
    let dialer = dialer(&options(&[("password", "secret")]));
    let mut first = Steps::begin(&dialer, &node, soon()).unwrap();
    to_the_password(&mut first);
    let mut second = Steps::begin(&dialer, &node, millis(150)).unwrap();
    let error = second.drive().err().unwrap();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("another connection was logging in"), "{error}");
    let mut third = Steps::begin(&dialer, &node, soon()).unwrap();
    to_the_password(&mut third);
    third.interrupter().interrupt();
    assert_eq!(third.drive().err().unwrap().status(), Status::Cancelled);
}

#[test]
fn a_large_flight_goes_out_as_the_server_takes_it() {
    // More than the kernel takes at once.
    let password = "p".repeat(12 << 20);
    let flight = format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{password}\r\n", password.len());
    let (go, told) = channel::<()>();
    let fake = Fake::new(move |mut stream| {
        told.recv().unwrap();
        expect(&mut stream, flight.as_bytes());
        stream.write_all(b"+OK\r\n").unwrap();
        until_closed(stream);
    });
    let mut options = options(&[("handshake", "minimal")]);
    options.set("password", &password).unwrap();
    let mut steps = Steps::begin(&dialer(&options), &fake.node, soon()).unwrap();
    loop {
        assert!(steps.step().unwrap().is_none());
        if steps.dialing.wanted().writable && steps.dialing.wanted().readable {
            break;
        }
        steps.wait();
    }
    go.send(()).unwrap();
    assert!(steps.drive().unwrap().is_reusable());
    fake.done();
}
