//! Takes down everything that happens: as lines of the logs, and as entries of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use crate::envoy::AccessLine;
use crate::exchange::{Exchange, Sighting, Vantage};
use crate::flow::{FlowFormat, FlowRow};
use crate::ledger::{AccessFact, Ambiguity, Ledger};
use crate::party::{Party, Text};
use crate::queries::Dial;
use crate::scenario::{NatRecords, Scenario};
use crate::service::{Proxy, Service, Task};

/// The logs of a world while it goes on, and its ledger.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) format: FlowFormat,
    nat: NatRecords,
    /// Flow log lines with the second in which their interval ends: it decides the object.
    pub(crate) flow_lines: Vec<(u64, String)>,
    /// Lines of each access log with the millisecond in which they were written.
    pub(crate) access_lines: BTreeMap<String, Vec<(u64, String)>>,
    /// Connections to named hosts, which somebody asked for first.
    pub(crate) dials: Vec<Dial>,
    pub(crate) ledger: Ledger,
    /// By access log, the TCP connections that it has: when each began, and where it went.
    connections: BTreeSet<(String, u64, Option<SocketAddr>)>,
    /// For each interface and family (IPv6 or not), the addresses that stand in all of its records.
    own_addresses: BTreeMap<(Text, bool), BTreeSet<IpAddr>>,
}

impl Recorder {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Recorder {
            format: FlowFormat::of(scenario),
            nat: scenario.nat,
            flow_lines: Vec::new(),
            access_lines: BTreeMap::new(),
            dials: Vec::new(),
            ledger: Ledger::default(),
            connections: BTreeSet::new(),
            own_addresses: BTreeMap::new(),
        }
    }

    /// Whether each interface shows which address is its own: the only one that stands in all of its records.
    pub(crate) fn check_interfaces(&self) -> Result<(), Ambiguity> {
        match self.own_addresses.iter().find(|(_, common)| common.len() != 1) {
            Some(((eni, _), common)) => Err(Ambiguity(format!("the own address of {eni} is any of {common:?}"))),
            None => Ok(()),
        }
    }

    /// Records so far, of both planes.
    pub(crate) fn records(&self) -> u64 {
        self.ledger.used_flow + self.ledger.used_access
    }

    /// Takes down an exchange at every interface that logs it.
    pub(crate) fn exchange(&mut self, exchange: &Exchange) {
        let flags = self.format.has("tcp-flags");
        for sighting in exchange.sightings() {
            self.note_interface(&sighting.row);
            self.flow_lines
                .push((sighting.row.end, self.format.record(&sighting.row)));
            match (sighting.vantage, self.nat) {
                (Vantage::Repetition, NatRecords::Marked) => self.ledger.set_aside("nat-gateway"),
                (Vantage::Repetition, _) => self.gateway_as_client(exchange, &sighting, flags),
                _ => self.ledger.flow(exchange, &sighting, flags),
            }
        }
    }

    fn note_interface(&mut self, row: &FlowRow) {
        let ends = BTreeSet::from([row.srcaddr, row.dstaddr]);
        let key = (row.eni.clone(), row.srcaddr.is_ipv6());
        let common = self.own_addresses.entry(key).or_insert_with(|| ends.clone());
        common.retain(|address| ends.contains(address));
    }

    /// Nothing in the log says that the interface is a gateway's: it looks as if the gateway opened the connection.
    fn gateway_as_client(&mut self, exchange: &Exchange, sighting: &Sighting, flags: bool) {
        if let Some(nat) = &exchange.nat {
            let mut gateway = exchange.clone();
            gateway.client = Party::nobody(nat.address);
            gateway.client_port = nat.port;
            let sighting = Sighting {
                vantage: Vantage::Initiator,
                ..sighting.clone()
            };
            self.ledger.flow(&gateway, &sighting, flags);
        }
    }

    /// Takes down an access line of an outbound call.
    pub(crate) fn outbound(&mut self, service: &Service, task: &Task, line: &AccessLine, fact: AccessFact) {
        self.access_line(service, task, line);
        self.ledger.access(fact);
    }

    /// Takes down an access line of an inbound listener.
    pub(crate) fn inbound(&mut self, service: &Service, task: &Task, line: &AccessLine) {
        self.access_line(service, task, line);
        self.ledger.inbound_line();
    }

    fn access_line(&mut self, service: &Service, task: &Task, line: &AccessLine) {
        if service.proxy == Proxy::None {
            return;
        }
        let path = service.log_path(task);
        let line = self.told_apart(&path, line.clone());
        let log = self.access_lines.entry(path).or_default();
        log.push((line.start + line.duration, line.render(service.proxy)));
    }

    /// Moves a TCP connection within its second until no other of its log began in the same millisecond and went to the
    /// same place: no reader could tell the two apart.
    fn told_apart(&mut self, path: &str, mut line: AccessLine) -> AccessLine {
        if line.http.is_none() {
            while !self.connections.insert((path.to_owned(), line.start, line.upstream)) {
                line.start = line.start / 1_000 * 1_000 + (line.start + 1) % 1_000;
            }
        }
        line
    }

    /// Takes down what a proxy says about itself among its access lines.
    pub(crate) fn proxy_said(&mut self, service: &Service, task: &Task, millis: u64, text: &str) {
        let log = self.access_lines.entry(service.log_path(task)).or_default();
        log.push((millis, text.to_owned()));
        self.ledger.set_aside("not-access-log");
    }

    /// Takes down an interval in which nothing was logged.
    pub(crate) fn without_data(&mut self, status: &str, eni: &str, end: u64) {
        self.flow_lines
            .push((end, self.format.without_data(status, eni, end - 59, end)));
        self.ledger.set_aside(&status.to_lowercase());
    }

    /// Takes down a record with one field spoilt.
    pub(crate) fn malformed(&mut self, row: &FlowRow, field: &str, text: &str) {
        self.flow_lines
            .push((row.end, self.format.record_with(row, field, text)));
        self.ledger.set_aside(&format!("malformed:{field}"));
    }

    /// Takes down a line of the flow log that is no record at all.
    pub(crate) fn odd_line(&mut self, end: u64, line: String, reason: &str) {
        self.flow_lines.push((end, line));
        self.ledger.set_aside(reason);
    }
}
