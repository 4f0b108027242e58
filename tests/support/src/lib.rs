//! What the tests of librediscluster stand on: nodes that follow a script ([`fake_node`]) and
//! throwaway clusters of real servers ([`cluster`]); and throwaway certificates for both
//! ([`certificates`]).
//!
//! The first two are also programs, `fake-node` and `cluster`, driven by words on their standard input, so
//! that tests in C, Go and Ruby use them too. Nothing here knows the library under test.

pub mod certificates;
pub mod cluster;
pub mod fake_node;
pub mod resp;

mod os;
pub mod program;
pub mod waits;
