//! Envoy access lines as text, in three dialects.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Serialize;

use crate::clock::rfc3339_millis;
use crate::service::Proxy;

/// One access line before it is text.
#[derive(Debug, Clone)]
pub(crate) struct AccessLine {
    /// When the request or connection began, in Unix milliseconds.
    pub(crate) start: u64,
    /// Milliseconds until it ended.
    pub(crate) duration: u64,
    /// The request, on an HTTP line.
    pub(crate) http: Option<Request>,
    pub(crate) sni: Option<String>,
    pub(crate) flags: Option<&'static str>,
    pub(crate) details: Option<&'static str>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) cluster: Option<String>,
    pub(crate) route: Option<&'static str>,
    /// The original destination.
    pub(crate) local: Option<SocketAddr>,
    /// The client; what it wrote into `x-forwarded-for` where the request has that.
    pub(crate) remote: SocketAddr,
    /// The real peer.
    pub(crate) direct: SocketAddr,
    pub(crate) request_id: u64,
}

/// What a client asked for over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) authority: String,
    pub(crate) code: u16,
    pub(crate) forwarded_for: Option<String>,
}

/// The keys that a platform might choose for App Mesh; Envoy sorts them.
#[derive(Serialize)]
struct AppMeshLine<'a> {
    authority: Option<&'a str>,
    bytes_received: u64,
    bytes_sent: u64,
    downstream_direct_remote_address: String,
    downstream_local_address: Option<String>,
    downstream_remote_address: String,
    duration: u64,
    method: Option<&'a str>,
    path: Option<&'a str>,
    protocol: Option<&'a str>,
    requested_server_name: Option<&'a str>,
    response_code: u16,
    response_code_details: Option<&'a str>,
    response_flags: &'a str,
    start_time: String,
    upstream_cluster: Option<&'a str>,
    upstream_host: Option<String>,
}

/// The keys of Istio's JSON.
#[derive(Serialize)]
struct IstioLine<'a> {
    authority: Option<&'a str>,
    bytes_received: u64,
    bytes_sent: u64,
    connection_termination_details: Option<&'a str>,
    downstream_local_address: Option<String>,
    downstream_remote_address: String,
    duration: u64,
    method: Option<&'a str>,
    path: Option<&'a str>,
    protocol: Option<&'a str>,
    request_id: Option<String>,
    requested_server_name: Option<&'a str>,
    response_code: u16,
    response_code_details: Option<&'a str>,
    response_flags: &'a str,
    route_name: Option<&'a str>,
    start_time: String,
    upstream_cluster: Option<&'a str>,
    upstream_host: Option<String>,
    upstream_local_address: Option<String>,
    upstream_service_time: Option<&'a str>,
    upstream_transport_failure_reason: Option<&'a str>,
    user_agent: Option<&'a str>,
    x_forwarded_for: Option<&'a str>,
}

const AGENT: &str = "shop-client/2.4 (linux; \"amd64\")";

impl AccessLine {
    /// The line as the proxy of a service writes it.
    pub(crate) fn render(&self, proxy: Proxy) -> String {
        let line = match proxy {
            Proxy::AppMesh => serde_json::to_string(&self.app_mesh()),
            Proxy::Istio => serde_json::to_string(&self.istio()),
            Proxy::Text | Proxy::None => return self.text(),
        };
        // Structs of text and numbers always serialise.
        line.unwrap_or_default()
    }

