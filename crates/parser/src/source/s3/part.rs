//! Any bytes of one version of an object: what is had is of that version, or the reason why it cannot be had.

use std::io;
use std::sync::Arc;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::client::Bucket;
use super::error::{self, Asked};
use crate::source::aws::text::innermost;
use crate::source::{Delivery, ReadAt};

/// One version of an object.
pub(super) struct Version {
    pub(super) bucket: Arc<Bucket>,
    pub(super) key: String,
    /// As the server wrote it, quotes and all.
    pub(super) etag: Option<String>,
    pub(super) size: u64,
}

/// Why a part cannot be had.
pub(super) enum Refused {
    /// Another attempt would be refused as well.
    ForGood(String),
    ForNow(String),
}

impl Version {
    /// Asks for the bytes in [`from`, `until`), once.
    pub(super) async fn part(&self, from: u64, until: u64) -> Result<ByteStream, Refused> {
        let Some(etag) = &self.etag else {
            return Err(Refused::ForGood(
                self.broken(from, "the server gave no ETag to resume by"),
            ));
        };
        let last = until.saturating_sub(1);
        let answer = self.bucket.ask(|client| {
            client
                .get_object()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .range(format!("bytes={from}-{last}"))
                .if_match(etag)
                .set_request_payer(self.bucket.payer())
                .send()
        });
        let answer = answer.await.map_err(|error| self.refused(from, &error))?;
        // Not every server heeds the two conditions; bytes of another place or version must not slip in.
        if answer.e_tag() != Some(etag) {
            return Err(Refused::ForGood(self.changed(from, "replaced")));
        }
        let range = format!("bytes {from}-{last}/{}", self.size);
        if answer.content_range() != Some(range.as_str()) {
            return Err(Refused::ForGood(
                self.broken(from, "the server cannot resume: it sent another range"),
            ));
        }
        Ok(answer.body)
    }

    /// All bytes in [`from`, `until`), asked for as often as the options say.
    pub(super) async fn whole(&self, from: u64, until: u64) -> Result<Vec<Bytes>, String> {
        let options = &self.bucket.options;
        let (mut pieces, mut at, mut attempts) = (Vec::new(), from, 0);
        while at < until {
            let why = match self.part(at, until).await {
                Ok(mut stream) => loop {
                    match piece(&mut stream, self).await {
                        Ok(Some(bytes)) if length(&bytes) <= until - at => {
                            at += length(&bytes);
                            attempts = 0;
                            pieces.push(bytes);
                        }
                        Ok(Some(_)) => return Err(self.broken(at, "more bytes came than were asked for")),
                        Ok(None) if at == until => break None,
                        Ok(None) => break Some("the connection ended".to_owned()),
                        Err(why) => break Some(why),
                    }
                },
                Err(Refused::ForNow(why)) => Some(why),
                Err(Refused::ForGood(why)) => return Err(why),
            };
            let Some(why) = why else { break };
            if attempts >= options.resumes {
                return Err(self.broken(at, &why));
            }
            sleep(options.pause(attempts)).await;
            attempts += 1;
        }
        Ok(pieces)
    }

    fn refused(&self, at: u64, error: &SdkError<GetObjectError, HttpResponse>) -> Refused {
        let why = error::explain(Asked::Read(&self.key), &self.bucket, error).why;
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Refused::ForGood(self.changed(at, "deleted")),
            // The precondition failed, or the object is shorter now.
            Some(412 | 416) => Refused::ForGood(self.changed(at, "replaced")),
            Some(status @ 400..500) if !matches!(status, 408 | 429) => Refused::ForGood(self.broken(at, &why)),
            _ => Refused::ForNow(why),
        }
    }

    fn changed(&self, at: u64, how: &str) -> String {
        format!(
            "the object was {how} while it was read (after {at} of {} bytes)",
            self.size
        )
    }

    /// Why nothing comes after so many bytes.
    pub(super) fn broken(&self, at: u64, why: &str) -> String {
        format!("the transfer broke off after {at} of {} bytes: {why}", self.size)
    }
}

/// The next bytes of an answer, unless its server is silent for too long.
pub(super) async fn piece(stream: &mut ByteStream, version: &Version) -> Result<Option<Bytes>, String> {
    let idle = version.bucket.options.idle;
    match timeout(idle, stream.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(Some(Err(why))) => Err(innermost(&why)),
        Err(_) => Err(format!("no byte came for {idle:?}")),
    }
}

pub(super) fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The bytes of a version in any order, for threads that may block.
pub(super) struct Parts {
    pub(super) version: Arc<Version>,
    pub(super) runtime: Handle,
    /// Keeps the runtime: it ends when nobody can deliver any more.
    pub(super) _reading: Sender<Delivery>,
}

impl ReadAt for Parts {
    fn size(&self) -> u64 {
        self.version.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let length = u64::try_from(into.len()).unwrap_or(u64::MAX);
        let until = offset.checked_add(length).filter(|until| *until <= self.version.size);
        let Some(until) = until else {
            let why = format!("expected at most {} bytes, asked for more", self.version.size);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        };
        let (to, answer) = oneshot::channel();
        let version = Arc::clone(&self.version);
        self.runtime.spawn(async move {
            // Whoever asked waits for it.
            let _ = to.send(version.whole(offset, until).await);
        });
        let pieces = answer.blocking_recv();
        let pieces = pieces.unwrap_or_else(|_| Err("the download was abandoned".to_owned()));
        let mut rest = into;
        for piece in pieces.map_err(io::Error::other)? {
            let (head, tail) = rest.split_at_mut(piece.len().min(rest.len()));
            head.copy_from_slice(&piece[..head.len()]);
            rest = tail;
        }
        Ok(())
    }
}
