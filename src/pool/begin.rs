//! TEMPORARY: until the pool takes and refreshes without blocking.

use super::lease::Lease;
use super::leasing::Stop;
use super::pool::{Core, Pool};
use super::taking::Target;
use crate::connection::Interrupter;
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::node::NodeAddress;
use crate::os::sockets::Readiness;
use crate::topology::Kind;
use std::sync::Arc;

pub(crate) enum Taken {
    Lease(Box<Lease>),
    Dial(Box<DialFor>),
    Full(Error),
}

pub(crate) struct DialFor {
    lease: Option<Result<Box<Lease>>>,
}

pub(crate) struct Refreshing {
    core: Arc<Core>,
    suspects: Vec<NodeAddress>,
    forced: bool,
    deadline: Deadline,
}

impl Pool {
    pub(crate) fn begin_take(&self, target: &Target) -> Result<Taken> {
        let deadline = Deadline::after(self.options().socket_connect_timeout);
        let taken = self.take(target, deadline, false, None::<&dyn Stop>);
        match taken {
            Err(error) if error.status() == Status::PoolExhausted => Ok(Taken::Full(error)),
            taken => Ok(Taken::Dial(Box::new(DialFor { lease: Some(taken) }))),
        }
    }

    pub(crate) fn begin_refresh(
        &self,
        suspects: &[NodeAddress],
        forced: bool,
        deadline: Deadline,
    ) -> Refreshing {
        Refreshing { core: self.core().clone(), suspects: suspects.to_vec(), forced, deadline }
    }
}

impl DialFor {
    pub(crate) fn fd(&self) -> Option<i32> {
        None
    }
    pub(crate) fn wanted(&self) -> Readiness {
        Readiness { readable: false, writable: false }
    }
    pub(crate) fn until(&self) -> Deadline {
        Deadline::after(std::time::Duration::ZERO)
    }
    #[allow(dead_code)]
    pub(crate) fn interrupter(&self) -> Option<Interrupter> {
        None
    }
    pub(crate) fn step(&mut self) -> Result<Option<Box<Lease>>> {
        self.lease.take().transpose()
    }
}

impl Refreshing {
    pub(crate) fn fd(&self) -> Option<i32> {
        None
    }
    pub(crate) fn wanted(&self) -> Readiness {
        Readiness { readable: false, writable: false }
    }
    pub(crate) fn until(&self) -> Deadline {
        Deadline::after(std::time::Duration::ZERO)
    }
    pub(crate) fn step(&mut self) -> Option<Result<()>> {
        let kind = if self.forced { Kind::Forced } else { Kind::Wanted };
        Some(self.core.refresh(kind, &self.suspects, self.deadline).map(|_| ()))
    }
}
