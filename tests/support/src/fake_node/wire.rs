//! A connection's bytes, with TLS or without.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use super::session::Session;

pub struct Wire {
    pub socket: TcpStream,
    pub session: Option<Arc<Session>>,
}

impl Wire {
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.session {
            None => self.socket.read(buffer),
            Some(session) => session.read(buffer),
        }
    }

    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.session {
            None => (&self.socket).write_all(bytes),
            Some(session) => session.write_all(bytes),
        }
    }

    /// Ends our side in good order: TLS says so before TCP does.
    pub fn end(&self, how: Shutdown) {
        if let Some(session) = &self.session {
            session.end();
        }
        let _ = self.socket.shutdown(how);
    }

    /// Throws away what arrives, until the client closes.
    pub fn drain(&mut self) {
        let mut sink = [0; 4096];
        while matches!(self.socket.read(&mut sink), Ok(1..)) {}
    }
}
