//! Numbers and addresses as text, without the machinery of `fmt`: a bulk run writes millions of them.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use crate::prng::Prng;

/// Text that grows until it is written.
#[derive(Debug)]
pub(super) struct LineBuffer(Vec<u8>);

impl LineBuffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        LineBuffer(Vec::with_capacity(capacity))
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// Writes the lines in an order of chance and forgets them.
    pub(super) fn shuffled_to(&mut self, to: &mut impl Write, rng: &mut Prng) -> io::Result<()> {
        let mut lines: Vec<&[u8]> = self.0.split_inclusive(|byte| *byte == b'\n').collect();
        for index in (1..lines.len()).rev() {
            lines.swap(index, rng.index(index + 1));
        }
        to.write_all(&lines.concat())?;
        self.0.clear();
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A decimal number and a space.
    pub(super) fn number(&mut self, number: u64) {
        self.digits(number);
        self.0.push(b' ');
    }

    /// An address and a space.
    pub(super) fn address(&mut self, address: Ipv4Addr) {
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                self.0.push(b'.');
            }
            self.digits(u64::from(octet));
        }
        self.0.push(b' ');
    }

    /// Eight hexadecimal digits.
    pub(super) fn hex(&mut self, number: u32) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for byte in number.to_be_bytes() {
            self.0.push(DIGITS[usize::from(byte >> 4)]);
            self.0.push(DIGITS[usize::from(byte & 15)]);
        }
    }

    fn digits(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[first..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_what_fmt_would() {
        let mut buffer = LineBuffer::with_capacity(0);
        for number in [0, 9, 10, 1_785_542_400, u64::MAX] {
            buffer.number(number);
        }
        buffer.address(Ipv4Addr::new(198, 18, 0, 255));
        buffer.hex(0x0a32_000f);
        assert_eq!(
            String::from_utf8_lossy(&buffer.0),
            format!("0 9 10 1785542400 {} 198.18.0.255 0a32000f", u64::MAX)
        );
    }

    #[test]
    fn every_line_is_written_once_and_the_seed_decides_where() {
        let lines: Vec<String> = (0..100).map(|number| format!("{number}\n")).collect();
        let shuffled = |seed| {
            let mut buffer = LineBuffer::with_capacity(0);
            buffer.text(&lines.concat());
            let mut written = Vec::new();
            buffer.shuffled_to(&mut written, &mut Prng::new(seed)).unwrap();
            assert_eq!(buffer.len(), 0);
            String::from_utf8(written).unwrap()
        };
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), lines.concat());
        let mut found: Vec<String> = shuffled(1).split_inclusive('\n').map(str::to_owned).collect();
        found.sort_by_key(|line| line.trim().parse::<u32>().unwrap());
        assert_eq!(found, lines);
    }
}
