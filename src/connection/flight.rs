//! Commands of the handshake that go out together.

use zeroize::Zeroizing;

use crate::resp::encode;

/// What a reply of the handshake answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Question {
    /// HELLO, with AUTH in it where there is a password.
    Hello,
    /// AUTH.
    Auth,
    /// CLIENT SETNAME.
    ClientName,
    /// CLIENT SETINFO.
    ClientInfo,
    /// SELECT.
    Select,
    /// READONLY.
    Readonly,
}

/// Several commands, encoded into memory that is overwritten when dropped.
pub(super) struct Flight {
    bytes: Zeroizing<Vec<u8>>,
    questions: Vec<Question>,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), questions: Vec::new() }
    }

    /// Adds a command.
    pub(super) fn ask(&mut self, question: Question, arguments: &[&[u8]]) {
        let size: usize = arguments.iter().map(|argument| argument.len() + 32).sum();
        self.reserve(size + 32);
        self.bytes.push(b'*');
        self.bytes.extend_from_slice(arguments.len().to_string().as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
        for argument in arguments {
            encode::bulk(&mut self.bytes, argument);
        }
        self.questions.push(question);
    }

    /// Grows by hand: a vector that grows by itself leaves its old memory as it was.
    fn reserve(&mut self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            let mut larger = Vec::with_capacity(self.bytes.len() + more.max(256));
            larger.extend_from_slice(&self.bytes);
            self.bytes = Zeroizing::new(larger);
        }
    }

    pub(super) fn encode(self) -> (Zeroizing<Vec<u8>>, Vec<Question>) {
        (self.bytes, self.questions)
    }
}
