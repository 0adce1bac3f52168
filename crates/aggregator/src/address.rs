//! An IP address as the integer it is, so that tables over one family stay small.

use std::fmt::Debug;
use std::hash::Hash;
use std::hint::select_unpredictable;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A `u32` for IPv4 or a `u128` for IPv6, in host byte order.
pub(crate) trait Address: Copy + Eq + Ord + Hash + Debug + Default + Send + Sync + 'static {
    /// Whether an address outside the private ranges is of the same network as an interface's own address: what calls from there
    /// may be another interface of ours, and from elsewhere is on the internet.
    fn is_beside(self, own: Self) -> bool;

    /// Whether it is either of two addresses. Which of them it is follows no pattern, so it is told without a branch.
    fn is_one_of(self, one: Self, other: Self) -> bool;

    /// The first or the other one, told without a branch.
    fn either(first: bool, one: Self, other: Self) -> Self;

    /// The address with all but its first `length` bits cleared.
    fn masked(self, length: u8) -> Self;

    /// The first sixteen bits.
    fn top(self) -> u16;

    /// RFC 1918, RFC 6598, `fc00::/7`.
    fn is_private(self) -> bool;

    /// The address as the standard library writes it.
    fn to_ip(self) -> IpAddr;
}

/// The first or the other number, told without a branch: compilers make one even where it is said to be unpredictable.
#[inline]
pub(crate) fn if_first(first: bool, one: u32, other: u32) -> u32 {
    other ^ ((one ^ other) & 0_u32.wrapping_sub(u32::from(first)))
}

impl Address for u32 {
    /// What is outside of the private ranges is behind a gateway.
    fn is_beside(self, _: Self) -> bool {
        false
    }

    #[inline]
    fn is_one_of(self, one: Self, other: Self) -> bool {
        // Compilers make branches of two comparisons.
        u64::from(self ^ one) * u64::from(self ^ other) == 0
    }

    #[inline]
    fn either(first: bool, one: Self, other: Self) -> Self {
        if_first(first, one, other)
    }

    fn masked(self, length: u8) -> Self {
        self & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
    }

    fn top(self) -> u16 {
        let [high, low, ..] = self.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    // Which of them it is follows no pattern: a branch would be guessed wrong.
    #[inline]
    fn is_private(self) -> bool {
        (self >> 24 == 10)
            | (self >> 20 == 0xac1)
            | (self >> 16 == 0xc0a8)
            | (self >> 22 == u32::from_be_bytes([100, 64, 0, 0]) >> 22)
    }

    fn to_ip(self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(self))
    }
}

/// No IPv6 block of a VPC has a shorter prefix.
const LARGEST_VPC: u32 = 44;

impl Address for u128 {
    fn is_beside(self, own: Self) -> bool {
        let differ = self ^ own;
        differ >> (128 - LARGEST_VPC) == 0 && mapped_v4(self).is_none()
    }

    #[inline]
    fn is_one_of(self, one: Self, other: Self) -> bool {
        self == one || self == other
    }

    #[inline]
    fn either(first: bool, one: Self, other: Self) -> Self {
        select_unpredictable(first, one, other)
    }

    fn masked(self, length: u8) -> Self {
        self & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
    }

    fn top(self) -> u16 {
        let [high, low, ..] = self.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    fn is_private(self) -> bool {
        self >> 121 == 0xfc >> 1 || mapped_v4(self).is_some_and(Address::is_private)
    }

    fn to_ip(self) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(self)).to_canonical()
    }
}

/// The IPv4 address inside `::ffff:0:0/96`: records that mix the families are kept as IPv6.
pub(crate) fn mapped_v4(address: u128) -> Option<u32> {
    (address >> 32 == 0xffff)
        .then(|| u32::try_from(address & u128::from(u32::MAX)).ok())
        .flatten()
}

/// Either family as IPv6.
pub(crate) fn widened(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(text: &str) -> bool {
        match text.parse().unwrap() {
            IpAddr::V4(v4) => v4.to_bits().is_private(),
            IpAddr::V6(v6) => v6.to_bits().is_private(),
        }
    }

    #[test]
    fn private_ranges_end_where_their_rfcs_say() {
        let ours = [
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "100.64.0.0",
            "100.127.255.255",
            "fc00::",
            "fdff:ffff::1",
            "::ffff:10.0.0.1",
        ];
        let theirs = [
            "9.255.255.255",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "fbff::1",
            "fe80::1",
            "2001:db8::1",
            "::ffff:203.0.113.1",
        ];
        assert!(ours.into_iter().all(private));
        assert!(!theirs.into_iter().any(private));
    }

    #[test]
    fn what_is_beside_an_address_lies_in_the_largest_block_that_a_vpc_can_have() {
        let beside = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| widened(text.parse().unwrap()));
            one.is_beside(other)
        };
        assert!(beside("2001:db8:a0::1", "2001:db8:af:ffff::2"));
        assert!(!beside("2001:db8:b0::1", "2001:db8:af:ffff::2"));
        assert!(!beside("203.0.113.1", "203.0.113.2"));
        assert!(!1_u32.is_beside(1));
    }

    #[test]
    fn masking_keeps_the_prefix_alone() {
        assert_eq!(0x0a01_0203_u32.masked(8), 0x0a00_0000);
        assert_eq!(0x0a01_0203_u32.masked(0), 0);
        assert_eq!(0x0a01_0203_u32.masked(32), 0x0a01_0203);
        assert_eq!(u128::MAX.masked(1), 1 << 127);
        assert_eq!(u128::MAX.masked(0), 0);
    }
}
