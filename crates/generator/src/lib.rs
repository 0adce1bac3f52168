//! Map in, definitions out: the reviewed ledger, what it proposes to allow, and the files each target applies.
//!
//! The crate reads in the order of the work: the [`ledger`] is what people approved, [`proposal`] decides what of it
//! the mesh can carry and says why where it cannot, a [`target`] writes that down in the syntax of its tool, and [`mod@replay`]
//! says what it would do to what was observed. What is different from the last map is a [`diff`]. All of it is pure: text
//! and values in, text out. Targets decide nothing.

pub mod current;
pub mod diff;
pub mod ledger;
pub mod proposal;
pub mod replay;
pub mod target;
pub mod why;

mod hcl;
mod object;
#[cfg(test)]
mod sample;
mod text;
mod yaml;

pub use current::{Current, CurrentError};
pub use ledger::{Acceptance, Ledger, LedgerError, Merged, Owners, Terms, merge, merge_on};
pub use proposal::{Finding, OnConflict, Proposal, Settings, Severity, outline, propose};
pub use replay::{Replay, replay, semantics_named};
pub use target::{REGISTRY, Rendered, RenderedFile, Target, target_named};
