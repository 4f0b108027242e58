//! Functions of the program's that say where nodes are: translate and resolve.

use std::ffi::{c_char, c_void};
use std::net::IpAddr;
use std::ptr;

use super::call::{Failure, call};
use super::callback::{UserData, rediscluster_destroy_callback};
use super::error::rediscluster_error;
use super::options::rediscluster_options;
use super::status::rediscluster_status;
use super::{arg, text};
use crate::node::{NodeAddress, check_host};
use crate::options::Resolver;

/// Takes an address that stands for another; it is copied. Only to be called by a translate callback,
/// before that returns.
///
/// sink_data: what the callback was given.
/// host: a name or a numeric address, NUL-terminated UTF-8.
/// port: 1 to 65535.
///
/// Returns: OK; INVALID_ARGUMENT if a pointer is NULL, host is no host or port is 0, or an address was
/// taken already: then nothing changes.
pub type rediscluster_address_sink = unsafe extern "C" fn(
    sink_data: *mut c_void,
    host: *const c_char,
    port: u16,
) -> rediscluster_status;

/// Says where a node is dialled that a server announces at host and port: by a call of sink, once, with
/// the address to dial; without one the address stays as it is. The host has no brackets and is valid
/// during the call, as sink_data is. The callback is called in a thread that is inside the library, with no
/// lock of the library held, by several threads at once where several are inside. It must return: no
/// exception and no longjmp may leave it. It must not ask a pool that it serves for a connection or a
/// refresh: that could wait for the very call it is in.
pub type rediscluster_translate_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        host: *const c_char,
        port: u16,
        sink: rediscluster_address_sink,
        sink_data: *mut c_void,
    ),
>;

/// Takes one of a name's addresses; it is copied. Only to be called by a resolve callback, before that
/// returns.
///
/// sink_data: what the callback was given.
/// address: a numeric IPv4 or IPv6 address, NUL-terminated: "10.0.0.1", "fd00::1".
///
/// Returns: OK; INVALID_ARGUMENT if a pointer is NULL or address is no numeric address: then nothing
/// changes.
pub type rediscluster_ip_sink =
    unsafe extern "C" fn(sink_data: *mut c_void, address: *const c_char) -> rediscluster_status;

/// Says which addresses a host name has: by a call of sink for each, in the order of preference; without
/// one the name is unknown. The name is valid during the call, as sink_data is. The callback may take the
/// time it needs: the call of the library that it is in looks at its deadline afterwards. It is called in a
/// thread that is inside the library, with no lock of the library held, by several threads at once where
/// several are inside. It must return: no exception and no longjmp may leave it. It must not ask a pool that
/// it serves for a connection or a refresh: that could wait for the very call it is in.
pub type rediscluster_resolve_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        name: *const c_char,
        sink: rediscluster_ip_sink,
        sink_data: *mut c_void,
    ),
>;

/// Sets the function that says where the nodes are dialled that servers announce: in CLUSTER SLOTS,
/// SHARDS and NODES, and in redirects. It is asked after the rules of host_port_remap, with what these
/// gave; an empty host is the host that answered by then. It is never asked for startup_nodes, nor for what
/// cannot be dialled (the host "?", port 0). A topology shows both addresses, and a node is found by both.
/// With TLS a certificate has to hold the host that is dialled, unless the cluster tells a host name of the
/// node or the option ssl_server_name says another.
///
/// options: what is changed.
/// callback: says the address. NULL ends translation by callback; user_data and destroy are then ignored.
/// user_data: handed to the callback; may be NULL.
/// destroy: called once with user_data when neither these options nor a copy of them or a pool made of
/// one can call the callback any more; may be NULL.
/// error: where an error goes; may be NULL.
///
/// Returns: OK; INVALID_ARGUMENT if options is NULL.
/// Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
/// it stays the caller's. A callback that was set before is replaced.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_set_translate(
    options: *mut rediscluster_options,
    callback: rediscluster_translate_callback,
    user_data: *mut c_void,
    destroy: rediscluster_destroy_callback,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `options` is NULL or options that the caller has not freed and no thread uses.
        let options = unsafe { arg::object_mut(options, "options") }?;
        let translation = &mut options.core_mut().translation;
        let Some(callback) = callback else {
            translation.clear_function();
            return Ok(());
        };
        let user = UserData::new(user_data, destroy);
        translation.set_function(move |address| {
            let host = text::of(&address.host);
            let mut answer: Option<NodeAddress> = None;
            let sink_data = (&raw mut answer).cast();
            // SAFETY: the caller gave this function for this data, which lives until the closure is
            // dropped; host and answer live over the call.
            unsafe {
                callback(user.pointer(), host.as_ptr(), address.port, take_address, sink_data);
            }
            answer
        });
        Ok(())
    })
}

