//! Servers on loopback.
