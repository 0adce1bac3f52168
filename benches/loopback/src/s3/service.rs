//! The two S3 operations that a reader of logs needs, behind the one pair of keys that is known.

use std::fmt::Write;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    ETag, EncodingType, GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, StreamingBlob,
};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::S3Server;
use super::bucket::{Closed, Store, Stored};

/// What S3 gives at most in one page.
const PAGE: usize = 1000;

/// The one pair of keys; S3 has another code for an unknown key than the library's own.
pub(super) struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == S3Server::ACCESS_KEY {
            Ok(S3Server::SECRET_KEY.into())
        } else {
            Err(s3_error!(InvalidAccessKeyId))
        }
    }
}

/// The operations over a store.
pub(super) struct Service {
    pub(super) store: Arc<Store>,
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let region = request.region.as_ref().map(ToString::to_string);
        let input = request.input;
        let prefix = input.prefix.unwrap_or_default();
        self.store.note(format!("ListObjectsV2 {} {prefix}", input.bucket));
        self.admit(&input.bucket, "ListObjectsV2", region.as_deref())?;
        let most = input
            .max_keys
            .and_then(|most| usize::try_from(most).ok())
            .unwrap_or(PAGE)
            .min(PAGE);
        let page = self
            .store
            .page(&input.bucket, &prefix, input.continuation_token.as_deref(), most);
        let encoded = input
            .encoding_type
            .as_ref()
            .is_some_and(|kind| kind.as_str() == EncodingType::URL);
        let output = ListObjectsV2Output {
            next_continuation_token: page
                .more
                .then(|| page.objects.last().map(|(key, _)| key.clone()))
                .flatten(),
            is_truncated: Some(page.more),
            key_count: i32::try_from(page.objects.len()).ok(),
            contents: Some(
                page.objects
                    .into_iter()
                    .map(|(key, stored)| entry(&key, &stored, encoded))
                    .collect(),
            ),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsV2Output::default()
        };
        Ok(S3Response::new(output))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let region = request.region.as_ref().map(ToString::to_string);
        let input = request.input;
        let range = input
            .range
            .map(|range| format!(" {}", range.to_header_string()))
            .unwrap_or_default();
        self.store
            .note(format!("GetObject {} {}{range}", input.bucket, input.key));
        self.admit(&input.bucket, "GetObject", region.as_deref())?;
        let stored = self
            .store
            .get(&input.bucket, &input.key)
            .ok_or_else(|| s3_error!(NoSuchKey))?;
        let expected = input.if_match.as_ref().and_then(|condition| condition.as_etag());
        if expected.is_some_and(|etag| etag.value() != stored.etag) {
            return Err(s3_error!(PreconditionFailed));
        }
        let whole = u64::try_from(stored.bytes.len()).map_err(S3Error::internal_error)?;
        let part = input.range.map(|range| range.check(whole)).transpose()?;
        let (from, until) = part.as_ref().map_or((0, whole), |part| (part.start, part.end));
        let index = |at: u64| usize::try_from(at).map_err(S3Error::internal_error);
        let crc32 = stored.crc32.filter(|_| part.is_none());
        let bytes = stored.bytes.slice(index(from)?..index(until)?);
        let output = GetObjectOutput {
            checksum_crc32: crc32,
            content_length: i64::try_from(bytes.len()).ok(),
            content_range: part.map(|part| format!("bytes {}-{}/{whole}", part.start, part.end - 1)),
            e_tag: Some(ETag::Strong(stored.etag)),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }
}

impl Service {
    fn admit(&self, bucket: &str, operation: &str, region: Option<&str>) -> S3Result<()> {
        self.store
            .admit(bucket, operation, region)
            .map_err(|closed| match closed {
                Closed::Missing => s3_error!(NoSuchBucket),
                Closed::Refused(code) => {
                    S3Error::new(S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError))
                }
                Closed::Elsewhere(region) => redirect(&region),
            })
    }
}

fn redirect(region: &str) -> S3Error {
    let mut error = s3_error!(PermanentRedirect);
    error.set_status_code(StatusCode::MOVED_PERMANENTLY);
    let mut headers = HeaderMap::new();
    if let Ok(region) = HeaderValue::from_str(region) {
        headers.insert("x-amz-bucket-region", region);
    }
    error.set_headers(headers);
    error
}

fn entry(key: &str, stored: &Stored, encoded: bool) -> Object {
    Object {
        key: Some(if encoded { url_encoded(key) } else { key.to_owned() }),
        size: i64::try_from(stored.bytes.len()).ok(),
        e_tag: Some(ETag::Strong(stored.etag.clone())),
        ..Object::default()
    }
}

/// As S3 does it: a space becomes `+`, a slash stays.
fn url_encoded(key: &str) -> String {
    let mut text = String::new();
    for &byte in key.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => text.push(char::from(byte)),
            b' ' => text.push('+'),
            _ => write!(text, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
    text
}
