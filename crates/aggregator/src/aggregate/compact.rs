//! A flow's counters in forty bytes, for as long as they fit; whole flows take over what does not.

use super::flows::{ClientPorts, Flow, Packets, Signs};
use super::row::Side;
use super::seen::{DAY, HOUR, Seen};
use super::words::Words;

/// The counters of one slot: see the constants for what each word holds. All zero is nothing counted.
pub(super) type Counts = [u32; 10];

/// The least start and the greatest end, in Unix seconds.
const FIRST: usize = 0;
const LAST: usize = 1;
/// From the initiator; the word behind it from the responder.
const BYTES_OUT: usize = 2;
const BYTES_IN: usize = 3;
/// As the bytes.
const PACKETS_OUT: usize = 4;
const PACKETS_IN: usize = 5;
/// Records from the initiator in the lower half, from the responder in the upper one.
const RECORDS: usize = 6;
/// The least client port in the lower half, the greatest in the upper one.
const PORTS: usize = 7;
/// A bit for each UTC hour of the day of the first start, and the signs in the upper eight; no hours while empty.
const HOURS: usize = 8;
/// The number, from 1, of the whole flow that has what did not fit.
const ASIDE: usize = 9;

const HALF: u32 = 0xffff;
const EVERY_HOUR: u32 = 0x00ff_ffff;

/// A record as words that fit.
struct Small {
    start: u32,
    end: u32,
    bytes: u32,
    packets: u32,
}

impl Small {
    #[inline]
    fn of(packets: &Packets) -> Option<Small> {
        if packets.rejected || packets.aws != 0 {
            return None;
        }
        Some(Small {
            start: u32::try_from(packets.start).ok()?,
            end: u32::try_from(packets.end).ok()?,
            bytes: u32::try_from(packets.bytes).ok()?,
            packets: u32::try_from(packets.packets).ok()?,
        })
    }
}

/// Counts one record.
#[inline]
pub(super) fn count(counts: &mut Counts, packets: &Packets, aside: &mut Vec<Flow>, words: &Words) {
    let small = Small::of(packets);
    if !small.as_ref().is_some_and(|small| fit(counts, packets, small)) {
        count_aside(counts, packets, small.as_ref(), aside, words);
    }
}

#[cold]
fn count_aside(counts: &mut Counts, packets: &Packets, small: Option<&Small>, aside: &mut Vec<Flow>, words: &Words) {
    let fitted = small.is_some_and(|small| {
        spill(counts, aside, words);
        fit(counts, packets, small)
    });
    if !fitted {
        whole(counts, aside).count(packets, words);
    }
}

/// Counts a record if all of it fits; else nothing is changed.
#[inline]
fn fit(counts: &mut Counts, packets: &Packets, small: &Small) -> bool {
    let empty = counts[HOURS] & EVERY_HOUR == 0;
    let first = if empty { small.start } else { counts[FIRST] };
    let day = first / DAY_32;
    let Some(hour) = small
        .start
        .checked_sub(day * DAY_32)
        .map(|second| second / HOUR_32)
        .filter(|hour| *hour < 24)
    else {
        return false;
    };
    let side = usize::from(packets.opened == Side::Receiver);
    let (one, half) = ([1, HALF + 1][side], [HALF, !HALF][side]);
    let (Some(bytes), Some(number)) = (
        counts[BYTES_OUT + side].checked_add(small.bytes),
        counts[PACKETS_OUT + side].checked_add(small.packets),
    ) else {
        return false;
    };
    if counts[RECORDS] & half == half {
        return false;
    }
    let port = u32::from(packets.client_port);
    counts[PORTS] = if counts[RECORDS] == 0 {
        port | port << 16
    } else {
        (counts[PORTS] & HALF).min(port) | (counts[PORTS] >> 16).max(port) << 16
    };
    counts[BYTES_OUT + side] = bytes;
    counts[PACKETS_OUT + side] = number;
    counts[RECORDS] += one;
    counts[FIRST] = first.min(small.start);
    counts[LAST] = counts[LAST].max(small.end);
    counts[HOURS] |= 1 << hour | u32::from(packets.signs.bits()) << 24;
    true
}

