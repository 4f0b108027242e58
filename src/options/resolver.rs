//! Who turns names into addresses.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

type Function = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// The system's resolver, or a function of the program's in its place, which is called in the thread
/// that is inside the library, with no lock held. Cheap to clone.
#[derive(Clone, Default)]
pub struct Resolver(Option<Arc<Function>>);

impl Resolver {
    /// The function is asked for every name, and the system for none. It gives the addresses in the order
    /// of preference; none: the name is unknown.
    pub fn to(function: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    /// What the function says; `None`: there is none, the system is to be asked.
    pub fn resolve(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.0.as_ref().map(|function| function(name))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Resolver(function)" } else { "Resolver(system)" })
    }
}
