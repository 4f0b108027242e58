//! How the commands of a call leave: sorted by node, all of a node in one write, first where no wait is needed.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::pool::{Leads, Lease, Routes, Stop, Target};

use super::execution::Execution;
use super::flight::Flight;
use super::flights::{Flights, LOOK_INTERVAL, Ready};
use super::part::{Home, Part};
use super::passage::Berth;
use super::step::Event;

/// Commands for one node that leave together, in their order; true: with ASKING.
pub(super) struct Group {
    pub(super) target: Target,
    /// The node's member of the pool, where it is known beforehand.
    member: Option<u32>,
    pub(super) parts: Vec<(u32, bool)>,
}

/// Groups in the making: by member, the place of its group and one.
#[derive(Default)]
struct Places(Vec<u32>);

impl Places {
    fn note(&mut self, member: Option<Leads>, place: usize) {
        let Some(member) = member.map(Leads::index) else { return };
        if self.0.len() <= member {
            self.0.resize(member + 1, 0);
        }
        self.0[member] = place as u32 + 1;
    }

    /// Puts a command into the group of its node, which is made if it is the first. Where no member is known,
    /// targets are compared. `left`: so many commands may come yet.
    #[inline(always)]
    fn put(
        &mut self,
        groups: &mut Vec<Group>,
        routes: &Routes,
        home: Home<'_>,
        command: (u32, bool),
        left: usize,
    ) {
        let member = match home {
            Home::Primary(slot) => routes.member_of_slot(slot, true),
            Home::Reader(slot, _) => routes.member_of_slot(slot, false),
            Home::At(target) => routes.member_of(target),
        };
        let place = match member {
            Some(member) => {
                let place = self.0.get(member.index()).copied().unwrap_or(0);
                (place as usize).checked_sub(1)
            }
            None => groups.iter().position(|group| Home::from(&group.target) == home),
        };
        match place.and_then(|place| groups.get_mut(place)) {
            Some(group) => group.parts.push(command),
            None => self.open(groups, home.target(), member, command, left),
        }
    }

    #[cold]
    fn open(
        &mut self,
        groups: &mut Vec<Group>,
        target: Target,
        member: Option<Leads>,
        command: (u32, bool),
        left: usize,
    ) {
        self.note(member, groups.len());
        let member = member.and_then(Leads::certain);
        // Half of them: a node's share where there are two or more, for the list doubles if it is less.
        let mut parts = Vec::with_capacity(left.div_ceil(2));
        parts.push(command);
        groups.push(Group { target, member, parts });
    }
}

impl<'a, 'p> Flights<'a, 'p> {
    /// Sends all that nothing has been done about yet.
    pub(super) fn launch_first(&mut self, parts: &mut [Part<'p>]) {
        let routes = self.pool.routes();
        let (mut groups, mut places) = (Vec::new(), Places::default());
        let mut begun = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if part.execution.is_some() {
                begun.push(index);
            } else if part.outcome.is_none() {
                let left = parts.len() - index;
                places.put(&mut groups, &routes, part.home, (index as u32, false), left);
            }
        }
        self.stalled = groups;
        for index in begun {
            self.advance(parts, index);
        }
        self.launch(parts);
    }

