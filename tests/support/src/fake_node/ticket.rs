//! Session tickets after the handshake, for which the crate openssl has no function.
#![allow(unsafe_code)]

use foreign_types::ForeignTypeRef;
use openssl::ssl::SslRef;

unsafe extern "C" {
    fn SSL_new_session_ticket(ssl: *mut openssl_sys::SSL) -> libc::c_int;
}

/// Orders one more ticket, which goes out with the next handshake step. False before the end of the
/// handshake and in versions before 1.3.
pub fn order(ssl: &SslRef) -> bool {
    // SAFETY: the pointer is that of a live SSL object, which the caller has locked; the function
    // only notes in it that a ticket is due.
    unsafe { SSL_new_session_ticket(ssl.as_ptr()) == 1 }
}
