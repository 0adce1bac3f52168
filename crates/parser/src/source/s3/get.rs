//! One object's bytes: counted against its length, and resumed where they broke off.

use std::sync::Arc;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use tokio::sync::mpsc::Sender;
use tokio::time::{sleep, timeout};

use super::body::{Feed, body};
use super::client::Bucket;
use super::error::{self, Asked};
use super::list::Listed;
use super::text::innermost;
use crate::source::{Delivery, Object, ObjectId, SourceError};

/// Opens an object, delivers it, and stays until its last byte was handed over or nobody reads it any more.
pub(super) async fn fetch(bucket: Arc<Bucket>, key: Listed, to: Sender<Delivery>) {
    let opened = match key {
        Ok(key) => Download::open(bucket, key).await,
        Err(text) => Err(error::no_key(&bucket, &text)),
    };
    match opened {
        Ok((download, stream)) => {
            let (feed, body) = body();
            let object = Object::new(download.id.clone(), Box::new(body));
            if to.send(Delivery::Object(object)).await.is_ok() {
                download.run(stream, feed).await;
            }
        }
        // Nobody takes deliveries any more: then nobody needs to know.
        Err(error) => drop(to.send(Delivery::Failed(error)).await),
    }
}

/// A download under way.
struct Download {
    bucket: Arc<Bucket>,
    key: String,
    id: ObjectId,
    /// As the server wrote it, quotes and all.
    etag: Option<String>,
    size: u64,
    /// Bytes handed over.
    at: u64,
    /// Attempts to resume since a byte was last handed over.
    resumes: u32,
}

/// How one answer's bytes ended.
enum Ended {
    Complete,
    ReaderGone,
    Broken(String),
}

/// Why an attempt to resume did not succeed.
enum Refused {
    /// Another attempt would be refused as well.
    ForGood(String),
    ForNow(String),
}

impl Download {
    async fn open(bucket: Arc<Bucket>, key: String) -> Result<(Self, ByteStream), SourceError> {
        let request = bucket.client.get_object().bucket(&bucket.name).key(&key);
        let answer = request
            .send()
            .await
            .map_err(|error| error::explain(Asked::Read(&key), &bucket, &error))?;
        let size = answer.content_length().and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| error::no_length(&bucket, &key))?;
        let etag = answer.e_tag().map(str::to_owned);
        let version = etag.as_deref().map(|etag| etag.trim_matches('"').to_owned());
        let id = ObjectId {
            uri: bucket.uri(&key),
            version,
            size: Some(size),
        };
        Ok((
            Self {
                bucket,
                key,
                id,
                etag,
                size,
                at: 0,
                resumes: 0,
            },
            answer.body,
        ))
    }

    async fn run(mut self, mut stream: ByteStream, feed: Feed) {
        let end = loop {
            let why = match self.pour(&mut stream, &feed).await {
                Ended::Complete => break Ok(()),
                Ended::ReaderGone => return,
                Ended::Broken(why) => why,
            };
            stream = match self.resumed(why).await {
                Ok(stream) => stream,
                Err(why) => break Err(why),
            };
        };
        feed.end(end).await;
    }

    /// Hands one answer's bytes over.
    async fn pour(&mut self, stream: &mut ByteStream, feed: &Feed) -> Ended {
        loop {
            let next = match timeout(self.bucket.options.idle, stream.next()).await {
                Ok(next) => next,
                Err(_) => return Ended::Broken(format!("no byte came for {:?}", self.bucket.options.idle)),
            };
            match next {
                Some(Ok(bytes)) => {
                    let until = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                    if until > self.size {
                        return Ended::Broken("more bytes came than the object has".to_owned());
                    }
                    if !feed.bytes(bytes).await {
                        return Ended::ReaderGone;
                    }
                    self.at = until;
                    self.resumes = 0;
                }
                Some(Err(why)) => return Ended::Broken(innermost(&why)),
                None if self.at == self.size => return Ended::Complete,
                None => return Ended::Broken("the connection ended".to_owned()),
            }
        }
    }

    /// Asks for the rest, a few times.
    async fn resumed(&mut self, mut why: String) -> Result<ByteStream, String> {
        // All bytes came and the answer still failed: its checksum did not match, and what was handed over is wrong.
        if self.at == self.size {
            return Err(format!(
                "all {} bytes came, and not those that were stored: {why}",
                self.size
            ));
        }
        while self.resumes < self.bucket.options.resumes {
            sleep(self.bucket.options.backoff.saturating_mul(1 << self.resumes.min(16))).await;
            self.resumes += 1;
            match self.rest().await {
                Ok(stream) => return Ok(stream),
                Err(Refused::ForGood(why)) => return Err(why),
                Err(Refused::ForNow(again)) => why = again,
            }
        }
        Err(self.broken(&why))
    }

    /// Asks for the rest of the very same object.
    async fn rest(&self) -> Result<ByteStream, Refused> {
        let Some(etag) = &self.etag else {
            return Err(Refused::ForGood(self.broken("the server gave no ETag to resume by")));
        };
        let request = self.bucket.client.get_object().bucket(&self.bucket.name).key(&self.key);
        let answer = request.range(format!("bytes={}-", self.at)).if_match(etag).send().await;
        let answer = answer.map_err(|error| self.refused(&error))?;
        // Not every server heeds the two conditions; bytes of another place or version must not slip in.
        if answer.e_tag() != Some(etag) {
            return Err(Refused::ForGood(self.changed("replaced")));
        }
        let rest = format!("bytes {}-{}/{}", self.at, self.size.saturating_sub(1), self.size);
        if answer.content_range() != Some(rest.as_str()) {
            return Err(Refused::ForGood(
                self.broken("the server cannot resume: it sent another range"),
            ));
        }
        Ok(answer.body)
    }

    fn refused(&self, error: &SdkError<GetObjectError, HttpResponse>) -> Refused {
        let why = || error::explain(Asked::Read(&self.key), &self.bucket, error).why;
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Refused::ForGood(self.changed("deleted")),
            // The precondition failed, or the object is shorter now.
            Some(412 | 416) => Refused::ForGood(self.changed("replaced")),
            Some(status @ 400..500) if !matches!(status, 408 | 429) => Refused::ForGood(self.broken(&why())),
            _ => Refused::ForNow(why()),
        }
    }

    fn changed(&self, how: &str) -> String {
        let Self { at, size, .. } = self;
        format!("the object was {how} while it was read (after {at} of {size} bytes)")
    }

    fn broken(&self, why: &str) -> String {
        let Self { at, size, .. } = self;
        format!("the transfer broke off after {at} of {size} bytes: {why}")
    }
}
