//! Map in, definitions out: the reviewed ledger, what it proposes to allow, and the files each target applies.
//!
//! The [`ledger`] is what people approved. All of the crate is pure: text and values in, text out.

pub mod ledger;

mod near;
#[cfg(test)]
mod sample;
mod text;
mod yaml;

pub use ledger::{Acceptance, Ledger, LedgerError, Merged, merge};
