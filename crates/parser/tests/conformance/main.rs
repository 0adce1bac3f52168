//! One suite that every source runs.
