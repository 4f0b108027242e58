//! What a map of a thousand nodes costs. A test binary of its own, as it counts what is allocated.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rediscluster::node::NodeAddress;
use rediscluster::options::Translation;
use rediscluster::resp::Reply;
use rediscluster::topology::Query;

struct Counting;

thread_local! {
    /// Bytes held by this thread alone: the test harness allocates in its own.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// What malloc takes for it: 8 bytes of its own, multiples of 16, at least 32.
fn cost(layout: Layout) -> isize {
    ((layout.size() + 8).next_multiple_of(16).max(32)) as isize
}

// SAFETY: hands everything on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get() + cost(layout));
        // SAFETY: the caller keeps alloc's contract, which is the same there.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - cost(layout));
        // SAFETY: the block came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// 500 primaries and 500 replicas with everything an answer can tell of a node.
fn answer() -> Vec<u8> {
    let mut text = String::from("*500\r\n");
    for shard in 0..500u32 {
        let (start, end) = (shard * 16384 / 500, (shard + 1) * 16384 / 500 - 1);
        text += &format!("*4\r\n:{start}\r\n:{end}\r\n");
        for role in [1, 2] {
            let host = format!("10.{role}.{}.{}", 100 + shard / 250, 1 + shard % 250);
            let hostname = format!("node-{role}-{shard:04}.cluster.example.org");
            text += &format!(
                "*4\r\n${}\r\n{host}\r\n:6379\r\n$40\r\n{:040x}\r\n*4\r\n$8\r\nhostname\r\n${}\r\n{hostname}\r\n\
                 $17\r\navailability-zone\r\n$6\r\nzone-{role}\r\n",
                host.len(),
                shard * 2 + role,
                hostname.len(),
            );
        }
    }
    text.into_bytes()
}

#[test]
fn a_thousand_nodes_cost_little() {
    let asked = NodeAddress::new("10.0.0.9", 7000);
    let translation = Translation::default();
    let answer = answer();
    let before = LIVE.get();
    let map = {
        let reply = Reply::from_resp(&answer).unwrap();
        Query::Slots.read(reply.root(), &asked, &translation, false).unwrap()
    };
    let cost = LIVE.get() - before;
    assert_eq!((map.nodes().len(), map.shard_count(), map.covered()), (1000, 500, 16384));
    assert!(cost <= 440 * 1024, "{cost} bytes for a thousand nodes");
    drop(map);
    assert_eq!(LIVE.get(), before);
}
