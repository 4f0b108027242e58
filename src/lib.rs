//! A Redis and Valkey Cluster client: a safe core below, a C API on top.

mod channel;
pub mod client;
pub mod command;
pub mod connection;
pub mod credentials;
pub mod deadline;
pub mod error;
pub mod ffi;
pub mod log;
pub mod node;
pub mod options;
pub mod os;
pub mod pool;
pub mod resp;
pub mod slot;
pub mod topology;
pub mod transport;
