//! Semantics, one sentence each.
