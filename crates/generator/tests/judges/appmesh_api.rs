//! An App Mesh API on loopback, as the Terraform provider uses it: REST JSON, numeric timestamps, unique ids.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const ACCOUNT: &str = "123456789012";
/// 2026-01-01T00:00:00Z.
const CREATED: u64 = 1_767_225_600;

/// A running API and what it was told. Stops when dropped.
pub(crate) struct AppMeshApi {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

/// Resources by their path below `/v20190125/`, such as `meshes/shop/virtualNodes/checkout`.
#[derive(Debug, Default)]
struct State {
    resources: BTreeMap<String, Resource>,
    created: u64,
}

#[derive(Debug, Clone)]
struct Resource {
    spec: Value,
    uid: u64,
    version: u64,
}

/// How an answer differs from 200: status, error type, message.
type Refusal = (StatusCode, &'static str, String);

impl AppMeshApi {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move {
                    // A client that hangs up is no failure of the API.
                    drop(connection.await);
                });
            }
        });
        AppMeshApi {
            address,
            state,
            _runtime: runtime,
        }
    }

    /// Makes a resource, as if somebody had called the API for it.
    pub(crate) fn create(&self, collection: &str, body: Value) {
        self.state.lock().unwrap().create(collection, body).unwrap();
    }

    /// Every resource below a mesh, as `aws appmesh describe-…` prints it, one after the other.
    pub(crate) fn described(&self) -> String {
        let state = self.state.lock().unwrap();
        let below = state
            .resources
            .keys()
            .filter_map(|path| Some((path, path.rsplit_once('/')?.0)));
        below
            .filter(|(_, collection)| *collection != "meshes")
            .map(|(path, collection)| {
                let kind = name_key(collection).trim_end_matches("Name");
                json!({kind: state.describe(path).unwrap()}).to_string()
            })
            .collect()
    }

    /// The spec of a resource, as last written.
    pub(crate) fn spec(&self, path: &str) -> Value {
        let state = self.state.lock().unwrap();
        let resource = state.resources.get(path);
        resource
            .unwrap_or_else(|| panic!("no {path} in {:?}", state.resources.keys()))
            .spec
            .clone()
    }

    /// The names of all resources directly in a collection, such as `meshes/shop/virtualNodes`.
    pub(crate) fn names(&self, collection: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let below = |path: &String| path.strip_prefix(collection)?.strip_prefix('/').map(str::to_owned);
        state
            .resources
            .keys()
            .filter_map(below)
            .filter(|name| !name.contains('/'))
            .collect()
    }
}

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let body = whole(request.into_body()).await;
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = decoded(uri.path().strip_prefix("/v20190125/").unwrap_or_default());
    let result = state.lock().unwrap().handle(&method, &path, body);
    let response = Response::builder().header("content-type", "application/json");
    let response = match result {
        Ok(value) => response.body(value.to_string()),
        Err((status, kind, message)) => response
            .status(status)
            .header("x-amzn-errortype", kind)
            .body(json!({"message": message}).to_string()),
    };
    Ok(response.unwrap())
}

/// A path without its percent escapes. No name in the tests has a slash.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

async fn whole(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes
}

