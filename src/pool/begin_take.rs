//! Connections for an event loop: what is there at once, or a dial that never waits. By the rules of
//! [`Pool::take`](super::pool::Pool::take), which has a thread to spare.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::anyone::Anyone;
use super::checkout::{slot_not_covered, unknown_node};
use super::demotion::Standing;
use super::lease::Lease;
use super::leasing::{Found, Patience, closed};
use super::member::MemberKey;
use super::members::Acquired;
use super::outbox::Outbox;
use super::placed_dial::PlacedDial;
use super::pool::{Core, Pool};
use super::reader::{Onward, Pick, Reading, Unread};
use super::refreshing::Refreshing;
use super::taking::{Target, undialled};
use crate::deadline::Deadline;
use crate::error::{Error, Result, Status};
use crate::os::clock::coarse_millis;
use crate::os::sockets::Readiness;
use crate::topology::Kind;

/// So many newer maps in a row send a search elsewhere before its caller is asked to route again.
const MOST_MAPS: usize = 4;

/// What there is for a target.
pub(crate) enum Taken {
    /// An idle connection, fit for use, which ends when its node loses the role of a primary.
    Lease(Box<Lease>),
    /// A dial begun.
    Dial(Box<DialFor>),
    /// A limit is reached: the error says POOL_EXHAUSTED. With `pool_exhausted=block` the caller tries again later; it
    /// is in no queue.
    Full(Error),
}

/// A dial under way for a target, and for reads and commands of any node the next one's where one fails:
/// [`DialFor::step`] whenever its descriptor is ready or [`DialFor::until`] has come. Dropped, it gives its place
/// back. Of the process that began it: a forked child forgets it (`mem::forget`) as it does its parent's pools.
pub(crate) struct DialFor {
    core: Arc<Core>,
    deadline: Deadline,
    search: Search,
    under_way: UnderWay,
}

enum UnderWay {
    Dial(Box<PlacedDial>, Instant),
    /// Before the next of those who may answer a read is tried.
    Refresh(Box<Refreshing>),
    Over,
}

/// Who is tried.
enum Search {
    One { key: MemberKey, is_named: bool },
    Reader { slot: u16, reading: Reading, pick: Option<Pick> },
    Any { anyone: Anyone, key: Option<MemberKey> },
}

/// What a search comes to without waiting.
enum Next {
    Lease(Box<Lease>),
    UnderWay(UnderWay),
    Full(Error),
    /// The map is a newer one by now: the target may be another node's.
    Routed,
}

/// What one member has.
enum Begun {
    Found(Found),
    Dial(Box<PlacedDial>),
}

impl Pool {
    /// A connection to the target, without waiting: an idle one, or a dial begun in a place of the limits, which ends
    /// by the deadline. Where several nodes may answer, each dial has its share of the time left until then. A
    /// connection that logged in by credentials since replaced is closed, and another is dialled. Before
    /// [`Pool::begin_discovery`] has brought a map no target leads anywhere. Who is suspect is the caller's business.
    ///
    /// # Errors
    /// As [`Pool::take`], but for the waits; CANCELLED: newer maps keep sending it elsewhere.
    pub(crate) fn begin_take(&self, target: &Target, deadline: Deadline) -> Result<Taken> {
        let core = self.core();
        for _ in 0..MOST_MAPS {
            core.check_open()?;
            let mut search = self.search(target, deadline)?;
            let under_way = match search.advance(core, deadline)? {
                Next::Lease(lease) => return Ok(Taken::Lease(lease)),
                Next::Full(error) => return Ok(Taken::Full(error)),
                Next::Routed => continue,
                Next::UnderWay(under_way) => under_way,
            };
            let core = Arc::clone(core);
            return Ok(Taken::Dial(Box::new(DialFor { core, deadline, search, under_way })));
        }
        Err(routed())
    }

