//! What comes from outside, and what the proxy refuses.

use std::net::{IpAddr, SocketAddr};

use super::{Actor, Manner, Scene};
use crate::envoy::{AccessLine, Request};
use crate::exchange::{Exchange, Fate, Volume};
use crate::ledger::{AccessFact, Grade};
use crate::party::{Owner, Party, Protocol, Speaks, Text};
use crate::service::Proxy;

impl Scene {
    /// A client on the internet calls a task of ours on the port it listens on.
    pub(crate) fn inbound(&mut self, actor: &Actor, client: IpAddr, at: u64, manner: &Manner) {
        let (Some(listener), Some(own)) = (actor.service.listener, actor.task().address_towards(client)) else {
            return;
        };
        let server = actor.service.party(actor.task(), own);
        let exchange = self.exchange(Party::foreign(client), server, at, listener.port, manner);
        self.recorder.exchange(&exchange);
        if actor.service.proxy != Proxy::None && listener.speaks == Speaks::Http {
            self.inbound_line(
                actor,
                listener,
                SocketAddr::new(client, exchange.client_port),
                at,
                manner,
            );
        }
    }

    /// A scanner on the internet tries a port of a task and is rejected.
    pub(crate) fn scan(&mut self, actor: &Actor, scanner: IpAddr, port: u16, at: u64) {
        let Some(own) = actor.task().address_towards(scanner) else {
            return;
        };
        let server = actor.service.party(actor.task(), own);
        let manner = Manner {
            fate: Fate::RefusedArriving,
            ..Manner::plain(0, 0, 0)
        };
        let exchange = self.exchange(Party::foreign(scanner), server, at, port, &manner);
        self.recorder.exchange(&exchange);
    }

    /// A host on the internet pings a task, which answers.
    pub(crate) fn pinged(&mut self, actor: &Actor, from: IpAddr, at: u64) {
        let Some(own) = actor.task().address_towards(from) else {
            return;
        };
        let server = actor.service.party(actor.task(), own);
        let exchange = Exchange {
            lasts: 4,
            answer_delay: 1,
            out: Volume { packets: 4, bytes: 336 },
            back: Volume { packets: 4, bytes: 336 },
            ..Exchange::new(Party::foreign(from), server, (0, 0), Protocol::Icmp, at)
        };
        self.recorder.exchange(&exchange);
    }

    /// The proxy of a task refuses a call to a host, each kind in its own words; nothing leaves the task.
    pub(crate) fn refused_by_proxy(&mut self, actor: &Actor, name: &Text, wanted: IpAddr, at: u64) {
        let Some(own) = actor.task().address_towards(wanted) else {
            return;
        };
        let tls = actor.service.proxy == Proxy::Istio && self.rng.chance(50);
        let port = if tls { 443 } else { 80 };
        let direct = SocketAddr::new(own, 40_000);
        let (code, flags, details, cluster, route) = match (actor.service.proxy, tls) {
            (Proxy::Istio, true) => (0, Some("UH"), None, Some("BlackHoleCluster".to_owned()), None),
            (Proxy::Istio, false) => (502, None, Some("direct_response"), None, Some("block_all")),
            _ => (404, Some("NR"), Some("route_not_found"), None, None),
        };
        let http = (!tls).then(|| Request {
            method: "GET",
            path: "/collect",
            authority: name.to_string(),
            code,
            forwarded_for: None,
        });
        let line = AccessLine {
            start: at * 1_000 + self.rng.below(1_000),
            duration: 0,
            http,
            sni: tls.then(|| name.to_string()),
            flags,
            details,
            received: 0,
            sent: 0,
            upstream: None,
            cluster,
            route,
            local: Some(SocketAddr::new(wanted, port)),
            remote: direct,
            direct,
            request_id: self.rng.next(),
        };
        let text = actor.service.proxy == Proxy::Text;
        let fact = AccessFact {
            service: actor
                .service
                .party(actor.task(), own)
                .service()
                .unwrap_or_else(|| "-".into()),
            host: Some((name.clone(), if tls { Grade::Sni } else { Grade::Authority })),
            address: (!text).then_some(wanted),
            owner: Owner::Foreign,
            port,
            application: Some(if tls { "tls" } else { "http" }),
            received: 0,
            sent: 0,
            refused: true,
            at,
        };
        self.recorder.outbound(&actor.service, actor.task(), &line, fact);
    }

    /// The proxy of a task says something about itself.
    pub(crate) fn proxy_talks(&mut self, actor: &Actor, at: u64) {
        let said = [
            "[info][main] [source/server/server.cc:1002] starting main dispatch loop",
            "[warning][config] [source/common/config/grpc_stream.h:163] StreamAggregatedResources gRPC config stream \
             closed: 14, connection timeout",
            "[info][upstream] [source/common/upstream/cds_api_helper.cc:71] cds: added/updated 3 cluster(s), skipped 9",
        ];
        let millis = at * 1_000 + self.rng.below(1_000);
        let time = crate::clock::rfc3339_millis(millis).replace('T', " ").replace('Z', "");
        let text = format!("[{time}][1]{}", self.rng.pick(&said));
        self.recorder.proxy_said(&actor.service, actor.task(), millis, &text);
    }
}
