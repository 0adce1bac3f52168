//! The scanner against `split`, with readers that hand out as little as they like.

use std::io::{self, Read};

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert_eq, proptest};

use super::{LONGEST, Piece, Scanner, split};

/// Hands out at most `step` bytes at once.
struct Trickle<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.step.min(into.len());
        self.bytes.read(&mut into[..length])
    }
}

/// A reader of one byte many times, without holding them.
fn repeated(byte: u8, times: usize) -> impl Read {
    io::repeat(byte).take(times as u64)
}

fn all_lines(from: impl Read) -> Vec<Option<Vec<u8>>> {
    let mut scanner = Scanner::new(from);
    let mut lines = Vec::new();
    while let Some(piece) = scanner.next().unwrap() {
        match piece {
            Piece::Lines(block) => lines.extend(split(block).map(|line| Some(line.to_vec()))),
            Piece::TooLong => lines.push(None),
        }
    }
    lines
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_map(|byte| match byte % 4 {
        0 => b'\n',
        1 => b'\r',
        _ => byte,
    });
    prop::collection::vec(byte, 0..400)
}

proptest! {
    #[test]
    fn blocks_hold_the_same_lines_as_the_whole(text in text(), step in 1_usize..50) {
        let mut expected: Vec<_> = text.split(|byte| *byte == b'\n').collect();
        if expected.last().is_some_and(|last| last.is_empty()) {
            expected.pop();
        }
        let expected: Vec<_> =
            expected.into_iter().map(|line| Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())).collect();
        prop_assert_eq!(all_lines(Trickle { bytes: &text, step }), expected);
    }
}

#[test]
fn the_last_line_counts_without_a_line_end() {
    assert_eq!(all_lines(&b"a\r\nb"[..]), [Some(b"a".to_vec()), Some(b"b".to_vec())]);
}

#[test]
fn the_longest_line_is_read_and_one_byte_more_is_not() {
    for end in [&b"\nx\n"[..], &b"\r\nx\n"[..]] {
        let lines = all_lines(repeated(b'a', LONGEST - 1).chain(end));
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].as_ref().map(Vec::len), Some(LONGEST - 1));
    }
    let lines = all_lines(repeated(b'a', LONGEST).chain(&b"\nx"[..]));
    assert_eq!(lines[0].as_ref().map(Vec::len), Some(LONGEST));
    assert_eq!(
        all_lines(repeated(b'a', LONGEST + 1).chain(&b"\nx"[..])),
        [None, Some(b"x".to_vec())]
    );
    assert_eq!(all_lines(repeated(b'a', LONGEST + 3)), [None]);
}

#[test]
fn a_line_that_is_too_long_is_not_held() {
    let mut scanner = Scanner::new(
        (&b"first\n"[..])
            .chain(repeated(b'a', 20 * LONGEST))
            .chain(&b"\nlast\n"[..]),
    );
    assert_eq!(scanner.next().unwrap(), Some(Piece::Lines(b"first\n")));
    assert_eq!(scanner.next().unwrap(), Some(Piece::TooLong));
    assert!(scanner.buffer.len() <= LONGEST + 1);
    assert_eq!(scanner.next().unwrap(), Some(Piece::Lines(b"last\n")));
    assert_eq!(scanner.next().unwrap(), None);
}
