//! Memory that others want filled before it is theirs.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// The space with zeros in it, for a reader that takes nothing else than bytes.
pub fn zeroed(space: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    space.fill(MaybeUninit::new(0));
    // SAFETY: every byte was written just now, and MaybeUninit<u8> has the layout of u8.
    unsafe { std::slice::from_raw_parts_mut(space.as_mut_ptr().cast(), space.len()) }
}
