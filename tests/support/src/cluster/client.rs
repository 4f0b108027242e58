//! A blocking connection to one server, for the work on the cluster itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use openssl::ssl::SslConnector;

use super::tls::Stream;
use crate::resp::{self, Value};

/// A connection that has authenticated.
pub struct Client {
    stream: Stream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, with TLS where there is a connector, and authenticates, each step within two seconds.
    pub(super) fn connect(
        address: SocketAddr,
        connector: Option<&SslConnector>,
        user: &str,
        password: &str,
    ) -> Result<Self, String> {
        let fail = |error: std::io::Error| format!("{address}: {error}");
        let time = Duration::from_secs(2);
        let stream = TcpStream::connect_timeout(&address, time).map_err(fail)?;
        stream.set_nodelay(true).map_err(fail)?;
        stream.set_read_timeout(Some(time)).map_err(fail)?;
        stream.set_write_timeout(Some(time)).map_err(fail)?;
        let stream = Stream::new(stream, connector).map_err(|why| format!("{address}: {why}"))?;
        let mut client = Self { stream, buffer: Vec::new() };
        client.ok(&["AUTH", user, password])?;
        Ok(client)
    }

    /// Gives a command that takes long (a MIGRATE, a shutdown) more time than two seconds.
    pub fn patience(&self, time: Duration) {
        self.stream.set_read_timeout(time);
    }

    /// Sends commands together and returns their replies.
    pub fn pipeline<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Value>, String> {
        let bytes: Vec<u8> = commands.iter().flat_map(|args| resp::encode_command(args)).collect();
        self.stream.write_all(&bytes).map_err(|error| error.to_string())?;
        commands.iter().map(|_| self.receive()).collect()
    }

    /// Sends a command and returns its reply, which may be an error reply.
    pub fn command<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, String> {
        self.stream
            .write_all(&resp::encode_command(args))
            .map_err(|error| format!("cannot send: {error}"))?;
        self.receive()
    }

    /// Sends a command; an error reply is an error.
    pub fn ok<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, String> {
        match self.command(args)? {
            Value::Error(text) => {
                let name = String::from_utf8_lossy(args[0].as_ref()).into_owned();
                Err(format!("{name}: {}", String::from_utf8_lossy(&text)))
            }
            value => Ok(value),
        }
    }

    fn receive(&mut self) -> Result<Value, String> {
        let mut chunk = [0; 16384];
        loop {
            if let Some((value, used)) = resp::decode(&self.buffer)? {
                self.buffer.drain(..used);
                return Ok(value);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(error) => return Err(format!("no reply: {error}")),
            }
        }
    }
}
