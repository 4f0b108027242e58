//! Commands that a client shared by threads does not send, and what does instead.

use crate::command::{Command, Effect, Flags, Spec};
use crate::error::{Error, Result, Status};

/// Refuses a command with a wrong number of arguments, and one that binds the state of a connection which
/// nobody would have to themselves.
///
/// # Errors
/// INVALID_ARGUMENT, with what to use instead.
pub(crate) fn check(spec: &Spec, command: &Command) -> Result<()> {
    let count = command.argument_count();
    if !spec.accepts(count) {
        return Err(arity(spec, count));
    }
    let effect = command.effect();
    if effect == Effect::None && !is_about_its_connection(spec) {
        return Ok(());
    }
    Err(Error::new(Status::InvalidArgument, format!("{}: {}", spec.name, instead(spec, effect))))
}

#[cold]
pub(crate) fn nameless() -> Error {
    Error::new(Status::InvalidArgument, "the command has no name: append its arguments first")
}

/// WAIT and WAITAOF speak of the writes of their own connection: on another one they answer at once, as if all
/// were replicated (the servers' documentation of WAIT).
fn is_about_its_connection(spec: &Spec) -> bool {
    matches!(&*spec.name, "WAIT" | "WAITAOF")
}

#[cold]
fn instead(spec: &Spec, effect: Effect) -> &'static str {
    match effect {
        Effect::Multi | Effect::EndMulti | Effect::Watch | Effect::Unwatch => {
            "a client shared by threads has no transaction of its own: use rediscluster_transaction_new"
        }
        Effect::Subscribe | Effect::Unsubscribe => {
            "messages come to a connection of their own: use rediscluster_subscriber_new"
        }
        Effect::Monitor => {
            "it takes a whole connection: get one by rediscluster_pool_get_by_node, and read it by \
             rediscluster_connection_read"
        }
        Effect::Asking => "the client sends it by itself where a server asks for it",
        Effect::None if is_about_its_connection(spec) => {
            "it speaks of the writes of its own connection: get one by rediscluster_pool_get_by_key, and send \
             the writes and this on it by rediscluster_connection_command"
        }
        _ => {
            "it changes a connection that the next command of any thread might get: set the option for it, or \
             get a connection of the pool and send it there"
        }
    }
}

#[cold]
fn arity(spec: &Spec, count: usize) -> Error {
    let wanted = spec.arity.unsigned_abs();
    let bound = if spec.arity < 0 { "at least " } else { "" };
    Error::new(
        Status::InvalidArgument,
        format!(
            "{} takes {bound}{wanted} arguments, its name counted, and was given {count}",
            spec.name
        ),
    )
}

/// Commands that change one node, so that no random one is to get them.
const OF_ONE_NODE: [&str; 9] = [
    "BGREWRITEAOF",
    "BGSAVE",
    "DEBUG",
    "FAILOVER",
    "REPLICAOF",
    "SAVE",
    "SHUTDOWN",
    "SLAVEOF",
    "SWAPDB",
];

/// Refuses what has no key and is not for just any node.
///
/// # Errors
/// UNROUTABLE.
pub(crate) fn check_for_any_node(spec: &Spec) -> Result<()> {
    let name = &*spec.name;
    let changes = OF_ONE_NODE.contains(&name)
        || spec.flags.has(Flags::ADMIN)
            && (name.starts_with("CLUSTER ") || name.starts_with("MODULE "));
    if !changes {
        return Ok(());
    }
    Err(Error::new(
        Status::Unroutable,
        format!("{name} is about one node: say which by rediscluster_command_set_route"),
    ))
}

/// What has a policy of its own.
#[cold]
pub(crate) fn special(spec: &Spec) -> Error {
    let message = match &*spec.name {
        "SCAN" => {
            "the cursor of SCAN belongs to one node: use rediscluster_scan_new for all keys of the cluster, or set a \
             route to one node"
                .to_owned()
        }
        name => format!("{name} has no one node to go to: set its route by rediscluster_command_set_route"),
    };
    Error::new(Status::Unroutable, message)
}
