//! Servers on 127.0.0.1 that speak a real protocol, for tests and benches.

mod cloudwatch;
mod port;
mod proxy;
mod s3;
mod tls;

pub use cloudwatch::{Asked, CloudWatchServer, Paging};
pub use proxy::{Break, Proxy};
pub use s3::S3Server;
pub use tls::Tls;
