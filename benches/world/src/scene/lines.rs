//! The access lines that proxies write about what happens on the stage.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Actor, Manner, Scene};
use crate::envoy::{AccessLine, Request};
use crate::exchange::Fate;
use crate::host::Host;
use crate::ledger::{AccessFact, Grade};
use crate::party::{Owner, Party, Speaks, Text};
use crate::service::{Attribution, Listener, Proxy, Service};

const PATHS: &[&str] = &[
    "/",
    "/v1/items",
    "/v1/items/7?page=2",
    "/health",
    "/api/render?q=a%20b",
    "/upload",
];

/// Where a client wrote somebody else's address into `x-forwarded-for`.
const FORWARDED: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));

/// What a line is about, before the times and the volume of this one are drawn.
struct Call<'a> {
    actor: &'a Actor,
    client: &'a Party,
    speaks: Speaks,
    /// What the client asks for, where the proxy can see it.
    asks_for: Option<String>,
    cluster: Option<String>,
    upstream: SocketAddr,
    at: u64,
    manner: &'a Manner,
}

impl Scene {
    /// A line of a call to the internet.
    pub(super) fn outbound_line(
        &mut self,
        actor: &Actor,
        client: &Party,
        host: &Host,
        upstream: SocketAddr,
        at: u64,
        manner: &Manner,
    ) {
        let proxy = actor.service.proxy;
        let asks_for = match host.speaks {
            Speaks::Http => Some(self.authority(host, upstream)),
            Speaks::Tls => host.name.as_ref().map(Text::to_string),
            Speaks::Tcp => None,
        };
        let cluster = self.outbound_cluster(proxy, host);
        let shown = match (host.speaks, proxy) {
            (Speaks::Http, _) => host.name.clone().map(|name| (name, Grade::Authority)),
            (Speaks::Tls, Proxy::AppMesh | Proxy::Istio) => host.name.clone().map(|name| (name, Grade::Sni)),
            (Speaks::Tcp, Proxy::Istio) => host.name.clone().map(|name| (name, Grade::Authority)),
            (Speaks::Tls | Speaks::Tcp, _) => None,
        };
        let call = Call {
            actor,
            client,
            speaks: host.speaks,
            asks_for,
            cluster,
            upstream,
            at,
            manner,
        };
        self.write(&call, shown, Owner::Foreign);
    }

    /// A line of a call to another service of ours.
    pub(super) fn internal_line(
        &mut self,
        actor: &Actor,
        client: &Party,
        callee: &Service,
        upstream: SocketAddr,
        at: u64,
        manner: &Manner,
    ) {
        let Some(listener) = callee.listener else {
            return;
        };
        let name = format!("{}.{}", callee.name, self.mesh);
        let port = listener.port;
        let cluster = match actor.service.proxy {
            Proxy::Istio => format!(
                "outbound|{port}||{}.{}.svc.cluster.local",
                callee.name, callee.namespace
            ),
            Proxy::AppMesh | Proxy::Text | Proxy::None if listener.speaks == Speaks::Http => {
                format!("cds_egress_{}_{}_http_{port}", self.mesh, callee.virtual_node)
            }
            Proxy::AppMesh | Proxy::Text | Proxy::None => format!("cds_egress_{}_mesh-allow-all", self.mesh),
        };
        let asks_for = (listener.speaks == Speaks::Http).then(|| format!("{name}:{port}"));
        let shown = asks_for.as_ref().map(|_| (name.into(), Grade::Authority));
        let speaks = listener.speaks;
        let call = Call {
            actor,
            client,
            speaks,
            asks_for,
            cluster: Some(cluster),
            upstream,
            at,
            manner,
        };
        self.write(&call, shown, super::owner_of(callee));
    }

    fn write(&mut self, call: &Call<'_>, shown: Option<(Text, Grade)>, owner: Owner) {
        let line = self.line(call);
        let application = match (call.speaks, &line.sni, call.actor.service.proxy) {
            (Speaks::Http, _, _) => Some("http"),
            (_, Some(_), Proxy::AppMesh | Proxy::Istio) => Some("tls"),
            _ => None,
        };
        let fact = AccessFact {
            service: call.client.service().unwrap_or_else(|| "-".into()),
            host: shown,
            address: Some(call.upstream.ip()),
            owner,
            port: call.upstream.port(),
            application,
            received: line.received,
            sent: line.sent,
            refused: false,
            at: line.start / 1_000,
        };
        self.recorder
            .outbound(&call.actor.service, call.actor.task(), &line, fact);
    }