/// Sets the function that turns host names into addresses, in place of the system's resolver, which is
/// not asked any more. It is asked at each dial of a name, startup_nodes included, so that a name that
/// leads elsewhere by now is followed. Numeric hosts never reach it.
///
/// options: what is changed.
/// callback: says the addresses. NULL is the system's resolver again; user_data and destroy are then
/// ignored.
/// user_data: handed to the callback; may be NULL.
/// destroy: called once with user_data when neither these options nor a copy of them or a pool made of
/// one can call the callback any more; may be NULL.
/// error: where an error goes; may be NULL.
///
/// Returns: OK; INVALID_ARGUMENT if options is NULL.
/// Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
/// it stays the caller's. A callback that was set before is replaced.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_set_resolve(
    options: *mut rediscluster_options,
    callback: rediscluster_resolve_callback,
    user_data: *mut c_void,
    destroy: rediscluster_destroy_callback,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `options` is NULL or options that the caller has not freed and no thread uses.
        let options = unsafe { arg::object_mut(options, "options") }?;
        options.core_mut().resolver = match callback {
            None => Resolver::default(),
            Some(callback) => {
                let user = UserData::new(user_data, destroy);
                Resolver::to(move |name| {
                    let name = text::of(name);
                    let mut answer: Vec<IpAddr> = Vec::new();
                    let sink_data = (&raw mut answer).cast();
                    // SAFETY: the caller gave this function for this data, which lives until the
                    // closure is dropped; name and answer live over the call.
                    unsafe { callback(user.pointer(), name.as_ptr(), take_ip, sink_data) }
                    answer
                })
            }
        };
        Ok(())
    })
}

/// The sink of a translate callback.
unsafe extern "C" fn take_address(
    sink_data: *mut c_void,
    host: *const c_char,
    port: u16,
) -> rediscluster_status {
    call(ptr::null_mut(), || {
        // SAFETY: NULL, or the answer of the callback that is running, by the contract of the sink.
        let answer =
            unsafe { arg::object_mut(sink_data.cast::<Option<NodeAddress>>(), "sink_data") }?;
        // SAFETY: NULL or the caller's NUL-terminated text.
        let host = unsafe { arg::text(host, "host") }?;
        check_host(host).map_err(|problem| Failure::argument("host", problem))?;
        if port == 0 {
            return Err(Failure::argument("port", "must be from 1 to 65535"));
        }
        if answer.is_some() {
            return Err(Failure::argument("sink", "may be called once"));
        }
        *answer = Some(NodeAddress::new(host, port));
        Ok(())
    })
}

/// The sink of a resolve callback.
unsafe extern "C" fn take_ip(
    sink_data: *mut c_void,
    address: *const c_char,
) -> rediscluster_status {
    call(ptr::null_mut(), || {
        // SAFETY: NULL, or the answer of the callback that is running, by the contract of the sink.
        let answer = unsafe { arg::object_mut(sink_data.cast::<Vec<IpAddr>>(), "sink_data") }?;
        // SAFETY: NULL or the caller's NUL-terminated text.
        let address = unsafe { arg::text(address, "address") }?;
        let numeric = Failure::argument("address", "must be a numeric address");
        answer.push(address.parse().map_err(|_| numeric)?);
        Ok(())
    })
}
