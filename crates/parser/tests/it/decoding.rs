//! Objects cut short, damaged, padded and packed twice, in every coding: what came before the damage is used, and the
//! damage is named.

use std::io::{self, Read, Write};

use egressmap_parser::Options;
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::raw::CParameter;

use crate::collected::{Collected, collect, collect_from};

/// How objects may be packed.
struct Coding {
    name: &'static str,
    /// What it calls the parts that an object is made of.
    part: &'static str,
    pack: fn(&[u8]) -> Vec<u8>,
    /// So many bytes tell what it is.
    magic: usize,
    /// So many bytes at the end of a part, the checksum among them, hold nothing of its text.
    trailer: usize,
    /// Where in there a wrong checksum is noticed, and what is said of it.
    mismatch: (usize, &'static str),
}

const CODINGS: [Coding; 2] = [
    Coding {
        name: "gzip",
        part: "gzip member",
        pack: member,
        magic: 2,
        trailer: 8,
        mismatch: (4, "incorrect data check"),
    },
    Coding {
        name: "zstd",
        part: "zstd frame",
        pack: frame,
        magic: 4,
        trailer: 4,
        mismatch: (0, "restored data doesn't match checksum"),
    },
];

/// One gzip member.
fn member(bytes: &[u8]) -> Vec<u8> {
    gzip(bytes, Compression::default())
}

fn gzip(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), compression);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One frame, with its checksum.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
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
    found
        .records
        .iter()
        .map(|record| record["bytes"].as_u64().unwrap())
        .collect()
}

#[test]
fn every_part_is_read() {
    for coding in &CODINGS {
        let object: Vec<u8> = (0..50)
            .flat_map(|number| (coding.pack)(rows(number * 10, number * 10 + 10).as_bytes()))
            .collect();
        let found = collect(&object, &Options::default());
        assert_eq!((found.error.as_deref(), bytes_of(&found)), (None, (0..500).collect()));
    }
}

