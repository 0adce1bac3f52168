//! Flow logs in Parquet: their columns by ranges, their Hive-compatible prefixes, the same records as in text.

use std::fs;
use std::path::Path;

use ::bytes::Bytes;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, DnsRecord, FlowRecord, Gap, Options, Sink, Verdict, scan};

use super::parts::{ranges, with_object};
use super::*;

/// Keeps what each record and gap says.
#[derive(Default)]
struct Kept(Vec<String>);

impl Sink for Kept {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, record: &FlowRecord<'_>) -> Verdict {
        self.0.push(format!("{record:?}"));
        Verdict::Used
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn gap(&mut self, _: u64, gap: &Gap<'_>) {
        self.0.push(format!("{gap:?}"));
    }
}

fn case(name: &str, file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format/flow-parquet");
    fs::read(folder.join(name).join(file)).unwrap()
}

#[test]
fn only_the_columns_that_a_record_needs_are_fetched() {
    let sent = case("every-field-up-to-version-11", "input.parquet");
    let file = SerializedFileReader::new(Bytes::from(sent.clone())).unwrap();
    let server = S3Server::start();
    server.put("logs", "x.log.parquet", sent);
    let counters = with_object(source(&server.url(), "s3://logs"), |object| {
        let mut counters = Counters::default();
        scan(object, &Options::default(), &mut Kept::default(), &mut counters).unwrap();
        counters
    });
    assert!(counters.flow > 0, "{counters:?}");
    let ranges = ranges(&server);
    let requests = server.requests();
    let gets = requests.iter().filter(|request| request.starts_with("GetObject"));
    assert_eq!(gets.count(), ranges.len(), "nothing asks for the body: {requests:?}");
    let columns = file.metadata().row_group(0).columns();
    let fetched = columns.iter().filter(|column| {
        let (start, length) = column.byte_range();
        let (start, end) = (
            usize::try_from(start).unwrap(),
            usize::try_from(start + length).unwrap(),
        );
        let touched = ranges.iter().any(|(from, until)| *from < end && start < *until);
        assert_eq!(ranges.contains(&(start, end)), touched, "{}", column.column_path());
        touched
    });
    let fetched = fetched.count();
    assert_eq!((columns.len(), fetched), (54, 23));
    // Beside them the first bytes, the last, and what those say is before them.
    assert_eq!(ranges.len(), fetched + 3, "{ranges:?}");
}

/// What the window of an hour holds below a bucket, and how many lines of it are no rows.
fn records(server: &S3Server, bucket: &str) -> (Vec<String>, Counters) {
    let source = source(&server.url(), &format!("s3://{bucket}")).with_wanted(Wanted {
        since: Some(1_790_000_000),
        until: Some(1_790_003_600),
        ..Wanted::default()
    });
    let sources: [Box<dyn Source>; 1] = [Box::new(source)];
    let read = |object: Object, sink: &mut Kept, counters: &mut Counters| {
        scan(object, &Options::default(), sink, counters).map_err(|error| error.to_string())
    };
    let threads = NonZeroUsize::new(2).unwrap();
    let mut outcome = drive(&sources, threads, Kept::default, read, &Progress::default());
    assert_eq!(texts(&outcome), Vec::<String>::new());
    let mut kept: Vec<String> = outcome.sinks.drain(..).flat_map(|sink| sink.0).collect();
    kept.sort_unstable();
    (kept, outcome.counters)
}

#[test]
fn hive_prefixes_of_parquet_hold_what_plain_prefixes_of_text_do() {
    let server = S3Server::start();
    let file =
        |hour: u64, ending: &str| format!("111122223333_vpcflowlogs_us-east-1_fl-1_20260921T{hour:02}10Z_ab.{ending}");
    for name in [
        "default-fields",
        "nodata-and-skipdata",
        "transit-gateway",
        "every-field-up-to-version-11",
    ] {
        let plain = "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/09/21/";
        let hive = "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=09/day=21/";
        for hour in [3, 14] {
            server.put("text", &format!("{plain}{}", file(hour, "log")), case(name, "rows.log"));
            let key = format!("{hive}hour={hour:02}/{}", file(hour, "log.parquet"));
            server.put("parquet", &key, case(name, "input.parquet"));
        }
        let (text, counted) = records(&server, "text");
        let (parquet, counters) = records(&server, "parquet");
        assert_eq!(parquet, text, "{name}");
        // Of either, the object of that hour alone.
        assert_eq!((counters.objects, counted.objects), (1, 1), "{name}");
        assert_eq!(
            (counters.flow, counters.lines),
            (counted.flow, counted.lines - 1),
            "{name}"
        );
        assert!(!text.is_empty(), "{name}");
    }
}