    fn search(&self, target: &Target, deadline: Deadline) -> Result<Search> {
        let core = self.core();
        let of_map = |key| Search::One { key, is_named: false };
        match target {
            Target::Primary(slot) => {
                core.routes().primary_of(*slot).map(of_map).ok_or_else(|| slot_not_covered(*slot))
            }
            Target::Node(node) => {
                let routes = core.routes();
                let key = routes.map.find_address(node).and_then(|at| routes.members.get(at));
                key.copied().map(of_map).ok_or_else(|| unknown_node(&node.to_string()))
            }
            Target::Named(announced) => {
                let named = self.named(announced).ok_or_else(|| undialled(announced))?;
                Ok(Search::One { key: core.admit_asked(&named), is_named: true })
            }
            Target::Reader(slot, read_from) => {
                let read_from = read_from.unwrap_or(core.options.read_from);
                let reading = Reading::begin(core, *slot, read_from, patience(deadline));
                Ok(Search::Reader { slot: *slot, reading, pick: None })
            }
            Target::Any => Ok(Search::Any { anyone: Anyone::begin(core), key: None }),
        }
    }
}

/// How it would wait, if it did.
fn patience(deadline: Deadline) -> Patience<'static> {
    Patience { deadline, now: false, waits: false, follows: true, stop: None }
}

#[cold]
fn routed() -> Error {
    let message = "the nodes changed their roles while a connection was being made: route again";
    Error::new(Status::Cancelled, message)
}

impl Core {
    /// An idle connection of the member, or a dial begun.
    fn begin_lease(self: &Arc<Self>, key: MemberKey, deadline: Deadline) -> Result<Begun> {
        let now = coarse_millis();
        let mut outbox = Outbox::default();
        let acquired = self.members.lock().acquire(self, key, now, true, &mut outbox);
        outbox.deliver();
        let place = match acquired {
            Acquired::Connection(mut lease) => {
                lease.restore_login();
                if !self.dialer.is_outdated(&lease.connection) && lease.is_fit(now) {
                    return Ok(Begun::Found(Found::Lease(lease)));
                }
                self.close_for_another(lease)
            }
            Acquired::Place(place) => place,
            Acquired::Full | Acquired::NothingIdle => return Ok(Begun::Found(Found::Full)),
            Acquired::NodeLeft => return Ok(Begun::Found(Found::NodeLeft)),
            Acquired::Closed => return Err(closed()),
        };
        let dial = self.begin_dial(place, deadline, true)?;
        Ok(Begun::Dial(Box::new(dial)))
    }

    fn full(&self, key: MemberKey) -> Next {
        Next::Full(self.members.lock().full(key, Status::PoolExhausted))
    }
}

impl Search {
    /// Goes as far as it can without waiting.
    fn advance(&mut self, core: &Arc<Core>, deadline: Deadline) -> Result<Next> {
        loop {
            let started = Instant::now();
            let begun = match self {
                Self::One { key, .. } => core.begin_lease(*key, deadline),
                Self::Reader { slot, reading, pick } => {
                    let next = match reading.pick(core, None) {
                        Ok(next) => pick.insert(next),
                        Err(unread) => return not_read(core, *slot, unread),
                    };
                    core.begin_lease(next.key, next.share_of(deadline))
                }
                Self::Any { anyone, key } => match anyone.next(deadline) {
                    Some((next, share)) => {
                        *key = Some(next);
                        core.begin_lease(next, share)
                    }
                    None => {
                        let full = anyone.end(patience(deadline))?;
                        return Ok(full.map_or(Next::Routed, |key| core.full(key)));
                    }
                },
            };
            let found = match begun {
                Ok(Begun::Dial(dial)) => return Ok(Next::UnderWay(UnderWay::Dial(dial, started))),
                Ok(Begun::Found(found)) => Ok(found),
                Err(error) => Err(error),
            };
            if let Some(next) = self.went(core, started, found, deadline)? {
                return Ok(next);
            }
        }
    }

