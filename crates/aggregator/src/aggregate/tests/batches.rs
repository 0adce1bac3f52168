//! Records that come in batches count as they do one by one.

use std::io::Cursor;

use egressmap_parser::batch::{FlowBatch, Refused};
use egressmap_parser::record::Verdict;
use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Gap, Options, Sink, scan};
use proptest::prelude::*;

use super::laws::record;
use super::*;

/// 2026-08-01T00:00:00Z: times of ten digits, as batches hold them.
const DAY: u64 = 1_785_542_400;

const FIELDS: &str = "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags \
    flow-direction pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service interface-type ecs-cluster-name \
    ecs-service-name log-status\n";

const BY_ADDRESS: &str = "service,address,until\n\
    checkout,10.0.0.1,2026-08-01T02:00:00Z\n\
    renamed,10.0.0.1,\n\
    ledger,10.0.0.2,\n\
    vpc,10.0.0.0/30,2026-08-01T01:00:00Z\n";

const BY_INTERFACE: &str = "service,address,eni\ncheckout,10.0.0.1,\nledger,,e2\n";

/// How many records came in batches.
struct InBatches(u64);

impl Sink for InBatches {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, _: &FlowRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn flows(&mut self, batch: &FlowBatch<'_>, _: &mut Refused) {
        self.0 += batch.len() as u64;
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        Verdict::Used
    }
}

/// An aggregator that is given no batches.
struct OneByOne<'i>(Aggregator<'i>);

impl Sink for OneByOne<'_> {
    fn object(&mut self, id: &ObjectId) {
        self.0.object(id);
    }

    fn flow(&mut self, line: u64, record: &FlowRecord<'_>) -> Verdict {
        self.0.flow(line, record)
    }

    fn access(&mut self, line: u64, record: &AccessRecord<'_>) -> Verdict {
        self.0.access(line, record)
    }

    fn dns(&mut self, line: u64, record: &DnsRecord<'_>) -> Verdict {
        self.0.dns(line, record)
    }

    fn gap(&mut self, line: u64, gap: &Gap<'_>) {
        self.0.gap(line, gap);
    }
}

/// The line of a record in a flow log.
fn line(literal: &Literal) -> String {
    let record = literal.record();
    let text = |text: &[u8]| match String::from_utf8_lossy(text).into_owned() {
        unset if unset.is_empty() => "-".to_owned(),
        text => text,
    };
    let or_unset = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let direction = record
        .flow_direction
        .map(|direction| format!("{direction:?}").to_lowercase());
    format!(
        "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} OK\n",
        text(record.eni),
        record.srcaddr,
        record.dstaddr,
        record.srcport,
        record.dstport,
        record.protocol,
        record.packets,
        record.bytes,
        DAY + record.start,
        DAY + record.end,
        format!("{:?}", record.action).to_uppercase(),
        or_unset(record.tcp_flags.map(|flags| flags.to_string())),
        or_unset(direction),
        or_unset(record.pkt_srcaddr.map(|address| address.to_string())),
        or_unset(record.pkt_dstaddr.map(|address| address.to_string())),
        text(record.src_aws_service),
        text(record.dst_aws_service),
        text(record.interface_type),
        text(record.ecs_cluster),
        text(record.ecs_service),
    )
}

fn read(log: &str, sink: &mut dyn Sink) -> Counters {
    let id = ObjectId {
        uri: "log".to_owned(),
        version: None,
        size: None,
    };
    let object = Object::new(id, Box::new(Cursor::new(log.to_owned())));
    let mut counters = Counters::default();
    scan(object, &Options::default(), sink, &mut counters).unwrap();
    counters
}

#[test]
fn most_records_come_in_batches() {
    let records = "e1 10.0.0.1 203.0.113.7 40000 443 tcp 2 80 0 60 ACCEPT";
    let log = FIELDS.to_owned() + &line(&Literal::read(records)).repeat(500);
    let mut in_batches = InBatches(0);
    let counters = read(&log, &mut in_batches);
    assert_eq!(counters.flow, 500);
    if std::arch::is_x86_feature_detected!("avx2") {
        assert!(in_batches.0 > 480, "{}", in_batches.0);
    }
}

proptest! {
    // Each case writes and reads several files.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn batches_count_as_records_do(
        records in prop::collection::vec(record(), 1..200),
        until in prop::option::of(prop::sample::select(vec![5, 3_600, 18_000])),
    ) {
        let mut log = FIELDS.to_owned();
        // A batch is long, and the last lines of a block are in none.
        for _ in 0..3 {
            log.extend(records.iter().map(|text| line(&Literal::read(text))));
        }
        let settings = Settings { since: None, until: until.map(|until: u64| DAY + until) };
        for inventory in [BY_ADDRESS, BY_INTERFACE] {
            let inventory = Inventory::from_csv("x", inventory.as_bytes()).unwrap();
            let mut batches = Aggregator::new(&inventory, &settings);
            let mut one_by_one = OneByOne(Aggregator::new(&inventory, &settings));
            prop_assert_eq!(read(&log, &mut batches), read(&log, &mut one_by_one));
            let budget = Budget::new(1, std::env::temp_dir());
            let mut put_aside = Aggregator::new(&inventory, &settings).within(Some(budget));
            read(&log, &mut put_aside);
            let observed = batches.finish().unwrap();
            prop_assert_eq!(&put_aside.finish().unwrap(), &observed, "what is put aside");
            prop_assert_eq!(one_by_one.0.finish().unwrap(), observed);
        }
    }
}
