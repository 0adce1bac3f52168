//! What the sources that ask AWS have in common.

pub(super) mod bridge;
pub(super) mod http;
pub(super) mod settings;
