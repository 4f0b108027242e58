//! What a program asks of one command beside its arguments.

use std::sync::Arc;

use super::cancel::Cancel;
use crate::deadline::Timeout;
use crate::options::ReadFrom;

/// What a program asks of one command beside its arguments.
#[derive(Clone, Default)]
pub struct Settings {
    /// How long the call may take; None: the option `command_timeout`.
    pub timeout: Option<Timeout>,
    /// Where it is to run.
    pub route: Route,
    /// Who answers if it reads; None: as the option `read_from` says.
    pub read_from: Option<ReadFrom>,
    /// Ends the call.
    pub cancel: Option<Arc<Cancel>>,
}

/// Where a command is to run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Route {
    /// Where its keys are, or where its request policy says.
    #[default]
    Auto,
    /// At the owner of this slot.
    Slot(u16),
    /// At this node, "host:port" or its id.
    Node(String),
    /// At some primary.
    Random,
    /// At every node.
    AllNodes,
    /// At every primary.
    AllPrimaries,
    /// At every replica.
    AllReplicas,
}

impl Settings {
    /// Nothing but perhaps a time: what most commands have.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.route == Route::Auto && self.read_from.is_none() && self.cancel.is_none()
    }
}
