//! What the name of an upstream cluster tells: control planes write host and port into it.

use crate::identity::DnsName;

/// The parts of a cluster's name that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cluster {
    /// Whether it stands for the proxy's own application.
    pub(super) inbound: bool,
    /// Whether it is where a mesh sends what it does not allow.
    pub(super) black_hole: bool,
    pub(super) port: Option<u16>,
    pub(super) host: Option<DnsName>,
}

/// How the names begin that control planes give the clusters of a proxy's own application. Elsewhere a name that begins
/// with "inbound" is a service's.
const INBOUND: [&str; 5] = [
    "inbound|",
    "inbound-vip|",
    "inbound_.",
    "InboundPassthroughCluster",
    "cds_ingress_",
];

impl Cluster {
    /// Reads Istio's `outbound|<port>|<subset>|<host>`, those of [`INBOUND`], `BlackHoleCluster` and App Mesh's
    /// `cds_{ingress,egress}_<mesh>_<node>_<protocol>_<port>`; of any other name nothing is known.
    pub(super) fn read(name: &str) -> Self {
        if name == "inbound" || INBOUND.iter().any(|prefix| name.starts_with(prefix)) {
            return Cluster {
                inbound: true,
                ..Cluster::default()
            };
        }
        if let Some(parts) = name.strip_prefix("outbound|") {
            return Cluster::outbound(parts.splitn(3, '|'));
        }
        if name.starts_with("cds_egress_") {
            return Cluster {
                port: app_mesh_port(name),
                ..Cluster::default()
            };
        }
        Cluster {
            black_hole: name == "BlackHoleCluster",
            ..Cluster::default()
        }
    }

    /// Reads `outbound_.<port>_.<subset>_.<host>`, which sidecars send each other as SNI and which is no host's name.
    pub(super) fn read_sni(sni: &str) -> Option<Self> {
        let parts = sni.strip_prefix("outbound_.")?;
        Some(Cluster::outbound(parts.splitn(3, "_.")))
    }

    fn outbound<'n>(mut parts: impl Iterator<Item = &'n str>) -> Self {
        let port = parts.next().and_then(|port| port.parse().ok());
        let host = parts.nth(1).and_then(|host| DnsName::try_from(host.to_owned()).ok());
        // What stands for an address without a name is called so (RFC 6761): the address says more.
        let host = host.filter(|host| !host.is_under("invalid"));
        Cluster {
            port,
            host,
            ..Cluster::default()
        }
    }
}

/// Mesh and node names hold `_` themselves, so the port is read from the right. The clusters for AWS endpoints and for
/// what the mesh lets pass have none.
fn app_mesh_port(name: &str) -> Option<u16> {
    let mut parts = name.rsplit('_');
    let port = parts.next()?.parse().ok()?;
    matches!(parts.next()?, "http" | "http2" | "grpc" | "tcp").then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound(name: &str) -> (Option<u16>, Option<String>) {
        let cluster = Cluster::read(name);
        assert!(!cluster.inbound, "{name}");
        (cluster.port, cluster.host.map(String::from))
    }

    #[test]
    fn a_mesh_writes_port_and_host_into_the_name() {
        let cases: [(&str, Option<u16>, Option<&str>); 9] = [
            ("outbound|443||api.example.test", Some(443), Some("api.example.test")),
            (
                "outbound|80|v2|cart.shop.svc.cluster.local",
                Some(80),
                Some("cart.shop.svc.cluster.local"),
            ),
            ("outbound|443||*.example.test", Some(443), None),
            ("outbound|6000||n-198-51-100-0-24.external.invalid", Some(6000), None),
            ("outbound|", None, None),
            ("cds_egress_my_mesh_ext_api_tcp_443", Some(443), None),
            ("cds_egress_mesh_amazonaws", None, None),
            ("cds_egress_mesh_mesh-allow-all", None, None),
            ("PassthroughCluster", None, None),
        ];
        for (name, port, host) in cases {
            assert_eq!(outbound(name), (port, host.map(str::to_owned)), "{name}");
        }
    }

    #[test]
    fn inbound_clusters_are_known_by_their_prefix() {
        for name in [
            "inbound",
            "inbound|8080||",
            "inbound-vip|8080|http|web.shop.test",
            "inbound_.8080_._.web.shop.test",
            "InboundPassthroughCluster",
            "InboundPassthroughClusterIpv4",
            "cds_ingress_mesh_node_http_8080",
        ] {
            assert!(Cluster::read(name).inbound, "{name}");
        }
    }

    #[test]
    fn a_service_whose_name_begins_with_inbound_is_no_inbound_cluster() {
        for name in [
            "in",
            "inbound-mail",
            "inbound_orders",
            "InboundSms",
            "inboundapi",
            "cds_ingressor",
        ] {
            assert_eq!(Cluster::read(name), Cluster::default(), "{name}");
        }
    }

    #[test]
    fn the_sni_between_sidecars_is_read_like_the_cluster() {
        let cluster = Cluster::read_sni("outbound_.8080_._.cart.shop.svc.cluster.local").unwrap_or_default();
        assert_eq!(cluster.port, Some(8080));
        assert_eq!(
            cluster.host.map(String::from).as_deref(),
            Some("cart.shop.svc.cluster.local")
        );
        assert_eq!(Cluster::read_sni("api.example.test"), None);
    }
}
