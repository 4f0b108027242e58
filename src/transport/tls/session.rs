//! An established TLS session over a socket.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::mem::{self, MaybeUninit};
use std::sync::Arc;

use native_tls::TlsStream;

use super::super::failure::Failure;
use super::super::wait::Wait;
use super::cause;
use super::ciphertext::{Ciphertext, Records, Refill};
use crate::os::memory::Space;
use crate::os::sockets::Socket;

/// The most bytes one record carries (RFC 8446, section 5.1).
const RECORD: usize = 16 * 1024;

/// Room for a small reply, asked for before it is known how much a record holds.
const SMALL: usize = 1024;

/// A TLS session. Its waits end as those of a plain socket do.
pub struct Session {
    stream: TlsStream<Ciphertext>,
    has_identity: bool,
    /// How many of the bytes to be sent next are encrypted already, in a record that has not left whole.
    sealed: usize,
    /// Over, by its peer or by a fault: there is nothing to say goodbye to.
    ended: bool,
}

impl Session {
    /// A session whose handshake is over, its last words perhaps not sent yet.
    pub(super) fn agreed(stream: TlsStream<Ciphertext>, has_identity: bool) -> Self {
        Self { stream, has_identity, sealed: 0, ended: false }
    }

    /// Sends what is left of the handshake; true if nothing is.
    pub(super) fn push_last(&mut self) -> Result<bool, Failure> {
        match self.stream.get_mut().push() {
            Ok(is_all) => Ok(is_all),
            Err(failure) => Err(self.last_words(failure)),
        }
    }

    /// True if encrypted bytes wait for the socket.
    pub(in super::super) fn has_outgoing(&self) -> bool {
        self.stream.get_ref().has_outgoing()
    }

    #[inline]
    pub(in super::super) fn socket(&self) -> &Arc<Socket> {
        self.stream.get_ref().wire().socket()
    }

    #[inline(never)]
    pub(in super::super) fn attach(&mut self, records: &mut Option<Records>) {
        self.stream.get_mut().attach(records);
    }

    #[inline(never)]
    pub(in super::super) fn detach(&mut self, records: &mut Option<Records>) {
        self.stream.get_mut().detach(records);
    }

    /// True if nothing for the user has arrived. A silent session may well be sent tickets (RFC 8446,
    /// section 4.6.1): those are read and kept for nothing.
    #[inline(never)]
    pub(in super::super) fn is_open_and_silent(&mut self) -> bool {
        if self.decrypted() > 0 {
            return false;
        }
        let below = self.stream.get_ref();
        if !below.has_incoming() && below.wire().socket().is_open_and_silent() {
            return true;
        }
        self.stream.get_mut().refill = Refill::Look;
        matches!(self.read(&mut [0]), Err(Failure::Timeout))
    }

    /// True if a record that has not left whole is the next to leave.
    pub(in super::super) fn has_sealed(&self) -> bool {
        self.sealed > 0
    }

    /// Sends what the kernel takes now, record by record, and gives how many bytes went in whole records.
    /// The rest has to be offered again, as the peer cannot read half a record.
    pub(in super::super) fn send(&mut self, first: &[u8], second: &[u8]) -> Result<usize, Failure> {
        let total = first.len() + second.len();
        let mut sent = 0;
        loop {
            if !self.stream.get_ref().has_outgoing() {
                // Possibly a read sent the rest of it: reading sends what is left over.
                sent += mem::take(&mut self.sealed);
                if sent == total {
                    return Ok(total);
                }
                self.sealed = self.seal(&next_record(first, second, sent))?;
            }
            match self.stream.get_mut().push() {
                Ok(true) => {}
                Ok(false) => return Ok(sent),
                // What went before is told first; the next call meets the trouble again.
                Err(_) if sent > 0 => return Ok(sent),
                Err(failure) => return Err(self.last_words(failure)),
            }
        }
    }

    /// Why nothing can be sent any more: a server that turns us away says why before it closes.
    #[cold]
    fn last_words(&mut self, failure: Failure) -> Failure {
        self.ended = true;
        self.stream.get_mut().refill = Refill::Look;
        match self.read(&mut [0]) {
            Err(said @ Failure::Tls(_)) => said,
            _ => failure,
        }
    }

    fn seal(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        cause::forget();
        self.stream.write(bytes).map_err(|error| self.failure(&error))
    }

