//! The published AWS ranges of a world: `ip-ranges.json` over addresses that are nobody's in the real one.

use serde::Serialize;

/// An AWS service in one region, as `ip-ranges.json` and `pkt-dst-aws-service` write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AwsService {
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
}

impl AwsService {
    /// The destination that stands for it, unless the range carries other people's content.
    pub(crate) fn destination(self) -> Option<String> {
        let carries_others = matches!(
            self.service,
            "EC2"
                | "CLOUDFRONT"
                | "GLOBALACCELERATOR"
                | "WORKSPACES_GATEWAYS"
                | "EC2_INSTANCE_CONNECT"
                | "CLOUDFRONT_ORIGIN_FACING"
        );
        (!carries_others).then(|| format!("aws/{}/{}", self.service, self.region).to_lowercase())
    }
}

/// The file as AWS publishes it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IpRanges {
    #[serde(rename = "syncToken")]
    sync_token: String,
    #[serde(rename = "createDate")]
    create_date: String,
    prefixes: Vec<Prefix>,
    ipv6_prefixes: Vec<PrefixV6>,
}

#[derive(Debug, Clone, Serialize)]
struct Prefix {
    ip_prefix: &'static str,
    region: &'static str,
    service: &'static str,
    network_border_group: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct PrefixV6 {
    ipv6_prefix: &'static str,
    region: &'static str,
    service: &'static str,
    network_border_group: &'static str,
}

impl IpRanges {
    /// Lists each network with its services, in the given order.
    pub(crate) fn of(networks: &[(&'static str, AwsService)]) -> Self {
        let mut ranges = IpRanges {
            // The day after the worlds' month. A list older than the one that comes with egressmap is named in every run.
            sync_token: "1788220800".to_owned(),
            create_date: "2026-09-01-00-00-00".to_owned(),
            prefixes: Vec::new(),
            ipv6_prefixes: Vec::new(),
        };
        for &(network, AwsService { service, region }) in networks {
            if network.contains(':') {
                let prefix = PrefixV6 {
                    ipv6_prefix: network,
                    region,
                    service,
                    network_border_group: region,
                };
                ranges.ipv6_prefixes.push(prefix);
            } else {
                let prefix = Prefix {
                    ip_prefix: network,
                    region,
                    service,
                    network_border_group: region,
                };
                ranges.prefixes.push(prefix);
            }
        }
        ranges
    }
}