    fn app_mesh(&self) -> AppMeshLine<'_> {
        AppMeshLine {
            authority: self.http.as_ref().map(|http| http.authority.as_str()),
            bytes_received: self.received,
            bytes_sent: self.sent,
            downstream_direct_remote_address: self.direct.to_string(),
            downstream_local_address: self.local.map(|local| local.to_string()),
            downstream_remote_address: self.remote.to_string(),
            duration: self.duration,
            method: self.http.as_ref().map(|http| http.method),
            path: self.http.as_ref().map(|http| http.path),
            protocol: self.http.as_ref().map(|_| "HTTP/1.1"),
            requested_server_name: self.sni.as_deref(),
            response_code: self.http.as_ref().map_or(0, |http| http.code),
            response_code_details: self.details,
            response_flags: self.flags.unwrap_or("-"),
            start_time: rfc3339_millis(self.start),
            upstream_cluster: self.cluster.as_deref(),
            upstream_host: self.upstream.map(|upstream| upstream.to_string()),
        }
    }

    fn istio(&self) -> IstioLine<'_> {
        let http = self.http.as_ref();
        IstioLine {
            authority: http.map(|http| http.authority.as_str()),
            bytes_received: self.received,
            bytes_sent: self.sent,
            connection_termination_details: None,
            downstream_local_address: self.local.map(|local| local.to_string()),
            downstream_remote_address: self.remote.to_string(),
            duration: self.duration,
            method: http.map(|http| http.method),
            path: http.map(|http| http.path),
            protocol: http.map(|_| "HTTP/2"),
            request_id: http.map(|_| self.request_id()),
            requested_server_name: self.sni.as_deref(),
            response_code: http.map_or(0, |http| http.code),
            response_code_details: self.details,
            response_flags: self.flags.unwrap_or("-"),
            route_name: self.route,
            start_time: rfc3339_millis(self.start),
            upstream_cluster: self.cluster.as_deref(),
            upstream_host: self.upstream.map(|upstream| upstream.to_string()),
            upstream_local_address: self
                .upstream
                .map(|_| SocketAddr::new(self.direct.ip(), 40_000).to_string()),
            upstream_service_time: None,
            upstream_transport_failure_reason: None,
            user_agent: http.map(|_| AGENT),
            x_forwarded_for: http.and_then(|http| http.forwarded_for.as_deref()),
        }
    }

    /// Envoy escapes nothing: a quote in the user agent stands as it is.
    fn text(&self) -> String {
        let mut line = format!("[{}] ", rfc3339_millis(self.start));
        let flags = self.flags.unwrap_or("-");
        let (received, sent, duration) = (self.received, self.sent, self.duration);
        let upstream = self
            .upstream
            .map_or_else(|| "-".to_owned(), |upstream| upstream.to_string());
        // Writing to a String cannot fail.
        let _ = match &self.http {
            Some(Request {
                method,
                path,
                authority,
                code,
                forwarded_for,
            }) => {
                let forwarded_for = forwarded_for.as_deref().unwrap_or("-");
                let id = self.request_id();
                write!(
                    line,
                    "\"{method} {path} HTTP/1.1\" {code} {flags} {received} {sent} {duration} - \"{forwarded_for}\" \
                     \"{AGENT}\" \"{id}\" \"{authority}\" \"{upstream}\""
                )
            }
            None => write!(
                line,
                "\"- - -\" 0 {flags} {received} {sent} {duration} - \"-\" \"-\" \"-\" \"-\" \"{upstream}\""
            ),
        };
        line
    }

    fn request_id(&self) -> String {
        let id = self.request_id;
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            id >> 32,
            (id >> 16) & 0xffff,
            id & 0xfff,
            id >> 52,
            id >> 16
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> AccessLine {
        let task: SocketAddr = "10.20.1.7:41000".parse().unwrap();
        let upstream: SocketAddr = "[2001:db8::7]:80".parse().unwrap();
        AccessLine {
            start: 1_785_542_700_123,
            duration: 4,
            http: Some(Request {
                method: "GET",
                path: "/v1/a?b=\"c\"",
                authority: "API.vendor.example".to_owned(),
                code: 200,
                forwarded_for: None,
            }),
            sni: None,
            flags: None,
            details: Some("via_upstream"),
            received: 0,
            sent: 12,
            upstream: Some(upstream),
            cluster: Some("PassthroughCluster".to_owned()),
            route: Some("allow_any"),
            local: Some(upstream),
            remote: task,
            direct: task,
            request_id: 7,
        }
    }

    #[test]
    fn the_default_text_escapes_nothing_and_names_no_client() {
        assert_eq!(
            line().render(Proxy::Text),
            "[2026-08-01T00:05:00.123Z] \"GET /v1/a?b=\"c\" HTTP/1.1\" 200 - 0 12 4 - \"-\" \
             \"shop-client/2.4 (linux; \"amd64\")\" \"00000000-0000-4007-8000-000000000000\" \"API.vendor.example\" \
             \"[2001:db8::7]:80\""
        );
    }

    #[test]
    fn a_tcp_line_has_response_code_zero_in_every_dialect() {
        let tcp = AccessLine {
            http: None,
            details: None,
            ..line()
        };
        assert!(
            tcp.render(Proxy::Text)
                .starts_with("[2026-08-01T00:05:00.123Z] \"- - -\" 0 - 0 12 4 - \"-\"")
        );
        for json in [Proxy::AppMesh, Proxy::Istio] {
            let object: serde_json::Value = serde_json::from_str(&tcp.render(json)).unwrap();
            assert_eq!(object["response_code"], 0);
            assert!(object["authority"].is_null() && object["protocol"].is_null());
        }
    }

    #[test]
    fn envoy_sorts_the_keys_of_its_json() {
        for json in [Proxy::AppMesh, Proxy::Istio] {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&line().render(json)).unwrap();
            assert!(object.keys().is_sorted(), "{json:?}");
        }
    }
}
