//! What stands in flow logs and is no record: idle intervals, lost ones, and lines that cannot be read.

use std::net::{IpAddr, Ipv4Addr};

use crate::flow::FlowRow;
use crate::party::Text;
use crate::scene::Scene;

/// A field, and what stands there that it cannot hold. `bytes` is what a broken pipe might leave of a number.
const SPOILT: &[(&str, &str)] = &[
    ("srcaddr", "10.20.300.4"),
    ("dstaddr", "internet"),
    ("srcport", "70000"),
    ("dstport", "https"),
    ("bytes", "12x4"),
    ("start", "yesterday"),
];

impl Scene {
    /// One interval of an interface in which nothing happened, or in which AWS lost what did.
    pub(crate) fn without_data(&mut self, status: &str, eni: &Text, at: u64) {
        self.recorder.without_data(status, eni, at + 59);
    }

    /// One line that a reader has to set aside, of each kind in turn.
    pub(crate) fn spoilt(&mut self, eni: &Text, at: u64, turn: u64) {
        let row = sample(eni, at);
        let kinds = u64::try_from(SPOILT.len()).unwrap_or(u64::MAX);
        let kind = usize::try_from(turn % (kinds + 3)).unwrap_or_default();
        match SPOILT.get(kind) {
            Some((field, text)) => self.recorder.malformed(&row, field, text),
            None if kind == SPOILT.len() => self.recorder.odd_line(row.end, String::new(), "blank"),
            None if kind == SPOILT.len() + 1 => {
                let header = self.recorder.format.header();
                self.recorder.odd_line(row.end, header, "header");
            }
            None => {
                let whole = self.recorder.format.record(&row);
                let cut = whole
                    .rsplit_once(' ')
                    .map_or_else(|| whole.clone(), |(kept, _)| kept.to_owned());
                self.recorder.odd_line(row.end, cut, "malformed:columns");
            }
        }
    }
}

fn sample(eni: &Text, at: u64) -> FlowRow {
    let (own, peer) = (
        IpAddr::V4(Ipv4Addr::new(10, 20, 30, 4)),
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    );
    FlowRow {
        eni: eni.clone(),
        srcaddr: own,
        dstaddr: peer,
        pkt_srcaddr: own,
        pkt_dstaddr: peer,
        srcport: 40_000,
        dstport: 443,
        protocol: 6,
        packets: 4,
        bytes: 1_234,
        start: at,
        end: at + 5,
        rejected: false,
        tcp_flags: Some(3),
        leaves: true,
        src_aws: None,
        dst_aws: None,
        nat_gateway: false,
    }
}
