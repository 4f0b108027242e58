//! Passwords and keys are overwritten before their memory is given back: an allocator looks through every
//! block that is freed or grown, over all ways a secret comes in and goes out.

#![allow(unsafe_code)]
// Every block here calls the C API with what its contract allows, or passes an allocation on.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};
use std::fs;
use std::ptr::null_mut;

use rediscluster::ffi::checkout::*;
use rediscluster::ffi::connection::*;
use rediscluster::ffi::credentials::*;
use rediscluster::ffi::options::*;
use rediscluster::ffi::pool::*;
use rediscluster::ffi::status::rediscluster_status;
use rediscluster::ffi::status::rediscluster_status::*;
use rediscluster_test_support::certificates::Throwaway;
use rediscluster_test_support::fake_node::FakeNodes;
use zeroize::Zeroizing;

/// Stands in every password here.
const SECRET: &str = "xyzzy-plugh-";

/// The longest text that is looked for.
const LONGEST: usize = 24;

thread_local! {
    /// What this thread's freed blocks may not hold, and how much of it counts; 0: nothing is looked for. The
    /// library has no thread of its own, and what the nodes of the test receive is theirs.
    static LOOKED_FOR: Cell<([u8; LONGEST], usize)> = const { Cell::new(([0; LONGEST], 0)) };
    /// In how many blocks it was, and how many there were.
    static FOUND: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Inspector;

fn inspect(block: *const u8, size: usize) {
    let (text, length) = LOOKED_FOR.get();
    if length == 0 {
        return;
    }
    let (found, all) = FOUND.get();
    // SAFETY: the block is whole until it is given back, and none of it is uninitialized: see `alloc`.
    let bytes = unsafe { std::slice::from_raw_parts(block, size) };
    let is_there = bytes.windows(length).any(|window| *window == text[..length]);
    FOUND.set((found + usize::from(is_there), all + 1));
}

unsafe impl GlobalAlloc for Inspector {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that nothing is found twice.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        inspect(block, layout.size());
        unsafe { System.dealloc(block, layout) }
    }

    // Growing moves, always, as it may: GlobalAlloc does it by the two above.
}

#[global_allocator]
static INSPECTOR: Inspector = Inspector;

/// Runs it and tells in how many of the blocks freed meanwhile the text stood. The test's own copies live on.
fn left_behind(text: &str, act: impl FnOnce()) -> usize {
    let mut looked_for = [0; LONGEST];
    let length = text.len().min(LONGEST);
    looked_for[..length].copy_from_slice(&text.as_bytes()[..length]);
    FOUND.set((0, 0));
    LOOKED_FOR.set((looked_for, length));
    act();
    LOOKED_FOR.set(([0; LONGEST], 0));
    let (found, all) = FOUND.get();
    assert!(all > 0);
    found
}

fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

#[track_caller]
fn set(options: *mut rediscluster_options, name: &CString, value: &CString) {
    let status =
        unsafe { rediscluster_options_set(options, name.as_ptr(), value.as_ptr(), null_mut()) };
    assert_eq!(status, REDISCLUSTER_OK);
}

fn new_options() -> *mut rediscluster_options {
    let mut options = null_mut();
    assert_eq!(unsafe { rediscluster_options_new(&mut options, null_mut()) }, REDISCLUSTER_OK);
    options
}

/// Makes a pool, gets a connection and frees all but the options; how making the pool ended.
fn use_pool(options: *const rediscluster_options, update: Option<&CString>) -> rediscluster_status {
    let mut pool = null_mut();
    let status = unsafe { rediscluster_pool_new(options, &mut pool, null_mut()) };
    if status != REDISCLUSTER_OK {
        return status;
    }
    for _ in 0..2 {
        let mut connection = null_mut();
        unsafe {
            let status =
                rediscluster_pool_get_by_slot(pool, 0, 2, 5000, &mut connection, null_mut());
            assert_eq!(status, REDISCLUSTER_OK);
            rediscluster_connection_release(connection, null_mut());
        }
        if let Some(password) = update {
            let status = unsafe {
                rediscluster_pool_update_credentials(
                    pool,
                    c"app".as_ptr(),
                    password.as_ptr(),
                    null_mut(),
                )
            };
            assert_eq!(status, REDISCLUSTER_OK);
        }
    }
    unsafe { rediscluster_pool_free(pool) };
    REDISCLUSTER_OK
}

