//! IP addresses, read by hand: what the standard library reads, several times as fast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address without brackets, port or zone.
#[inline]
pub(crate) fn ip(text: &[u8]) -> Option<IpAddr> {
    match v4(text) {
        Some(address) => Some(IpAddr::V4(address)),
        None => v6(text).map(IpAddr::V6),
    }
}

/// Four numbers up to 255, without leading zeros.
#[inline]
fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() > 15 {
        return None;
    }
    let mut address = 0_u32;
    let mut dots = 0;
    let mut octet = 0_u32;
    let mut digits = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            if digits == 3 || (digits > 0 && octet == 0) {
                return None;
            }
            octet = octet * 10 + u32::from(digit);
            digits += 1;
        } else {
            if *byte != b'.' || digits == 0 || octet > 255 {
                return None;
            }
            address = (address << 8) | octet;
            dots += 1;
            (octet, digits) = (0, 0);
        }
    }
    (dots == 3 && digits > 0 && octet <= 255).then(|| Ipv4Addr::from_bits((address << 8) | octet))
}

/// Eight groups of up to four hexadecimal digits, `::` for one or more groups of zeros.
fn v6(text: &[u8]) -> Option<Ipv6Addr> {
    if text.len() < 2 || text.len() > 39 {
        return embedded_v4(text);
    }
    let mut groups = [0_u16; 8];
    let mut count = 0;
    // How many groups stand before the `::`.
    let mut gap = None;
    let mut rest = text;
    if let Some(tail) = rest.strip_prefix(b"::") {
        gap = Some(0);
        rest = tail;
    }
    while !rest.is_empty() {
        let digits = rest.iter().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (group, tail) = rest.split_at(digits);
        *groups.get_mut(count)? = hexadecimal(group)?;
        count += 1;
        rest = match tail {
            [] => tail,
            [b':', b':', tail @ ..] if gap.is_none() => {
                gap = Some(count);
                tail
            }
            [b':', tail @ ..] if !tail.is_empty() => tail,
            [b'.', ..] => return embedded_v4(text),
            _ => return None,
        };
    }
    match gap {
        None => (count == 8).then(|| Ipv6Addr::from(groups)),
        Some(gap) if count < 8 => {
            let (_, behind) = groups.split_at_mut(gap);
            behind.rotate_right(8 - count);
            Some(Ipv6Addr::from(groups))
        }
        Some(_) => None,
    }
}

/// One to four hexadecimal digits.
fn hexadecimal(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0_u16, |group, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some((group << 4) | u16::try_from(digit).ok()?)
    })
}

/// The rare form `::ffff:192.0.2.1`: left to the standard library.
#[cold]
fn embedded_v4(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::{prop_assert_eq, proptest};

    use super::ip;

    fn expected(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    proptest! {
        #[test]
        fn ipv4_is_that_of_the_standard_library(text in "([0-9]{1,3}\\.){3}[0-9]{1,3}|([0-2]?[0-9]{0,2}\\.?){1,5}|[0-9]{4,15}|1\\.2\\.3\\.[0-9]{3,9}") {
            prop_assert_eq!(ip(text.as_bytes()), expected(&text));
        }

        #[test]
        fn ipv6_is_that_of_the_standard_library(
            text in "([0-9a-fA-F]{1,4}:){7}[0-9a-f]{1,4}|(:{0,2}[0-9a-fg]{0,5}){1,9}:{0,2}|([0-9a-f]{1,4}:){0,7}:([0-9a-f]{1,4}:){0,7}[0-9a-f]{0,4}"
        ) {
            prop_assert_eq!(ip(text.as_bytes()), expected(&text));
        }

        #[test]
        fn ipv4_within_ipv6_is_that_of_the_standard_library(
            text in "(:{0,2}[0-9a-f]{1,4}){0,7}:{0,2}([0-9]{1,3}\\.){1,4}[0-9]{1,3}:{0,2}"
        ) {
            prop_assert_eq!(ip(text.as_bytes()), expected(&text));
        }

        #[test]
        fn every_address_is_read_as_it_is_written(bits in proptest::prelude::any::<u128>(), zeros in 0_u32..128) {
            let v6 = IpAddr::V6((bits & (u128::MAX << zeros)).into());
            prop_assert_eq!(ip(v6.to_string().as_bytes()), Some(v6));
            let v4 = IpAddr::V4(u32::try_from(bits >> 96).unwrap_or_default().into());
            prop_assert_eq!(ip(v4.to_string().as_bytes()), Some(v4));
        }
    }

    #[test]
    fn zones_brackets_and_spaces_are_no_addresses() {
        for text in [
            "fe80::1%eth0",
            "[::1]",
            " 10.0.0.1",
            "10.0.0.1 ",
            "10.0.0.01",
            "-",
            "",
            ":",
            "1::2::3",
            "::1:",
        ] {
            assert_eq!(ip(text.as_bytes()), None, "{text}");
        }
    }
}
