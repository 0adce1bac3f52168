//! Servers on 127.0.0.1 that speak a real protocol, for tests and benches.

mod proxy;
mod s3;

pub use proxy::{Break, Proxy};
pub use s3::S3Server;
