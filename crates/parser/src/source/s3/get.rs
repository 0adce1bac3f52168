//! One object, delivered with its bytes in order: a large one over several connections, resumed where they broke off.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::client::Bucket;
use super::error::{self, Asked};
use super::list::{Entry, Listed, version};
use super::part::{Parts, Refused, Version, length, piece};
use crate::source::aws::bridge::{Feed, body, lazy_body};
use crate::source::{Delivery, Object, ObjectId, ReadAt, SourceError};

/// Chunks that wait for the reader. A chunk is what the HTTP client read at once: at most some 400 kB.
const CHUNKS: usize = 4;

/// How the key of an object ends that is read by its index: its bytes are fetched when asked for.
const INDEXED: &str = ".parquet";

/// Delivers an object, and stays until its last byte was handed over or nobody reads them any more.
pub(super) async fn fetch(bucket: Arc<Bucket>, listed: Listed, to: Sender<Delivery>) {
    let entry = match listed {
        Ok(entry) => entry,
        // Here and below: nobody takes deliveries any more, then nobody needs to know.
        Err(text) => return drop(to.send(Delivery::Failed(error::no_key(&bucket, &text))).await),
    };
    let id = entry.id(&bucket);
    if bucket.wanted.counted.as_ref().is_some_and(|counted| counted(&id)) {
        let object = Object::new(id, Box::new(io::empty()));
        return drop(to.send(Delivery::Object(object)).await);
    }
    if let (true, Some(_), Some(size)) = (entry.key.ends_with(INDEXED), &entry.etag, entry.size) {
        let version = Version {
            bucket,
            key: entry.key,
            etag: entry.etag,
            size,
        };
        return deliver_lazily(version, to).await;
    }
    match open(bucket, entry).await {
        Ok((download, stream)) => deliver(download, stream, to).await,
        Err(error) => drop(to.send(Delivery::Failed(error)).await),
    }
}

async fn deliver(download: Download, stream: ByteStream, to: Sender<Delivery>) {
    let (feed, body) = body(CHUNKS);
    if send(&download, Box::new(body), to).await {
        download.run(Some(stream), feed).await;
    }
}

/// Nothing is fetched before somebody reads, and no more than its first bytes before somebody reads on.
async fn deliver_lazily(version: Version, to: Sender<Delivery>) {
    let head = version.size.min(HEAD);
    let download = Download {
        at: head,
        ..Download::new(version, head)
    };
    let (feed, body, wanted) = lazy_body(CHUNKS);
    let head = Head {
        at: Arc::new(parts(&download, &to)),
        given: 0,
        length: head,
    };
    if send(&download, Box::new(head.chain(body)), to).await && wanted.await.is_ok() {
        download.run(None, feed).await;
    }
}

/// How many bytes tell what an object is.
const HEAD: u64 = 4;

/// The first bytes of an object, each fetched when it is read.
struct Head {
    at: Arc<dyn ReadAt>,
    given: u64,
    length: u64,
}

impl Read for Head {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.given).unwrap_or(usize::MAX);
        let count = left.min(into.len());
        self.at.read_at(self.given, into.get_mut(..count).unwrap_or_default())?;
        self.given += count as u64;
        Ok(count)
    }
}

async fn send(download: &Download, body: Box<dyn Read + Send>, to: Sender<Delivery>) -> bool {
    let object = Object {
        at: Some(Arc::new(parts(download, &to))),
        ..Object::new(download.id(), body)
    };
    to.send(Delivery::Object(object)).await.is_ok()
}

/// The bytes of an object in any order.
fn parts(download: &Download, to: &Sender<Delivery>) -> Parts {
    Parts {
        version: Arc::clone(&download.version),
        runtime: Handle::current(),
        _reading: to.clone(),
    }
}

/// Asks for an object, as it is now: of a large one for the first part.
async fn open(bucket: Arc<Bucket>, entry: Entry) -> Result<(Download, ByteStream), SourceError> {
    let large = entry.size.is_some_and(|size| size > bucket.options.large);
    let first = large.then(|| format!("bytes=0-{}", bucket.options.part.max(1) - 1));
    let mut answer = get(&bucket, &entry.key, first.clone()).await;
    let emptied = |error: &SdkError<GetObjectError, HttpResponse>| {
        error
            .raw_response()
            .is_some_and(|response| response.status().as_u16() == 416)
    };
    if first.is_some() && answer.as_ref().is_err_and(emptied) {
        answer = get(&bucket, &entry.key, None).await;
    }
    let answer = answer.map_err(|error| error::explain(Asked::Read(&entry.key), &bucket, &error))?;
    let here = answer.content_length().and_then(|size| u64::try_from(size).ok());
    let here = here.ok_or_else(|| error::no_length(&bucket, &entry.key))?;
    let size = match answer.content_range() {
        None => here,
        Some(range) => {
            let size = range.rsplit_once('/').and_then(|(_, size)| size.parse().ok());
            size.ok_or_else(|| error::no_length(&bucket, &entry.key))?
        }
    };
    let version = Version {
        bucket,
        key: entry.key,
        etag: answer.e_tag().map(str::to_owned),
        size,
    };
    Ok((Download::new(version, here.min(size)), answer.body))
}

async fn get(
    bucket: &Bucket,
    key: &str,
    range: Option<String>,
) -> Result<GetObjectOutput, SdkError<GetObjectError, HttpResponse>> {
    let answer = bucket.ask(|client| {
        client
            .get_object()
            .bucket(&bucket.name)
            .key(key)
            .set_range(range.clone())
            .set_request_payer(bucket.payer())
            .send()
    });
    answer.await
}

