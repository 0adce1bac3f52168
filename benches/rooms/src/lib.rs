//! Lines for the benches: the example of a format, varied from a seed.

/// At least so many bytes of lines, each the example with the last digit of every number drawn anew.
///
/// Only `0`, `1` and `2` are drawn, so that octets, ports, days and hours of a suitable example stay what they are.
/// Numbers of one digit stay as they are.
#[must_use]
pub fn varied(example: &str, bytes: usize, seed: u64) -> Vec<u8> {
    let example = example.as_bytes();
    let mut draws = Draws(seed);
    let mut lines = Vec::with_capacity(bytes + example.len() + 1);
    while lines.len() < bytes {
        for (at, byte) in example.iter().enumerate() {
            let is_digit = |at: Option<usize>| at.and_then(|at| example.get(at)).is_some_and(u8::is_ascii_digit);
            let varies = byte.is_ascii_digit() && is_digit(at.checked_sub(1)) && !is_digit(at.checked_add(1));
            lines.push(if varies { draws.digit() } else { *byte });
        }
        lines.push(b'\n');
    }
    lines
}

/// SplitMix64: small, seeded, the same everywhere.
struct Draws(u64);

impl Draws {
    fn digit(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        match (bits ^ (bits >> 31)) % 3 {
            0 => b'0',
            1 => b'1',
            _ => b'2',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::varied;

    #[test]
    fn only_the_last_digit_of_a_number_varies_and_the_seed_decides_how() {
        let lines = varied("a 7 2026 x19", 1000, 1);
        assert_eq!(lines, varied("a 7 2026 x19", 1000, 1));
        assert_ne!(lines, varied("a 7 2026 x19", 1000, 2));
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            assert!(matches!(
                line,
                [
                    b'a',
                    b' ',
                    b'7',
                    b' ',
                    b'2',
                    b'0',
                    b'2',
                    b'0'..=b'2',
                    b' ',
                    b'x',
                    b'1',
                    b'0'..=b'2'
                ]
            ));
        }
    }
}
