//! A connected stream of bytes, plain or TLS. Every wait ends by the call's deadline, or when the peer
//! has been silent for `socket_timeout`.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::tls::{Agreed, Agreeing, Connector, Records, Session};
use super::wait::Wait;
use super::wire::{Wire, failure};
use crate::deadline::Deadline;
use crate::os::sockets::{Readiness, Socket};
use crate::resp::Fill;

/// A connected socket, with TLS over it or not.
pub struct Stream {
    /// The carrier's own, where each checkout looks at it.
    socket: Arc<Socket>,
    carrier: Carrier,
    socket_timeout: Duration,
}

enum Carrier {
    Plain(Wire),
    Tls(Box<Session>),
}

/// A stream that goes over to TLS, without ever waiting: [`Securing::step`] when its socket is ready.
pub struct Securing {
    socket: Arc<Socket>,
    under_way: Option<UnderWay>,
    socket_timeout: Duration,
}

enum UnderWay {
    Handshake(Agreeing),
    /// It was TLS before.
    Secured(Box<Session>),
}

impl Securing {
    /// What to wait on.
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// What to wait for.
    pub fn wanted(&self) -> Readiness {
        let writable = match &self.under_way {
            Some(UnderWay::Handshake(agreeing)) => agreeing.has_outgoing(),
            _ => false,
        };
        Readiness { readable: true, writable }
    }

    /// Goes as far as it can: a stream once both sides agree, None to wait again. It has no deadline of its own.
    pub fn step(&mut self) -> Result<Option<Stream>, Failure> {
        let session = match self.under_way.take() {
            Some(UnderWay::Handshake(agreeing)) => match agreeing.step()? {
                Agreed::No(agreeing) => {
                    self.under_way = Some(UnderWay::Handshake(agreeing));
                    return Ok(None);
                }
                Agreed::Yes(session) => session,
            },
            Some(UnderWay::Secured(session)) => session,
            None => return Err(Failure::Closed),
        };
        let (socket, socket_timeout) = (Arc::clone(&self.socket), self.socket_timeout);
        Ok(Some(Stream { socket, carrier: Carrier::Tls(session), socket_timeout }))
    }
}

impl Stream {
    /// Over a connected, blocking socket. `socket_timeout`: the longest silence while bytes are owed.
    pub fn new(socket: Arc<Socket>, socket_timeout: Duration) -> Self {
        let carrier = Carrier::Plain(Wire::new(Arc::clone(&socket)));
        Self { socket, carrier, socket_timeout }
    }

    /// Goes over to TLS: shakes hands by the deadline, with the peer called `name`.
    pub fn secure(
        self,
        connector: &Connector,
        name: &str,
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        let mut securing = self.begin_secure(connector, name)?;
        loop {
            if let Some(stream) = securing.step()? {
                return Ok(stream);
            }
            if securing.socket().poll(securing.wanted(), deadline)?.is_none() {
                return Err(Failure::Timeout);
            }
        }
    }

    /// Begins to go over to TLS, without waiting.
    pub fn begin_secure(self, connector: &Connector, name: &str) -> Result<Securing, Failure> {
        let Self { socket, carrier, socket_timeout } = self;
        let under_way = match carrier {
            Carrier::Plain(wire) => UnderWay::Handshake(Agreeing::begin(connector, name, wire)?),
            Carrier::Tls(session) => UnderWay::Secured(session),
        };
        Ok(Securing { socket, under_way: Some(under_way), socket_timeout })
    }

