//! A CloudWatch Logs server in memory: JSON 1.1, pages, tokens, refusals, and a record of when each request came.

mod groups;
mod operations;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::port::Port;
use groups::Groups;
pub use groups::Paging;

/// A running server; it ends when dropped.
///
/// It takes requests that name [`ACCESS_KEY`](Self::ACCESS_KEY); their signature is not checked. Every region has the
/// same groups, and all belong to [`ACCOUNT`](Self::ACCOUNT).
pub struct CloudWatchServer {
    port: Port,
    groups: Arc<Groups>,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Instant,
    /// For which region it was signed.
    pub region: String,
    /// Which operation, such as `FilterLogEvents`.
    pub operation: String,
    /// Its input as it came, JSON.
    pub input: String,
    /// The code it was refused with, if it was.
    pub refused: Option<String>,
}

impl CloudWatchServer {
    /// The access key that the server knows.
    pub const ACCESS_KEY: &'static str = "AKIALOOPBACK";
    /// A secret that no message may show; the server does not check it.
    pub const SECRET_KEY: &'static str = "loopback-secret-that-no-message-may-show";
    /// A region for whoever needs one.
    pub const REGION: &'static str = "eu-central-1";
    /// The account of every group.
    pub const ACCOUNT: &'static str = "001234567890";

    /// Starts a server without any group.
    ///
    /// # Panics
    /// When no thread or socket can be had.
    #[must_use]
    pub fn start() -> Self {
        let groups = Arc::new(Groups::default());
        Self {
            port: Port::serve(1, |listener| serve(listener, Arc::clone(&groups))),
            groups,
        }
    }

    /// The endpoint URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.port.url()
    }

    /// The socket address behind [`url`](Self::url).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Makes an empty group, unless it is there.
    pub fn create_group(&self, group: &str) {
        self.groups.change(group, |_| ());
    }

    /// Makes an empty stream, and its group if there is none.
    pub fn create_stream(&self, group: &str, stream: &str) {
        self.groups.change(group, |group| group.stream(stream));
    }

    /// Deletes a group.
    pub fn delete_group(&self, group: &str) {
        self.groups.delete(group);
    }

    /// Says that a group keeps its events for so many days; nothing is deleted.
    pub fn retain(&self, group: &str, days: u32) {
        self.groups.change(group, |group| group.retain(days));
    }

    /// Puts an event, and makes its group and stream if there are none. `at` is in Unix milliseconds.
    pub fn put(&self, group: &str, stream: &str, at: u64, message: &str) {
        self.groups.change(group, |group| group.put(stream, at, message));
    }

    /// Cuts all answers to `FilterLogEvents` from now on into pages like this.
    pub fn page_by(&self, paging: Paging) {
        self.groups.page_by(paging);
    }

    /// Refuses the next so many requests with an error code, such as `ThrottlingException`.
    pub fn refuse_next(&self, requests: usize, code: &'static str) {
        self.groups.refuse_next(requests, code);
    }

    /// Refuses an operation, such as `FilterLogEvents`, with an error code from now on.
    pub fn refuse(&self, operation: &'static str, code: &'static str) {
        self.groups.refuse(operation, code);
    }

    /// Refuses this session token from now on, once so many more requests with it were answered.
    pub fn expire(&self, session_token: &str, after: usize) {
        self.groups.expire(session_token, after);
    }

    /// The requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Asked> {
        self.groups.requests()
    }
}

async fn serve(listener: TcpListener, groups: Arc<Groups>) {
    while let Ok((connection, _)) = listener.accept().await {
        let groups = Arc::clone(&groups);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let groups = Arc::clone(&groups);
                async move { Ok::<_, Infallible>(operations::answer(&groups, request).await) }
            });
            // Without it a small answer waits for the client's delayed acknowledgement.
            if connection.set_nodelay(true).is_ok() {
                // A connection that breaks is the client's or the proxy's doing.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), answer)
                    .await;
            }
        });
    }
}
