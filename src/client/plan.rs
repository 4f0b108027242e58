//! Where a command goes, and in how many parts. Decided before anything is sent.

use super::join::Joining;
use super::part::Home;
use super::settings::{Route, Settings};
use super::split::Split;
use super::unsuited;
use crate::command::{
    Command, Flags, Groups, Keys, Request, Response, Spec, Unfound, find_keys, groups,
};
use crate::error::{Error, Result, Status};
use crate::node::Role;
use crate::options::ReadFrom;
use crate::pool::{Access, Pool, Target};
use crate::slot::key_slot;
use crate::topology::SlotMap;

/// Where a command goes.
pub(crate) enum Plan {
    /// To one node, as it is.
    One(Target),
    /// To several nodes, as it is.
    Each {
        /// The nodes.
        targets: Vec<Target>,
        /// How their replies become one.
        joining: Joining,
    },
    /// In parts, each with the keys of one slot.
    Split {
        /// Each part's command.
        split: Split,
        /// Where one of them goes; the others go where their slots say.
        home: Home<'static>,
        /// How their replies become one.
        joining: Joining,
    },
    /// Its keys are to be told by a server.
    Ask,
}

/// Why it goes there, for people.
pub(crate) struct Reason(pub(crate) &'static str);

/// Plans a command that `spec` describes. `told`: its keys, where a server was asked for them.
///
/// # Errors
/// INVALID_ARGUMENT for a wrong number of arguments and for a command that is not for a shared client;
/// CROSS_SLOT; UNROUTABLE; UNKNOWN_NODE; READ_ONLY; SLOT_NOT_COVERED for a cluster without nodes.
pub(crate) fn plan(
    pool: &Pool,
    spec: &Spec,
    command: &Command,
    settings: &Settings,
    told: Option<&[usize]>,
) -> Result<(Plan, Reason)> {
    let access = access_of(spec);
    let read_from = settings.read_from;
    match &settings.route {
        Route::Auto => {}
        route => return by_hand(pool, route, access, read_from),
    }
    let slots = match told {
        Some(indexes) => slots(indexes.iter().filter_map(|&index| command.argument(index))),
        None => match find_keys(spec, command) {
            Ok(keys) => match split(pool, spec, command, &keys, access, read_from)? {
                Some(parts) => {
                    return Ok((parts, Reason("it is split, for its keys are in several slots")));
                }
                None => slots(keys.of(command)),
            },
            Err(Unfound::Incomplete) => return Ok((Plan::Ask, Reason("a server tells its keys"))),
            // The server says best what is wrong with it.
            Err(Unfound::Malformed) => Slots::None,
        },
    };
    match slots {
        Slots::One(slot) => {
            let target = pool.target_of(slot, access, read_from)?;
            Ok((Plan::One(target), Reason("its keys are in this slot")))
        }
        Slots::Several(first, other) => Err(cross_slot(spec, first, other)),
        Slots::None => keyless(pool, spec, access, read_from),
    }
}

/// What a command does to data, as far as replicas and `readonly` are concerned.
#[inline]
pub(crate) fn access_of(spec: &Spec) -> Access {
    if spec.flags.has(Flags::READONLY) { Access::Read } else { Access::Write }
}

/// Commands that change nothing, and do not say so by a flag.
const HARMLESS: [&str; 12] = [
    "ACL WHOAMI",
    "COMMAND",
    "COMMAND DOCS",
    "COMMAND GETKEYS",
    "COMMAND INFO",
    "ECHO",
    "INFO",
    "LASTSAVE",
    "PING",
    "ROLE",
    "SCRIPT EXISTS",
    "TIME",
];

/// Whether running it twice is as good as once.
#[inline]
pub(crate) fn replays(spec: &Spec) -> bool {
    spec.flags.has(Flags::READONLY) || HARMLESS.contains(&&*spec.name)
}

enum Slots {
    None,
    One(u16),
    Several(u16, u16),
}

fn slots<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Slots {
    let mut one = None;
    for slot in keys.map(key_slot) {
        match one {
            Some(first) if first != slot => return Slots::Several(first, slot),
            _ => one = Some(slot),
        }
    }
    one.map_or(Slots::None, Slots::One)
}

/// A command without keys: as its request policy says.
fn keyless(
    pool: &Pool,
    spec: &Spec,
    access: Access,
    read_from: Option<ReadFrom>,
) -> Result<(Plan, Reason)> {
    let each = |targets, reason| {
        let joining = Joining::Nodes(spec.response);
        Ok((Plan::Each { targets, joining }, Reason(reason)))
    };
    match spec.request {
        Request::AllNodes => each(nodes(&pool.topology(), |_| true), "it is for all nodes"),
        Request::AllShards => each(shards(pool, access, read_from)?, "it is for all shards"),
        Request::One | Request::MultiShard => {
            unsuited::check_for_any_node(spec)?;
            // A read-only pool's own check is by slot.
            let writes = spec.flags.has(Flags::WRITE);
            pool.target_of(0, if writes { Access::Write } else { Access::Read }, None)?;
            Ok((Plan::One(Target::Any), Reason("it has no key: any primary will do")))
        }
        Request::Special => Err(unsuited::special(spec)),
    }
}

/// The nodes that the caller has chosen.
fn by_hand(
    pool: &Pool,
    route: &Route,
    access: Access,
    read_from: Option<ReadFrom>,
) -> Result<(Plan, Reason)> {
    let chosen = Reason("its route was set by hand");
    let each = |targets| Plan::Each { targets, joining: Joining::ByHand };
    let map = pool.topology();
    Ok(match route {
        Route::Auto | Route::Random => (Plan::One(Target::Any), chosen),
        Route::Slot(slot) => (Plan::One(pool.target_of(*slot, access, read_from)?), chosen),
        Route::Node(name) => match map.find(name) {
            Some(at) => (Plan::One(Target::Node(map.nodes()[at].address.clone())), chosen),
            None => return Err(unknown_node(name)),
        },
        Route::AllNodes => (each(nodes(&map, |_| true)), chosen),
        Route::AllPrimaries => (each(nodes(&map, |role| role == Role::Primary)), chosen),
        Route::AllReplicas => (each(nodes(&map, |role| role == Role::Replica)), chosen),
    })
}

fn nodes(map: &SlotMap, wanted: impl Fn(Role) -> bool) -> Vec<Target> {
    let nodes = map.nodes().iter().filter(|node| wanted(node.role));
    nodes.map(|node| Target::Node(node.address.clone())).collect()
}

/// One target for each shard with slots: by its first slot, so that a failover is followed.
fn shards(pool: &Pool, access: Access, read_from: Option<ReadFrom>) -> Result<Vec<Target>> {
    let map = pool.topology();
    let first = |shard: usize| Some(map.nodes()[shard].slots.first()?.0);
    let slots = (0..map.shard_count()).filter_map(first);
    slots.map(|slot| pool.target_of(slot, access, read_from)).collect()
}

/// A command of groups of arguments whose keys are in several slots, one command for each slot. None: all keys
/// are in one slot, or it is not to be split.
fn split(
    pool: &Pool,
    spec: &Spec,
    command: &Command,
    keys: &Keys,
    access: Access,
    read_from: Option<ReadFrom>,
) -> Result<Option<Plan>> {
    let Some(Groups { first, step }) = groups(spec) else { return Ok(None) };
    let mut slots = keys.of(command).map(key_slot);
    let Some(one) = slots.next() else { return Ok(None) };
    if slots.all(|slot| slot == one) || keys.iter().next() != Some(first) {
        return Ok(None);
    }
    let home = match pool.target_of(one, access, read_from)? {
        Target::Reader(slot, read_from) => Home::Reader(slot, read_from),
        _ => Home::Primary(one),
    };
    let (split, positions) = Split::of(command, Groups { first, step });
    let joining = Joining::Keys { response: spec.response, positions };
    Ok(Some(Plan::Split { split, home, joining }))
}

#[cold]
fn cross_slot(spec: &Spec, first: u16, other: u16) -> Error {
    let why = match spec.response {
        Response::Default => "",
        _ if spec.request == Request::MultiShard => {
            " (split, it would hold in part where one half fails)"
        }
        _ => "",
    };
    Error::new(
        Status::CrossSlot,
        format!(
            "the keys of {} are in several slots ({first} and {other}), and it cannot be split{why}: give them a common \
             hash tag, as in {{user}}:a and {{user}}:b, or use a command for each",
            spec.name
        ),
    )
    .on_slot(first)
}

#[cold]
fn unknown_node(name: &str) -> Error {
    Error::new(
        Status::UnknownNode,
        format!("the topology has no node \"{name}\": give host:port or the id of a node it shows"),
    )
}