#[test]
fn skippable_frames_are_skipped() {
    let skippable = |number: u8| [&[0x50 + number, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let object: Vec<u8> = (0..16)
        .flat_map(|number: u8| {
            let row = u64::from(number);
            [skippable(number), frame(rows(row, row + 1).as_bytes())].concat()
        })
        .collect();
    let found = collect(&object, &Options::default());
    assert_eq!((found.error.as_deref(), bytes_of(&found)), (None, (0..16).collect()));
}

#[test]
fn a_line_may_span_two_parts() {
    let text = rows(0, 3);
    for coding in &CODINGS {
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let object = [(coding.pack)(head), (coding.pack)(tail)].concat();
            let found = collect(&object, &Options::default());
            assert_eq!(
                (found.error.as_deref(), bytes_of(&found)),
                (None, vec![0, 1, 2]),
                "{} {cut}",
                coding.name
            );
        }
    }
}

#[test]
fn an_object_cut_at_any_byte_yields_a_prefix_and_says_so() {
    let all: Vec<u64> = (0..40).collect();
    for Coding {
        name,
        part,
        pack,
        magic,
        ..
    } in &CODINGS
    {
        let first = pack(rows(0, 20).as_bytes());
        let object = [first.clone(), pack(rows(20, 40).as_bytes())].concat();
        for cut in 0..object.len() {
            let found = collect(&object[..cut], &Options::default());
            let used = bytes_of(&found);
            assert!(all.starts_with(&used), "{name} {cut}: {used:?}");
            assert!(cut < first.len() || used.len() >= 20, "{name} {cut}: {used:?}");
            let (number, of_part) = match cut.checked_sub(first.len()) {
                None => (1, cut),
                Some(behind) => (2, behind),
            };
            let expected = match (number, of_part) {
                (_, 0) => {
                    assert_eq!(found.error, None, "{name} {cut}");
                    continue;
                }
                (1, few) if few < *magic => {
                    assert_eq!(found.set_aside("unrecognised"), 1, "{name} {cut}");
                    continue;
                }
                (_, few) if few < *magic => {
                    format!(
                        "input: {part} 1 ends at byte {}, and {few} bytes that are not {name} follow (line ",
                        first.len()
                    )
                }
                _ => format!("input: {part} {number} is truncated after {cut} bytes (line "),
            };
            let error = found.error.unwrap();
            assert!(error.starts_with(&expected), "{cut}: {error}");
        }
    }
}

#[test]
fn the_start_of_a_line_before_a_fault_is_never_a_record() {
    // Cut within the last number, the line would still read as a row of this format.
    let text = "srcaddr dstaddr srcport dstport protocol start\n10.0.1.5 203.0.113.10 1024 443 6 1790000010\n";
    let object = gzip(text.as_bytes(), Compression::none());
    // Behind the text stand eight bytes of checksum and length, and in front of those the line end.
    for cut in 10..=14 {
        let found = collect(&object[..object.len() - cut], &Options::default());
        assert_eq!((found.records.len(), found.set_aside("cut-off")), (0, 1), "{cut}");
    }
    let found = collect(&object[..object.len() - 8], &Options::default());
    assert_eq!((found.records.len(), found.set_aside("cut-off")), (1, 0));
}

#[test]
fn a_damaged_byte_anywhere_keeps_what_came_before_and_is_reported() {
    // Rows enough for several blocks of output, so that what came before is more than nothing.
    let text = rows(0, 12_000);
    for coding in &CODINGS {
        let object = (coding.pack)(text.as_bytes());
        for at in (12..object.len()).step_by(object.len() / 31) {
            let mut damaged = object.clone();
            damaged[at] ^= 0x55;
            let found = collect(&damaged, &Options::default());
            let error = found
                .error
                .as_deref()
                .unwrap_or_else(|| panic!("byte {at} is damaged unnoticed"));
            assert!(error.contains(&format!("{} 1 is ", coding.part)), "{error}");
            // Deflate can run on for a while before it stumbles, but what it read before the damage is the text itself.
            // A block of zstd holds up to 128 KiB, and falls as a whole.
            let good = found
                .records
                .iter()
                .zip(0_u64..)
                .take_while(|(record, row)| record["bytes"] == *row)
                .count();
            let before = 12_000 * at / object.len();
            assert!(good + 3_000 > before, "byte {at}: {good} rows of about {before}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_reported_and_its_lines_are_used() {
    for coding in &CODINGS {
        let mut object = (coding.pack)(rows(0, 10).as_bytes());
        let checksum = object.len() - coding.trailer;
        object[checksum + 2] ^= 1;
        let found = collect(&object, &Options::default());
        let (noticed, why) = coding.mismatch;
        let expected = format!(
            "input: {} 1 is corrupt at byte {} ({why}) (line 10)",
            coding.part,
            checksum + noticed
        );
        assert_eq!(found.error, Some(expected));
        assert_eq!(found.records.len(), 10);
    }
}

#[test]
fn what_follows_the_last_part_is_reported_and_the_last_line_is_whole() {
    let text = rows(0, 10);
    for Coding { name, part, pack, .. } in &CODINGS {
        let object = pack(text.trim_end().as_bytes());
        for (behind, what) in [
            (&[0; 512][..], "512 bytes of zero padding".to_owned()),
            (&b"\0\0x"[..], format!("3 bytes that are not {name}")),
            (&object[..1], format!("1 bytes that are not {name}")),
            (text.as_bytes(), format!("{} bytes that are not {name}", text.len())),
        ] {
            let found = collect(&[&object[..], behind].concat(), &Options::default());
            let expected = format!("input: {part} 1 ends at byte {}, and {what} follow", object.len());
            let error = found.error.unwrap();
            assert!(error.starts_with(&expected), "{error}");
            assert_eq!(found.records.len(), 10);
        }
    }
}

/// Hands out one byte at a time, with interruptions, and fails at its end where told to.
struct Drip {
    bytes: Vec<u8>,
    at: usize,
    interrupted: bool,
    fails: bool,
}

impl Read for Drip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match self.bytes.get(self.at) {
            Some(byte) => {
                into[0] = *byte;
                self.at += 1;
                Ok(1)
            }
            None if self.fails => Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")),
            None => Ok(0),
        }
    }
}

fn drip(bytes: &[u8], fails: bool) -> Drip {
    Drip {
        bytes: bytes.to_vec(),
        at: 0,
        interrupted: false,
        fails,
    }
}

#[test]
fn a_source_may_hand_out_single_bytes() {
    let text = rows(0, 5).into_bytes();
    let packed = CODINGS.iter().map(|coding| (coding.pack)(&text));
    for bytes in packed.chain([text.clone(), vec![0x1f], vec![]]) {
        let (slow, fast) = (
            collect_from(drip(&bytes, false), &Options::default()),
            collect(&bytes, &Options::default()),
        );
        assert_eq!(slow.to_json(), fast.to_json());
    }
}

#[test]
fn a_source_that_gives_up_is_named_and_what_it_gave_is_used() {
    let plain = rows(0, 5).into_bytes();
    for (bytes, length) in [(&plain[..], plain.len()), (&plain[..plain.len() - 1], plain.len() - 1)] {
        let found = collect_from(drip(bytes, true), &Options::default());
        let error = found.error.clone().unwrap();
        assert_eq!(
            error,
            format!("input: cannot be read further than {length} bytes: connection reset (line 5)")
        );
        assert_eq!(found.records.len() as u64 + found.set_aside("cut-off"), 5);
        assert_eq!(found.set_aside("cut-off"), u64::from(length < plain.len()));
    }
    for coding in &CODINGS {
        let packed = (coding.pack)(&plain);
        let found = collect_from(
            drip(&packed[..packed.len() - coding.trailer], true),
            &Options::default(),
        );
        assert!(found.error.unwrap().contains("connection reset"));
        assert_eq!(found.records.len(), 5);
    }
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
