//! What an entry is to Istio: a host, a port, and how the port is matched.

use egressmap_aggregator::map::Application;

use super::Caller;
use crate::ledger::Destination;
use crate::proposal::{Allowed, Code};
use crate::target::losses::Losses;
use crate::target::pods::host_object_name;

/// A host on a port of a caller.
#[derive(Debug)]
pub(super) struct Door<'a> {
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    /// What the service entry is called by.
    pub(super) host: String,
    pub(super) found: Found,
    pub(super) allowed: &'a Allowed,
}

/// How a port is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Http,
    Tls,
    Tcp,
}

/// How Envoy finds the far end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// By resolving the host.
    ByName,
    /// Where the client was going, whatever the address.
    Anywhere,
    /// Where the client was going, if it is there.
    At(String),
}

/// The doors of a caller, by port and host. What Istio cannot keep apart is lost.
pub(super) fn doors<'a>(caller: &Caller<'a>, losses: &mut Losses) -> Vec<Door<'a>> {
    let mut doors: Vec<Door<'a>> = Vec::new();
    for allowed in &caller.grants {
        match door(allowed) {
            Ok(door) => doors.push(door),
            Err(code) => losses.add_with_addresses(code, allowed),
        }
    }
    doors.sort_by(|a, b| (a.port, &a.host).cmp(&(b.port, &b.host)));
    let mut kept = Vec::new();
    while let Some(port) = doors.first().map(|door| door.port) {
        let rest = doors.split_off(doors.partition_point(|door| door.port == port));
        kept.extend(of_port(std::mem::replace(&mut doors, rest), losses));
    }
    kept
}

/// A port speaks one protocol, and of TCP hosts without an address of their own one alone can have it.
fn of_port<'a>(doors: Vec<Door<'a>>, losses: &mut Losses) -> Vec<Door<'a>> {
    let mixed = doors.windows(2).any(|pair| pair[0].protocol != pair[1].protocol);
    let by_port_alone = |door: &Door<'_>| door.protocol == Protocol::Tcp && door.found == Found::ByName;
    let several = doors.iter().filter(|door| by_port_alone(door)).count() > 1;
    let mut kept = Vec::new();
    for door in doors {
        if mixed || (several && by_port_alone(&door)) {
            losses.add_with_addresses(Code::HostsAlike, door.allowed);
            continue;
        }
        if by_port_alone(&door) {
            losses.add(Code::HostTakesPort, door.allowed);
        }
        if door.found == Found::Anywhere {
            losses.add(Code::NameFromClient, door.allowed);
        }
        kept.push(door);
    }
    kept
}

/// Istio's hosts are those of RFC 1123: no underscore.
pub(super) fn is_writable(destination: &Destination) -> bool {
    match destination {
        Destination::Name(name) | Destination::Below(name) => !name.as_str().contains('_'),
        _ => true,
    }
}

fn door(allowed: &Allowed) -> Result<Door<'_>, Code> {
    let entry = &allowed.entry;
    let spoken = match entry.application {
        Application::Http => Protocol::Http,
        Application::Tls => Protocol::Tls,
        Application::Tcp => Protocol::Tcp,
        Application::Udp | Application::Icmp | Application::Other => return Err(Code::OutOfReach),
    };
    let (host, found, protocol) = match &entry.destination {
        unwritable if !is_writable(unwritable) => return Err(Code::UnwritableName),
        Destination::Name(name) => (name.to_string(), Found::ByName, spoken),
        Destination::Below(_) if spoken == Protocol::Tcp => return Err(Code::NeedsTransport),
        Destination::Below(suffix) => (format!("*.{suffix}"), Found::Anywhere, spoken),
        Destination::Address(address) => {
            let at = address.to_string();
            (invented("ip-", &at), Found::At(at), spoken)
        }
        // For a range Istio would match TLS and HTTP by the invented host; as TCP it goes by the addresses.
        Destination::Range(range) => {
            let at = range.to_string();
            (invented("n-", &at), Found::At(at), Protocol::Tcp)
        }
        Destination::Aws(_) => return Err(Code::AwsAddresses),
    };
    // TCP on 443 takes all of the port away from TLS, under every policy (istio/istio#29992).
    if protocol == Protocol::Tcp && entry.port == 443 {
        return Err(Code::NeedsTransport);
    }
    Ok(Door {
        port: entry.port,
        protocol,
        host,
        found,
        allowed,
    })
}

/// A host for what has none, as a service entry must have one. Its first label stays within 63 characters.
fn invented(prefix: &str, address: &str) -> String {
    format!("{}.external.invalid", host_object_name(prefix, address))
}
