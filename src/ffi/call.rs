//! The way through every exported function: no panic crosses, an error becomes a status and, where
//! the caller wants one, an error object.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use super::error::rediscluster_error;
use super::handle;
use super::status::rediscluster_status;
use crate::error::{Error, Status};

/// Why a call fails: an error of the core, or a complaint that costs nothing until somebody wants
/// to read it.
pub(super) enum Failure {
    /// An error with all its details.
    Built(Error),
    /// A status and the two parts of a message: what (a parameter's name), and what is wrong with
    /// it.
    Unbuilt(Status, &'static str, &'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Built(error)
    }
}

impl Failure {
    /// A parameter that cannot be used.
    pub(super) fn argument(name: &'static str, problem: &'static str) -> Self {
        Self::Unbuilt(Status::InvalidArgument, name, problem)
    }

    fn status(&self) -> Status {
        match self {
            Self::Built(error) => error.status(),
            Self::Unbuilt(status, ..) => *status,
        }
    }

    fn into_error(self) -> Error {
        match self {
            Self::Built(error) => error,
            Self::Unbuilt(status, name, problem) => Error::new(status, format!("{name} {problem}")),
        }
    }
}

/// Runs `body`. On failure `*error` is set, unless `error` is NULL: then nothing is built. On
/// success
/// `*error` is untouched. A panic in `body` is INTERNAL, and prints nothing.
#[inline]
pub(super) fn call(
    error: *mut *mut rediscluster_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> rediscluster_status {
    match caught(body) {
        Ok(Ok(())) => rediscluster_status::REDISCLUSTER_OK,
        Ok(Err(failure)) => fail(error, failure),
        Err(Panicked) => fail(error, fault()),
    }
}

/// Runs the body of a function that has no way to fail; a panic gives `fallback`.
#[inline]
pub(super) fn or_else<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or(fallback)
}

#[cold]
fn fail(error: *mut *mut rediscluster_error, failure: Failure) -> rediscluster_status {
    let status = failure.status();
    if !error.is_null() {
        let object = handle::give(rediscluster_error::new(failure.into_error()));
        // SAFETY: not NULL, so by the API's contract a place for one pointer.
        unsafe { error.write(object) };
    }
    status.into()
}

/// The panic's own message stays inside: it may quote a key or a value (string slicing does).
#[cold]
fn fault() -> Failure {
    let place = PLACE.with(RefCell::take);
    let place = if place.is_empty() { "an unknown place".to_owned() } else { place };
    Failure::Built(Error::new(
        Status::Internal,
        format!(
            "a fault of the library at {place}: please report it; the object concerned is best freed"
        ),
    ))
}

struct Panicked;

/// What [`DEPTH`] holds in a thread that never was inside the library.
const UNSEEN: u32 = u32::MAX;

thread_local! {
    /// How many calls of the library this thread is inside of (a callback may call again).
    static DEPTH: Cell<u32> = const { Cell::new(UNSEEN) };
    /// Where the last panic of this thread came from, until its call has ended.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

#[inline]
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Panicked> {
    DEPTH.with(|depth| {
        let mut outer = depth.get();
        if outer == UNSEEN {
            silence_own_panics();
            outer = 0;
        }
        depth.set(outer + 1);
        // The objects that a panic may leave half changed are the core's to guard: it builds first
        // and swaps last.
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        depth.set(outer);
        result.map_err(|payload| {
            // A message is freed; dropping an unknown payload may panic in its turn.
            if !payload.is::<String>() && !payload.is::<&str>() {
                std::mem::forget(payload);
            }
            Panicked
        })
    })
}

/// Hangs a hook before the present one that keeps quiet about panics inside the library, which end
/// as a status. Panics of the program's own Rust code go to the hook it had. In the shared library
/// this touches no one else at all: its standard library, hook included, is its own.
#[cold]
fn silence_own_panics() {
    static ONCE: Once = Once::new();
    // set_hook itself panics in a thread that is panicking; a later call will do it.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| panic::set_hook(quiet_before(panic::take_hook())));
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

fn quiet_before(others: Hook) -> Hook {
    Box::new(move |panic| {
        if DEPTH.with(|depth| !matches!(depth.get(), 0 | UNSEEN)) {
            note_place(panic);
        } else {
            others(panic);
        }
    })
}

fn note_place(panic: &PanicHookInfo<'_>) {
    let Some(location) = panic.location() else { return };
    // The file's name alone: where the library was built is nobody's business.
    let file = location.file().rsplit('/').next().unwrap_or_default();
    let _ = PLACE.try_with(|place| {
        if let Ok(mut place) = place.try_borrow_mut() {
            *place = format!("{file}:{}", location.line());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::futex::Mutex;

    /// The hook is the process's: these tests take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn error_of(failure: impl FnOnce() -> Result<(), Failure>) -> (rediscluster_status, Error) {
        let mut error = std::ptr::null_mut();
        let status = call(&mut error, failure);
        // SAFETY: the call failed, so it set `error`, once.
        (status, unsafe { handle::take(error) }.expect("an error").into_core())
    }

    #[test]
    fn a_panic_is_a_status() {
        let _turn = TURN.lock();
        let (status, error) = error_of(|| panic!("a secret"));
        assert_eq!(status, rediscluster_status::REDISCLUSTER_ERROR_INTERNAL);
        assert_eq!(error.status(), Status::Internal);
        assert!(error.message().contains("call.rs:"), "{error}");
        assert!(!error.message().contains("secret"), "{error}");
        let status = call(std::ptr::null_mut(), || panic!());
        assert_eq!(status, rediscluster_status::REDISCLUSTER_ERROR_INTERNAL);
        assert_eq!(or_else(7, || panic!()), 7);
        assert_eq!(DEPTH.with(Cell::get), 0);
    }

    #[test]
    fn panics_outside_the_library_go_to_the_programs_own_hook() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static HEARD: AtomicU32 = AtomicU32::new(0);
        let _turn = TURN.lock();
        call(std::ptr::null_mut(), || Ok(()));
        let library = panic::take_hook();
        panic::set_hook(quiet_before(Box::new(move |panic| {
            if panic.payload().downcast_ref::<&str>() == Some(&"to be heard") {
                HEARD.fetch_add(1, Ordering::Relaxed);
            } else {
                library(panic);
            }
        })));
        assert!(panic::catch_unwind(|| panic!("to be heard")).is_err());
        assert_eq!(HEARD.load(Ordering::Relaxed), 1);
        call(std::ptr::null_mut(), || panic!("to be heard"));
        assert_eq!(HEARD.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_error_is_only_built_where_it_is_wanted_and_success_leaves_it_alone() {
        let (status, error) = error_of(|| Err(Failure::argument("slot", "is no slot")));
        assert_eq!(status, rediscluster_status::REDISCLUSTER_ERROR_INVALID_ARGUMENT);
        assert_eq!(error.message(), "slot is no slot");
        let mut untouched = std::ptr::dangling_mut();
        let before = untouched;
        assert_eq!(call(&mut untouched, || Ok(())), rediscluster_status::REDISCLUSTER_OK);
        assert_eq!(untouched, before);
    }
}
