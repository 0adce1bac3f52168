//! The parser as its users see it: objects in, records and counters out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod collected;
mod corpora;
mod decoding;
mod envoy_oracle;
mod flow_oracle;
mod flow_parquet;
mod flow_shown;
mod parquet_writer;
mod scanning;
mod sources;
