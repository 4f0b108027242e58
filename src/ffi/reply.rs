//! Replies: one block each, read in place.
//!
//! These accessors do not pass `call`: they read cells and cannot panic, and a program calls them
//! for every element.

use std::ptr;

use super::call::{self, Failure, call};
use super::error::rediscluster_error;
use super::handle;
use super::status::rediscluster_status;
use crate::client::server_error;
use crate::error::Status;
use crate::resp::{Cell, CellValue, Kind, ReplyRef};

/// A reply of the server, or a part of one. One block of memory with one free: the reply that a
/// call handed out is the root, its parts are borrowed from it. Read-only, so that several threads
/// may read one.
pub struct rediscluster_reply {
    _cell: Cell,
}

/// What a reply is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum rediscluster_kind {
    /// Nothing: a key that does not exist.
    REDISCLUSTER_REPLY_NIL = 0,
    /// Bytes.
    REDISCLUSTER_REPLY_STRING = 1,
    /// A short text: "OK".
    REDISCLUSTER_REPLY_STATUS = 2,
    /// An error's code and text: "WRONGTYPE Operation against a key...".
    REDISCLUSTER_REPLY_ERROR = 3,
    /// A signed 64-bit number.
    REDISCLUSTER_REPLY_INTEGER = 4,
    /// A floating point number.
    REDISCLUSTER_REPLY_DOUBLE = 5,
    /// True or false.
    REDISCLUSTER_REPLY_BOOLEAN = 6,
    /// A number of any size, as text.
    REDISCLUSTER_REPLY_BIGNUMBER = 7,
    /// A text to be shown as it is.
    REDISCLUSTER_REPLY_VERBATIM = 8,
    /// Elements in order.
    REDISCLUSTER_REPLY_ARRAY = 9,
    /// Pairs: key, value, key, value.
    REDISCLUSTER_REPLY_MAP = 10,
    /// Elements without order.
    REDISCLUSTER_REPLY_SET = 11,
    /// Something the server says of its own accord.
    REDISCLUSTER_REPLY_PUSH = 12,
}

/// In a cell's flags: the root of a reply, which rediscluster_reply_free takes.
pub const REDISCLUSTER_CELL_ROOT: u8 = 1;
/// In a cell's flags: the last of its siblings.
pub const REDISCLUSTER_CELL_LAST: u8 = 2;
/// In a cell's flags: it has attributes (rediscluster_reply_attributes).
pub const REDISCLUSTER_CELL_ATTRIBUTES: u8 = 4;

/// A cell's value, by its kind.
#[derive(Clone, Copy)]
#[repr(C)]
pub union rediscluster_cell_value {
    /// Of an INTEGER; of a BOOLEAN, 0 or 1.
    pub integer: i64,
    /// Of a DOUBLE.
    pub number: f64,
    /// Of a STRING, STATUS, ERROR, BIGNUMBER or VERBATIM: its bytes, without the NUL behind them.
    pub length: u64,
    /// Of an ARRAY, SET or PUSH: its elements; of a MAP: twice its pairs.
    pub count: u64,
}

/// One element of a reply as rediscluster_reply_cells gives them. This layout never changes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct rediscluster_cell {
    /// A rediscluster_kind.
    pub kind: u8,
    /// REDISCLUSTER_CELL_... bits; others are the library's own.
    pub flags: u8,
    /// The library's own.
    pub reserved: u16,
    /// How many cells the element and all that is in it take: the next sibling is so many further.
    pub span: u32,
    /// The value.
    pub value: rediscluster_cell_value,
    /// From the start of this cell to its bytes, which stand in the same block; 0 without bytes.
    pub offset: i64,
}

