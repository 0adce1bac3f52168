//! The parser as its users see it: objects in, records and counters out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod collected;
mod corpora;
mod decoding;
mod dns_lines;
mod dns_oracle;
mod envoy_conformance;
mod envoy_json_oracle;
mod envoy_oracle;
mod flow_oracle;
mod flow_parquet;
mod flow_shown;
mod inspecting;
mod parquet_encodings;
mod parquet_reads;
mod parquet_writer;
mod scanning;
mod sources;
mod unwrap_oracle;
mod unwrapping;
