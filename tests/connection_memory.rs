//! What connections cost in heap, counted by an allocator of the test's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use rediscluster::command::Command;
use rediscluster::connection::{Destination, Dialer};
use rediscluster::deadline::Deadline;
use rediscluster::node::NodeAddress;
use rediscluster::options::Options;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all work is the system allocator's; the counters are plain cells of the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.with(|held| held.set(held.get() + layout.size() as isize));
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.with(|held| held.set(held.get() - layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn an_idle_connection_is_small_and_a_command_allocates_its_reply_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let node = NodeAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let reply = [&b"$64\r\n"[..], &[b'v'; 64], b"\r\n"].concat();
        let mut request = [0; 4096];
        while let Ok(1..) = stream.read(&mut request) {
            stream.write_all(&reply).unwrap();
        }
    });
    let mut options = Options::new();
    options.set("handshake", "minimal").unwrap();
    let soon = || Deadline::after(Duration::from_secs(20));
    let get = Command::of(&[b"GET", b"key"]);
    let dialer = Dialer::new(Arc::new(options)).unwrap();

    let before = HELD.get();
    let mut connection = Box::new(dialer.dial(Destination::from(&node), soon()).unwrap());
    drop(connection.command(&get, soon()).unwrap());
    let buffers = connection.detach().unwrap();
    drop(buffers);
    let idle = HELD.get() - before;
    assert!(idle < 1024, "{idle} bytes for an idle connection");

    drop(connection.command(&get, soon()).unwrap());
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        drop(connection.command(&get, soon()).unwrap());
    }
    assert_eq!(ALLOCATIONS.get() - before, 100);
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        assert!(connection.read(Deadline::after(Duration::ZERO)).unwrap().is_none());
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    drop(connection);
    server.join().unwrap();
}