    /// Sends what is ready, and what was stalled if there is room now.
    pub(super) fn launch(&mut self, parts: &mut [Part<'p>]) {
        let mut without = Vec::new();
        if !(self.ready.is_empty() && self.stalled.is_empty())
            && self.terms.rules.deadline.has_passed()
        {
            return self.refuse_late(parts);
        }
        // First what costs no wait: so all nodes have their commands before one is dialled.
        for group in self.groups() {
            if self.pool.holds_back(&group.target) {
                self.hold_back(parts, group);
                continue;
            }
            let under_way = group.member.and_then(|member| {
                self.flights.iter().position(|flight| flight.lease.member() == member)
            });
            if let Some(at) = under_way {
                self.add(parts, at, &group.parts);
                continue;
            }
            let mut berth = self.berth(parts, &group);
            let group = match berth.take_if(|berth| berth.channel.is_open()) {
                Some(open) => {
                    let deadline = self.terms.rules.deadline;
                    match self.share(parts, group, open, deadline, false) {
                        Ok(()) => continue,
                        Err((group, _)) => group,
                    }
                }
                None => group,
            };
            if self.channels.is_none()
                && let Some(lease) = self.pool.take_idle(&group.target)
            {
                self.depart(parts, lease, &group.parts);
            } else {
                without.push((group, berth));
            }
        }
        let (mut full, mut failed) = (VecDeque::new(), Vec::new());
        let mut left = without.len();
        for (group, berth) in without {
            // A node that is silent leaves time for the others.
            let deadline = self.terms.rules.deadline.share(left);
            left -= 1;
            match self.begin(parts, group, berth, deadline, false) {
                Ok(()) => {}
                Err((group, error)) if error.status() == Status::PoolExhausted => {
                    full.push_back(group);
                }
                Err(failure) => failed.push(failure),
            }
        }
        // Last, for it may ask for the topology, which takes time.
        for (group, error) in failed {
            self.go_without(parts, group, &error);
        }
        // With nothing in flight this call holds no place that another could wait for.
        while self.flights.is_empty()
            && self.passages.is_empty()
            && let Some(group) = full.pop_front()
        {
            let deadline = self.terms.rules.deadline;
            let berth = self.berth(parts, &group);
            if let Err((group, error)) = self.begin(parts, group, berth, deadline, true) {
                self.go_without(parts, group, &error);
            }
        }
        self.stalled.extend(full);
    }

    /// Sends a group's commands on a channel, or on a connection of their own.
    fn begin(
        &mut self,
        parts: &mut [Part<'p>],
        group: Group,
        berth: Option<Berth<'a>>,
        deadline: Deadline,
        waits: bool,
    ) -> Result<(), (Group, Error)> {
        let group = match berth {
            Some(berth) => match self.share(parts, group, berth, deadline, waits) {
                Ok(()) => return Ok(()),
                Err((group, Some(error))) => return Err((group, error)),
                Err((group, None)) => group,
            },
            None => group,
        };
        self.free_channel(&group.target);
        match self.take(&group.target, deadline, waits) {
            Ok(lease) => {
                self.depart(parts, lease, &group.parts);
                Ok(())
            }
            Err(error) => Err((group, error)),
        }
    }

    fn take(&self, target: &Target, deadline: Deadline, waits: bool) -> Result<Box<Lease>> {
        let watch = &self.terms.watch;
        if watch.is_fired() {
            return Err(Error::new(Status::Cancelled, "the call was cancelled by its token"));
        }
        let stop = watch.is_set().then_some(watch as &dyn Stop);
        let taken = self.pool.take(target, deadline, waits, stop);
        watch.has_dialled();
        taken
    }

    /// There is no connection for a group: why, its commands are told.
    #[cold]
    pub(super) fn go_without(&mut self, parts: &mut [Part<'p>], group: Group, error: &Error) {
        for (part, _) in group.parts {
            let event = Event::Failed { error: error.clone(), sent: false, had_connection: false };
            self.tell(parts, part as usize, event, Duration::ZERO, fastrand::f64());
        }
    }

    #[cold]
    fn hold_back(&mut self, parts: &mut [Part<'p>], group: Group) {
        for (index, asking) in group.parts {
            let index = index as usize;
            let part = &mut parts[index];
            let execution = part.execution.get_or_insert_with(|| {
                Box::new(Execution::begun(self.terms.rules, part.home.target(), part.replays))
            });
            execution.hold_back(group.target.clone(), asking, LOOK_INTERVAL);
            self.advance(parts, index);
        }
    }

    /// No time is left to send what is ready.
    #[cold]
    fn refuse_late(&mut self, parts: &mut [Part<'p>]) {
        for group in self.groups() {
            for (part, _) in group.parts {
                let message = "no time was left to send the command; it was not sent";
                let error = Error::new(Status::Timeout, message);
                let event = Event::Failed { error, sent: false, had_connection: false };
                self.tell(parts, part as usize, event, Duration::ZERO, 0.0);
            }
        }
    }

    /// Sorts what is ready by node, in the order of the commands.
    fn groups(&mut self) -> Vec<Group> {
        let mut groups = mem::take(&mut self.stalled);
        if self.ready.is_empty() {
            return groups;
        }
        self.ready.sort_by_key(|ready| ready.part);
        let routes = self.pool.routes();
        let mut places = Places::default();
        for (place, group) in groups.iter().enumerate() {
            places.note(routes.member_of(&group.target), place);
        }
        for Ready { part, target, asking } in self.ready.drain(..) {
            places.put(&mut groups, &routes, Home::from(&target), (part as u32, asking), 1);
        }
        groups
    }

    fn depart(&mut self, parts: &mut [Part<'p>], lease: Box<Lease>, group: &[(u32, bool)]) {
        let watched = self.terms.watch.add(|| lease.peer().interrupter());
        self.flights.push(Flight::new(lease, watched, group.len()));
        self.add(parts, self.flights.len() - 1, group);
    }

    /// Queues commands on a flight and sends what the kernel takes.
    fn add(&mut self, parts: &mut [Part<'p>], at: usize, group: &[(u32, bool)]) {
        let Some(flight) = self.flights.get_mut(at) else { return };
        flight.queue(parts, group);
        if let Err(error) = flight.send() {
            self.crash(parts, at, &error);
        }
    }
}
