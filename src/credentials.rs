//! Who connections log in as.

use std::fmt;
use std::sync::Arc;

use crate::options::Secret;

/// A user and a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The ACL user. None: the default user.
    pub username: Option<String>,
    /// The password.
    pub password: Secret,
}

/// What a source of credentials says of one dial.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Log in as this.
    Credentials(Credentials),
    /// Do not log in.
    NoLogin,
    /// It has no answer: the dial fails.
    Nothing,
}

type Source = dyn Fn(&str) -> Answer + Send + Sync;

/// A function of the program's that is asked for credentials at each dial, with the node's address: for
/// tokens that are renewed. It is called in the thread that dials, with no lock held.
#[derive(Clone, Default)]
pub struct CredentialsSource(Option<Arc<Source>>);

impl CredentialsSource {
    /// `source` is asked.
    pub fn of(source: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(source)))
    }

    /// True if there is a function to ask.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// What it says for this node; None without a function.
    pub fn ask(&self, node: &str) -> Option<Answer> {
        self.0.as_ref().map(|source| source(node))
    }
}

impl fmt::Debug for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() {
            "CredentialsSource(set)"
        } else {
            "CredentialsSource(none)"
        })
    }
}
