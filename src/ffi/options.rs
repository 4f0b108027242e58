//! `rediscluster_options_*`: a pool's options, by name or from a URL.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use super::call::{call, or_else};
use super::error::rediscluster_error;
use super::status::rediscluster_status;
use super::{arg, handle, text};
use crate::error::Result;
use crate::options::{Options, Row, table::rows};

/// Options of a pool: see docs/options.md for their names and meaning.
pub struct rediscluster_options {
    core: Options,
    /// Each option's text, in the order of the table, made when an option is set: so reading changes
    /// nothing, and the texts live as long as the values.
    shown: Vec<CString>,
}

impl rediscluster_options {
    fn new(core: Options) -> Self {
        let shown = rows().map(|row| text::of(&row.get(&core))).collect();
        Self { core, shown }
    }

    /// The options themselves.
    pub(super) fn core(&self) -> &Options {
        &self.core
    }

    /// The options themselves, to set what the table does not hold: its texts are not made anew.
    pub(super) fn core_mut(&mut self) -> &mut Options {
        &mut self.core
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.core.set(name, value)?;
        // Only texts that changed are replaced (one setting can have two names): the others' pointers
        // may be in the caller's hands.
        for (row, shown) in rows().zip(&mut self.shown) {
            let value = row.get(&self.core);
            if shown.as_bytes() != value.as_bytes() {
                *shown = text::of(&value);
            }
        }
        Ok(())
    }
}

/// Makes options that have their defaults. At least startup_nodes has to be set before a pool can be
/// made of them.
///
/// out: where the options go; NULL on failure.
/// error: where an error goes; may be NULL.
///
/// Returns: OK; INVALID_ARGUMENT if out is NULL.
/// Ownership: the caller frees the options with rediscluster_options_free.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_new(
    out: *mut *mut rediscluster_options,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `out` is NULL or the caller's place for a pointer.
        let out = unsafe { arg::output(out, "out") }?;
        *out = handle::give(rediscluster_options::new(Options::new()));
        Ok(())
    })
}

/// Makes options from a URL: redis://[user[:password]@]host[:port][,host[:port]...][/db][?name=value&...].
/// rediss:// in front asks for TLS. An IPv6 address stands in brackets, the port is 6379 where none is given, and user, password,
/// names and values may be percent-encoded. Every option can stand in the query; one that is not
/// named has its default.
///
/// url: NUL-terminated UTF-8.
/// out: where the options go; NULL on failure.
/// error: where an error goes; may be NULL. It never holds the password.
///
/// Returns: OK; INVALID_ARGUMENT if url or out is NULL or url is no UTF-8; CONFIG if the URL or an
/// option in it is wrong.
/// Ownership: the caller frees the options with rediscluster_options_free. The URL is copied.
/// Blocks: no. Names are not looked up.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_from_url(
    url: *const c_char,
    out: *mut *mut rediscluster_options,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `out` is NULL or the caller's place for a pointer.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: `url` is NULL or the caller's NUL-terminated text.
        let url = unsafe { arg::text(url, "url") }?;
        *out = handle::give(rediscluster_options::new(Options::from_url(url)?));
        Ok(())
    })
}

/// Copies options. The copy has the same values and the same callbacks, and is changed and freed by
/// itself.
///
/// options: what is copied.
/// out: where the copy goes; NULL on failure.
/// error: where an error goes; may be NULL.
///
/// Returns: OK; INVALID_ARGUMENT if options or out is NULL.
/// Ownership: the caller frees the copy with rediscluster_options_free. A callback's user_data is given
/// to its destroy function when the last copy and the last pool made of one are gone.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_clone(
    options: *const rediscluster_options,
    out: *mut *mut rediscluster_options,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `out` is NULL or the caller's place for a pointer.
        let out = unsafe { arg::output(out, "out") }?;
        // SAFETY: `options` is NULL or options that the caller has not freed.
        let options = unsafe { arg::object(options, "options") }?;
        *out = handle::give(rediscluster_options::new(options.core.clone()));
        Ok(())
    })
}

/// Frees options. Pools made of them keep their own copy. A password in them is overwritten.
///
/// options: what is freed; NULL does nothing.
///
/// Returns: nothing.
/// Ownership: the options, and what rediscluster_options_get gave for them, are gone. Calls each
/// callback's destroy function if nothing else holds the callback.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_free(options: *mut rediscluster_options) {
    or_else((), || {
        // SAFETY: `options` is NULL or options that the caller has not freed.
        drop(unsafe { handle::take(options) });
    });
}

