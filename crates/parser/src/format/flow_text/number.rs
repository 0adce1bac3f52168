//! Decimal numbers, read by hand.

/// A number of one to twenty digits and nothing else; `None` also where it does not fit.
#[inline]
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    // Nineteen digits always fit.
    if digits.is_empty() || digits.len() > 19 {
        return long(digits);
    }
    let (mut number, rest) = match digits.split_first_chunk::<8>() {
        Some((eight, rest)) => (eight_digits(*eight)?, rest),
        None => (0, digits),
    };
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

/// Eight digits at once: pairs of digits, then pairs of those, then the two halves.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const EVERY: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_le_bytes(digits);
    // In each byte the upper half is 3, and stays so with 6 added: neither sum carries over into the next byte.
    let upper = 0xf0 * EVERY;
    let threes = 0x30 * EVERY;
    if text & upper != threes || text.wrapping_add(6 * EVERY) & upper != threes {
        return None;
    }
    let ones = text & (0x0f * EVERY);
    let twos = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cold]
fn long(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::decimal;

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(text in "[0-9]{0,22}|[-+ 0-9a-f]{1,4}|[0-9]{0,9}[ -~][0-9]{0,9}") {
            let expected = text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
            prop_assert_eq!(decimal(text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_largest_number_fits_and_the_next_does_not() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
    }
}
