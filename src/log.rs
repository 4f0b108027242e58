//! Log lines to a callback of the program's; nothing is ever printed.

use std::fmt;
use std::sync::Arc;

/// How much a log line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i32)]
pub enum Level {
    /// Something failed and a call will feel it.
    Error = 1,
    /// Something failed and the library goes on another way.
    Warning = 2,
    /// Something changed: a topology, a role.
    Info = 3,
    /// Connections opened and closed.
    Debug = 4,
}

type Sink = dyn Fn(Level, &str) + Send + Sync;

/// Where log lines go: nowhere, or to one function, called in the thread that is inside the library,
/// with no lock held. Lines never hold passwords, keys, arguments or values.
#[derive(Clone, Default)]
pub struct Log(Option<Arc<Sink>>);

impl Log {
    /// Lines go to `sink`.
    pub fn to(sink: impl Fn(Level, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// Writes one line; formats nothing where nobody listens.
    pub fn line(&self, level: Level, text: fmt::Arguments<'_>) {
        if let Some(sink) = &self.0 {
            sink(level, &text.to_string());
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Log(set)" } else { "Log(none)" })
    }
}
