//! What a program sets for one command of a client: time, route, readers, a token.

use std::ffi::c_char;

use super::arg;
use super::call::{Failure, call};
use super::cancel::rediscluster_cancel;
use super::command::rediscluster_command;
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use crate::client::Route;
use crate::options::ReadFrom;
use crate::slot::SLOT_COUNT;

/// Where a command of a client is to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_route {
    /// Where its keys are, or where its request policy says.
    REDISCLUSTER_ROUTE_AUTO = 0,
    /// At the owner of the slot in `slot`.
    REDISCLUSTER_ROUTE_SLOT = 1,
    /// At the node in `node`.
    REDISCLUSTER_ROUTE_NODE = 2,
    /// At some primary.
    REDISCLUSTER_ROUTE_RANDOM = 3,
    /// At every node; the reply is a MAP of "host:port" to each node's reply.
    REDISCLUSTER_ROUTE_ALL_NODES = 4,
    /// At every primary; the same.
    REDISCLUSTER_ROUTE_ALL_PRIMARIES = 5,
    /// At every replica; the same.
    REDISCLUSTER_ROUTE_ALL_REPLICAS = 6,
}

/// Which nodes answer a command that reads, as the option `read_from`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_read_from {
    /// As the option `read_from` says.
    REDISCLUSTER_READ_FROM_DEFAULT = 0,
    /// The primary.
    REDISCLUSTER_READ_FROM_PRIMARY = 1,
    /// The replicas, and the primary where none can.
    REDISCLUSTER_READ_FROM_REPLICA_PREFERRED = 2,
    /// The replicas alone.
    REDISCLUSTER_READ_FROM_REPLICA = 3,
    /// All of them in turn.
    REDISCLUSTER_READ_FROM_ANY = 4,
    /// Those in the program's own availability zone before all others.
    REDISCLUSTER_READ_FROM_AZ = 5,
}

/// Sets how long a client's call of the command may take.
///
/// timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
/// `command_timeout`. What the command itself blocks for (BLPOP) is added.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_set_timeout(
    command: *mut rediscluster_command,
    timeout_ms: i64,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        command.settings.timeout = Some(arg::timeout(timeout_ms)?);
        Ok(())
    })
}

/// Sets where a client runs the command, in place of where its keys or its request policy say. On a
/// connection of the pool it has no effect.
///
/// route: a rediscluster_route.
/// slot: with REDISCLUSTER_ROUTE_SLOT, 0 to 16383; else not looked at.
/// node: with REDISCLUSTER_ROUTE_NODE, "host:port", announced or translated, or a node's id; else not looked
/// at, and may be NULL.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the text is copied.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_set_route(
    command: *mut rediscluster_command,
    route: i32,
    slot: i32,
    node: *const c_char,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        use rediscluster_route::*;
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        command.settings.route = if route == REDISCLUSTER_ROUTE_SLOT as i32 {
            match u16::try_from(slot) {
                Ok(slot) if slot < SLOT_COUNT => Route::Slot(slot),
                _ => return Err(Failure::argument("slot", "must be from 0 to 16383")),
            }
        } else if route == REDISCLUSTER_ROUTE_NODE as i32 {
            // SAFETY: NULL or a NUL-terminated string, by the API's contract.
            Route::Node(unsafe { arg::text(node, "node") }?.to_owned())
        } else {
            let routes = [
                (REDISCLUSTER_ROUTE_AUTO, Route::Auto),
                (REDISCLUSTER_ROUTE_RANDOM, Route::Random),
                (REDISCLUSTER_ROUTE_ALL_NODES, Route::AllNodes),
                (REDISCLUSTER_ROUTE_ALL_PRIMARIES, Route::AllPrimaries),
                (REDISCLUSTER_ROUTE_ALL_REPLICAS, Route::AllReplicas),
            ];
            let known = routes.into_iter().find(|(number, _)| *number as i32 == route);
            known.ok_or(Failure::argument("route", "must be a rediscluster_route"))?.1
        };
        Ok(())
    })
}

/// Sets which nodes answer the command if it reads, in place of the option `read_from`.
///
/// read_from: a rediscluster_read_from.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_set_read_from(
    command: *mut rediscluster_command,
    read_from: i32,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        use rediscluster_read_from::*;
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        let known = [
            (REDISCLUSTER_READ_FROM_DEFAULT, None),
            (REDISCLUSTER_READ_FROM_PRIMARY, Some(ReadFrom::Primary)),
            (REDISCLUSTER_READ_FROM_REPLICA_PREFERRED, Some(ReadFrom::ReplicaPreferred)),
            (REDISCLUSTER_READ_FROM_REPLICA, Some(ReadFrom::Replica)),
            (REDISCLUSTER_READ_FROM_ANY, Some(ReadFrom::Any)),
            (REDISCLUSTER_READ_FROM_AZ, Some(ReadFrom::Az)),
        ];
        let known = known.into_iter().find(|(number, _)| *number as i32 == read_from);
        command.settings.read_from =
            known.ok_or(Failure::argument("read_from", "must be a rediscluster_read_from"))?.1;
        Ok(())
    })
}

/// Sets the token that ends a client's call of the command.
///
/// cancel: the token; NULL: none any more.
///
/// Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
/// Ownership: the command holds the token; the caller's may be freed before it.
/// Blocks: no.
/// Threads: one thread at a time per object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_command_set_cancel(
    command: *mut rediscluster_command,
    cancel: *const rediscluster_cancel,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or a live command no other thread uses now, by the API's contract.
        let command = unsafe { arg::object_mut(command, "command") }?;
        // SAFETY: NULL or a live token, by the API's contract.
        command.settings.cancel = unsafe { cancel.as_ref() }.map(|cancel| cancel.0.clone());
        Ok(())
    })
}
