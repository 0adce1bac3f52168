//! One row of the common kind: its columns are read from a window that is long enough whatever they hold.

use std::net::{IpAddr, Ipv4Addr};

use pulp::x86::V3;

use super::super::ip;
use super::digits::{self, Eight};
use super::marks::MOST;
use super::{At, NONE, ipv4, ipv6, up_to_eight};
use crate::batch::{Bits, Columns, ROWS, Span};

/// The longest row, with room to spare for a load at any byte of it.
const LENGTH: usize = 1024;

/// How much is looked at behind the first byte of a column, or before its end.
const LOAD: usize = 64;

/// A window: a row, and what a load may take before and behind it.
const WINDOW: usize = LENGTH + LOAD;

/// The addresses of a row.
pub(super) struct Ends {
    pub(super) srcaddr: IpAddr,
    pub(super) dstaddr: IpAddr,
    pub(super) pkt_srcaddr: Option<IpAddr>,
    pub(super) pkt_dstaddr: Option<IpAddr>,
}

/// One line whose columns are marked.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    simd: V3,
    block: &'a [u8],
    /// Where the window begins in the block.
    base: usize,
    window: &'a [u8; WINDOW],
    /// How far before a mark its place in the window is.
    shift: u16,
    /// Where each column begins; it ends one before the next.
    starts: &'a [u16; MOST + 1],
}

