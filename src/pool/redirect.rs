//! Redirects that a program meets on connections it drives by itself: what MOVED and ASK mean to the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::handles::Handle;
use super::install::Origin;
use super::lease::Lease;
use super::leasing::Patience;
use super::member::MemberKey;
use super::pool::{Core, Pool};
use crate::deadline::{Deadline, Timeout};
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::node::NodeAddress;
use crate::options::Translation;
use crate::slot::SLOT_COUNT;
use crate::topology::{Kind, KnownNode, dialled, patch};

/// Redirects so far.
#[derive(Default)]
pub(super) struct Redirects {
    pub(super) moved: AtomicU64,
    pub(super) ask: AtomicU64,
    /// MOVED since the last refresh.
    pub(super) moved_since_refresh: AtomicU64,
}

impl Redirects {
    /// The topology was asked for: what was moved before is known, or is to be told again.
    pub(super) fn refreshed(&self) {
        self.moved_since_refresh.store(0, Ordering::Relaxed);
    }
}

/// A node as a redirect names it.
pub(crate) struct Named {
    /// Where it is dialled.
    pub(super) address: NodeAddress,
    /// As the server wrote it.
    pub(super) announced: NodeAddress,
}

impl Named {
    /// A node of a map.
    pub(super) fn known(node: &KnownNode) -> Self {
        Self { address: node.address.clone(), announced: node.announced.clone() }
    }

    fn read(node: &str, translation: &Translation) -> Result<Self> {
        let refused =
            |problem: String| Err(Error::new(Status::InvalidArgument, format!("node {problem}")));
        if matches!(node.rsplit_once(':'), Some(("", _))) {
            return refused(format!(
                "\"{node}\" has no host, which means the host that answered: put that in front"
            ));
        }
        let announced = match NodeAddress::parse(node) {
            Ok(announced) => announced,
            Err(problem) => return refused(problem),
        };
        match dialled(&announced.host, announced.port, &announced, translation) {
            Some(address) => Ok(Self { address, announced }),
            None => refused(format!("\"{node}\" cannot be dialled: refresh the topology instead")),
        }
    }
}

impl Pool {
    /// The server answered MOVED: the slot is at `node` ("host:port" as the server wrote it). The map is
    /// patched, and refreshed where `reinitialize_steps` such answers have come since the last refresh; that
    /// failing is logged and no error.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a slot or node that cannot be; CLOSED. Then nothing has changed.
    pub fn moved(&self, slot: i32, node: &str) -> Result<()> {
        let slot = match u16::try_from(slot) {
            Ok(slot) if slot < SLOT_COUNT => slot,
            _ => {
                return Err(Error::new(
                    Status::InvalidArgument,
                    format!("slot {slot} does not exist: slots go from 0 to {}", SLOT_COUNT - 1),
                ));
            }
        };
        let node = Named::read(node, &self.options().translation)?;
        let core = self.core();
        core.check_open()?;
        core.moved(slot, &node, None, Deadline::after(core.options.command_timeout));
        Ok(())
    }

    /// A connection to the node that ASK names, be it in the map or not. The map stays.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a node that cannot be; the rest as [`Pool::get_by_node`].
    pub fn ask(&self, node: &str, timeout: Timeout) -> Result<Handle> {
        let node = Named::read(node, &self.options().translation)?;
        let core = self.core();
        core.check_open()?;
        core.redirects.ask.fetch_add(1, Ordering::Relaxed);
        core.lease_asked(&node, timeout).map(Lease::check_out)
    }
}

impl Core {
    /// The slot has moved to the node, as the node `by` has answered, if that is known: patches the map, and
    /// refreshes it by the deadline where `reinitialize_steps` such answers have come since the last refresh.
    pub(super) fn moved(
        self: &Arc<Self>,
        slot: u16,
        node: &Named,
        by: Option<&NodeAddress>,
        deadline: Deadline,
    ) {
        self.redirects.moved.fetch_add(1, Ordering::Relaxed);
        self.patch(slot, node, by);
        let count = self.redirects.moved_since_refresh.fetch_add(1, Ordering::Relaxed) + 1;
        let steps = self.options.reinitialize_steps;
        if steps > 0
            && count >= u64::from(steps)
            && let Err(error) = self.refresh(Kind::Wanted, &[], deadline)
        {
            self.options.log.line(
                Level::Warning,
                format_args!("the refresh after {count} MOVED failed: {error}"),
            );
        }
    }

    /// Installs the map that says so. A map that another thread installed meanwhile is patched anew.
    pub(super) fn patch(self: &Arc<Self>, slot: u16, node: &Named, by: Option<&NodeAddress>) {
        loop {
            let present = self.routes().map.clone();
            if present.version() == 0 {
                // Nothing is known yet: the first get discovers all of it.
                return;
            }
            let Some(map) = patch::moved(&present, slot, &node.address, &node.announced) else {
                return;
            };
            if self.install_in_place_of(present.version(), Arc::new(map), Origin::Correction(by)) {
                let address = &node.address;
                self.options
                    .log
                    .line(Level::Info, format_args!("slot {slot} has moved to {address}"));
                return;
            }
        }
    }

    pub(super) fn lease_asked(
        self: &Arc<Self>,
        node: &Named,
        timeout: Timeout,
    ) -> Result<Box<Lease>> {
        self.lease_named(node, Patience::of(timeout, self.options.timeout))
    }

    /// A connection to a node that may stand in no map.
    pub(super) fn lease_named(
        self: &Arc<Self>,
        node: &Named,
        patience: Patience,
    ) -> Result<Box<Lease>> {
        loop {
            self.check_open()?;
            let key = self.admit_asked(node);
            // The next map may come before the connection is there, and not know the node either.
            if let Some(lease) = self.lease(key, None, patience)? {
                return Ok(lease);
            }
        }
    }

    /// The member of a node that may stand in no map. The next map lets it leave.
    pub(super) fn admit_asked(&self, node: &Named) -> MemberKey {
        let mut members = self.members.lock();
        let known = members.routes.map.find_address(&node.address);
        if let Some(&key) = known.and_then(|at| members.routes.members.get(at)) {
            return key;
        }
        let index = members.admit(&node.address);
        // It may be one that is leaving, and was a replica.
        let member = &mut members.list[index];
        (member.known, member.readonly) = (true, false);
        members.key(index)
    }
}