    /// The socket, to end the stream from another thread.
    #[inline]
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// True if bytes go through TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.carrier, Carrier::Tls(_))
    }

    /// The longest silence while bytes are owed.
    #[inline]
    pub fn socket_timeout(&self) -> Duration {
        self.socket_timeout
    }

    /// True if the stream is open and nothing has arrived that is for its user: one look, which
    /// does not wait. Of TLS that means no application data: a server may send session tickets.
    #[inline(always)]
    pub fn is_open_and_silent(&mut self) -> bool {
        match &mut self.carrier {
            Carrier::Plain(_) => self.socket.is_open_and_silent(),
            Carrier::Tls(session) => session.is_open_and_silent(),
        }
    }

    /// Memory to receive TLS records into, used until [`Stream::detach`].
    #[inline(always)]
    pub fn attach(&mut self, records: &mut Option<Records>) {
        if let Carrier::Tls(session) = &mut self.carrier {
            session.attach(records);
        }
    }

    /// Takes that memory off, unless something is in it.
    #[inline(always)]
    pub fn detach(&mut self, records: &mut Option<Records>) {
        if let Carrier::Tls(session) = &mut self.carrier {
            session.detach(records);
        }
    }

    /// Sends all of `first`, then all of `second`: ordinarily one system call that does not wait.
    ///
    /// When the kernel is full, waits until it takes more, and calls `on_readable` whenever bytes have
    /// arrived meanwhile: a peer that waits for its replies to be read would otherwise never read
    /// on. The error comes with the number of bytes that left. If it is 0, the same bytes may be sent
    /// again, and have to be the next that are sent.
    #[inline]
    pub fn send_all<E: From<Failure>>(
        &mut self,
        first: &[u8],
        second: &[u8],
        deadline: Deadline,
        on_readable: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        let sent = self.send_now(first, second).map_err(|failure| (0, failure.into()))?;
        if sent == first.len() + second.len() {
            return Ok(());
        }
        self.send_rest(first, second, sent, deadline, on_readable)
    }

    #[cold]
    fn send_rest<E: From<Failure>>(
        &mut self,
        first: &[u8],
        second: &[u8],
        mut sent: usize,
        deadline: Deadline,
        mut on_readable: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), (usize, E)> {
        let wanted = Readiness { readable: true, writable: true };
        let total = first.len() + second.len();
        while sent < total {
            // Looked at each time: a peer that takes a little now and then prolongs nothing.
            if deadline.has_passed() {
                return Err((sent, Failure::Timeout.into()));
            }
            let silent = Deadline::after(self.socket_timeout);
            let ready = match self.socket.poll(wanted, deadline.earlier(silent)) {
                Ok(Some(ready)) => ready,
                Ok(None) if deadline.has_passed() => return Err((sent, Failure::Timeout.into())),
                Ok(None) => return Err((sent, Failure::Silence.into())),
                Err(error) => return Err((sent, failure(&self.socket, error).into())),
            };
            if ready.readable {
                on_readable(self).map_err(|error| (sent, error))?;
            }
            if ready.writable {
                let skipped = sent.min(first.len());
                let more = self.send_now(&first[skipped..], &second[sent - skipped..]);
                sent += more.map_err(|failure| (sent, failure.into()))?;
            }
        }
        Ok(())
    }

    /// True if TLS holds bytes that the kernel did not take yet: then the socket's being writable is of interest.
    pub fn has_outgoing(&self) -> bool {
        match &self.carrier {
            Carrier::Plain(_) => false,
            Carrier::Tls(session) => session.has_outgoing(),
        }
    }

    /// True if bytes of what is to be sent next may leave by themselves, when something is received: a record of
    /// TLS once begun.
    pub fn has_begun(&self) -> bool {
        match &self.carrier {
            Carrier::Plain(_) => false,
            Carrier::Tls(session) => session.has_sealed(),
        }
    }

    /// Sends what the kernel takes now, possibly nothing.
    #[inline]
    pub fn send_now(&mut self, first: &[u8], second: &[u8]) -> Result<usize, Failure> {
        match &mut self.carrier {
            Carrier::Plain(wire) => wire.send(first, second),
            Carrier::Tls(session) => session.send(first, second),
        }
    }

    /// Receives bytes into `space` and gives the filled start of it, never empty. `Fill::Exact` waits,
    /// where it can, until all of it is there; a timeout gives what has come so far.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
        fill: Fill,
        wait: &mut Wait,
    ) -> Result<&'a mut [u8], Failure> {
        match &mut self.carrier {
            Carrier::Plain(wire) => wire.receive(space, fill == Fill::Exact, wait),
            Carrier::Tls(session) => {
                let expected = (fill == Fill::Exact).then_some(space.len());
                session.receive(space, expected, Some(wait))
            }
        }
    }

    /// Receives what is there, without waiting; `Timeout` if nothing is.
    pub fn receive_now<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
    ) -> Result<&'a mut [u8], Failure> {
        match &mut self.carrier {
            Carrier::Plain(wire) => wire.receive_now(space),
            Carrier::Tls(session) => session.receive(space, None, None),
        }
    }
}