/// A download under way.
struct Download {
    version: Arc<Version>,
    /// Bytes handed over.
    at: u64,
    /// Where the part that is asked for ends.
    until: u64,
    /// The parts after it, read before their turn.
    ahead: VecDeque<Ahead>,
    /// Attempts to resume since a byte was last handed over.
    resumes: u32,
}

/// A part that is read before its turn. Dropped, it is read no further.
struct Ahead {
    until: u64,
    pieces: JoinHandle<(Result<Vec<Bytes>, String>, OwnedSemaphorePermit)>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.pieces.abort();
    }
}

/// How the bytes of a part ended.
enum Ended {
    Complete,
    ReaderGone,
    Broken(String),
}

impl Download {
    fn new(version: Version, until: u64) -> Self {
        Self {
            version: Arc::new(version),
            at: 0,
            until,
            ahead: VecDeque::new(),
            resumes: 0,
        }
    }

    fn id(&self) -> ObjectId {
        ObjectId {
            uri: self.version.bucket.uri(&self.version.key),
            version: self.version.etag.as_deref().map(version),
            size: Some(self.version.size),
        }
    }

    /// Hands everything over; `stream` is the answer that was opened, up to `until`.
    async fn run(mut self, mut stream: Option<ByteStream>, feed: Feed) {
        let end = loop {
            self.look_ahead();
            let ended = match stream.take() {
                Some(stream) => self.pour(stream, &feed).await,
                None if self.at == self.version.size => break Ok(()),
                None => self.next_part(&feed).await,
            };
            let why = match ended {
                Ended::Complete if self.at < self.until => None,
                Ended::Complete => continue,
                Ended::ReaderGone => return,
                // It broke behind its last byte, and the next part is another answer.
                Ended::Broken(_) if self.at == self.until && self.until < self.version.size => continue,
                Ended::Broken(why) => Some(why),
            };
            stream = match self.rest(why).await {
                Ok(stream) => Some(stream),
                Err(why) => break Err(why),
            };
        };
        feed.end(end).await;
    }

    /// Begins to read the parts that come next, as far as there is room for them.
    fn look_ahead(&mut self) {
        let Version { bucket, size, .. } = &*self.version;
        while self.ahead.len() < bucket.options.ahead {
            let from = self.ahead.back().map_or(self.until, |last| last.until);
            if from >= *size || self.until == 0 {
                return;
            }
            let Ok(room) = Arc::clone(&bucket.room).try_acquire_owned() else {
                return;
            };
            let until = self.part_end(from);
            let version = Arc::clone(&self.version);
            let pieces = tokio::spawn(async move { (version.whole(from, until).await, room) });
            self.ahead.push_back(Ahead { until, pieces });
        }
    }

    fn part_end(&self, from: u64) -> u64 {
        let Version { bucket, size, .. } = &*self.version;
        from.saturating_add(bucket.options.part.max(1)).min(*size)
    }

    /// Hands over the part that was read ahead, or sees to it that the next one is asked for.
    async fn next_part(&mut self, feed: &Feed) -> Ended {
        let Some(mut ahead) = self.ahead.pop_front() else {
            self.until = self.part_end(self.at);
            return Ended::Complete;
        };
        self.until = ahead.until;
        // What could not be read ahead is read in its turn, and then says why it cannot.
        if let Ok((Ok(pieces), _room)) = (&mut ahead.pieces).await {
            for bytes in pieces {
                let length = length(&bytes);
                if !feed.bytes(bytes).await {
                    return Ended::ReaderGone;
                }
                self.at += length;
            }
        }
        Ended::Complete
    }

    /// Hands one answer's bytes over.
    async fn pour(&mut self, mut stream: ByteStream, feed: &Feed) -> Ended {
        loop {
            match piece(&mut stream, &self.version).await {
                Ok(Some(bytes)) => {
                    let until = self.at.saturating_add(length(&bytes));
                    if until > self.until {
                        return Ended::Broken("more bytes came than the object has".to_owned());
                    }
                    if !feed.bytes(bytes).await {
                        return Ended::ReaderGone;
                    }
                    self.at = until;
                    self.resumes = 0;
                }
                Err(why) => return Ended::Broken(why),
                Ok(None) if self.at == self.until => return Ended::Complete,
                Ok(None) => return Ended::Broken("the connection ended".to_owned()),
            }
        }
    }

    /// Asks for the rest of the part, a few times if something broke.
    async fn rest(&mut self, mut why: Option<String>) -> Result<ByteStream, String> {
        let Version { bucket, size, .. } = &*self.version;
        loop {
            if let Some(why) = &why {
                // All bytes came and the answer still failed: its checksum did not match, and what was handed over is wrong.
                if self.at == *size {
                    return Err(format!("all {size} bytes came, and not those that were stored: {why}"));
                }
                if self.resumes >= bucket.options.resumes {
                    return Err(self.version.broken(self.at, why));
                }
                sleep(bucket.options.pause(self.resumes)).await;
                self.resumes += 1;
            }
            match self.version.part(self.at, self.until).await {
                Ok(stream) => return Ok(stream),
                Err(Refused::ForGood(why)) => return Err(why),
                Err(Refused::ForNow(again)) => why = Some(again),
            }
        }
    }
}