/// What a reply is.
///
/// Returns: the kind; NIL for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_kind(
    reply: *const rediscluster_reply,
) -> rediscluster_kind {
    use rediscluster_kind::*;
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    match unsafe { handle::reply_ref(reply) }.map_or(Kind::Nil, ReplyRef::kind) {
        Kind::Nil => REDISCLUSTER_REPLY_NIL,
        Kind::String => REDISCLUSTER_REPLY_STRING,
        Kind::Status => REDISCLUSTER_REPLY_STATUS,
        Kind::Error => REDISCLUSTER_REPLY_ERROR,
        Kind::Integer => REDISCLUSTER_REPLY_INTEGER,
        Kind::Double => REDISCLUSTER_REPLY_DOUBLE,
        Kind::Boolean => REDISCLUSTER_REPLY_BOOLEAN,
        Kind::BigNumber => REDISCLUSTER_REPLY_BIGNUMBER,
        Kind::Verbatim => REDISCLUSTER_REPLY_VERBATIM,
        Kind::Array => REDISCLUSTER_REPLY_ARRAY,
        Kind::Map => REDISCLUSTER_REPLY_MAP,
        Kind::Set => REDISCLUSTER_REPLY_SET,
        Kind::Push => REDISCLUSTER_REPLY_PUSH,
    }
}

/// The bytes of a STRING, STATUS, ERROR, BIGNUMBER or VERBATIM. A NUL stands behind them.
///
/// len: how many, without that NUL; may be NULL.
///
/// Returns: the bytes; NULL, and a length of 0, for any other kind and for NULL.
/// Ownership: the bytes are the reply's and live as long as its root.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_bytes(
    reply: *const rediscluster_reply,
    len: *mut usize,
) -> *const u8 {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    let bytes = unsafe { handle::reply_ref(reply) }.and_then(ReplyRef::bytes);
    if !len.is_null() {
        // SAFETY: not NULL, so a place for a length by the API's contract.
        unsafe { len.write(bytes.map_or(0, <[u8]>::len)) };
    }
    bytes.map_or(ptr::null(), <[u8]>::as_ptr)
}

/// The value of an INTEGER.
///
/// Returns: the number; 0 for any other kind and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_integer(reply: *const rediscluster_reply) -> i64 {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    unsafe { handle::reply_ref(reply) }.and_then(ReplyRef::integer).unwrap_or(0)
}

/// The value of a DOUBLE.
///
/// Returns: the number; 0 for any other kind and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_double(reply: *const rediscluster_reply) -> f64 {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    unsafe { handle::reply_ref(reply) }.and_then(ReplyRef::double).unwrap_or(0.0)
}

/// The value of a BOOLEAN.
///
/// Returns: the value; false for any other kind and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_boolean(reply: *const rediscluster_reply) -> bool {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    unsafe { handle::reply_ref(reply) }.and_then(ReplyRef::boolean).unwrap_or(false)
}

/// How many elements an ARRAY, SET or PUSH has; of a MAP twice its pairs.
///
/// Returns: the number; 0 for any other kind and for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_count(reply: *const rediscluster_reply) -> usize {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    unsafe { handle::reply_ref(reply) }.map_or(0, ReplyRef::count)
}

/// An element of an ARRAY, SET, PUSH or MAP (key 0, value 1, key 2, value 3 ...). One addition
/// where the elements hold no others, else a walk over those in front: loop with
/// rediscluster_reply_next.
///
/// index: 0 to the count less one.
///
/// Returns: the element; NULL beyond the last, for any other kind, and for NULL.
/// Ownership: borrowed from the reply's root, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_at(
    reply: *const rediscluster_reply,
    index: usize,
) -> *const rediscluster_reply {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    handle::part(unsafe { handle::reply_ref(reply) }.and_then(|reply| reply.at(index)))
}

/// The element behind this one, in the same ARRAY, SET, PUSH or MAP.
///
/// Returns: the element; NULL behind the last, for a root, and for NULL.
/// Ownership: borrowed from the reply's root, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_next(
    element: *const rediscluster_reply,
) -> *const rediscluster_reply {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    handle::part(unsafe { handle::reply_ref(element) }.and_then(ReplyRef::next))
}

