//! How a destination is written with its port, so that no two are mixed up.

use std::net::Ipv6Addr;

use super::escape::for_terminal;
use crate::map::Protocol;

/// `host:443`, `[2001:db8::1]:443`, with the transport where it is not TCP: `host:53/udp`, `host/icmp`. Safe to print.
#[must_use]
pub fn far_end(destination: &str, port: u16, protocol: Protocol) -> String {
    let host = for_terminal(destination);
    let host = if destination.parse::<Ipv6Addr>().is_ok() {
        format!("[{host}]")
    } else {
        host
    };
    match (protocol, port) {
        (Protocol::Tcp, port) => format!("{host}:{port}"),
        (protocol, 0) => format!("{host}/{protocol}"),
        (protocol, port) => format!("{host}:{port}/{protocol}"),
    }
}
