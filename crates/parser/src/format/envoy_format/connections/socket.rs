//! A socket in eight bytes: where lines are held, its size is most of theirs.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket or none; the address of one of version 6 is in a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Socket {
    None,
    V4(u32, u16),
    V6(u32, u16),
}

impl Socket {
    #[inline]
    pub(super) fn new(socket: Option<SocketAddr>, wide: &mut Vec<Ipv6Addr>) -> Self {
        match socket {
            None => Socket::None,
            Some(SocketAddr::V4(socket)) => Socket::V4(socket.ip().to_bits(), socket.port()),
            Some(SocketAddr::V6(socket)) => {
                wide.push(*socket.ip());
                Socket::V6(u32::try_from(wide.len() - 1).unwrap_or(u32::MAX), socket.port())
            }
        }
    }

    #[inline]
    pub(super) fn get(self, wide: &[Ipv6Addr]) -> Option<SocketAddr> {
        match self {
            Socket::None => None,
            Socket::V4(address, port) => Some((Ipv4Addr::from_bits(address), port).into()),
            Socket::V6(at, port) => wide.get(at as usize).map(|address| (*address, port).into()),
        }
    }
}
