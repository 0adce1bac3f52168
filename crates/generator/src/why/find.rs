//! Finds the one dependency that somebody asks for, or says what is near.

use egressmap_aggregator::identity::{DnsName, split_authority};
use egressmap_aggregator::map::{Dependency, DependencyMap, Key, Protocol};
use egressmap_parser::near::did_you_mean;

use super::sentences::place;
use crate::text::inert;

/// How many other far ends are named where there is none of that name.
const NAMED: usize = 8;

/// Why there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Nothing was seen of the service.
    #[error("no service {0} in the map{1}")]
    Service(String, String),
    /// The service reaches nothing of that name.
    #[error("{0} reaches no {1} in the map{2}")]
    Destination(String, String, String),
    /// It reaches several.
    #[error("{0} reaches {1} on several ports: ask for one of {2}")]
    Several(String, String, String),
}

/// The dependency of `service` on `wanted`: a name, an address or a label, with `:port` and `/protocol` where one
/// destination has several. An address finds the name it goes by as well.
///
/// # Errors
/// There is none, or more than one; with what is near.
pub fn find<'m>(map: &'m DependencyMap, service: &str, wanted: &str) -> Result<(&'m Key, &'m Dependency), NotFound> {
    let of_service: Vec<(&Key, &Dependency)> = map
        .dependencies
        .iter()
        .filter(|(key, _)| key.service.as_str() == service)
        .collect();
    if of_service.is_empty() {
        let mut known: Vec<&str> = map.dependencies.keys().map(|key| key.service.as_str()).collect();
        known.dedup();
        let near = did_you_mean(service, known.iter().copied());
        return Err(NotFound::Service(inert(service), inert(&or_all(near, &known))));
    }
    let wanted = Wanted::read(wanted);
    let by_name = of_service.iter().filter(|(key, _)| wanted.names(key)).copied();
    let mut found: Vec<_> = by_name.collect();
    if found.is_empty() {
        found = of_service
            .iter()
            .filter(|(key, it)| wanted.is_at(key, it))
            .copied()
            .collect();
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let mut known: Vec<&str> = of_service.iter().map(|(key, _)| key.destination.as_str()).collect();
            known.dedup();
            let near = did_you_mean(&wanted.host, known.iter().copied());
            let shown = wanted.port.map_or_else(String::new, |port| format!(":{port}"));
            Err(NotFound::Destination(
                inert(service),
                inert(&format!("{}{shown}", wanted.host)),
                inert(&or_all(near, &known)),
            ))
        }
        several => {
            let ports: Vec<String> = several.iter().map(|(key, _)| place(key)).collect();
            Err(NotFound::Several(inert(service), inert(&wanted.host), ports.join(", ")))
        }
    }
}

/// The near name, or some of those there are.
fn or_all(near: String, known: &[&str]) -> String {
    if !near.is_empty() || known.is_empty() {
        return near;
    }
    let more = known.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let named = &known[..known.len().min(NAMED)];
    format!("; there are {}{more}", named.join(", "))
}

/// A destination as somebody types it.
struct Wanted {
    host: String,
    port: Option<u16>,
    protocol: Option<Protocol>,
}

impl Wanted {
    fn read(text: &str) -> Self {
        let (rest, protocol) = match text.rsplit_once('/') {
            Some((rest, word @ ("tcp" | "udp" | "icmp"))) => (rest, word.parse().ok()),
            _ => (text, None),
        };
        let (host, port) = split_authority(rest).unwrap_or((rest, None));
        let host = host.strip_suffix('.').unwrap_or(host);
        Wanted {
            host: DnsName::from_person(host).map_or_else(|_| host.to_owned(), String::from),
            port,
            protocol,
        }
    }

    fn fits(&self, key: &Key) -> bool {
        self.port.is_none_or(|port| port == key.port) && self.protocol.is_none_or(|protocol| protocol == key.protocol)
    }

    fn names(&self, key: &Key) -> bool {
        self.fits(key) && key.destination.eq_ignore_ascii_case(&self.host)
    }

    fn is_at(&self, key: &Key, dependency: &Dependency) -> bool {
        self.fits(key)
            && self
                .host
                .parse()
                .is_ok_and(|address| dependency.addresses.contains(&address))
    }
}
