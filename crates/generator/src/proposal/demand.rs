//! What each caller is allowed to reach, and what kind of thing that is to App Mesh.

use egressmap_aggregator::identity::{DnsName, ServiceName};
use egressmap_aggregator::map::{Application, DependencyMap, Protocol};
use jiff::civil::Date;

use super::finding::{Code, Finding, Severity};
use super::node::Listener;
use super::ours::Ours;
use super::seen;
use crate::ledger::{Destination, Entry, Ledger, Verdict, application_word};
use crate::text::inert;

/// One live `allow` entry.
#[derive(Debug)]
pub(super) struct Demand<'a> {
    pub(super) entry: &'a Entry,
    /// The virtual node of the service; `None` where nothing in the inventory owns or knows it.
    pub(super) caller: Option<&'a str>,
    pub(super) kind: Kind<'a>,
    /// Whether the caller's proxy ignores the port, so that another target enforces the entry.
    pub(super) exempt: bool,
}

impl<'a> Demand<'a> {
    /// The caller, host, listener and port of a demand for an external host that is to be a backend.
    pub(super) fn for_host(&self) -> Option<(&'a str, &'a DnsName, Listener, u16)> {
        match (self.kind, self.caller) {
            (Kind::Host(host, listener), Some(caller)) if !self.exempt => {
                Some((caller, host, listener, self.entry.port))
            }
            _ => None,
        }
    }
}

/// What a destination is to App Mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A service of ours: a backend of the mesh's own.
    Ours(Listener),
    /// The mesh lets it through by itself.
    AllowedByMesh,
    /// The proxy never sees it.
    NotIntercepted,
    /// The server speaks first, and the proxy would wait for the client.
    ServerFirst,
    /// It has no name to discover it by.
    Nameless,
    /// It is many names.
    Wildcard,
    /// A virtual node with this listener.
    Host(&'a DnsName, Listener),
}

impl Kind<'_> {
    /// Whether the proxy sees it and App Mesh has no words for it.
    pub(super) fn is_beyond_the_mesh(&self) -> bool {
        matches!(self, Kind::ServerFirst | Kind::Nameless | Kind::Wildcard)
    }
}

/// MySQL, SMTP (relay and submission) and SQL Server, whose servers speak first, and NFS, which is mounted before the proxy
/// runs: the App Mesh user guide says not to model them.
pub(super) const SERVER_FIRST: [u16; 5] = [25, 587, 1433, NFS, 3306];
const NFS: u16 = 2049;
/// SSH: the proxy's redirect rules leave it out always.
pub(crate) const NEVER_INTERCEPTED: u16 = 22;

/// The live `allow` entries in the order of the ledger, with a finding for each that has expired.
pub(super) fn collect<'a>(
    map: &'a DependencyMap,
    ours: &Ours<'_>,
    ledger: &'a Ledger,
    today: Option<Date>,
    findings: &mut Vec<Finding>,
) -> Vec<Demand<'a>> {
    let mut demands = Vec::new();
    for entry in ledger.entries.iter().filter(|entry| entry.verdict == Verdict::Allow) {
        if entry.expired(today) {
            findings.push(expired(entry, virtual_node(map, &entry.service)));
            continue;
        }
        let caller = ours.knows(entry).then(|| virtual_node(map, &entry.service));
        demands.push(Demand {
            entry,
            caller,
            kind: kind(entry, ours),
            exempt: false,
        });
    }
    demands
}

/// A finding for each demand that App Mesh cannot carry, or carries by itself.
pub(super) fn explain(map: &DependencyMap, ours: &Ours<'_>, demands: &[Demand<'_>], findings: &mut Vec<Finding>) {
    let inside = demands.iter().filter(|demand| !demand.exempt);
    findings.extend(inside.filter_map(|demand| finding(map, ours, demand)));
}

/// The name of a service in the mesh.
pub(crate) fn virtual_node<'a>(map: &'a DependencyMap, service: &'a ServiceName) -> &'a str {
    let facts = map.manifest.services.get(service);
    let named = facts.and_then(|facts| facts.virtual_node.as_deref());
    named.filter(|name| !name.is_empty()).unwrap_or(service.as_str())
}

/// How an entry is written in a sentence.
pub(crate) fn shown(entry: &Entry) -> String {
    let protocol = application_word(entry.application);
    format!("{}:{} ({protocol})", entry.destination, entry.port)
}

fn kind<'a>(entry: &'a Entry, ours: &Ours<'_>) -> Kind<'a> {
    if entry.protocol() != Protocol::Tcp || entry.port == NEVER_INTERCEPTED {
        return Kind::NotIntercepted;
    }
    if let Destination::Name(host) = &entry.destination
        && ours.has(host)
    {
        return Kind::Ours(Listener::of(entry.application));
    }
    if is_allowed_by_mesh(&entry.destination, entry.port, entry.application) {
        return Kind::AllowedByMesh;
    }
    if SERVER_FIRST.contains(&entry.port) && entry.application != Application::Http {
        return Kind::ServerFirst;
    }
    match &entry.destination {
        Destination::Name(host) => Kind::Host(host, Listener::of(entry.application)),
        Destination::Below(_) => Kind::Wildcard,
        Destination::Address(_) | Destination::Range(_) | Destination::Aws(_) => Kind::Nameless,
    }
}