    /// Receives into `space` and gives the filled start of it, never empty; all that one receive of the
    /// socket brings, as without TLS. Without `wait` it takes what is there, and `Timeout` means
    /// nothing was. `expected`: how much is known to come.
    pub(in super::super) fn receive<'a>(
        &mut self,
        space: &'a mut [MaybeUninit<u8>],
        expected: Option<usize>,
        wait: Option<&mut Wait>,
    ) -> Result<&'a mut [u8], Failure> {
        let mut space = Space::new(space);
        let first = space.room(expected.map_or(SMALL, |expected| expected.min(RECORD)));
        let count = match wait {
            None => {
                self.stream.get_mut().refill = Refill::Look;
                self.read(first)?
            }
            Some(wait) => {
                self.stream.get_mut().refill = Refill::Wait(*wait);
                let count = self.read(first);
                if let Refill::Wait(spent) = &self.stream.get_ref().refill {
                    *wait = *spent;
                }
                count?
            }
        };
        space.fill(count);
        self.stream.get_mut().refill = Refill::Never;
        while !space.is_full() {
            let more = match self.decrypted() {
                0 if self.stream.get_ref().has_incoming() => SMALL,
                0 => break,
                more => more,
            };
            match self.read(space.room(more)) {
                Ok(count) => space.fill(count),
                // Half a record, or trouble that the next receive will meet.
                Err(_) => break,
            }
        }
        Ok(space.into_filled())
    }

    /// How much of a record is decrypted and not taken yet.
    fn decrypted(&self) -> usize {
        self.stream.buffered_read_size().unwrap_or(0)
    }

    /// Decrypted bytes, at least one.
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Failure> {
        cause::forget();
        match self.stream.read(space) {
            // The peer has said goodbye.
            Ok(0) => {
                self.ended = true;
                let interrupted = self.socket().is_interrupted();
                Err(if interrupted { Failure::Interrupted } else { Failure::Closed })
            }
            Ok(count) => Ok(count),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// The socket's own trouble where there is some, else what OpenSSL says.
    #[cold]
    fn failure(&mut self, error: &std::io::Error) -> Failure {
        let failure = match self.stream.get_mut().failure.take() {
            Some(failure) => failure,
            None if error.kind() == std::io::ErrorKind::WouldBlock => Failure::Timeout,
            None if self.socket().is_interrupted() => Failure::Interrupted,
            None => Failure::Tls(cause::of_session(error, self.has_identity)),
        };
        self.ended |= !matches!(failure, Failure::Timeout | Failure::Silence);
        failure
    }
}

/// The next bytes to go into one record: as many of `first` and `second` together as it takes.
fn next_record<'a>(first: &'a [u8], second: &'a [u8], sent: usize) -> Cow<'a, [u8]> {
    let start = &first[sent.min(first.len())..];
    let rest = &second[sent.saturating_sub(first.len())..];
    if start.is_empty() {
        return Cow::Borrowed(&rest[..rest.len().min(RECORD)]);
    }
    if rest.is_empty() || start.len() >= RECORD {
        return Cow::Borrowed(&start[..start.len().min(RECORD)]);
    }
    Cow::Owned([start, &rest[..rest.len().min(RECORD - start.len())]].concat())
}

impl Drop for Session {
    fn drop(&mut self) {
        // A child says nothing on its parent's connections; its copy of the session is its parent's, too.
        if self.ended || !self.socket().is_of_this_process() {
            return;
        }
        if self.stream.shutdown().is_ok() {
            let _ = self.stream.get_mut().push();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_from_both() {
        let (a, b) = (vec![1; 10], vec![2; RECORD]);
        assert_eq!(&*next_record(&a, &b[..5], 0), [&a[..], &b[..5]].concat());
        assert_eq!(next_record(&a, &b, 0).len(), RECORD);
        assert_eq!(next_record(&a, &b, RECORD).len(), 10);
        assert_eq!(&*next_record(&a, &b, 12), &b[2..]);
        assert_eq!(next_record(&b, &a, 0).len(), RECORD);
        assert_eq!(&*next_record(&b, &a, RECORD), &a[..]);
        assert_eq!(&*next_record(&[], &a, 3), &a[3..]);
        assert_eq!(&*next_record(&a, &[], 3), &a[3..]);
    }
}
