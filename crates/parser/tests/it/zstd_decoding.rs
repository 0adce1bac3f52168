//! Zstandard frames cut short, damaged and packed twice: what came before the damage is used, and the damage is named.

use std::io::Write;

use egressmap_parser::Options;
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::raw::CParameter;

use crate::collected::{Collected, collect};

/// One frame, with its checksum.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One gzip member.
fn member(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Rows of a flow log, each with its number as its bytes.
fn rows(from: u64, to: u64) -> String {
    (from..to)
        .map(|row| {
            let port = 1024 + row % 50_000;
            format!("2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 {port} 443 6 1 {row} 1790000010 1790000070 ACCEPT OK\n")
        })
        .collect()
}

fn bytes_of(found: &Collected) -> Vec<u64> {
    let bytes = found.records.iter().map(|record| record["bytes"].as_u64().unwrap());
    bytes.collect()
}

#[test]
fn every_frame_is_read_and_skippable_ones_are_skipped() {
    let skippable = |number: u8| [&[0x50 + number, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let object: Vec<u8> = (0..16)
        .flat_map(|number: u8| {
            let from = u64::from(number) * 10;
            [skippable(number), frame(rows(from, from + 10).as_bytes())].concat()
        })
        .collect();
    let found = collect(&object, &Options::default());
    assert_eq!((found.error.as_deref(), bytes_of(&found)), (None, (0..160).collect()));
}

#[test]
fn an_object_cut_at_any_byte_yields_a_prefix_and_says_so() {
    let first = frame(rows(0, 20).as_bytes());
    let object = [first.clone(), frame(rows(20, 40).as_bytes())].concat();
    let all: Vec<u64> = (0..40).collect();
    for cut in 4..object.len() {
        let found = collect(&object[..cut], &Options::default());
        let used = bytes_of(&found);
        assert!(all.starts_with(&used), "{cut}: {used:?}");
        assert!(cut < first.len() || used.len() >= 20, "{cut}: {used:?}");
        let Some(behind) = cut.checked_sub(first.len()).filter(|behind| *behind < 4) else {
            let number = if cut < first.len() { 1 } else { 2 };
            let expected = format!("input: zstd frame {number} is truncated after {cut} bytes (line ");
            let error = found.error.unwrap();
            assert!(error.starts_with(&expected), "{cut}: {error}");
            continue;
        };
        let expected = format!(
            "zstd frame 1 ends at byte {}, and {behind} bytes that are not zstd follow",
            first.len()
        );
        match found.error {
            None => assert_eq!(behind, 0),
            Some(error) => assert!(behind > 0 && error.contains(&expected), "{cut}: {error}"),
        }
    }
}

#[test]
fn a_damaged_byte_anywhere_keeps_what_came_before_and_is_reported() {
    let object = frame(rows(0, 20_000).as_bytes());
    for at in (8..object.len()).step_by(object.len() / 31) {
        let mut damaged = object.clone();
        damaged[at] ^= 0x55;
        let found = collect(&damaged, &Options::default());
        let error = found
            .error
            .as_deref()
            .unwrap_or_else(|| panic!("byte {at} is damaged unnoticed"));
        assert!(error.contains("zstd frame 1 is "), "{error}");
        let good = found
            .records
            .iter()
            .zip(0_u64..)
            .take_while(|(record, row)| record["bytes"] == *row);
        // A block holds up to 128 KiB, and falls as a whole.
        let (good, before) = (good.count(), 20_000 * at / object.len());
        assert!(good + 4_000 > before, "byte {at}: {good} rows of about {before}");
    }
}

#[test]
fn a_wrong_checksum_is_reported_and_its_lines_are_used() {
    let mut object = frame(rows(0, 10).as_bytes());
    let at = object.len() - 1;
    object[at] ^= 1;
    let found = collect(&object, &Options::default());
    let error = found.error.unwrap();
    assert!(
        error.contains("zstd frame 1 is corrupt at byte ") && error.contains("checksum"),
        "{error}"
    );
    assert_eq!(found.records.len(), 10);
}

#[test]
fn codings_within_codings_are_taken_off_and_their_damage_is_named() {
    let text = rows(0, 30);
    let (head, tail) = text.split_at(1_000);
    let halves = [member(head.as_bytes()), frame(tail.as_bytes())].concat();
    for object in [
        halves.clone(),
        member(&halves),
        frame(&halves),
        frame(&member(&halves)),
        [member(&halves[..90]), member(&halves[90..])].concat(),
    ] {
        let found = collect(&object, &Options::default());
        assert_eq!((found.error.as_deref(), bytes_of(&found)), (None, (0..30).collect()));
    }
    let short = &halves[..halves.len() - 9];
    let error = |object: &[u8]| collect(object, &Options::default()).error.unwrap();
    assert!(error(&member(short)).contains("inner zstd frame 2 is truncated after "));
    // Padding around a member that ends too early is not what matters.
    assert!(error(&[member(short), vec![0; 9]].concat()).contains("inner zstd frame 2 is truncated after "));
    let cut = member(&halves);
    assert!(error(&cut[..cut.len() - 1]).contains("input: gzip member 1 is truncated after "));
    assert!(error(&[cut, vec![0; 9]].concat()).contains("input: gzip member 1 ends at byte "));
}

#[test]
fn a_bomb_within_a_bomb_is_read_in_constant_memory_and_the_fourth_coding_is_not_taken_off() {
    let zeros = frame(&vec![b'7'; 64 << 20]);
    let found = collect(&member(&frame(&zeros)), &Options::default());
    assert_eq!((found.error.as_deref(), found.set_aside("too-long")), (None, 1));
    let found = collect(&member(&frame(&member(&zeros))), &Options::default());
    assert_eq!(found.error, None);
    assert!(found.counters.bytes < 1 << 20 && found.counters.used() == 0);
}
