//! Flow records as short text, in the order of the default format from `interface-id` to `action`.

use std::net::IpAddr;

use egressmap_parser::{Action, FlowDirection, FlowRecord};

/// `eni src dst srcport dstport protocol packets bytes start end action [key=value …]`; `-` for no interface.
pub(super) struct Literal {
    columns: Vec<String>,
}

impl Literal {
    pub(super) fn read(text: &str) -> Self {
        let columns: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        assert!(columns.len() >= 11, "eleven columns: {text}");
        Literal { columns }
    }

    pub(super) fn record(&self) -> FlowRecord<'_> {
        FlowRecord {
            account: self.text("account"),
            eni: match self.columns[0].as_str() {
                "-" => b"",
                eni => eni.as_bytes(),
            },
            instance: self.text("instance"),
            srcaddr: self.columns[1].parse().unwrap(),
            dstaddr: self.columns[2].parse().unwrap(),
            pkt_srcaddr: self.address("pkt-src"),
            pkt_dstaddr: self.address("pkt-dst"),
            srcport: self.columns[3].parse().unwrap(),
            dstport: self.columns[4].parse().unwrap(),
            protocol: match self.columns[5].as_str() {
                "tcp" => 6,
                "udp" => 17,
                "icmp" => 1,
                other => other.parse().unwrap(),
            },
            packets: self.columns[6].parse().unwrap(),
            bytes: self.columns[7].parse().unwrap(),
            start: self.columns[8].parse().unwrap(),
            end: self.columns[9].parse().unwrap(),
            action: match self.columns[10].as_str() {
                "ACCEPT" => Action::Accept,
                "REJECT" => Action::Reject,
                other => panic!("no action: {other}"),
            },
            tcp_flags: self.value("flags").map(|flags| flags.parse().unwrap()),
            flow_direction: self.value("direction").map(|direction| match direction {
                "ingress" => FlowDirection::Ingress,
                "egress" => FlowDirection::Egress,
                other => panic!("no direction: {other}"),
            }),
            src_aws_service: self.text("src-aws"),
            dst_aws_service: self.text("dst-aws"),
            interface_type: self.text("type"),
            ecs_cluster: self.text("cluster"),
            ecs_service: self.text("service"),
            on_the_way: self.value("on-the-way").is_some(),
        }
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.columns[11..]
            .iter()
            .find_map(|column| column.strip_prefix(key)?.strip_prefix('='))
    }

    fn text(&self, key: &str) -> &[u8] {
        self.value(key).unwrap_or_default().as_bytes()
    }

    fn address(&self, key: &str) -> Option<IpAddr> {
        self.value(key).map(|address| address.parse().unwrap())
    }
}
