//! How surprising the letters of a text are, each given the one before it, to somebody who knows a list of words.
//!
//! Pairs of letters are counted in the words of `words.txt`, English and of hosting, each word with its beginning; every
//! pair counts once more than it was met (Laplace). In whole numbers, so that every machine has the same answer.

use std::sync::LazyLock;

static WORDS: &str = include_str!("words.txt");

/// Letters, digits, and the beginning of a word.
const KINDS: usize = 37;
const BEGINNING: usize = 36;

static PAIRS: LazyLock<[[u32; KINDS]; KINDS]> = LazyLock::new(|| {
    let mut pairs = [[1; KINDS]; KINDS];
    for word in WORDS.split_ascii_whitespace() {
        each_pair(word, |before, letter| pairs[before][letter] += 1);
    }
    pairs
});

/// The mean of all letters and digits, in tenths of a bit; hyphens and underscores begin words.
pub(super) fn surprise(label: &str) -> u32 {
    let (mut sum, mut letters) = (0, 0);
    for word in label.split(['-', '_']) {
        each_pair(word, |before, letter| {
            let row = &PAIRS[before];
            sum += log2(row.iter().sum()) - log2(row[letter]);
            letters += 1;
        });
    }
    sum * 10 / UNIT / letters.max(1)
}

fn each_pair(word: &str, mut tell: impl FnMut(usize, usize)) {
    let mut before = BEGINNING;
    for byte in word.bytes() {
        let kind = match byte {
            b'a'..=b'z' => byte - b'a',
            b'0'..=b'9' => byte - b'0' + 26,
            _ => continue,
        };
        let letter = usize::from(kind);
        tell(before, letter);
        before = letter;
    }
}

const UNIT: u32 = 256;

/// The binary logarithm of a number from 1, in 256ths.
fn log2(number: u32) -> u32 {
    let whole = number.ilog2();
    // Between 1 and 2, in 2^-16ths. Squaring doubles its logarithm: each time that makes 2, the next bit of it is set.
    let mut rest = (u64::from(number) << 16) >> whole;
    let mut bits = whole;
    for _ in 0..UNIT.ilog2() {
        rest = (rest * rest) >> 16;
        bits <<= 1;
        if rest >> 17 != 0 {
            rest >>= 1;
            bits |= 1;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithm_is_the_one_of_arithmetic() {
        for number in 1..5_000_u32 {
            let exact = f64::from(number).log2() * f64::from(UNIT);
            assert!(
                (f64::from(log2(number)) - exact).abs() < 2.5,
                "{number}: {} and {exact}",
                log2(number)
            );
        }
    }

    #[test]
    fn words_surprise_less_than_letters_at_random() {
        assert!(
            surprise("payments") < surprise("cloud-payments9")
                && surprise("cloud-payments9") < surprise("xq9zkvj2wf7h")
        );
        assert_eq!(surprise(""), 0);
    }
}