/// Sets one option. On failure nothing is changed.
///
/// options: what is changed.
/// name: the option's name, as in docs/options.md, NUL-terminated.
/// value: its value as NUL-terminated UTF-8 text without control characters (ssl_ca_data alone has line
/// breaks): "yes", "7000", "10.0.0.1:7000,10.0.0.2:7000". Units are the option's own: milliseconds but for keepalive, which is in
/// seconds, and for sizes, which are in bytes.
/// error: where an error goes; may be NULL. It names the option and what it accepts, and never shows a
/// password.
///
/// Returns: OK; INVALID_ARGUMENT if a parameter is NULL or no UTF-8, or the name holds a control
/// character; CONFIG if the name is unknown (the error says the nearest known one) or the value does not
/// fit.
/// Ownership: name and value are copied. What rediscluster_options_get gave for this option, by any of its
/// names, is no longer valid.
/// Blocks: no.
/// Threads: not while another thread uses the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_set(
    options: *mut rediscluster_options,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rediscluster_error,
) -> rediscluster_status {
    call(error, || {
        // SAFETY: `options` is NULL or options that the caller has not freed and no thread uses.
        let options = unsafe { arg::object_mut(options, "options") }?;
        // SAFETY: `name` is NULL or the caller's NUL-terminated text.
        let name = unsafe { arg::text(name, "name") }?;
        // SAFETY: `value` is NULL or the caller's NUL-terminated text.
        let value = unsafe { arg::utf8(value, "value") }?;
        options.set(name, value)?;
        Ok(())
    })
}

/// Reads one option as text, in the form rediscluster_options_set takes. A password that is set reads
/// "***"; what is not set reads "".
///
/// options: what is read.
/// name: the option's name, NUL-terminated.
///
/// Returns: the NUL-terminated text; NULL if no option has this name or a parameter is NULL.
/// Ownership: the text belongs to the options. It is valid until this option is set again or the options
/// are freed, whichever comes first.
/// Blocks: no.
/// Threads: read-only, any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_get(
    options: *const rediscluster_options,
    name: *const c_char,
) -> *const c_char {
    or_else(ptr::null(), || {
        // SAFETY: `options` is NULL or options that the caller has not freed, `name` is NULL or the
        // caller's NUL-terminated text.
        let given = unsafe { (arg::object(options, "options"), arg::text(name, "name")) };
        let (Ok(options), Ok(name)) = given else { return ptr::null() };
        let mut shown = rows().zip(&options.shown);
        shown.find(|(row, _)| row.name() == name).map_or(ptr::null(), |(_, shown)| shown.as_ptr())
    })
}

/// The number of options there are.
///
/// Returns: the number; rediscluster_options_name and its sisters take 0 to one less.
/// Ownership: nothing changes hands.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_count() -> usize {
    rows().count()
}

/// A static text of one option; NULL out of range.
fn text_of(index: usize, choose: fn(&Row) -> &'static CStr) -> *const c_char {
    rows().nth(index).map_or(ptr::null(), |row| choose(row).as_ptr())
}

/// The name of an option.
///
/// index: 0 to rediscluster_options_count() - 1. The order may change with versions.
///
/// Returns: the NUL-terminated name; NULL out of range.
/// Ownership: the text is static.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_name(index: usize) -> *const c_char {
    text_of(index, |row| row.c_texts()[0])
}

/// The type of an option: "string", "secret", "bool", "integer", "milliseconds", "seconds", "bytes",
/// "enum", "nodes", "rules" or "zones". More may be added.
///
/// index: 0 to rediscluster_options_count() - 1.
///
/// Returns: the NUL-terminated type; NULL out of range.
/// Ownership: the text is static.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_type(index: usize) -> *const c_char {
    text_of(index, |row| row.c_texts()[1])
}

/// The default of an option, as rediscluster_options_get gives it.
///
/// index: 0 to rediscluster_options_count() - 1.
///
/// Returns: the NUL-terminated default, "" for none; NULL out of range.
/// Ownership: the text is static.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_default(index: usize) -> *const c_char {
    text_of(index, |row| row.c_texts()[2])
}

/// What an option does, in a paragraph of English.
///
/// index: 0 to rediscluster_options_count() - 1.
///
/// Returns: the NUL-terminated paragraph; NULL out of range.
/// Ownership: the text is static.
/// Blocks: no.
/// Threads: any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rediscluster_options_doc(index: usize) -> *const c_char {
    text_of(index, |row| row.c_texts()[3])
}
