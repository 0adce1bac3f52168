//! An S3 server in memory: real signatures, XML, paging, ranges and preconditions, on a port of its own.

mod bucket;
mod rules;
mod service;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::port::Port;
use bucket::Store;
use service::{Keys, Service};

/// A running server; it ends when dropped.
///
/// It takes requests signed with [`ACCESS_KEY`](Self::ACCESS_KEY), or a key that begins so, and [`SECRET_KEY`](Self::SECRET_KEY),
/// path-style.
pub struct S3Server {
    port: Port,
    store: Arc<Store>,
}

impl S3Server {
    /// The access key that the server knows.
    pub const ACCESS_KEY: &'static str = "AKIALOOPBACK";
    /// Its secret.
    pub const SECRET_KEY: &'static str = "loopback-secret-that-no-message-may-show";
    /// The region of every bucket that was not [moved](Self::move_bucket).
    pub const REGION: &'static str = "eu-central-1";

    /// Starts a server without any bucket.
    ///
    /// # Panics
    /// When no thread or socket can be had.
    #[must_use]
    pub fn start() -> Self {
        let store = Arc::new(Store::default());
        Self {
            port: Port::serve(2, |listener| serve(listener, Arc::clone(&store))),
            store,
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

    /// Makes an empty bucket, unless it is there. Its name needs three characters.
    pub fn create_bucket(&self, bucket: &str) {
        self.store.change(bucket, |_| ());
    }

    /// Puts an object in place of whatever the key held, and makes the bucket if there is none.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        self.store.put(bucket, key, bytes.into());
    }

    /// Claims a CRC-32 (Base64, as in `x-amz-checksum-crc32`) for an object that is there.
    pub fn claim_checksum(&self, bucket: &str, key: &str, crc32: &str) {
        self.store.claim_checksum(bucket, key, crc32);
    }

    /// Deletes every object of a bucket, and makes it if there is none.
    pub fn empty(&self, bucket: &str) {
        self.store.change(bucket, |bucket| bucket.objects.clear());
    }

    /// Deletes an object.
    pub fn delete(&self, bucket: &str, key: &str) {
        self.store.delete(bucket, key);
    }

    /// Replaces an object, or deletes it, as soon as a listing has shown it.
    pub fn change_after_listing(&self, bucket: &str, key: &str, bytes: Option<Bytes>) {
        self.store.change(bucket, |bucket| {
            drop(bucket.after_listing.insert(key.to_owned(), bytes))
        });
    }

    /// Answers an operation (`ListObjectsV2` or `GetObject`) on a bucket with an error code, such as `AccessDenied`.
    pub fn refuse(&self, bucket: &str, operation: &'static str, code: &'static str) {
        self.refuse_times(bucket, operation, code, usize::MAX);
    }

    /// Answers the next `times` requests of an operation on a bucket with an error code, such as `SlowDown`.
    pub fn refuse_times(&self, bucket: &str, operation: &'static str, code: &'static str, times: usize) {
        self.store.change(bucket, |bucket| {
            bucket.rules.refusals.insert(operation, (code, times));
        });
    }

    /// Answers listings of exactly this prefix with an error code.
    pub fn refuse_folder(&self, bucket: &str, prefix: &str, code: &'static str) {
        self.store.change(bucket, |bucket| {
            bucket.rules.closed.insert(prefix.to_owned(), code);
        });
    }

    /// Refuses whoever does not say that they pay for the request.
    pub fn requester_pays(&self, bucket: &str) {
        self.store.change(bucket, |bucket| bucket.rules.requester_pays = true);
    }

    /// Lets an access key expire after so many more answers from a bucket.
    pub fn expire_after(&self, bucket: &str, access_key: &str, answers: usize) {
        let key = access_key.to_owned();
        self.store.change(bucket, |bucket| match answers {
            0 => drop(bucket.rules.expired.insert(key)),
            _ => drop(bucket.rules.expiring.insert(key, answers)),
        });
    }

    /// Moves a bucket to another region: requests signed for a different one are redirected.
    pub fn move_bucket(&self, bucket: &str, region: &str) {
        self.store
            .change(bucket, |bucket| bucket.rules.region = Some(region.to_owned()));
    }

    /// Says from now on in words alone that a request was signed for another region than the bucket's.
    pub fn redirect_in_words(&self, bucket: &str) {
        self.store.change(bucket, |bucket| bucket.rules.in_words = true);
    }

    /// The requests so far, in order: `ListObjectsV2 bucket prefix`, with ` by folder` and ` after KEY` if so, and
    /// `GetObject bucket key`, with the range if any.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.store.requests()
    }
}

async fn serve(listener: TcpListener, store: Arc<Store>) {
    let mut builder = S3ServiceBuilder::new(Service { store });
    builder.set_auth(Keys);
    let service = builder.build();
    while let Ok((connection, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // Without it a small answer waits for the client's delayed acknowledgement.
            if connection.set_nodelay(true).is_ok() {
                // A connection that breaks is the client's or the proxy's doing.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service)
                    .await;
            }
        });
    }
}
