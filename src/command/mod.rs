//! A command: its arguments, encoded as they will be sent.

#[allow(clippy::module_inception)]
pub mod command;
mod effect;

pub use command::{Arguments, Command};
pub use effect::Effect;
