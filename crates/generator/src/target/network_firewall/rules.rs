//! The rules that let allowed connections pass, each once, in the language of Suricata.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::Application;

use crate::ledger::{Destination, Entry};
use crate::proposal::Code;
use crate::text::hash;

/// Where the numbers of rules begin that belong to whoever writes them.
const FIRST_SID: u64 = 1_000_000;
const SIDS: u64 = 8_000_000;

/// What passes, without who may.
#[derive(Debug, Default)]
pub(super) struct Rules(BTreeMap<Pass, String>);

/// The transport or application, the destination, the port.
type Pass = (&'static str, Destination, u16);

impl Rules {
    /// Adds a rule for an entry, or says why there is none. Nothing but the characters of a host name, an address or a
    /// number ever becomes part of a rule.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), Code> {
        let port = entry.port;
        let (protocol, target, options) = match (entry.application, &entry.destination) {
            (_, Destination::Aws(_)) => return Err(Code::AwsAddresses),
            (Application::Tls, Destination::Name(name)) => (
                "tls",
                "any".to_owned(),
                format!("tls.sni; content:\"{name}\"; startswith; nocase; endswith; "),
            ),
            // With its dot, so that neither the name itself nor evilexample.com is below example.com.
            (Application::Tls, Destination::Below(suffix)) => (
                "tls",
                "any".to_owned(),
                format!("tls.sni; content:\".{suffix}\"; nocase; endswith; "),
            ),
            // The buffer is in lower case and has no port, and a DnsName is in lower case too.
            (Application::Http, Destination::Name(name)) => (
                "http",
                "any".to_owned(),
                format!("http.host; content:\"{name}\"; startswith; endswith; "),
            ),
            (Application::Http, Destination::Below(suffix)) => (
                "http",
                "any".to_owned(),
                format!("http.host; content:\".{suffix}\"; endswith; "),
            ),
            (_, Destination::Name(_) | Destination::Below(_)) => return Err(Code::NeedsName),
            (spoken, Destination::Address(address)) => (transport(spoken)?, address.to_string(), String::new()),
            (spoken, Destination::Range(range)) => (transport(spoken)?, range.to_string(), String::new()),
        };
        let flow = match protocol {
            "tls" | "http" => "flow:to_server, established; ",
            "icmp" => "",
            _ => "flow:to_server; ",
        };
        let (number, where_to) = if protocol == "icmp" {
            ("any".to_owned(), String::new())
        } else {
            (port.to_string(), format!(" port {port}"))
        };
        let rule = format!(
            "pass {protocol} $HOME_NET any -> {target} {number} ({options}msg:\"egress to {}{where_to}\"; {flow}",
            entry.destination
        );
        self.0.insert((protocol, entry.destination.clone(), port), rule);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The rules with their numbers: a rule keeps its number when others come or go.
    pub(super) fn to_text(&self) -> String {
        let mut taken = BTreeSet::new();
        let mut out =
            "# What passes; everything else is left to the default action of the policy, whose order is strict.\n"
                .to_owned();
        for rule in self.0.values() {
            let mut sid = hash(rule) % SIDS;
            while !taken.insert(sid) {
                sid = (sid + 1) % SIDS;
            }
            out.push_str(&format!("{rule}sid:{}; rev:1;)\n", FIRST_SID + sid));
        }
        out
    }

    /// The names as a domain list writes them, where `.example.com` is `example.com` and all below it.
    pub(super) fn domains(&self) -> Vec<String> {
        let names: BTreeSet<String> = self
            .0
            .keys()
            .filter_map(|(_, destination, _)| match destination {
                Destination::Name(name) => Some(name.to_string()),
                Destination::Below(suffix) => Some(format!(".{suffix}")),
                Destination::Address(_) | Destination::Range(_) | Destination::Aws(_) => None,
            })
            .collect();
        names.into_iter().collect()
    }
}

fn transport(spoken: Application) -> Result<&'static str, Code> {
    match spoken {
        Application::Http | Application::Tls | Application::Tcp => Ok("tcp"),
        Application::Udp => Ok("udp"),
        Application::Icmp => Ok("icmp"),
        Application::Other => Err(Code::NeedsTransport),
    }
}