/// The attributes the server sent in front of this reply or element (RESP3): a MAP.
///
/// Returns: the attributes; NULL where there are none, and for NULL.
/// Ownership: borrowed from the reply's root, and lives as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_attributes(
    reply: *const rediscluster_reply,
) -> *const rediscluster_reply {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    handle::part(unsafe { handle::reply_ref(reply) }.and_then(ReplyRef::attributes))
}

/// The whole reply in one call: its elements in pre-order (each before what is in it), the root
/// first, as a flat array. For languages where each call into C is dear: the array and the bytes
/// are one block, to be copied or read in place. Attributes are not among the cells:
/// rediscluster_reply_attributes has them.
///
/// cells: the first cell; NULL for NULL and for a part of a reply. May be NULL.
/// count: how many cells. May be NULL.
/// size: bytes of the block from the first cell on, so that every cell's bytes lie inside. May be
/// NULL.
///
/// Returns: nothing.
/// Ownership: the cells are the reply's and live as long.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_cells(
    reply: *const rediscluster_reply,
    cells: *mut *const rediscluster_cell,
    count: *mut usize,
    size: *mut usize,
) {
    // SAFETY: NULL or (part of) a live reply, by the API's contract.
    let root = unsafe { handle::reply_ref(reply) }.filter(|reply| reply.is_root());
    let (all, bytes) = root.map_or((&[][..], 0), ReplyRef::cells);
    let first = if root.is_some() { all.as_ptr().cast() } else { ptr::null() };
    // SAFETY: each is NULL or a place for its value, by the API's contract.
    unsafe {
        if let Some(cells) = cells.as_mut() {
            *cells = first;
        }
        if let Some(count) = count.as_mut() {
            *count = all.len();
        }
        if let Some(size) = size.as_mut() {
            *size = bytes;
        }
    }
}

/// Turns an error reply into a status. Looks at this reply alone, not at errors among its elements.
///
/// Returns: REDISCLUSTER_OK for any kind but ERROR; SERVER for an ERROR, with the server's code
/// (rediscluster_error_server_code) and text; INVALID_ARGUMENT for NULL.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_check(
    reply: *const rediscluster_reply,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: NULL or (part of) a live reply, by the API's contract.
        let Some(reply) = (unsafe { handle::reply_ref(reply) }) else {
            return Err(Failure::argument("reply", "must not be NULL"));
        };
        if reply.kind() != Kind::Error {
            return Ok(());
        }
        if error.is_null() {
            return Err(Failure::Unbuilt(Status::Server, "the server", "answered with an error"));
        }
        Err(server_error(reply).into())
    })
}

/// Frees a reply. NULL is fine; a part of a reply is refused: nothing happens.
///
/// Returns: nothing.
/// Ownership: the reply and all its parts are gone.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_reply_free(reply: *mut rediscluster_reply) {
    // SAFETY: NULL, part of a live reply, or a reply that is the caller's to free, by the API's
    // contract.
    call::or_else((), || drop(unsafe { handle::take_reply(reply) }));
}

// The header's cells and the core's are the same thing.
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<rediscluster_cell>() == 24 && size_of::<Cell>() == 24);
    assert!(align_of::<rediscluster_cell>() == align_of::<Cell>());
    assert!(offset_of!(rediscluster_cell, kind) == 0 && offset_of!(Cell, kind) == 0);
    assert!(offset_of!(rediscluster_cell, flags) == 1 && offset_of!(Cell, flags) == 1);
    assert!(offset_of!(rediscluster_cell, reserved) == 2 && offset_of!(Cell, reserved) == 2);
    assert!(offset_of!(rediscluster_cell, span) == 4 && offset_of!(Cell, span) == 4);
    assert!(offset_of!(rediscluster_cell, value) == 8 && offset_of!(Cell, value) == 8);
    assert!(offset_of!(rediscluster_cell, offset) == 16 && offset_of!(Cell, offset) == 16);
    assert!(size_of::<rediscluster_cell_value>() == 8 && size_of::<CellValue>() == 8);
};