unsafe extern "C" fn answer(
    user_data: *mut c_void,
    _node: *const c_char,
    sink: rediscluster_credentials_sink,
    sink_data: *mut c_void,
) {
    let password = user_data.cast_const().cast::<c_char>();
    // Twice: what is given last counts, and the first is not left behind.
    for _ in 0..2 {
        unsafe { sink(sink_data, c"app".as_ptr(), password) };
    }
}

fn passwords() -> (CString, CString) {
    (c(&format!("{SECRET}{}", "p".repeat(40))), c(&format!("{SECRET}{}", "q".repeat(300))))
}

fn well() -> FakeNodes {
    FakeNodes::run("node 1\nhandshake\nstore\ntopology 0-16383=1").expect("nodes")
}

#[test]
fn the_allocator_finds_what_is_left_behind() {
    let text = SECRET.to_owned();
    assert_eq!(left_behind(SECRET, || drop(text)), 1);
    let mut grows = SECRET.as_bytes().to_vec();
    assert_eq!(left_behind(SECRET, || grows.reserve_exact(1000)), 1);
    assert_eq!(left_behind(SECRET, || drop(vec![1; 100])), 0);
}

#[test]
fn options_leave_nothing_behind() {
    let (password, other) = passwords();
    let (name, of_key) = (c("password"), c("ssl_password"));
    let found = left_behind(SECRET, || {
        let options = new_options();
        set(options, &name, &password);
        set(options, &name, &other);
        let mut copy = null_mut();
        unsafe {
            assert_eq!(rediscluster_options_clone(options, &mut copy, null_mut()), REDISCLUSTER_OK);
            set(copy, &of_key, &password);
            rediscluster_options_free(options);
            rediscluster_options_free(copy);
        }
    });
    assert_eq!(found, 0);
}

#[test]
fn urls_leave_nothing_behind() {
    let nodes = well();
    let node = nodes.address(1);
    let url = c(&format!("redis://app:{SECRET}%2Fand%20more@{node}"));
    let by_name =
        c(&format!("redis://{node}?password={SECRET}%2Fand%20more&ssl_password={SECRET}"));
    let unknown = c(&format!("redis://app:{SECRET}@{node}?nonsense=1"));
    let badly_encoded = c(&format!("redis://app:{SECRET}%zz@{node}"));
    let texts = [(url, true), (by_name, true), (unknown, false), (badly_encoded, false)];
    let found = left_behind(SECRET, || {
        for (url, is_good) in &texts {
            let mut options = null_mut();
            let got =
                unsafe { rediscluster_options_from_url(url.as_ptr(), &mut options, null_mut()) };
            assert_eq!(got == REDISCLUSTER_OK, *is_good);
            if *is_good {
                assert_eq!(use_pool(options, None), REDISCLUSTER_OK);
                unsafe { rediscluster_options_free(options) };
            }
        }
    });
    assert_eq!(found, 0);
}

#[test]
fn handshakes_and_updates_leave_nothing_behind() {
    let (password, other) = passwords();
    let nodes = well();
    for protocol in ["auto", "2", "3"] {
        for extent in ["full", "minimal"] {
            let found = left_behind(SECRET, || {
                let options = new_options();
                set(options, &c("startup_nodes"), &c(&nodes.address(1)));
                set(options, &c("username"), &c("app"));
                set(options, &c("password"), &password);
                set(options, &c("client_name"), &c("a-name-that-makes-the-flight-longer"));
                set(options, &c("protocol"), &c(protocol));
                set(options, &c("handshake"), &c(extent));
                assert_eq!(use_pool(options, Some(&other)), REDISCLUSTER_OK);
                unsafe { rediscluster_options_free(options) };
            });
            assert_eq!(found, 0, "protocol {protocol}, handshake {extent}");
        }
    }
}