/// Adds what was counted elsewhere of the same flow.
#[inline]
pub(super) fn add(counts: &mut Counts, other: &Counts, of_other: &[Flow], aside: &mut Vec<Flow>, words: &Words) {
    if !add_small(counts, other) {
        whole(counts, aside).add(&small(other), words);
    }
    if let Some(flow) = other[ASIDE].checked_sub(1).and_then(|at| of_other.get(at as usize)) {
        whole(counts, aside).add(flow, words);
    }
}

/// Adds the counters of the same day if all of them fit; else nothing is changed.
#[inline]
fn add_small(counts: &mut Counts, other: &Counts) -> bool {
    if other[RECORDS] == 0 {
        return true;
    }
    if counts[RECORDS] == 0 {
        let number = counts[ASIDE];
        *counts = *other;
        counts[ASIDE] = number;
        return true;
    }
    if counts[FIRST] / DAY_32 != other[FIRST] / DAY_32 {
        return false;
    }
    let mut sum = *counts;
    for at in BYTES_OUT..=PACKETS_IN {
        let Some(both) = counts[at].checked_add(other[at]) else {
            return false;
        };
        sum[at] = both;
    }
    let (low, high) = (
        (counts[RECORDS] & HALF) + (other[RECORDS] & HALF),
        (counts[RECORDS] >> 16) + (other[RECORDS] >> 16),
    );
    if low > HALF || high > HALF {
        return false;
    }
    sum[RECORDS] = low | high << 16;
    sum[FIRST] = counts[FIRST].min(other[FIRST]);
    sum[LAST] = counts[LAST].max(other[LAST]);
    let (least, greatest) = (
        (counts[PORTS] & HALF).min(other[PORTS] & HALF),
        (counts[PORTS] >> 16).max(other[PORTS] >> 16),
    );
    sum[PORTS] = least | greatest << 16;
    sum[HOURS] |= other[HOURS];
    *counts = sum;
    true
}

/// Moves the counters to the whole flow.
#[cold]
fn spill(counts: &mut Counts, aside: &mut Vec<Flow>, words: &Words) {
    let small = small(counts);
    whole(counts, aside).add(&small, words);
    let number = counts[ASIDE];
    *counts = [0; 10];
    counts[ASIDE] = number;
}

/// The whole flow of a slot, which has one from now on.
fn whole<'f>(counts: &mut Counts, aside: &'f mut Vec<Flow>) -> &'f mut Flow {
    if counts[ASIDE] == 0 {
        aside.push(Flow::default());
        counts[ASIDE] = u32::try_from(aside.len()).expect("four billion whole flows do not fit in memory");
    }
    &mut aside[counts[ASIDE] as usize - 1]
}

/// All that was counted of a flow.
pub(super) fn flow(counts: &Counts, aside: &[Flow]) -> Flow {
    let small = small(counts);
    match counts[ASIDE].checked_sub(1).and_then(|at| aside.get(at as usize)) {
        None => small,
        Some(whole) => whole.with(small),
    }
}

/// What the counters hold.
fn small(counts: &Counts) -> Flow {
    let (records, answers) = (u64::from(counts[RECORDS] & HALF), u64::from(counts[RECORDS] >> 16));
    if records + answers == 0 {
        return Flow::default();
    }
    let port = |word: u32| u16::try_from(word & HALF).unwrap_or_default();
    let mut seen = Seen::default();
    seen.take(
        (u64::from(counts[FIRST]), u64::from(counts[LAST])),
        counts[FIRST] / DAY_32,
        counts[HOURS] & EVERY_HOUR,
    );
    Flow {
        records,
        bytes_out: u64::from(counts[BYTES_OUT]),
        bytes_in: u64::from(counts[BYTES_IN]),
        packets_out: u64::from(counts[PACKETS_OUT]),
        packets_in: u64::from(counts[PACKETS_IN]),
        refused: 0,
        lines: records + answers,
        seen,
        aws: 0,
        client_ports: ClientPorts::between(port(counts[PORTS]), port(counts[PORTS] >> 16)),
        signs: Signs::from_bits(counts[HOURS].to_be_bytes()[0]),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a day has 86,400 seconds")]
const DAY_32: u32 = DAY as u32;
#[expect(clippy::cast_possible_truncation, reason = "an hour has 3,600 seconds")]
const HOUR_32: u32 = HOUR as u32;

#[cfg(test)]
mod tests;
