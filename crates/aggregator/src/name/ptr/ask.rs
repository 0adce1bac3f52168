//! Asks for one address: its PTR names, then the addresses of each name.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::{Failure, Settings};
use crate::identity::DnsName;
use crate::name::{Confirmation, PtrAnswer};

/// How many PTR names of one address are looked at, in order of their text: who owns an address may give it any number.
const MOST_NAMES: usize = 8;

/// A resolver that asks one server and nothing else.
pub(super) fn resolver(settings: &Settings) -> Result<TokioResolver, NetError> {
    let mut server = NameServerConfig::udp_and_tcp(settings.server.ip());
    for connection in &mut server.connections {
        connection.port = settings.server.port();
    }
    let mut options = ResolverOpts::default();
    options.timeout = settings.timeout;
    options.attempts = settings.attempts.saturating_sub(1);
    options.use_hosts_file = ResolveHosts::Never;
    options.max_active_requests = settings.concurrency.max(1);
    let config = ResolverConfig::from_name_servers(vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
}

/// The name of an address. The first name in order of text that points back wins; where none does, the first does.
pub(super) async fn name_of(
    resolver: TokioResolver,
    address: IpAddr,
    patience: Duration,
) -> Result<PtrAnswer, Failure> {
    let lookup = within(patience, resolver.reverse_lookup(Name::from(address))).await?;
    let names = host_names(&lookup)?;
    for name in &names {
        if points_back(&resolver, name, address, patience).await {
            let name = name.clone();
            return Ok(PtrAnswer {
                name,
                confirmation: Confirmation::Forward,
            });
        }
    }
    let first = names.into_iter().next().ok_or(Failure::NoName)?;
    Ok(PtrAnswer {
        name: first,
        confirmation: Confirmation::None,
    })
}

/// The host names among the PTR records. Who owns an address chooses what its PTR record says.
fn host_names(lookup: &Lookup) -> Result<BTreeSet<DnsName>, Failure> {
    let pointers: Vec<_> = lookup
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::PTR(pointer) => Some(pointer.0.to_ascii()),
            _ => None,
        })
        .collect();
    if pointers.is_empty() {
        return Err(Failure::NoName);
    }
    let names: BTreeSet<_> = pointers.into_iter().flat_map(DnsName::try_from).collect();
    if names.is_empty() {
        return Err(Failure::Malformed);
    }
    Ok(names.into_iter().take(MOST_NAMES).collect())
}

async fn points_back(resolver: &TokioResolver, name: &DnsName, address: IpAddr, patience: Duration) -> bool {
    let kind = if address.is_ipv4() {
        RecordType::A
    } else {
        RecordType::AAAA
    };
    let Ok(absolute) = Name::from_ascii(format!("{name}.")) else {
        return false;
    };
    let Ok(lookup) = within(patience, resolver.lookup(absolute, kind)).await else {
        return false;
    };
    lookup
        .answers()
        .iter()
        .any(|record| record.data.ip_addr() == Some(address))
}

async fn within(patience: Duration, lookup: impl Future<Output = Result<Lookup, NetError>>) -> Result<Lookup, Failure> {
    match tokio::time::timeout(patience, lookup).await {
        Ok(answer) => answer.map_err(|error| failure(&error)),
        Err(_) => Err(Failure::NoAnswer),
    }
}

fn failure(error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(_)) => Failure::NoName,
        NetError::Dns(_) => Failure::Refused,
        NetError::Timeout | NetError::Io(_) | NetError::NoConnections | NetError::Busy => Failure::NoAnswer,
        _ => Failure::Malformed,
    }
}
