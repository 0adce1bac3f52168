//! What a value says, read together with what stands around it in its block, so that no step depends on its length.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use pulp::NullaryFnOnce;
use pulp::x86::V3;

use crate::format::envoy_value;
use crate::format::flow_text::{ipv4, up_to_eight};

/// The bytes that lines stand in.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Block<'a> {
    bytes: &'a [u8],
    /// The same, if all of it is UTF-8.
    text: Option<&'a str>,
    /// `None` on a processor that lacks the instructions.
    simd: Option<V3>,
}

impl<'a> Block<'a> {
    pub(in crate::format) fn new(bytes: &'a [u8]) -> Self {
        Block {
            bytes,
            text: std::str::from_utf8(bytes).ok(),
            simd: V3::try_new(),
        }
    }

    #[inline]
    pub(in crate::format) fn is_utf8(&self) -> bool {
        self.text.is_some()
    }

    /// `None` on a processor that lacks the instructions.
    #[inline(always)]
    pub(in crate::format) fn simd(&self) -> Option<V3> {
        self.simd
    }

    /// The block from where a part of it begins.
    #[inline(always)]
    pub(in crate::format) fn from(&self, part: &[u8]) -> Option<&'a [u8]> {
        self.bytes.get(self.start(part)?..)
    }

    /// A part of the block as text, if the block is.
    #[inline(always)]
    pub(in crate::format) fn text(&self, value: &[u8]) -> Option<&'a str> {
        let from = self.start(value)?;
        self.text?.get(from..from + value.len())
    }

    /// A count; unset is 0.
    #[inline(always)]
    pub(in crate::format) fn count(&self, value: &[u8]) -> Option<u64> {
        self.start(value)
            .and_then(|start| up_to_eight(self.bytes, start, start + value.len()))
            .or_else(|| unusual_count(value))
    }

    /// See [`envoy_value::socket`].
    #[inline(always)]
    pub(in crate::format) fn socket(&self, value: &[u8]) -> Option<SocketAddr> {
        match self.socket_v4(value) {
            Some(socket) => Some(SocketAddr::V4(socket)),
            None => envoy_value::socket(value),
        }
    }

    /// See [`envoy_value::peer`].
    #[inline(always)]
    pub(in crate::format) fn peer(&self, value: &[u8]) -> Option<SocketAddr> {
        match self.socket_v4(value) {
            Some(socket) => Some(SocketAddr::V4(socket)),
            None => envoy_value::peer(value),
        }
    }

    /// `192.0.2.1:443`; `None` for anything else, and for some of those at either end of the block.
    #[inline]
    fn socket_v4(&self, value: &[u8]) -> Option<SocketAddrV4> {
        let simd = self.simd?;
        let eight = u64::from_le_bytes(*value.last_chunk::<8>()?);
        let colon = value.len() - 8 + super::seek::last_of_eight(b':', eight)?;
        let start = self.start(value)?;
        let port = up_to_eight(self.bytes, start + colon + 1, start + value.len())?;
        let host = simd.vectorize(Host {
            simd,
            bytes: self.bytes,
            start,
            end: start + colon,
        })?;
        Some(SocketAddrV4::new(Ipv4Addr::from_bits(host), u16::try_from(port).ok()?))
    }

    /// Where a part of the block begins in it.
    #[inline(always)]
    fn start(&self, value: &[u8]) -> Option<usize> {
        let start = value.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        (start + value.len() <= self.bytes.len()).then_some(start)
    }
}

#[cold]
fn unusual_count(value: &[u8]) -> Option<u64> {
    envoy_value::count(value)
}

/// An address that is read with the processor's vector instructions.
struct Host<'a> {
    simd: V3,
    bytes: &'a [u8],
    start: usize,
    end: usize,
}

impl NullaryFnOnce for Host<'_> {
    type Output = Option<u32>;

    #[inline(always)]
    fn call(self) -> Option<u32> {
        ipv4(self.simd, self.bytes, self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::Block;
    use crate::format::envoy_value;

    proptest! {
        #[test]
        fn a_value_says_in_its_block_what_it_says_alone(
            before in "[0-9.:é-]{0,20}",
            value in "[0-9]{0,10}|-|([0-9]{1,3}\\.){3}[0-9]{1,3}(:[0-9]{0,6})?|[0-9.:]{0,24}|[ -~é]{0,12}",
            after in "[0-9.:é-]{0,20}",
        ) {
            let whole = format!("{before}{value}{after}");
            let block = Block::new(whole.as_bytes());
            let part = &whole.as_bytes()[before.len()..before.len() + value.len()];
            prop_assert_eq!(block.text(part), Some(value.as_str()));
            prop_assert_eq!(block.count(part), envoy_value::count(value.as_bytes()));
            prop_assert_eq!(block.socket(part), envoy_value::socket(value.as_bytes()));
            prop_assert_eq!(block.peer(part), envoy_value::peer(value.as_bytes()));
            let elsewhere = value.clone();
            prop_assert_eq!(block.count(elsewhere.as_bytes()), envoy_value::count(value.as_bytes()));
            prop_assert_eq!(block.socket(elsewhere.as_bytes()), envoy_value::socket(value.as_bytes()));
        }
    }
}
