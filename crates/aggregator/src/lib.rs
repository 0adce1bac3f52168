//! Records in, map out: who calls whom, by what name, and how sure that is.
//!
//! The crate reads in the order of the data: an [`inventory`] says which service owns an address, the [`aggregate`]
//! room counts edges between addresses and decides which end opened them ([`observed`]), naming gives the far ends
//! their names ([`name`]), and what comes out is the [`map`]: kept on disk, added up, and shown ([`show`]). Whether its
//! window was long enough is a question of its own ([`coverage`]).

mod address;
pub mod aggregate;
pub mod coverage;
pub mod identity;
pub mod inventory;
pub mod map;
mod merge;
pub mod name;
pub mod observed;
mod replace;
pub mod show;
pub mod suspicion;
mod table;

pub use aggregate::{Aggregator, Budget, Kept, Settings};
pub use inventory::{Inventory, InventoryError};
pub use merge::MergeError;
pub use observed::Observed;
pub use replace::replace;
pub use table::TableError;
