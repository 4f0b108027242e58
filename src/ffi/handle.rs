//! Where objects become raw pointers and raw pointers objects. Nothing else in the library does it.
#![allow(clippy::disallowed_methods)]

use std::ptr::{self, NonNull};

use super::call::Failure;
use super::connection::rediscluster_connection;
use super::reply::rediscluster_reply;
use crate::pool::Handle;
use crate::resp::{Cell, Reply, ReplyRef};

/// Gives an object away, to the program.
pub(super) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Takes an object back; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not taken back.
pub(super) unsafe fn take<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: not NULL, and the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Gives a reply away: the pointer is its first cell's.
#[inline]
pub(super) fn give_reply(reply: Reply) -> *mut rediscluster_reply {
    reply.into_raw().as_ptr().cast()
}

/// Takes a reply back. NULL and children, which are parts of a reply, give `None`.
///
/// # Safety
/// `reply` is NULL, a live reply, or a part of one.
#[inline]
pub(super) unsafe fn take_reply(reply: *mut rediscluster_reply) -> Option<Reply> {
    // SAFETY: the caller's promise.
    if !unsafe { reply_ref(reply) }?.is_root() {
        return None;
    }
    // SAFETY: a root, which came from `give_reply`, and whose ownership the caller hands over.
    Some(unsafe { Reply::from_raw(NonNull::new(reply)?.cast::<Cell>()) })
}

/// A reply or a part of one; `None` for NULL.
///
/// # Safety
/// `reply` is NULL, or a live reply or part of one for `'a`.
#[inline]
pub(super) unsafe fn reply_ref<'a>(reply: *const rediscluster_reply) -> Option<ReplyRef<'a>> {
    let cell = NonNull::new(reply.cast_mut())?.cast::<Cell>();
    // SAFETY: not NULL, and the caller's promise.
    Some(unsafe { ReplyRef::from_raw(cell) })
}

/// A part of a reply as C sees it; NULL for `None`.
#[inline]
pub(super) fn part(reply: Option<ReplyRef<'_>>) -> *const rediscluster_reply {
    reply.map_or(ptr::null(), |reply| reply.as_ptr().as_ptr().cast_const().cast())
}

/// A connection's value as the pointer that C carries. It is never an address.
#[inline]
pub(super) fn give_connection(connection: Handle) -> *mut rediscluster_connection {
    ptr::without_provenance_mut(connection.bits() as usize)
}

/// A connection's value; any number may come in, the pool's table knows which are good.
#[inline]
pub(super) fn connection(connection: *mut rediscluster_connection) -> Result<Handle, Failure> {
    if connection.is_null() {
        return Err(Failure::argument("connection", "must not be NULL"));
    }
    Ok(Handle::from_bits(connection.addr() as u64))
}

const _: () = assert!(usize::BITS == 64, "connections are 64-bit values in a pointer");
