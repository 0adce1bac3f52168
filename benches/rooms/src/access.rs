//! Access lines as proxies write them: hosts, paths, agents and addresses of a small fleet, numbers of all sizes.

use std::fmt::Write as _;

use crate::draws::Draws;

/// What a proxy writes.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Its name among the benches.
    pub name: &'static str,
    /// The lines are about TCP connections.
    pub is_tcp: bool,
    write: fn(&mut String, &Line),
}

/// Every dialect: Envoy's default text is App Mesh's as well.
pub const DIALECTS: [Dialect; 8] = [
    Dialect::new("text-default", false, default_text),
    Dialect::new("text-default-tcp", true, default_text),
    Dialect::new("text-istio", false, istio_text),
    Dialect::new("text-istio-tcp", true, istio_text),
    Dialect::new("json-app-mesh", false, app_mesh_json),
    Dialect::new("json-istio", false, istio_json),
    Dialect::new("json-istio-tcp", true, istio_json),
    Dialect::new("json-untyped", false, untyped_json),
];

impl Dialect {
    const fn new(name: &'static str, is_tcp: bool, write: fn(&mut String, &Line)) -> Dialect {
        Dialect { name, is_tcp, write }
    }

    /// At least so many bytes of lines.
    #[must_use]
    pub fn lines(&self, bytes: usize, seed: u64) -> Vec<u8> {
        let mut draws = Draws(seed);
        let mut lines = String::with_capacity(bytes + 1024);
        let mut now = 72_000_000;
        while lines.len() < bytes {
            now += draws.below(7);
            (self.write)(&mut lines, &Line::new(&mut draws, now % 86_400_000, self.is_tcp));
            lines.push('\n');
        }
        lines.into_bytes()
    }
}

const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "PUT"];
const FOLDERS: [&str; 6] = [
    "/v1/charges",
    "/api/v2/customers",
    "/healthz",
    "/orders/2026/11/items",
    "/",
    "/search?q=blue+shoes&size=42&page=",
];
const HOSTS: [&str; 8] = [
    "api.payments.example",
    "catalog.shop.svc.cluster.local:8080",
    "s3.eu-central-1.amazonaws.example",
    "hooks.chat.example",
    "token.identity.example",
    "inventory.warehouse.svc.cluster.local:9080",
    "ingest.metrics.example:443",
    "www.partner-with-a-long-name.example",
];
const AGENTS: [&str; 5] = [
    "Go-http-client/1.1",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "grpc-java-netty/1.68.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
];

struct Line {
    start: String,
    request: Option<Request>,
    received: u64,
    sent: u64,
    duration: u64,
    host: &'static str,
    upstream: String,
    own: String,
    local: String,
    remote: String,
}

struct Request {
    method: &'static str,
    path: String,
    protocol: &'static str,
    code: &'static str,
    took: u64,
    agent: &'static str,
    id: String,
}

impl Line {
    fn new(draws: &mut Draws, now: u64, is_tcp: bool) -> Line {
        let (seconds, millis) = (now / 1000, now % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let duration = draws.up_to(20_000);
        let request = (!is_tcp).then(|| Request {
            method: draws.of(&METHODS),
            path: format!("{}/{}", draws.of(&FOLDERS), draws.up_to(10_000_000)),
            protocol: draws.of(&["HTTP/1.1", "HTTP/2"]),
            code: draws.of(&["200", "200", "200", "201", "204", "404", "503"]),
            took: duration.saturating_sub(draws.below(3)),
            agent: draws.of(&AGENTS),
            id: id(draws),
        });
        let pod = draws.below(60);
        let upstream = format!("203.0.113.{}:443", draws.below(200));
        Line {
            start: format!("2026-11-20T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z"),
            request,
            received: draws.up_to(1_000_000),
            sent: draws.up_to(100_000_000),
            duration,
            host: draws.of(&HOSTS),
            own: format!("10.20.{}.{}:{}", pod / 8, 11 + pod, 32_768 + draws.below(28_000)),
            local: upstream.clone(),
            upstream,
            remote: format!("10.20.{}.{}:{}", pod / 8, 11 + pod, 32_768 + draws.below(28_000)),
        }
    }

    fn cluster(&self) -> String {
        let (name, port) = self.host.split_once(':').unwrap_or((self.host, "443"));
        format!("outbound|{port}||{name}")
    }
}

fn id(draws: &mut Draws) -> String {
    let (one, other) = (draws.next(), draws.next());
    let (a, b, c) = (one >> 32, one >> 16 & 0xffff, one & 0xfff);
    format!(
        "{a:08x}-{b:04x}-4{c:03x}-8{:03x}-{:012x}",
        other >> 52,
        other & 0xffff_ffff_ffff
    )
}

// Writing to a String cannot fail.
fn text_start(to: &mut String, line: &Line) {
    let _ = match &line.request {
        Some(it) => write!(
            to,
            "[{}] \"{} {} {}\" {} -",
            line.start, it.method, it.path, it.protocol, it.code
        ),
        None => write!(to, "[{}] \"- - -\" 0 -", line.start),
    };
}

fn text_end(to: &mut String, line: &Line) {
    let _ = write!(to, " {} {} {} ", line.received, line.sent, line.duration);
    let _ = match &line.request {
        Some(it) => write!(to, "{} \"-\" \"{}\" \"{}\" \"{}\"", it.took, it.agent, it.id, line.host),
        None => write!(to, "- \"-\" \"-\" \"-\" \"-\""),
    };
    let _ = write!(to, " \"{}\"", line.upstream);
}

fn default_text(to: &mut String, line: &Line) {
    text_start(to, line);
    text_end(to, line);
}

fn istio_text(to: &mut String, line: &Line) {
    text_start(to, line);
    to.push_str(if line.request.is_some() {
        " via_upstream - \"-\""
    } else {
        " - - \"-\""
    });
    text_end(to, line);
    let (sni, route) = match &line.request {
        Some(_) => ("-", "default"),
        None => (line.host, "-"),
    };
    let (cluster, own, local, remote) = (line.cluster(), &line.own, &line.local, &line.remote);
    let _ = write!(to, " {cluster} {own} {local} {remote} {sni} {route}");
}

/// A JSON string, or null.
fn text(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("\"{value}\""))
}

