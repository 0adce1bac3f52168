//! What must hold of any bytes: no panic, every line in one counter, and the slow view of a line agrees with the fast one.

use std::collections::BTreeMap;
use std::io::Cursor;

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Options, Reason, Sink, Verdict, inspect, scan};

/// What a Parquet file begins and ends with.
const PARQUET: &[u8] = b"PAR1";

/// So many lines are shown in full.
const MOST_SHOWN: u64 = 20_000;

/// Records as a sink was given them.
#[derive(Default)]
struct Taken {
    flow: u64,
    access: u64,
    dns: u64,
}

impl Sink for Taken {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, _: &FlowRecord<'_>) -> Verdict {
        self.flow += 1;
        Verdict::Used
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        self.access += 1;
        Verdict::Used
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        self.dns += 1;
        Verdict::Used
    }
}

/// Reads `stored` as one object of one kind.
pub fn read_as(kind: &str, stored: &[u8]) {
    let options = Options {
        kind: Some(kind.to_owned()),
        ..Options::default()
    };
    read(&options, stored);
}

/// Reads `stored` as one object.
pub fn read(options: &Options, stored: &[u8]) {
    let (mut taken, mut counters) = (Taken::default(), Counters::default());
    let read = scan(object(stored), options, &mut taken, &mut counters);
    assert!(counters.balanced(), "{counters:?}");
    assert_eq!(
        (taken.flow, taken.access, taken.dns),
        (counters.flow, counters.access, counters.dns)
    );
    let messages = counters.samples.values().flatten().map(|sample| &sample.message);
    for message in messages.chain(read.as_ref().err().map(|error| &error.what)) {
        assert!(
            message.chars().all(|letter| !letter.is_control()),
            "not safe to print: {message:?}"
        );
    }

    // A small file may say truly that it has millions of rows, and each is shown in full.
    if counters.lines > MOST_SHOWN {
        return;
    }
    let (mut used, mut set_aside) = (0, BTreeMap::<Reason, u64>::new());
    let shown = inspect(object(stored), options, &mut |line| match line.shown.reason {
        Some(reason) => *set_aside.entry(reason).or_default() += 1,
        None => used += 1,
    });
    // Of Parquet, more columns are shown than are read, and any of them may be corrupt.
    let is_parquet = stored.starts_with(PARQUET);
    assert!(is_parquet || shown.is_ok() == read.is_ok(), "{shown:?} {read:?}");
    if read.is_ok() && shown.is_ok() {
        // Only the lines of a connection together tell that it was logged before: each by itself is a record.
        let mut counted = counters.set_aside.clone();
        let again = counted.remove("cumulative").unwrap_or_default();
        assert_eq!((used, &set_aside), (counters.used() + again, &counted));
    }
}

/// A Parquet file whose trailer says that the footer begins where one does in it: with its version and its schema.
pub fn with_trailer(stored: &[u8]) -> Option<Vec<u8>> {
    let begins = |three: &[u8]| matches!(three, [0x15, 0x02 | 0x04, 0x19, ..]);
    let at = stored.windows(3).rposition(begins)?;
    let (before, footer) = stored.split_at(at);
    let footer = footer.strip_suffix(PARQUET).map_or(footer, |footer| &footer[..footer.len().saturating_sub(4)]);
    let length = u32::try_from(footer.len()).ok()?.to_le_bytes();
    let begin = if before.starts_with(PARQUET) { &b""[..] } else { PARQUET };
    Some([begin, before, footer, &length, PARQUET].concat())
}

/// Compiles what a user says of formats, and reads lines by it where it can be followed.
pub fn compile(options: &Options, stored: &[u8]) {
    match options.check() {
        Ok(()) => read(options, stored),
        Err(error) => assert!(
            error.to_string().chars().all(|letter| !letter.is_control()),
            "not safe to print: {error:?}"
        ),
    }
}

/// The first line, and what follows it.
pub fn split_first_line(data: &[u8]) -> (String, &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(at);
    (
        String::from_utf8_lossy(first).into_owned(),
        rest.get(1..).unwrap_or_default(),
    )
}

fn object(stored: &[u8]) -> Object {
    let id = ObjectId {
        uri: "fuzz".to_owned(),
        version: None,
        size: None,
    };
    Object::new(id, Box::new(Cursor::new(stored.to_vec())))
}
