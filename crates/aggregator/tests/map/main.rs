//! The map on disk, its merge laws, and reverse DNS against a real server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dns;
mod maps;
mod merge;
mod nsd;
mod parquet;
