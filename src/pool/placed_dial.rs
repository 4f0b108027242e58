//! A dial in a place of the limits, in steps that never wait.

use std::sync::Arc;

use super::lease::{Lease, Place};
use super::leasing::closed;
use super::member::NEVER;
use super::pool::Core;
use crate::connection::{Connection, Destination, Interrupter, SetUp};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::os::clock::coarse_millis;
use crate::os::sockets::Readiness;

/// A dial under way. Dropped, it gives its place back.
pub(super) struct PlacedDial {
    // The order matters: the socket closes before its place is given away.
    dial: SetUp,
    /// None: the dial is over.
    place: Option<Place>,
    core: Arc<Core>,
    epoch: u64,
    /// It ends, with CANCELLED, when its node loses the role of a primary: by this.
    followed: Option<Interrupter>,
    follows: bool,
    had_time: bool,
}

impl Core {
    /// Begins to dial in the place. Only a name's look-up may take time.
    pub(super) fn begin_dial(
        self: &Arc<Self>,
        place: Place,
        deadline: Deadline,
        follows: bool,
    ) -> Result<PlacedDial> {
        let (node, hostname, readonly, epoch) = {
            let members = self.members.lock();
            if members.closed {
                return Err(closed());
            }
            let member = &members.list[place.member as usize];
            // To a node that has left: for this one checkout, no epoch will ever be its own.
            let epoch = if member.known { member.epoch } else { NEVER };
            (member.address.clone(), member.hostname.clone(), member.readonly, epoch)
        };
        let to = Destination { address: &node, hostname: hostname.as_deref(), readonly };
        let had_time = !deadline.has_passed();
        let dial = match SetUp::begin(&self.dialer, to, deadline) {
            Ok(dial) => dial,
            Err(error) => {
                self.dial_failed(&place, &node.to_string(), &error, had_time);
                return Err(error);
            }
        };
        let (place, core) = (Some(place), Arc::clone(self));
        let mut dial = PlacedDial { dial, place, core, epoch, followed: None, follows, had_time };
        dial.follow();
        Ok(dial)
    }

    fn dial_failed(&self, place: &Place, node: &str, error: &Error, had_time: bool) {
        self.options.log.line(Level::Warning, format_args!("dialing {node} failed: {error}"));
        // A dial that had no time says nothing of the node.
        if had_time {
            self.rest_after(place.member, error);
        }
    }
}

impl PlacedDial {
    /// What to wait on; None: only time.
    pub(super) fn fd(&self) -> Option<i32> {
        self.dial.fd()
    }

    /// What to wait for on it.
    pub(super) fn wanted(&self) -> Readiness {
        self.dial.wanted()
    }

    /// When to step though nothing is ready.
    pub(super) fn until(&self) -> Deadline {
        self.dial.until()
    }

    /// What ends it, at the present address.
    pub(super) fn interrupter(&self) -> Option<Interrupter> {
        self.dial.interrupter()
    }

    /// The same, if it is another one than this.
    pub(super) fn interrupter_other_than(
        &self,
        known: &Option<Interrupter>,
    ) -> Option<Interrupter> {
        self.dial.interrupter_other_than(known)
    }

    /// For who has a thread to spare: waits until there is something to do.
    pub(super) fn sit_out(&self) {
        self.dial.sit_out();
    }

    /// Goes as far as it can without waiting. None: wait again.
    pub(super) fn step(&mut self) -> Result<Option<Box<Lease>>> {
        match self.dial.step(&self.core.dialer) {
            Ok(None) => {
                self.follow();
                Ok(None)
            }
            Ok(Some(connection)) => match self.place.take() {
                Some(place) => self.dialled(place, connection).map(Some),
                None => Err(Error::new(Status::Internal, "a dial without a place")),
            },
            Err(error) => {
                // Given back here, not when the caller lets go of what is left.
                if let Some(place) = self.place.take() {
                    let node = self.dial.node().to_string();
                    self.core.dial_failed(&place, &node, &error, self.had_time);
                }
                Err(error)
            }
        }
    }

    /// Lets the loss of its node's role end it, also at an address that was gone on to.
    fn follow(&mut self) {
        if self.follows
            && let Some(place) = &self.place
            && let Some(interrupter) = self.dial.interrupter_other_than(&self.followed)
        {
            self.core.watch_dial(place, self.epoch, interrupter.clone());
            self.followed = Some(interrupter);
        }
    }

    fn dialled(&self, mut place: Place, connection: Connection) -> Result<Box<Lease>> {
        let options = &self.core.options;
        options.log.line(Level::Debug, format_args!("connected to {}", connection.node()));
        let (read_from, zone) = (options.read_from, options.client_az.as_deref());
        let is_near = connection.availability_zone() == zone;
        let old_routes = {
            let mut members = self.core.members.lock();
            members.dialed(&mut place, connection.interrupter(), coarse_millis());
            match zone {
                Some(_) => members.learn_zone(place.member, is_near, read_from),
                None => None,
            }
        };
        drop(old_routes);
        Lease::new(place, self.epoch, connection)
    }
}