/// The proxy has one rule of its own: TLS on 443 whose SNI is below `amazonaws.com` goes where it was going.
pub(super) fn is_allowed_by_mesh(destination: &Destination, port: u16, application: Application) -> bool {
    let below = |name: &DnsName| name.is_under("amazonaws.com");
    let is_aws = match destination {
        Destination::Name(name) => name.as_str() != "amazonaws.com" && below(name),
        Destination::Below(suffix) => below(suffix),
        Destination::Aws(_) => true,
        Destination::Address(_) | Destination::Range(_) => false,
    };
    is_aws && port == 443 && application == Application::Tls
}

fn expired(entry: &Entry, caller: &str) -> Finding {
    let day = entry.expires.map_or_else(String::new, |day| day.to_string());
    let sentence = format!("the entry for {} expired after {day} and is not proposed", shown(entry));
    Finding::about(Severity::Warning, Code::Expired, Some(caller), sentence)
        .on_port(entry.port)
        .because([format!("line {} of the ledger", entry.line)])
        .way_out("review the dependency: set a later expires, or set verdict to deny")
}

fn finding(map: &DependencyMap, ours: &Ours<'_>, demand: &Demand<'_>) -> Option<Finding> {
    let Demand {
        entry, caller, kind, ..
    } = demand;
    let what = shown(entry);
    let Some(caller) = *caller else {
        return Some(if entry.service.is_unattributed() {
            unattributed(entry, &what)
        } else {
            ours.unknown(entry, &what)
        });
    };
    let about =
        |severity, code, sentence| Some(Finding::about(severity, code, Some(caller), sentence).on_port(entry.port));
    match kind {
        Kind::Host(..) => None,
        Kind::Ours(_) => about(
            Severity::Note,
            Code::OurService,
            format!("{what} is a service of ours, a backend of the mesh's own: no external node is made for it"),
        )
        .map(|finding| finding.way_out("check that the caller's own definition lists it as a backend before DROP_ALL")),
        Kind::AllowedByMesh => Some(allowed_by_mesh(entry, caller, &what)),
        Kind::NotIntercepted => about(
            Severity::Note,
            Code::NotIntercepted,
            format!("{what} never passes the proxy, so App Mesh neither allows nor drops it"),
        )
        .map(|finding| finding.way_out("enforce it with security groups or a network firewall")),
        Kind::ServerFirst => about(Severity::Warning, Code::ServerFirst, server_first(entry.port, &what))
            .map(|finding| finding.way_out(bypass(entry.port))),
        Kind::Nameless => about(
            Severity::Decision,
            Code::AddressOnly,
            format!("{what} has no name, and an external virtual node is discovered by name"),
        )
        .map(|finding| {
            finding
                .way_out("find the name the client dials (SNI or Host in Envoy's JSON access log, DNS query logs), and allow that")
                .way_out(format!("let the address bypass the proxy (EgressIgnoredIPs) and allow it in a security group: {}", entry.destination))
                .way_out("give the address a name in a private zone, if nothing else uses TCP on this port")
        }),
        Kind::Wildcard => about(
            Severity::Decision,
            Code::Wildcard,
            format!("{what} is many names, and App Mesh knows no wildcards"),
        )
        .map(|finding| {
            finding
                .because(below(map, entry).map(|name| format!("seen: {name}")))
                .way_out("allow the names one by one")
                .way_out(bypass(entry.port))
        }),
    }
}

fn server_first(port: u16, what: &str) -> String {
    let why = if port == NFS {
        "file systems are mounted before the proxy runs"
    } else {
        "the server speaks first there, and the proxy waits for the client"
    };
    format!("{what} is not modelled: {why}")
}

/// The mesh goes by the server name. Published addresses do not tell it: names of others lead there too.
fn allowed_by_mesh(entry: &Entry, caller: &str, what: &str) -> Finding {
    let about =
        |severity, sentence| Finding::about(severity, Code::AllowedByMesh, Some(caller), sentence).on_port(entry.port);
    if !matches!(entry.destination, Destination::Aws(_)) {
        return about(
            Severity::Note,
            format!(
                "{what} needs no backend: under DROP_ALL the mesh still lets TLS to *.amazonaws.com on 443 through"
            ),
        );
    }
    about(
        Severity::Warning,
        format!(
            "{what} gets no backend: the mesh lets it through only if the client's SNI is below amazonaws.com, and the \
             published addresses it is known by do not prove that"
        ),
    )
    .because([
        "names of others lead to such addresses too: custom domains of API Gateway, api.aws, cloudfront.net, amazonaws.com.cn"
            .to_owned(),
    ])
    .way_out("find the name the client dials (SNI in Envoy's JSON access log, DNS query logs), and allow that")
}

fn unattributed(entry: &Entry, what: &str) -> Finding {
    let sentence = format!("{what} is allowed to a caller that nothing in the inventory owns, so nobody gets it");
    Finding::about(
        Severity::Decision,
        Code::UnattributedCaller,
        Some(entry.service.as_str()),
        sentence,
    )
    .on_port(entry.port)
    .way_out("add the caller's address or interface to the inventory, and discover again")
}

/// The names a caller reached below a wildcard.
fn below<'a>(map: &'a DependencyMap, entry: &'a Entry) -> impl Iterator<Item = String> + 'a {
    seen::covered(map, entry).map(|(key, _)| inert(&key.destination))
}

/// The way out that takes a port away from the proxy.
pub(super) fn bypass(port: u16) -> String {
    format!(
        "add {port} to the ports that bypass the proxy (EgressIgnoredPorts on ECS, at most 15; APPMESH_EGRESS_IGNORED_PORTS; \
         on Kubernetes the annotation appmesh.k8s.aws/egressIgnoredPorts, which replaces its default 22), and enforce \
         that port with another target"
    )
}
