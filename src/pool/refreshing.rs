//! A refresh, in steps that never wait: through the gate, then as many views as it takes.

use std::sync::Arc;
use std::time::Duration;

use super::install::Origin;
use super::pool::{Core, Pool};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::node::NodeAddress;
use crate::os::sockets::Readiness;
use crate::topology::{Boarded, Found, Kind, Lead, Pass, Refresh, SlotMap, Survey, out_of_time};

/// How many views one refresh asks for, where redirects outdate them as they come.
const MOST_VIEWS: usize = 3;

/// How often it is looked whether another's refresh has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What a refresh does once through the gate: asks for views until one can be installed. A view asked for before a
/// redirect corrected the present map does not replace it: the cluster is asked again, and the corrected map stays
/// where redirects come faster than answers. Nor does one that is older by its config epochs, for a while.
pub(super) struct Views {
    suspects: Box<[NodeAddress]>,
    deadline: Deadline,
    present: Arc<SlotMap>,
    survey: Survey,
    asked: usize,
}

impl Views {
    pub(super) fn begin(core: &Core, suspects: &[NodeAddress], deadline: Deadline) -> Self {
        let (present, survey) = Self::survey(core, suspects, deadline);
        Self { suspects: suspects.into(), deadline, present, survey, asked: 1 }
    }

    fn survey(core: &Core, suspects: &[NodeAddress], deadline: Deadline) -> (Arc<SlotMap>, Survey) {
        let present = core.routes().map.clone();
        let known = Some(&present).filter(|map| map.version() > 0);
        let survey = Survey::new(&core.options, known, suspects, deadline);
        (present, survey)
    }

    /// The map that holds from now on. None: wait again.
    pub(super) fn step(&mut self, core: &Arc<Core>) -> Option<Result<Arc<SlotMap>>> {
        loop {
            let found = self.survey.step(&core.dialer)?;
            core.redirects.refreshed();
            let Found { mut map, is_older } = match found {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            if is_older && core.refresh.refuses_older(&self.present) {
                return Some(Ok(self.present.clone()));
            }
            map.inherit_epochs(&self.present);
            let map = Arc::new(map);
            if core.install_in_place_of(self.present.version(), map.clone(), Origin::View) {
                core.refresh.installed();
                return Some(Ok(map));
            }
            if self.asked == MOST_VIEWS {
                return Some(Ok(core.routes().map.clone()));
            }
            self.asked += 1;
            (self.present, self.survey) = Self::survey(core, &self.suspects, self.deadline);
        }
    }

    /// For who has a thread to spare: waits until there is something to do.
    pub(super) fn sit_out(&self) {
        self.survey.sit_out();
    }
}

/// A refresh for an event loop: [`Refreshing::step`] whenever its descriptor is ready or [`Refreshing::until`] has
/// come, until it is over.
///
/// One that leads holds up all who wait for its outcome, threads and other loops alike: it is to be stepped as soon as
/// it can go on. Dropped, it gives the lead up. Of the process that began it: a forked child forgets it
/// (`mem::forget`) as it does its parent's pools.
pub(crate) struct Refreshing {
    core: Arc<Core>,
    suspects: Box<[NodeAddress]>,
    deadline: Deadline,
    /// It is to bring a map where there is none: a refresh that is left out will not do.
    discovers: bool,
    stage: Stage,
}

enum Stage {
    Boarding(Kind),
    /// Another asks, perhaps.
    Waiting(Boarded),
    Leading(Box<(Lead<Arc<Refresh>>, Views)>),
    Over,
}

impl Pool {
    /// Begins what [`Pool::refresh`] (`forced`) or [`Pool::refresh_after`] does; one at a time with those.
    pub(crate) fn begin_refresh(
        &self,
        suspects: &[NodeAddress],
        forced: bool,
        deadline: Deadline,
    ) -> Refreshing {
        let kind = if forced { Kind::Forced } else { Kind::Wanted };
        Refreshing::begin(self.core(), suspects, kind, deadline)
    }

