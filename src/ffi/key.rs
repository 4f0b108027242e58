//! Keys and slots.

use super::{arg, call};
use crate::slot;

/// The hash slot of a key, the same as the server's CLUSTER KEYSLOT. Of a key with a hash tag,
/// "{tag}rest", only the tag counts.
///
/// key, len: the key, binary safe; NULL with 0 is the empty key.
///
/// Returns: 0 to 16383; -1 if `key` is NULL and `len` is not 0, or `len` is longer than memory can
/// be.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_key_slot(key: *const u8, len: usize) -> i32 {
    // SAFETY: NULL or `len` readable bytes, by the API's contract.
    let key = unsafe { arg::bytes(key, len, "key") };
    call::or_else(-1, || key.map_or(-1, |key| slot::key_slot(key).into()))
}
