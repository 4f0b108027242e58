//! The thread that accepts for all nodes.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::log::What;
use super::node::Port;
use super::serve;
use super::state::Shared;
use crate::os;

/// Starts accepting; ends when the nodes stop.
pub fn start(shared: Arc<Shared>) -> JoinHandle<()> {
    thread::spawn(move || accept(&shared))
}

fn accept(shared: &Arc<Shared>) {
    loop {
        let mut fds = vec![shared.woken.as_raw_fd()];
        let mut numbers = Vec::new();
        {
            let state = shared.lock();
            if state.stopping {
                return;
            }
            for (i, node) in state.nodes.iter().enumerate() {
                if let (Port::Open(listener), false) = (&node.listen, node.paused) {
                    fds.push(listener.as_raw_fd());
                    numbers.push(i);
                }
            }
        }
        let Ok(ready) = os::poll(&fds, -1) else { return };
        if ready[0] {
            let mut sink = [0; 64];
            while (&shared.woken).read(&mut sink).is_ok_and(|n| n == sink.len()) {}
        }
        for (&i, _) in numbers.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            take(shared, i);
        }
    }
}

/// Accepts what waits at a node.
fn take(shared: &Arc<Shared>, i: usize) {
    loop {
        let mut state = shared.lock();
        let node = &mut state.nodes[i];
        let (Port::Open(listener), false) = (&node.listen, node.paused) else { return };
        let Ok((stream, _)) = listener.accept() else { return };
        let _ = stream.set_nodelay(true);
        let Ok(kept) = stream.try_clone() else { return };
        node.total += 1;
        let connection = node.total;
        node.open.insert(connection, kept);
        state.count_open(i);
        shared.note(&mut state, i + 1, connection, What::Opened);
        drop(state);
        let shared = shared.clone();
        let serve = move || serve::connection(&shared, i + 1, connection, stream);
        let _ = thread::Builder::new().stack_size(512 << 10).spawn(serve);
    }
}
