//! What a client asked its proxy for: host, address and port.

use std::net::{IpAddr, SocketAddr};

use egressmap_parser::{AccessRecord, Reason};

use super::canonical;
use super::cluster::Cluster;
use crate::identity::{DnsName, split_authority};
use crate::map::Application;
use crate::observed::Host;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) host: Option<Host>,
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) application: Application,
}

/// A host as a client wrote it.
enum Written {
    Name(DnsName, Option<u16>),
    Literal(IpAddr, Option<u16>),
    Malformed,
}

impl Target {
    /// # Errors
    /// Where what the client wrote is neither a host name nor an address, and nothing better is known.
    pub(super) fn of(record: &AccessRecord<'_>, cluster: &Cluster) -> Result<Self, Reason> {
        let authority = written(record.authority.as_deref(), authority);
        let server_name = record.sni.as_deref().filter(|sni| !sni.is_empty());
        let between_sidecars = server_name.and_then(Cluster::read_sni);
        let cluster = between_sidecars.as_ref().unwrap_or(cluster);
        let sni = match between_sidecars {
            Some(_) => None,
            None => written(server_name, sni),
        };
        let port = match &authority {
            Some(Written::Name(_, port) | Written::Literal(_, port)) => *port,
            Some(Written::Malformed) | None => None,
        };
        let literal = match &authority {
            Some(Written::Literal(address, _)) => Some(*address),
            _ => None,
        };
        let http = record.is_http() || authority.is_some();
        let malformed = match (&authority, &sni) {
            (Some(Written::Malformed), _) => Some("malformed:authority"),
            (None, Some(Written::Malformed)) => Some("malformed:sni"),
            _ => None,
        };
        let host = match (authority, sni) {
            (Some(Written::Name(name, _)), _) => Some(Host::Authority(name)),
            (_, Some(Written::Name(name, _))) => Some(Host::Sni(name)),
            _ => cluster.host.clone().map(Host::Authority),
        };
        let application = match server_name {
            _ if http => Application::Http,
            Some(_) => Application::Tls,
            None => Application::Tcp,
        };
        let original = original_destination(record);
        let upstream = record.upstream_host;
        let address = upstream.or(original).as_ref().map(canonical).or(literal);
        // A client cannot hide a connection by asking for it under a name that is none: its address still counts.
        if let (Some(reason), None, None) = (malformed, &host, address) {
            return Err(reason);
        }
        Ok(Target {
            host,
            address,
            port: port
                .or(cluster.port)
                .or_else(|| original.or(upstream).map(|address| address.port()))
                .unwrap_or_else(|| usual_port(application)),
            application,
        })
    }
}

/// Where the client meant to go, under interception. A listener on loopback is dialled itself, so it tells nothing.
fn original_destination(record: &AccessRecord<'_>) -> Option<SocketAddr> {
    record
        .downstream_local
        .filter(|local| !canonical(local).is_loopback() && !canonical(local).is_unspecified())
}

fn usual_port(application: Application) -> u16 {
    match application {
        Application::Http => 80,
        Application::Tls => 443,
        Application::Tcp | Application::Udp | Application::Icmp | Application::Other => 0,
    }
}

/// An empty text is as good as none.
fn written(text: Option<&str>, read: fn(&str) -> Written) -> Option<Written> {
    text.filter(|text| !text.is_empty()).map(read)
}

fn authority(text: &str) -> Written {
    if let Some((name, port)) = DnsName::from_authority(text) {
        return Written::Name(name, port);
    }
    match split_authority(text) {
        Some((host, port)) => literal(host, port),
        None => Written::Malformed,
    }
}

fn sni(text: &str) -> Written {
    match DnsName::try_from(text.to_owned()) {
        Ok(name) => Written::Name(name, None),
        Err(_) => literal(text, None),
    }
}

fn literal(host: &str, port: Option<u16>) -> Written {
    host.parse::<IpAddr>().map_or(Written::Malformed, |address| {
        Written::Literal(address.to_canonical(), port)
    })
}
