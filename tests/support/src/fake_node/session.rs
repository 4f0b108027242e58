//! One connection's TLS: used by its own thread and, now and then, by who controls the nodes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use openssl::ssl::{ErrorCode, NameType, Ssl, SslRef, SslStream};

use super::log::What;
use super::state::Shared;
use super::ticket;
use super::tls::Acceptor;
use crate::os;

/// A TLS session. Reading never waits under its lock, so that others can write meanwhile.
pub struct Session {
    stream: Mutex<SslStream<Below>>,
    socket: TcpStream,
}

/// The socket below TLS: reads take what is there, writes wait, byte by byte if so told.
struct Below {
    shared: Arc<Shared>,
    socket: TcpStream,
    dribble: Option<u64>,
    begun: bool,
}

impl Session {
    pub fn new(shared: &Arc<Shared>, acceptor: &Acceptor, socket: &TcpStream) -> io::Result<Self> {
        let below = Below {
            shared: shared.clone(),
            socket: socket.try_clone()?,
            dribble: acceptor.dribble,
            begun: false,
        };
        let stream = SslStream::new(Ssl::new(&acceptor.context)?, below)?;
        Ok(Self { stream: Mutex::new(stream), socket: socket.try_clone()? })
    }

    /// The handshake, before each step of which `go_on` is asked. What came of it, for the log.
    pub fn handshake(&self, go_on: impl Fn() -> bool) -> What {
        loop {
            if !go_on() {
                return What::NotSecured("the node ended".into());
            }
            let mut stream = self.lock();
            match stream.accept() {
                Ok(()) => return secured(stream.ssl()),
                Err(error) if error.code() == ErrorCode::WANT_READ => {}
                Err(error) => return What::NotSecured(error.to_string()),
            }
            drop(stream);
            if self.wait().is_err() {
                return What::NotSecured("the socket failed".into());
            }
        }
    }

    /// Reads what a client says, waiting for some of it; 0 at the end, however it came.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.lock().ssl_read(buffer);
            match read {
                Ok(count) => return Ok(count),
                Err(error) if error.code() == ErrorCode::WANT_READ => {}
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
            self.wait()?;
        }
    }

    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.lock();
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = stream.ssl_write(rest).map_err(io::Error::other)?;
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Says that nothing more will come (close_notify). Left out where a write does not end.
    pub fn end(&self) {
        for _ in 0..50 {
            match self.stream.try_lock() {
                Ok(mut stream) => {
                    let _ = stream.shutdown();
                    return;
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Poisoned(_)) => return,
            }
        }
    }

    /// Sends session tickets, by themselves. False where the version has none.
    pub fn tickets(&self, count: usize) -> bool {
        let mut stream = self.lock();
        (0..count).all(|_| ticket::order(stream.ssl())) && stream.do_handshake().is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, SslStream<Below>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> io::Result<()> {
        os::poll(&[self.socket.as_raw_fd()], -1).map(|_| ())
    }
}

fn secured(ssl: &SslRef) -> What {
    let client = ssl.peer_certificate().and_then(|certificate| {
        let name = certificate.subject_name();
        let entry = name.entries_by_nid(openssl::nid::Nid::COMMONNAME).next()?;
        Some(String::from_utf8_lossy(entry.data().as_slice()).into_owned())
    });
    What::Secured {
        version: ssl.version_str(),
        resumed: ssl.session_reused(),
        name: ssl.servername(NameType::HOST_NAME).map(str::to_string),
        client,
    }
}

impl Read for Below {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !os::poll(&[self.socket.as_raw_fd()], 0)?[0] {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.socket.read(buffer)
    }
}

impl Write for Below {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(ms) = self.dribble else { return self.socket.write(bytes) };
        for byte in bytes {
            if self.begun && !self.shared.sleep(ms) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.begun = true;
            self.socket.write_all(std::slice::from_ref(byte))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
