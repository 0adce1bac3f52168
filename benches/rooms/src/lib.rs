//! Lines for the benches, made from a seed.

mod access;
mod draws;

pub use access::{DIALECTS, Dialect};
use draws::Draws;

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
            lines.push(if varies {
                b'0' + u8::try_from(draws.below(3)).unwrap_or_default()
            } else {
                *byte
            });
        }
        lines.push(b'\n');
    }
    lines
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
