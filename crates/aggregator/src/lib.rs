//! Records in, map out: who calls whom, by what name, and how sure that is.
//!
//! The crate reads in the order of the data: an [`inventory`] says which service owns an address, the [`aggregate`]
//! room counts edges between addresses and decides which end opened them ([`observed`]), naming gives the far ends
//! their names, and what comes out is the [`map`].

mod address;
pub mod aggregate;
pub mod identity;
pub mod inventory;
pub mod map;
pub mod observed;

pub use aggregate::{Aggregator, Settings};
pub use inventory::{Inventory, InventoryError};
