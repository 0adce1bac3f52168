//! How much a port looks like that of a service.

/// Ranks of ports, the likeliest to be a service's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PortRank {
    /// Below 1024.
    System,
    /// In the table of well-known service ports.
    WellKnown,
    /// Below the ephemeral range.
    Registered,
    /// 32768 and above, where Linux begins to take client ports from; the IANA range lies within.
    Ephemeral,
}

impl PortRank {
    /// The rank of a port. Which one it is follows no pattern, so it is added up without a branch.
    #[inline]
    pub(super) fn of(port: u16) -> Self {
        const BY_NUMBER: [PortRank; 4] = [
            PortRank::System,
            PortRank::WellKnown,
            PortRank::Registered,
            PortRank::Ephemeral,
        ];
        let number = usize::from(port >= 1024) + usize::from(!is_service(port)) + usize::from(port >= EPHEMERAL);
        BY_NUMBER[number]
    }

    /// Whether such a port is a service's whatever it meets.
    pub(super) fn is_telling(self) -> bool {
        self <= PortRank::WellKnown
    }
}

const EPHEMERAL: u16 = 32_768;

/// Ports from 1024 that are assigned to, or the default of, services met in practice.
#[rustfmt::skip]
const WELL_KNOWN: &[u16] = &[
    1080, 1194, 1433, 1434, 1521, 1812, 1813, 1883,                         // SOCKS, OpenVPN, SQL Server, Oracle, RADIUS, MQTT
    2049, 2181, 2375, 2376, 2379, 2380, 2484,                               // NFS, ZooKeeper, Docker, etcd, Oracle over TLS
    3000, 3128, 3260, 3268, 3269, 3306, 3389, 3478,                         // web, Squid, iSCSI, LDAP catalogue, MySQL, RDP, STUN
    4222, 4317, 4318, 4369, 5000, 5044, 5060, 5061, 5222, 5349, 5353,       // NATS, OTLP, EPMD, web, Beats, SIP, XMPP, TURN, mDNS
    5432, 5433, 5439, 5671, 5672, 5701, 5984, 5985, 5986,                   // PostgreSQL, Redshift, AMQP, Hazelcast, CouchDB, WinRM
    6379, 6380, 6432, 6443, 6514, 6650, 6651,                               // Redis, PgBouncer, Kubernetes API, syslog, Pulsar
    7000, 7001, 7199, 7473, 7474, 7687,                                     // Cassandra, Neo4j
    8000, 8001, 8008, 8080, 8081, 8086, 8088, 8125, 8126, 8182, 8200, 8201, // web, InfluxDB, StatsD, Datadog, Neptune, Vault
    8300, 8301, 8302, 8443, 8500, 8501, 8502, 8529, 8600, 8883, 8888, 8983, // Consul, web, ArangoDB, MQTT over TLS, Solr
    9000, 9042, 9080, 9090, 9091, 9092, 9093, 9094, 9096, 9098, 9100, 9142, // Cassandra, Prometheus, Kafka, exporters, Keyspaces
    9160, 9200, 9300, 9411, 9418, 9443, 9901,                               // Thrift, Elasticsearch, Zipkin, Git, web, Envoy
    10_250, 11_211, 14_250, 14_268, 15_010, 15_012, 15_017, 15_672,         // kubelet, memcached, Jaeger, Istio, RabbitMQ
    18_080, 19_092, 25_672, 26_257, 27_017, 27_018, 27_019, 28_015,         // Spark, Kafka, RabbitMQ, CockroachDB, MongoDB, RethinkDB
];

/// One bit a port: the system ports and the well-known ones.
static TABLE: [u64; 1024] = {
    let mut bits = [0; 1024];
    let mut at = 0;
    while at < 1024 / 64 {
        bits[at] = u64::MAX;
        at += 1;
    }
    at = 0;
    while at < WELL_KNOWN.len() {
        bits[WELL_KNOWN[at] as usize / 64] |= 1 << (WELL_KNOWN[at] % 64);
        at += 1;
    }
    bits
};

#[inline]
fn is_service(port: u16) -> bool {
    TABLE[usize::from(port / 64)] >> (port % 64) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_lies_between_the_system_and_the_ephemeral_ports() {
        assert!(WELL_KNOWN.is_sorted_by(|a, b| a < b));
        assert!(WELL_KNOWN.iter().all(|port| (1024..EPHEMERAL).contains(port)));
        assert!((1024..=u16::MAX).all(|port| is_service(port) == WELL_KNOWN.contains(&port)));
    }

    #[test]
    fn ports_rank_as_the_semantics_says() {
        let ranks = [0, 443, 1023, 1024, 5432, 31_000, 32_767, 32_768, 65_535].map(PortRank::of);
        use PortRank::{Ephemeral, Registered, System, WellKnown};
        let expected = [
            System, System, System, Registered, WellKnown, Registered, Registered, Ephemeral, Ephemeral,
        ];
        assert_eq!(ranks, expected);
    }
}
