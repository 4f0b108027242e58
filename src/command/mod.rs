//! A command: its arguments, encoded as they will be sent; and what is known of it by its name.

pub mod block;
#[allow(clippy::module_inception)]
pub mod command;
mod effect;
mod entry;
pub mod flags;
pub mod keys;
pub mod learnt;
pub mod lookup;
pub mod option;
pub mod spec;
#[rustfmt::skip]
mod table;

pub use block::{Block, Blocking};
pub use command::{Arguments, Command};
pub use effect::Effect;
pub use flags::{Flags, KeyFlags};
pub use keys::{Groups, Keys, Unfound, find_keys, groups};
pub use learnt::{Knowledge, Learnt};
pub use lookup::{all, find, find_words};
pub use spec::{Begin, Find, KeySpec, Request, Response, Spec};