fn app_mesh_json(to: &mut String, line: &Line) {
    let request = line.request.as_ref();
    let (authority, method) = (text(request.map(|_| line.host)), text(request.map(|it| it.method)));
    let (path, protocol) = (
        text(request.map(|it| it.path.as_str())),
        text(request.map(|it| it.protocol)),
    );
    let (received, sent, duration, code) = (
        line.received,
        line.sent,
        line.duration,
        request.map_or("0", |it| it.code),
    );
    let (remote, local, start, cluster, upstream) =
        (&line.remote, &line.local, &line.start, line.cluster(), &line.upstream);
    let _ = write!(
        to,
        r#"{{"authority":{authority},"bytes_received":{received},"bytes_sent":{sent},"downstream_direct_remote_address":"{remote}","downstream_local_address":"{local}","downstream_remote_address":"{remote}","duration":{duration},"method":{method},"path":{path},"protocol":{protocol},"requested_server_name":null,"response_code":{code},"response_code_details":"via_upstream","response_flags":"-","start_time":"{start}","upstream_cluster":"{cluster}","upstream_host":"{upstream}"}}"#
    );
}

fn istio_json(to: &mut String, line: &Line) {
    let request = line.request.as_ref();
    let (authority, method) = (text(request.map(|_| line.host)), text(request.map(|it| it.method)));
    let (path, protocol) = (
        text(request.map(|it| it.path.as_str())),
        text(request.map(|it| it.protocol)),
    );
    let (agent, id) = (text(request.map(|it| it.agent)), text(request.map(|it| it.id.as_str())));
    let (received, sent, duration, code) = (
        line.received,
        line.sent,
        line.duration,
        request.map_or("0", |it| it.code),
    );
    let details = text(request.map(|_| "via_upstream"));
    let route = text(request.map(|_| "default"));
    let sni = text(request.is_none().then_some(line.host));
    let took = text(request.map(|it| it.took.to_string()).as_deref());
    let (own, remote, local, start, cluster, upstream) = (
        &line.own,
        &line.remote,
        &line.local,
        &line.start,
        line.cluster(),
        &line.upstream,
    );
    let _ = write!(
        to,
        r#"{{"authority":{authority},"bytes_received":{received},"bytes_sent":{sent},"connection_termination_details":null,"downstream_local_address":"{local}","downstream_remote_address":"{remote}","duration":{duration},"method":{method},"path":{path},"protocol":{protocol},"request_id":{id},"requested_server_name":{sni},"response_code":{code},"response_code_details":{details},"response_flags":"-","route_name":{route},"start_time":"{start}","upstream_cluster":"{cluster}","upstream_host":"{upstream}","upstream_local_address":"{own}","upstream_service_time":{took},"upstream_transport_failure_reason":null,"user_agent":{agent},"x_forwarded_for":null}}"#
    );
}

/// As old proxies write it: every value a string, `-` for none.
fn untyped_json(to: &mut String, line: &Line) {
    let from = to.len();
    istio_json(to, line);
    let line = to.split_off(from);
    let mut rest = line.as_str();
    while let Some((key, behind)) = rest.split_once("\":") {
        to.push_str(key);
        to.push_str("\":");
        let end = behind.find([',', '}']).unwrap_or(behind.len());
        let (value, after) = behind.split_at(end);
        match value.strip_prefix('"') {
            Some(_) => to.push_str(value),
            None if value == "null" => to.push_str("\"-\""),
            None => {
                let _ = write!(to, "\"{value}\"");
            }
        }
        rest = after;
    }
    to.push_str(rest);
}