#[test]
fn refusals_leave_nothing_behind() {
    let (_, other) = passwords();
    for (answers, status) in [
        // HELLO is refused first, and AUTH by itself after it.
        (
            "on HELLO * => error \"NOPERM no\"\non AUTH * => error \"WRONGPASS no\"",
            REDISCLUSTER_ERROR_AUTH,
        ),
        ("on * => error \"WRONGPASS no\"", REDISCLUSTER_ERROR_AUTH),
        ("on * => close", REDISCLUSTER_ERROR_UNREACHABLE),
    ] {
        let nodes = FakeNodes::run(&format!("node 1\n{answers}\nhandshake")).expect("nodes");
        let found = left_behind(SECRET, || {
            let options = new_options();
            set(options, &c("startup_nodes"), &c(&nodes.address(1)));
            set(options, &c("password"), &other);
            assert_eq!(use_pool(options, None), status, "{answers}");
            unsafe { rediscluster_options_free(options) };
        });
        assert_eq!(found, 0, "{answers}");
    }
}

#[test]
fn the_callback_leaves_nothing_behind() {
    let (password, other) = passwords();
    let nodes = well();
    let found = left_behind(SECRET, || {
        let options = new_options();
        set(options, &c("startup_nodes"), &c(&nodes.address(1)));
        unsafe {
            let data = password.as_ptr().cast_mut().cast();
            let status =
                rediscluster_options_set_credentials(options, Some(answer), data, None, null_mut());
            assert_eq!(status, REDISCLUSTER_OK);
        }
        assert_eq!(use_pool(options, Some(&other)), REDISCLUSTER_OK);
        unsafe { rediscluster_options_free(options) };
    });
    assert_eq!(found, 0);
}

#[test]
fn tls_leaves_nothing_behind() {
    let (password, other) = passwords();
    let throwaway = Throwaway::new().expect("certificates");
    let folder = throwaway.folder();
    let script = format!(
        "tls {}\nnode 1\nhandshake\nstore\ntopology 0-16383=1\ntls-client-auth required",
        folder.display()
    );
    let nodes = FakeNodes::run(&script).expect("nodes");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let opens = read("client.password");
    // The second line of a key is its own; the first begins alike in all.
    let of_key = read("client.key").lines().nth(2).expect("a line of base64").to_owned();
    for key in ["client.key", "client-encrypted.key", "client-encrypted-traditional.key"] {
        for text in [SECRET, &opens, &of_key] {
            let found = left_behind(text, || {
                let options = new_options();
                for (name, file) in [
                    ("ssl_ca_certs", "ca.pem"),
                    ("ssl_certfile", "client.pem"),
                    ("ssl_keyfile", key),
                ] {
                    set(options, &c(name), &c(&folder.join(file).display().to_string()));
                }
                set(options, &c("startup_nodes"), &c(&nodes.address(1)));
                set(options, &c("ssl"), &c("yes"));
                set(options, &c("password"), &password);
                let opens = Zeroizing::new(c_bytes(&opens));
                let status = unsafe {
                    let name = c"ssl_password".as_ptr();
                    rediscluster_options_set(options, name, opens.as_ptr().cast(), null_mut())
                };
                assert_eq!(status, REDISCLUSTER_OK);
                assert_eq!(use_pool(options, Some(&other)), REDISCLUSTER_OK);
                unsafe { rediscluster_options_free(options) };
            });
            assert_eq!(found, 0, "{key}");
        }
    }
}

/// NUL-terminated, in memory that is overwritten by its owner.
fn c_bytes(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}