impl<'a> Row<'a> {
    /// The row of `block[start..end]`; `None` where it is too long or a comment, or the block ends too soon before or behind
    /// it.
    #[inline(always)]
    pub(super) fn new(simd: V3, block: &'a [u8], start: usize, end: usize, starts: &'a [u16]) -> Option<Self> {
        let base = start.checked_sub(LOAD)?;
        let window = block.get(base..base + WINDOW)?.first_chunk()?;
        let starts = starts.first_chunk::<{ MOST + 1 }>()?;
        if end.wrapping_sub(base) > LENGTH - LOAD || window[LOAD] == b'#' {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is 64")]
        let shift = starts[0].wrapping_sub(LOAD as u16);
        Some(Row {
            simd,
            block,
            base,
            window,
            shift,
            starts,
        })
    }

    /// Reads the row into row `to` of the columns; `false` where it is of another kind.
    #[inline(always)]
    pub(super) fn read(self, at: &At, columns: &mut Columns, to: usize) -> bool {
        let to = to % ROWS;
        self.try_read(at, columns, to).is_some()
    }

    /// The same for a row of addresses of any family, which are given back and not put into the columns.
    // A row that is not common still costs no more than it must.
    #[inline(always)]
    pub(super) fn read_apart(self, at: &At, columns: &mut Columns, to: usize) -> Option<Ends> {
        let to = to % ROWS;
        let bits = self.outcome(at)?;
        let ends = Ends {
            srcaddr: self.address(at.srcaddr)?,
            dstaddr: self.address(at.dstaddr)?,
            pkt_srcaddr: self.set_address(at.pkt_srcaddr)?,
            pkt_dstaddr: self.set_address(at.pkt_dstaddr)?,
        };
        self.others(at, columns, to, bits)?;
        Some(ends)
    }

    #[inline(always)]
    fn try_read(self, at: &At, columns: &mut Columns, to: usize) -> Option<()> {
        let mut bits = self.outcome(at)?;
        let [srcaddr, dstaddr] = self.addresses([at.srcaddr, at.dstaddr])?;
        (columns.srcaddr[to], columns.dstaddr[to]) = (srcaddr, dstaddr);
        (columns.pkt_srcaddr[to], columns.pkt_dstaddr[to]) = (srcaddr, dstaddr);
        let sends = at.pkt_srcaddr != NONE && !self.is_unset(at.pkt_srcaddr);
        let gets = at.pkt_dstaddr != NONE && !self.is_unset(at.pkt_dstaddr);
        if sends || gets {
            let source = if sends { at.pkt_srcaddr } else { at.srcaddr };
            let destination = if gets { at.pkt_dstaddr } else { at.dstaddr };
            [columns.pkt_srcaddr[to], columns.pkt_dstaddr[to]] = self.addresses([source, destination])?;
            if sends {
                bits.set(Bits::PKT_SRC);
            }
            if gets {
                bits.set(Bits::PKT_DST);
            }
        }
        self.others(at, columns, to, bits)
    }

    /// The bits of a row whose status is `OK`.
    #[inline(always)]
    fn outcome(self, at: &At) -> Option<Bits> {
        let mut bits = Bits::default();
        if at.status != NONE && !self.is(at.status, b"OK") {
            return None;
        }
        if at.action != NONE && !self.is(at.action, b"ACCEPT") {
            if !self.is(at.action, b"REJECT") {
                return None;
            }
            bits.set(Bits::REJECT);
        }
        Some(bits)
    }

    /// Everything but the addresses and what is known of the row's outcome.
    #[inline(always)]
    fn others(self, at: &At, columns: &mut Columns, to: usize, mut bits: Bits) -> Option<()> {
        self.numbers(at, columns, to)?;
        columns.tcp_flags[to] = 0;
        if at.tcp_flags != NONE && !self.is_unset(at.tcp_flags) {
            columns.tcp_flags[to] = u8::try_from(self.short(at.tcp_flags)?).ok()?;
            bits.set(Bits::TCP_FLAGS);
        }
        if at.direction != NONE && !self.is_unset(at.direction) {
            bits.set(Bits::DIRECTION);
            if self.is(at.direction, b"egress") {
                bits.set(Bits::EGRESS);
            } else if !self.is(at.direction, b"ingress") {
                return None;
            }
        }
        columns.bits[to] = bits;
        self.words(at, columns, to)
    }

    /// Two addresses at once.
    #[inline(always)]
    fn addresses(self, columns: [usize; 2]) -> Option<[u32; 2]> {
        let texts = columns.map(|column| {
            let (start, end) = self.bounds(column);
            (self.load(start), end.wrapping_sub(start))
        });
        ipv4::two(self.simd, texts)
    }

    /// One address of any family.
    #[inline(always)]
    fn address(self, column: usize) -> Option<IpAddr> {
        let (start, end) = self.bounds(column);
        let length = end.wrapping_sub(start);
        ipv6::read(self.simd, &self.load(start), length)
            .or_else(|| ipv4::read(self.simd, self.window, start, end).map(|bits| Ipv4Addr::from_bits(bits).into()))
            .or_else(|| ip(self.window.get(start..end)?))
    }

    /// One that may be unset, or lack its column.
    #[inline(always)]
    fn set_address(self, column: usize) -> Option<Option<IpAddr>> {
        if column == NONE || self.is_unset(column) {
            return Some(None);
        }
        self.address(column).map(Some)
    }

    /// All numbers: eight at once where they are as short as they nearly always are.
    #[inline(always)]
    fn numbers(self, at: &At, columns: &mut Columns, to: usize) -> Option<()> {
        let or = |column, other| if column == NONE { other } else { column };
        let (packets, bytes, end) = (
            or(at.packets, at.protocol),
            or(at.bytes, at.protocol),
            or(at.end, at.start),
        );
        let mut eight = Eight::default();
        let mut heads = 0;
        let words = [
            self.digits(at.srcport, &mut eight),
            self.digits(at.dstport, &mut eight),
            self.digits(at.protocol, &mut eight),
            self.digits(packets, &mut eight),
            self.digits(bytes, &mut eight),
            self.last_eight(at.start, &mut eight, &mut heads),
            self.last_eight(end, &mut eight, &mut heads),
        ];
        let Some([srcport, dstport, protocol, packets, bytes, start, end]) =
            eight.read(self.simd, words).filter(|_| heads == 0)
        else {
            return self.one_by_one(at, columns, to);
        };
        let time = |low: u32| 1_700_000_000 + u64::from(low);
        columns.srcport[to] = u16::try_from(srcport).ok()?;
        columns.dstport[to] = u16::try_from(dstport).ok()?;
        columns.protocol[to] = u8::try_from(protocol).ok()?;
        columns.packets[to] = if at.packets == NONE { 0 } else { packets.into() };
        columns.bytes[to] = if at.bytes == NONE { 0 } else { bytes.into() };
        columns.start[to] = time(start);
        columns.end[to] = time(end);
        Some(())
    }

    /// The digits of a number.
    #[inline(always)]
    fn digits(self, column: usize, eight: &mut Eight) -> u64 {
        let (start, end) = self.bounds(column);
        eight.short(self.load(start), end.wrapping_sub(start))
    }

    /// The last eight digits of a time; `heads` stays 0 where the first two are those of today.
    #[inline(always)]
    fn last_eight(self, column: usize, eight: &mut Eight, heads: &mut u16) -> u64 {
        let (start, end) = self.bounds(column);
        *heads |= u16::from_le_bytes(self.load(start)) ^ digits::SEVENTEEN;
        eight.exactly(10, end.wrapping_sub(start));
        u64::from_le_bytes(self.load(start + 2))
    }

    /// The numbers of a row that has a longer one, one that is unset, or times of another age.
    #[cold]
    #[inline(never)]
    fn one_by_one(self, at: &At, columns: &mut Columns, to: usize) -> Option<()> {
        columns.srcport[to] = u16::try_from(self.short(at.srcport)?).ok()?;
        columns.dstport[to] = u16::try_from(self.short(at.dstport)?).ok()?;
        columns.protocol[to] = u8::try_from(self.short(at.protocol)?).ok()?;
        columns.packets[to] = self.count(at.packets)?;
        columns.bytes[to] = self.count(at.bytes)?;
        columns.start[to] = self.time(at.start)?;
        columns.end[to] = self.time(if at.end == NONE { at.start } else { at.end })?;
        Some(())
    }

    /// The text columns.
    #[inline(always)]
    fn words(self, at: &At, columns: &mut Columns, to: usize) -> Option<()> {
        self.word(at.eni, &mut columns.eni, to)?;
        self.word(at.account, &mut columns.account, to)?;
        self.word(at.instance, &mut columns.instance, to)?;
        self.word(at.src_aws, &mut columns.src_aws_service, to)?;
        self.word(at.dst_aws, &mut columns.dst_aws_service, to)?;
        self.word(at.interface_type, &mut columns.interface_type, to)?;
        self.word(at.ecs_cluster, &mut columns.ecs_cluster, to)?;
        self.word(at.ecs_service, &mut columns.ecs_service, to)
    }

    /// Where a column begins and ends in the window.
    #[inline(always)]
    fn bounds(self, column: usize) -> (usize, usize) {
        let column = column % MOST;
        let place = |mark: u16| usize::from(mark.wrapping_sub(self.shift)) % LENGTH;
        (
            place(self.starts[column]),
            place(self.starts[column + 1].wrapping_sub(1)),
        )
    }

    /// So many bytes from a place of the window on.
    #[inline(always)]
    fn load<const N: usize>(self, start: usize) -> [u8; N] {
        const { assert!(N <= LOAD, "the window ends so far behind the row") };
        let start = start % LENGTH;
        self.window[start..start + N].first_chunk().copied().unwrap_or([0; N])
    }

    /// Whether a column holds exactly these few bytes.
    #[inline(always)]
    fn is<const N: usize>(self, column: usize, word: &[u8; N]) -> bool {
        let (start, end) = self.bounds(column);
        end.wrapping_sub(start) == N && self.load::<N>(start) == *word
    }

    #[inline(always)]
    fn is_unset(self, column: usize) -> bool {
        self.is(column, b"-")
    }

    /// A number of one to eight digits.
    #[inline(always)]
    fn short(self, column: usize) -> Option<u64> {
        let (start, end) = self.bounds(column);
        up_to_eight(self.window, start, end)
    }

    /// A count; 0 where there is no such column or it is unset.
    fn count(self, column: usize) -> Option<u64> {
        if column == NONE {
            return Some(0);
        }
        let (start, end) = self.bounds(column);
        let number = self.short(column);
        number.or_else(|| digits::more(self.window.get(start..end).unwrap_or_default()))
    }

    /// A time in seconds, as it is in this century.
    fn time(self, column: usize) -> Option<u64> {
        let (start, end) = self.bounds(column);
        digits::ten(self.window, start, end)
    }

    /// Printable text, or nothing where it is unset or there is no such column. What the row before has as well is not
    /// looked at again.
    #[inline(always)]
    fn word(self, column: usize, words: &mut [Span; ROWS], to: usize) -> Option<()> {
        if column == NONE {
            // As it is in all rows of a plan.
            return Some(());
        }
        let (start, end) = self.bounds(column);
        let length = end.wrapping_sub(start);
        if to > 0
            && let (before, known) = words[to - 1]
            && known as usize == length
            && let Some(text) = self.block.get(before as usize..).and_then(|text| text.first_chunk())
            && digits::agree(self.simd, &self.load(start), text, length)
        {
            words[to] = words[to - 1];
            return Some(());
        }
        words[to] = (0, 0);
        if self.is_unset(column) {
            return Some(());
        }
        if !digits::is_printable(self.simd, self.window, start, end) {
            return None;
        }
        words[to] = (u32::try_from(self.base + start).ok()?, u32::try_from(length).ok()?);
        Some(())
    }
}
