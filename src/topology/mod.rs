//! Which node serves which slot: asking for it, reading the answers, keeping the newest view.
//!
//! [`SlotMap`] is one view, immutable. [`Query`] asks for one and reads the answer: the three
//! commands end in one shape, and every address passes one function ([`dialled`]).
//! [`Discovery`] decides which node to ask next, without I/O; [`discover`] is its blocking driver.
//! [`patch`] corrects a map by one redirect. [`Refresh`] lets one thread at a time discover while the others wait, or
//! go on without. A view that is older than the present one by its config epochs (`epochs`) is left out for a while.

pub mod address;
pub mod discovery;
pub mod driver;
mod epochs;
mod fields;
mod identity;
mod nodes;
pub mod patch;
pub mod query;
pub mod refresh;
mod refusals;
mod shards;
pub mod slot_map;
mod slots;
mod view;

pub use address::dialled;
pub use discovery::{Discovery, Found, Step};
pub use driver::{Survey, discover};
pub use query::Query;
pub(crate) use refresh::{Boarded, Lead, Pass, out_of_time};
pub use refresh::{Kind, Outcome, Refresh};
pub use slot_map::{Health, KnownNode, SlotMap};
