//! What became of a proxied request or connection.

use egressmap_parser::AccessRecord;

use super::cluster::Cluster;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Sent on; whether the far end answered is another question.
    Passed,
    /// The proxy itself refused.
    Refused,
    /// It was somebody calling the proxy's own application.
    Inbound,
}

impl Outcome {
    pub(super) fn of(record: &AccessRecord<'_>, cluster: &Cluster) -> Self {
        if is_inbound(record, cluster) {
            Outcome::Inbound
        } else if is_refused(record, cluster) {
            Outcome::Refused
        } else {
            Outcome::Passed
        }
    }
}

fn is_inbound(record: &AccessRecord<'_>, cluster: &Cluster) -> bool {
    let to_loopback = record
        .upstream_host
        .is_some_and(|upstream| upstream.ip().to_canonical().is_loopback());
    cluster.inbound || (record.upstream_cluster.is_none() && to_loopback)
}

fn is_refused(record: &AccessRecord<'_>, cluster: &Cluster) -> bool {
    let flags = record.response_flags.as_deref().unwrap_or_default();
    let flag = |wanted| flags.split(',').any(|flag| flag == wanted);
    let answered_by_proxy = || {
        matches!(
            record.response_code_details.as_deref(),
            Some("route_not_found" | "filter_chain_not_found" | "direct_response")
        )
    };
    flag("NR")
        || (flag("UH") && cluster.black_hole)
        || record.route_name.as_deref() == Some("block_all")
        || (record.upstream_host.is_none() && answered_by_proxy())
}
