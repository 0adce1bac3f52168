//! Objects cut short, damaged and padded at every byte: what came before the damage is used, and the damage is named.

use std::io::{self, Read, Write};

use egressmap_parser::Options;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::collected::{Collected, collect, collect_from};

/// One gzip member.
fn member(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
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
fn every_member_is_read() {
    let object: Vec<u8> = (0..50)
        .flat_map(|number| member(&rows(number * 10, number * 10 + 10)))
        .collect();
    let found = collect(&object, &Options::default());
    assert_eq!(found.error, None);
    assert_eq!(bytes_of(&found), (0..500).collect::<Vec<_>>());
}

#[test]
fn a_line_may_span_two_members() {
    let text = rows(0, 3);
    for cut in 0..=text.len() {
        let (head, tail) = text.split_at(cut);
        let object = [member(head), member(tail)].concat();
        let found = collect(&object, &Options::default());
        assert_eq!(
            (found.error.as_deref(), bytes_of(&found)),
            (None, vec![0, 1, 2]),
            "{cut}"
        );
    }
}

#[test]
fn an_object_cut_at_any_byte_yields_a_prefix_and_says_so() {
    let first = member(&rows(0, 20));
    let object = [first.clone(), member(&rows(20, 40))].concat();
    let all: Vec<u64> = (0..40).collect();
    for cut in 0..object.len() {
        let found = collect(&object[..cut], &Options::default());
        let used = bytes_of(&found);
        assert!(all.starts_with(&used), "{cut}: {used:?}");
        assert!(cut < first.len() || used.len() >= 20, "{cut}: {used:?}");
        match cut {
            0 => assert_eq!(found.error, None),
            // Not yet the magic of gzip.
            1 => assert_eq!(found.set_aside("unrecognised"), 1),
            _ if cut == first.len() => assert_eq!(found.error, None),
            _ if cut == first.len() + 1 => {
                let error = found.error.unwrap();
                assert!(error.contains("1 bytes that are not gzip follow"), "{error}");
            }
            _ => {
                let member = if cut < first.len() { 1 } else { 2 };
                let expected = format!("input: gzip member {member} is truncated after {cut} bytes (line ");
                let error = found.error.unwrap();
                assert!(error.starts_with(&expected), "{cut}: {error}");
            }
        }
    }
}

#[test]
fn the_start_of_a_line_before_a_fault_is_never_a_record() {
    // Cut within the last number, the line would still read as a row of this format.
    let text = "srcaddr dstaddr srcport dstport protocol start\n10.0.1.5 203.0.113.10 1024 443 6 1790000010\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(text.as_bytes()).unwrap();
    let object = encoder.finish().unwrap();
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
    let text = rows(0, 8_000);
    let object = member(&text);
    for at in (12..object.len()).step_by(object.len() / 31) {
        let mut damaged = object.clone();
        damaged[at] ^= 0x55;
        let found = collect(&damaged, &Options::default());
        let error = found
            .error
            .as_deref()
            .unwrap_or_else(|| panic!("byte {at} is damaged unnoticed"));
        assert!(error.contains("gzip member 1 is "), "{error}");
        // Deflate can run on for a while before it stumbles, but what it read before the damage is the text itself.
        let good = found
            .records
            .iter()
            .zip(0_u64..)
            .take_while(|(record, row)| record["bytes"] == *row)
            .count();
        let before = 8_000 * at / object.len();
        assert!(good + 3_000 > before, "byte {at}: {good} rows of about {before}");
    }
}

#[test]
fn a_wrong_checksum_is_reported_and_its_lines_are_used() {
    let mut object = member(&rows(0, 10));
    let at = object.len() - 6;
    object[at] ^= 1;
    let found = collect(&object, &Options::default());
    let checked = object.len() - 4;
    let expected = format!("input: gzip member 1 is corrupt at byte {checked} (incorrect data check) (line 10)");
    assert_eq!(found.error, Some(expected));
    assert_eq!(found.records.len(), 10);
}

#[test]
fn what_follows_the_last_member_is_reported_and_the_last_line_is_whole() {
    let text = rows(0, 10);
    let object = member(text.trim_end());
    for (behind, what) in [
        (&[0; 512][..], "and 512 bytes of zero padding follow"),
        (&b"\0\0x"[..], "and 3 bytes that are not gzip follow"),
        (&b"\x1f"[..], "and 1 bytes that are not gzip follow"),
        (&rows(10, 20).into_bytes()[..], "bytes that are not gzip follow"),
    ] {
        let found = collect(&[&object[..], behind].concat(), &Options::default());
        let error = found.error.clone().unwrap();
        assert!(
            error.contains(&format!("gzip member 1 ends at byte {}", object.len())) && error.contains(what),
            "{error}"
        );
        assert_eq!(found.records.len(), 10);
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
    for bytes in [member(&rows(0, 5)), rows(0, 5).into_bytes(), vec![0x1f], vec![]] {
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
    let packed = member(&rows(0, 5));
    let found = collect_from(drip(&packed[..packed.len() - 8], true), &Options::default());
    assert!(found.error.unwrap().contains("connection reset"));
    assert_eq!(found.records.len(), 5);
}
