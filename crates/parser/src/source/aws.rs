//! What the sources that ask AWS have in common.

pub(super) mod bridge;
pub(super) mod cause;
pub(super) mod http;
pub(super) mod session;
pub(super) mod settings;
pub(super) mod text;
pub(super) mod threads;

use std::time::Duration;

/// The longest wait between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How long to wait before the attempt after so many: each time twice as long.
pub(super) fn pause(first: Duration, attempts: u32) -> Duration {
    first.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE)
}