    /// What came of the try that began then. None: on to the next.
    fn went(
        &mut self,
        core: &Arc<Core>,
        started: Instant,
        found: Result<Found>,
        deadline: Deadline,
    ) -> Result<Option<Next>> {
        let lease = match self {
            Self::One { key, .. } => match found? {
                Found::Lease(lease) => lease,
                Found::Full => return Ok(Some(core.full(*key))),
                Found::NodeLeft => return Ok(Some(Next::Routed)),
            },
            Self::Reader { slot, reading, pick } => {
                let Some(pick) = pick.take() else { return Ok(None) };
                if pick.is_full && matches!(found, Ok(Found::Full)) {
                    return Ok(Some(core.full(pick.key)));
                }
                let (patience, attempts) = (patience(deadline), &mut Vec::new());
                match reading.went(core, (&pick, started), found, patience, attempts) {
                    Ok(Onward::Lease(lease)) => lease,
                    Ok(Onward::Next) => return Ok(None),
                    Ok(Onward::Refresh { suspect, share }) => {
                        let suspects = suspect.as_slice();
                        let refreshing = Refreshing::begin(core, suspects, Kind::Wanted, share);
                        let refreshing = UnderWay::Refresh(Box::new(refreshing));
                        return Ok(Some(Next::UnderWay(refreshing)));
                    }
                    Err(unread) => return not_read(core, *slot, unread).map(Some),
                }
            }
            Self::Any { anyone, key } => {
                let Some(key) = key.take() else { return Ok(None) };
                match anyone.went((key, started), found, patience(deadline))? {
                    Some(lease) => lease,
                    None => return Ok(None),
                }
            }
        };
        let standing = lease.for_client();
        // A named one may stand in no map: nobody is told that it lost a role.
        let is_named = matches!(self, Self::One { is_named: true, .. });
        Ok(Some(match standing {
            Standing::Good => Next::Lease(lease),
            Standing::Demoted(_) if is_named => Next::Lease(lease),
            Standing::Demoted(_) => Next::Routed,
        }))
    }
}

fn not_read(core: &Core, slot: u16, unread: Unread) -> Result<Next> {
    match unread {
        Unread::Failed(error) => Err(error),
        Unread::NodeLeft if core.routes().primary_of(slot).is_some() => Ok(Next::Routed),
        Unread::NodeLeft => Err(slot_not_covered(slot)),
    }
}

impl DialFor {
    /// What to wait on now; None: only time. To be asked again after each step: the next address, or node, has
    /// another socket, possibly by the same number.
    pub(crate) fn fd(&self) -> Option<i32> {
        match &self.under_way {
            UnderWay::Dial(dial, _) => dial.fd(),
            UnderWay::Refresh(refreshing) => refreshing.fd(),
            UnderWay::Over => None,
        }
    }

    /// What to wait for on it.
    pub(crate) fn wanted(&self) -> Readiness {
        match &self.under_way {
            UnderWay::Dial(dial, _) => dial.wanted(),
            UnderWay::Refresh(refreshing) => refreshing.wanted(),
            UnderWay::Over => Readiness { readable: false, writable: false },
        }
    }

    /// When to step though nothing is ready.
    pub(crate) fn until(&self) -> Deadline {
        match &self.under_way {
            UnderWay::Dial(dial, _) => dial.until(),
            UnderWay::Refresh(refreshing) => refreshing.until(),
            UnderWay::Over => Deadline::after(Duration::ZERO),
        }
    }

    /// Goes as far as it can, and never waits but for a name to be looked up. None: wait again. A place whose dial
    /// has failed is free again by then.
    ///
    /// # Errors
    /// As [`Pool::take`]; it is over then. CANCELLED: the node has lost its role, or the map is a newer one: the
    /// caller routes again. POOL_EXHAUSTED: whoever else might answer is full by now.
    pub(crate) fn step(&mut self) -> Result<Option<Box<Lease>>> {
        loop {
            let next = match &mut self.under_way {
                UnderWay::Dial(dial, started) => {
                    let (started, outcome) = (*started, dial.step());
                    let Some(found) = outcome.transpose() else { return Ok(None) };
                    self.under_way = UnderWay::Over;
                    let found = found.map(Found::Lease);
                    self.search.went(&self.core, started, found, self.deadline)?
                }
                UnderWay::Refresh(refreshing) => {
                    // How it ended is no matter: whoever is left is tried.
                    if refreshing.step().is_none() {
                        return Ok(None);
                    }
                    self.under_way = UnderWay::Over;
                    None
                }
                UnderWay::Over => {
                    return Err(Error::new(Status::Internal, "a dial that has ended goes on"));
                }
            };
            let next = match next {
                Some(next) => next,
                None => self.search.advance(&self.core, self.deadline)?,
            };
            match next {
                Next::Lease(lease) => return Ok(Some(lease)),
                Next::UnderWay(under_way) => self.under_way = under_way,
                Next::Full(error) => return Err(error),
                Next::Routed => return Err(routed()),
            }
        }
    }
}

impl Drop for DialFor {
    fn drop(&mut self) {
        // It was to find out whether a replica is well, and has not: the next one does.
        if let Search::Reader { pick: Some(pick), .. } = &self.search {
            pick.end_probe(&self.core, false);
        }
    }
}

#[cfg(test)]
#[path = "begin_take_tests.rs"]
mod tests;