    fn line(&mut self, call: &Call<'_>) -> AccessLine {
        let manner = call.manner;
        let failed = manner.fate == Fate::Unanswered || manner.fate == Fate::RefusedArriving;
        let start = call.at * 1_000 + self.rng.below(manner.lasts.max(1) * 1_000);
        let direct = SocketAddr::new(call.client.address, 40_000 + u16::try_from(start % 9_000).unwrap_or(0));
        let forwarded = call.speaks == Speaks::Http && self.may_forward(&call.actor.service);
        let http = call
            .asks_for
            .clone()
            .filter(|_| call.speaks == Speaks::Http)
            .map(|authority| Request {
                method: if manner.out > 2_000 { "POST" } else { "GET" },
                path: self.rng.pick::<&str>(PATHS),
                authority,
                code: if failed { 503 } else { 200 },
                forwarded_for: forwarded.then(|| FORWARDED.to_string()),
            });
        let requests = if http.is_some() { manner.requests } else { 1 };
        AccessLine {
            start,
            duration: if http.is_some() {
                self.rng.between(1, 400)
            } else {
                manner.lasts * 1_000
            },
            details: http.as_ref().map(|_| {
                if failed {
                    "upstream_reset_before_response_started{connection_failure}"
                } else {
                    "via_upstream"
                }
            }),
            http,
            sni: call.asks_for.clone().filter(|_| call.speaks == Speaks::Tls),
            flags: failed.then_some("UF,URX"),
            received: if failed { 0 } else { manner.out / requests },
            sent: if failed { 0 } else { manner.back / requests },
            upstream: Some(call.upstream),
            cluster: call.cluster.clone(),
            route: (call.speaks == Speaks::Http).then_some("default"),
            local: Some(call.upstream),
            remote: if forwarded {
                SocketAddr::new(FORWARDED, 0)
            } else {
                direct
            },
            direct,
            request_id: self.rng.next(),
        }
    }

    /// Some requests carry an `x-forwarded-for`. Istio's keys have no other client address, so there an `origin` must
    /// tell whose line it is.
    fn may_forward(&mut self, service: &Service) -> bool {
        let told = service.attribution == Attribution::Origin || service.proxy == Proxy::AppMesh;
        self.rng.chance(6) && told
    }

    /// What the client writes: in any case, with and without the port where it is the usual one.
    fn authority(&mut self, host: &Host, upstream: SocketAddr) -> String {
        let Some(name) = &host.name else {
            return host
                .asked_as
                .as_ref()
                .map_or_else(|| upstream.to_string(), Text::to_string);
        };
        let name = if self.rng.chance(8) {
            name.to_uppercase()
        } else {
            name.to_string()
        };
        let name = if self.rng.chance(4) { format!("{name}.") } else { name };
        if host.port != 80 || self.rng.chance(5) {
            format!("{name}:{}", host.port)
        } else {
            name
        }
    }

    fn outbound_cluster(&mut self, proxy: Proxy, host: &Host) -> Option<String> {
        let mesh = self.mesh;
        let amazon = host.name.as_ref().is_some_and(|name| name.ends_with(".amazonaws.com"));
        match (proxy, &host.name) {
            (Proxy::Istio, Some(name)) if host.speaks == Speaks::Tcp || self.rng.chance(50) => {
                Some(format!("outbound|{}||{name}", host.port))
            }
            (Proxy::Istio, _) => Some("PassthroughCluster".to_owned()),
            _ if amazon && host.speaks == Speaks::Tls => Some(format!("cds_egress_{mesh}_amazonaws")),
            _ => Some(format!("cds_egress_{mesh}_mesh-allow-all")),
        }
    }

    /// A line of the inbound listener of a called task.
    pub(super) fn inbound_line(
        &mut self,
        called: &Actor,
        listener: Listener,
        from: SocketAddr,
        at: u64,
        manner: &Manner,
    ) {
        let port = listener.port;
        let own = SocketAddr::new(called.task().v4.into(), port);
        let (cluster, upstream) = match called.service.proxy {
            Proxy::Istio => (format!("inbound|{port}||"), own),
            _ => (
                format!("cds_ingress_{}_{}_http_{port}", self.mesh, called.service.virtual_node),
                SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            ),
        };
        let call = Call {
            actor: called,
            client: &Party::foreign(from.ip()),
            speaks: listener.speaks,
            asks_for: (listener.speaks == Speaks::Http)
                .then(|| format!("{}.{}:{port}", called.service.name, self.mesh)),
            cluster: Some(cluster),
            upstream,
            at,
            manner,
        };
        let line = AccessLine {
            local: Some(own),
            ..self.line(&call)
        };
        self.recorder.inbound(&called.service, called.task(), &line);
    }
}
