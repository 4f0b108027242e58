//! Transactions with scripted nodes.

use std::time::Duration;

use rediscluster_test_support::fake_node::FakeNodes;

use super::*;
use crate::options::Options;

/// A command's own timeout holds, with a token of its own and without.
#[test]
fn a_command_has_its_own_time() {
    let nodes = FakeNodes::run(
        "node 1\n on WATCH * => ok\n on GET * => silent\n handshake\n topology 0-16383=1\n",
    )
    .unwrap();
    let mut options = Options::default();
    options.set("startup_nodes", &nodes.address(1)).unwrap();
    options.set("command_timeout", "3000").unwrap();
    let client = Arc::new(Client::new(options).unwrap());
    for cancel in [None, Some(Arc::new(Cancel::new()))] {
        let mut transaction = Transaction::new(client.clone());
        transaction.watch(b"key", Timeout::Default).unwrap();
        let timeout = Some(Timeout::Within(Duration::from_millis(50)));
        let settings = Settings { timeout, cancel, ..Settings::default() };
        let began = Instant::now();
        let error = transaction.execute(&Command::of(&[b"GET", b"key"]), &settings).unwrap_err();
        let took = began.elapsed();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        assert!((50..1000).contains(&took.as_millis()), "{took:?}");
    }
}
