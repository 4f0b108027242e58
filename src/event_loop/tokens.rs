//! Tokens that calls in flight carry: each rings the loop's bell once, however many calls it ends.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use crate::client::{Cancel, Watched};
use crate::os::epoll::Bell;

/// By address, which is a token's own while it is here.
#[derive(Default)]
pub(super) struct Tokens(HashMap<usize, Token>);

struct Token {
    cancel: Arc<Cancel>,
    watched: Watched,
    calls: usize,
}

impl Tokens {
    /// One more call carries it.
    pub(super) fn add(&mut self, cancel: &Arc<Cancel>, bell: &Arc<Bell>) {
        let token = self.0.entry(name(cancel)).or_insert_with(|| Token {
            cancel: Arc::clone(cancel),
            watched: cancel.rings(bell),
            calls: 0,
        });
        token.calls += 1;
        // Fired while it was entered: who fired has not seen it.
        if cancel.is_fired() {
            bell.ring();
        }
    }

    /// One call fewer carries it.
    pub(super) fn remove(&mut self, cancel: &Arc<Cancel>) {
        let Some(token) = self.0.get_mut(&name(cancel)) else { return };
        token.calls -= 1;
        if token.calls == 0 {
            token.cancel.forget(&token.watched);
            self.0.remove(&name(cancel));
        }
    }

    /// There is something to look for.
    pub(super) fn is_any_fired(&self) -> bool {
        self.0.values().any(|token| token.cancel.is_fired())
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        for token in self.0.values() {
            token.cancel.forget(&token.watched);
        }
    }
}

fn name(cancel: &Arc<Cancel>) -> usize {
    ptr::from_ref::<Cancel>(cancel).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use crate::os::epoll::Epoll;

    fn rings(epoll: &Epoll) -> bool {
        let mut ready = Vec::new();
        epoll.wait(Deadline::after(std::time::Duration::ZERO), &mut ready).expect("a wait");
        !ready.is_empty()
    }

    #[test]
    fn a_token_rings_while_a_call_carries_it() {
        let (epoll, bell) = (Epoll::new().expect("a set"), Arc::new(Bell::new().expect("a bell")));
        epoll.add_once(bell.fd(), 1).expect("room");
        let (mut tokens, cancel, other) =
            (Tokens::default(), Arc::new(Cancel::new()), Arc::new(Cancel::new()));
        for _ in 0..3 {
            tokens.add(&cancel, &bell);
        }
        tokens.add(&other, &bell);
        tokens.remove(&cancel);
        tokens.remove(&other);
        other.fire();
        assert!(!rings(&epoll) && !tokens.is_any_fired());
        cancel.fire();
        assert!(rings(&epoll) && tokens.is_any_fired());
        tokens.remove(&cancel);
        tokens.remove(&cancel);
        assert!(!tokens.is_any_fired());
        // One that was fired before rings at once.
        tokens.add(&cancel, &bell);
        assert!(rings(&epoll));
    }
}