impl State {
    fn handle(&mut self, method: &Method, path: &str, body: Value) -> Result<Value, Refusal> {
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            (&Method::GET, ["tags"]) => Ok(json!({"tags": []})),
            (
                &Method::PUT,
                ["meshes"]
                | ["meshes", _, "virtualNodes" | "virtualRouters" | "virtualServices"]
                | ["meshes", _, "virtualRouter", _, "routes"],
            ) => self.create(path, body),
            (
                _,
                ["meshes", _]
                | ["meshes", _, "virtualNodes" | "virtualRouters" | "virtualServices", _]
                | ["meshes", _, "virtualRouter", _, "routes", _],
            ) => match *method {
                Method::GET => self.describe(path),
                Method::PUT => self.update(path, body),
                Method::DELETE => self.delete(path),
                _ => Err(bad(format!("{method} {path}"))),
            },
            _ => Err(bad(format!("{method} {path}"))),
        }
    }

    fn create(&mut self, collection: &str, body: Value) -> Result<Value, Refusal> {
        let name = body[name_key(collection)].as_str().unwrap_or_default();
        if !(1..=255).contains(&name.len()) {
            return Err(bad(format!("expected a name of 1 to 255 characters, found {name:?}")));
        }
        let path = format!("{collection}/{name}");
        if let Some((parent, _)) = collection.rsplit_once('/') {
            self.describe(&parent.replace("/virtualRouter/", "/virtualRouters/"))?;
        }
        if self.resources.contains_key(&path) {
            return Err((StatusCode::CONFLICT, "ConflictException", format!("{path} exists")));
        }
        self.check(&path, &body["spec"])?;
        self.created += 1;
        let resource = Resource {
            spec: body["spec"].clone(),
            uid: self.created,
            version: 1,
        };
        self.resources.insert(path.clone(), resource);
        self.describe(&path)
    }

    fn update(&mut self, path: &str, body: Value) -> Result<Value, Refusal> {
        self.describe(path)?;
        self.check(path, &body["spec"])?;
        if let Some(resource) = self.resources.get_mut(path) {
            resource.spec = body["spec"].clone();
            resource.version += 1;
        }
        self.describe(path)
    }

    fn delete(&mut self, path: &str) -> Result<Value, Refusal> {
        let gone = self.describe(path)?;
        let mut used = self.resources.values().flat_map(|other| references(&other.spec));
        if used.any(|other| path.ends_with(&format!("/{other}"))) {
            return Err((
                StatusCode::CONFLICT,
                "ResourceInUseException",
                format!("{path} is in use"),
            ));
        }
        self.resources.remove(path);
        Ok(gone)
    }

    fn describe(&self, path: &str) -> Result<Value, Refusal> {
        let missing = || (StatusCode::NOT_FOUND, "NotFoundException", format!("no {path}"));
        let resource = self.resources.get(path).ok_or_else(missing)?;
        let parts: Vec<&str> = path.split('/').collect();
        let arn = path.replacen("meshes/", "mesh/", 1).replace("routes/", "route/");
        let arn = arn
            .replace("virtualNodes/", "virtualNode/")
            .replace("virtualRouters/", "virtualRouter/");
        let arn = arn.replace("virtualServices/", "virtualService/");
        let mut answer = json!({
            "meshName": parts.get(1),
            "spec": resource.spec,
            "status": {"status": "ACTIVE"},
            "metadata": {
                "arn": format!("arn:aws:appmesh:us-east-1:{ACCOUNT}:{arn}"),
                "uid": format!("00000000-0000-4000-8000-{:012}", resource.uid),
                "version": resource.version,
                "meshOwner": ACCOUNT,
                "resourceOwner": ACCOUNT,
                "createdAt": CREATED,
                "lastUpdatedAt": CREATED + resource.version,
            },
        });
        if let (Some((collection, name)), true) = (path.rsplit_once('/'), parts.len() >= 4) {
            answer[name_key(collection)] = json!(name);
        }
        if parts.len() == 6 {
            answer["virtualRouterName"] = json!(parts[3]);
        }
        Ok(answer)
    }

    /// What the service itself refuses: a listener without port or protocol, a provider that is not there, an unknown
    /// filter.
    fn check(&self, path: &str, spec: &Value) -> Result<(), Refusal> {
        for listener in spec["listeners"].as_array().into_iter().flatten() {
            let mapping = &listener["portMapping"];
            let port = mapping["port"].as_u64().is_some_and(|port| (1..=65535).contains(&port));
            let protocol = ["http", "http2", "grpc", "tcp"]
                .map(Value::from)
                .contains(&mapping["protocol"]);
            if !(port && protocol) {
                return Err(bad(format!("no listener: {listener}")));
            }
        }
        let mesh: Vec<&str> = path.splitn(3, '/').take(2).collect();
        for other in references(spec) {
            self.describe(&format!("{}/{other}", mesh.join("/")))?;
        }
        match spec["egressFilter"]["type"].as_str() {
            None | Some("ALLOW_ALL" | "DROP_ALL") => Ok(()),
            Some(other) => Err(bad(format!("no egress filter: {other}"))),
        }
    }
}

/// What a service or a route leads to, by its path below the mesh.
fn references(spec: &Value) -> Vec<String> {
    let named = |collection: &str, name: &Value| name.as_str().map(|name| format!("{collection}/{name}"));
    let provider = &spec["provider"];
    let mut found: Vec<String> = Vec::new();
    found.extend(named("virtualNodes", &provider["virtualNode"]["virtualNodeName"]));
    found.extend(named("virtualRouters", &provider["virtualRouter"]["virtualRouterName"]));
    for kind in ["httpRoute", "tcpRoute"] {
        let targets = spec[kind]["action"]["weightedTargets"].as_array().into_iter().flatten();
        found.extend(targets.filter_map(|target| named("virtualNodes", &target["virtualNode"])));
    }
    found
}

fn name_key(collection: &str) -> &'static str {
    if collection.ends_with("virtualNodes") {
        "virtualNodeName"
    } else if collection.ends_with("routes") {
        "routeName"
    } else if collection.ends_with("virtualRouters") {
        "virtualRouterName"
    } else if collection.ends_with("virtualServices") {
        "virtualServiceName"
    } else {
        "meshName"
    }
}

fn bad(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, "BadRequestException", message)
}