    /// Begins what makes sure that there is a map, as [`Pool::take`] does before it routes; None: there is one.
    pub(crate) fn begin_discovery(&self, deadline: Deadline) -> Option<Refreshing> {
        let core = self.core();
        if core.routes().map.version() > 0 {
            return None;
        }
        let refreshing = Refreshing::begin(core, &[], Kind::Wanted, deadline);
        Some(Refreshing { discovers: true, ..refreshing })
    }
}

impl Refreshing {
    pub(super) fn begin(
        core: &Arc<Core>,
        suspects: &[NodeAddress],
        kind: Kind,
        deadline: Deadline,
    ) -> Self {
        Self {
            core: Arc::clone(core),
            suspects: suspects.into(),
            deadline,
            discovers: false,
            stage: Stage::Boarding(kind),
        }
    }

    /// What to wait on now; None: only time. To be asked again after each step.
    pub(crate) fn fd(&self) -> Option<i32> {
        match &self.stage {
            Stage::Leading(leading) => leading.1.survey.fd(),
            _ => None,
        }
    }

    /// What to wait for on it.
    pub(crate) fn wanted(&self) -> Readiness {
        match &self.stage {
            Stage::Leading(leading) => leading.1.survey.wanted(),
            _ => Readiness { readable: false, writable: false },
        }
    }

    /// When to step though nothing is ready.
    pub(crate) fn until(&self) -> Deadline {
        match &self.stage {
            Stage::Leading(leading) => leading.1.survey.until(),
            Stage::Waiting(_) => self.deadline.earlier(Deadline::after(LOOK)),
            Stage::Boarding(_) | Stage::Over => Deadline::after(Duration::ZERO),
        }
    }

    /// Its own deadline has passed: what it ends with says little to who has more time.
    pub(crate) fn has_no_time_left(&self) -> bool {
        self.deadline.has_passed()
    }

    /// Goes as far as it can, and never waits but for a name to be looked up. None: wait again. Once it is over,
    /// it stays so, well.
    ///
    /// # Errors
    /// As [`Pool::refresh`].
    pub(crate) fn step(&mut self) -> Option<Result<()>> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return Some(Ok(())),
                Stage::Boarding(kind) => {
                    if let Err(closed) = self.core.check_open() {
                        return Some(Err(closed));
                    }
                    self.core.probes.tidy();
                    match self.core.refresh.board(kind) {
                        Some(boarded) => self.stage = Stage::Waiting(boarded),
                        // The discovery before this one failed a moment ago.
                        None if self.discovers && self.core.routes().map.version() == 0 => {
                            self.stage = Stage::Boarding(Kind::Forced);
                        }
                        None => return Some(Ok(())),
                    }
                }
                Stage::Waiting(mut boarded) => {
                    match Refresh::pass(Arc::clone(&self.core.refresh), &mut boarded) {
                        Pass::Ended(outcome) => return Some(outcome.map(drop)),
                        Pass::Lead(lead) => {
                            let views = Views::begin(&self.core, &self.suspects, self.deadline);
                            self.stage = Stage::Leading(Box::new((lead, views)));
                        }
                        Pass::Wait(_) if self.deadline.has_passed() => {
                            return Some(Err(out_of_time()));
                        }
                        Pass::Wait(_) => {
                            self.stage = Stage::Waiting(boarded);
                            return None;
                        }
                    }
                }
                Stage::Leading(mut leading) => match leading.1.step(&self.core) {
                    None => {
                        self.stage = Stage::Leading(leading);
                        return None;
                    }
                    Some(outcome) => {
                        let (lead, _) = *leading;
                        return Some(lead.end(outcome, self.deadline).map(drop));
                    }
                },
            }
        }
    }
}

#[cfg(test)]
#[path = "refreshing_tests.rs"]
mod tests;
