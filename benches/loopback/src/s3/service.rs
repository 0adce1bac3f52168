//! The two S3 operations that a reader of logs needs, behind the keys that are known.

use std::fmt::Write;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    StreamingBlob,
};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::S3Server;
use super::bucket::{Question, Store, Stored};
use super::rules::{Closed, Signed};

/// What S3 gives at most in one page.
const PAGE: usize = 1000;

/// The known keys; S3 has another code for an unknown key than the library's own.
pub(super) struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key.starts_with(S3Server::ACCESS_KEY) {
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
        let input = &request.input;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let by_folder = input.delimiter.as_deref() == Some("/");
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref());
        self.store.note(format!(
            "ListObjectsV2 {} {prefix}{}{}",
            input.bucket,
            if by_folder { " by folder" } else { "" },
            input
                .start_after
                .as_ref()
                .map(|key| format!(" after {key}"))
                .unwrap_or_default()
        ));
        self.admit(
            &input.bucket,
            ("ListObjectsV2", prefix),
            input.request_payer.is_some(),
            &request,
        )?;
        let most = input.max_keys.and_then(|most| usize::try_from(most).ok());
        let question = Question {
            prefix,
            by_folder,
            after,
            most: most.unwrap_or(PAGE).min(PAGE),
        };
        let page = self.store.page(&input.bucket, &question);
        let encoded = input
            .encoding_type
            .as_ref()
            .is_some_and(|kind| kind.as_str() == EncodingType::URL);
        let text = |text: &str| if encoded { url_encoded(text) } else { text.to_owned() };
        let folder = |folder: &String| CommonPrefix {
            prefix: Some(text(folder)),
        };
        let objects = page.objects.iter().map(|(key, stored)| entry(text(key), stored));
        let output = ListObjectsV2Output {
            is_truncated: Some(page.more.is_some()),
            key_count: i32::try_from(page.objects.len() + page.folders.len()).ok(),
            contents: Some(objects.collect()),
            common_prefixes: Some(page.folders.iter().map(folder).collect()),
            next_continuation_token: page.more,
            encoding_type: input.encoding_type.clone(),
            name: Some(input.bucket.clone()),
            ..ListObjectsV2Output::default()
        };
        Ok(S3Response::new(output))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = &request.input;
        let range = input
            .range
            .as_ref()
            .map(|range| format!(" {}", range.to_header_string()))
            .unwrap_or_default();
        self.store
            .note(format!("GetObject {} {}{range}", input.bucket, input.key));
        self.admit(
            &input.bucket,
            ("GetObject", &input.key),
            input.request_payer.is_some(),
            &request,
        )?;
        let stored = self
            .store
            .get(&input.bucket, &input.key)
            .ok_or_else(|| s3_error!(NoSuchKey))?;
        let expected = input.if_match.as_ref().and_then(|condition| condition.as_etag());
        if expected.is_some_and(|etag| etag.value() != stored.etag) {
            return Err(s3_error!(PreconditionFailed));
        }
        let whole = u64::try_from(stored.bytes.len()).map_err(S3Error::internal_error)?;
        let part = input.range.as_ref().map(|range| range.check(whole)).transpose()?;
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
    fn admit<T>(
        &self,
        bucket: &str,
        (operation, of): (&'static str, &str),
        pays: bool,
        request: &S3Request<T>,
    ) -> S3Result<()> {
        let region = request.region.as_ref().map(ToString::to_string);
        let signed = Signed {
            operation,
            of,
            region: region.as_deref(),
            access_key: request.credentials.as_ref().map_or("", |keys| &keys.access_key),
            pays,
        };
        let admitted = self.store.admit(bucket, &signed);
        admitted.map_err(|closed| match closed {
            Closed::Missing => s3_error!(NoSuchBucket),
            Closed::Refused(code) => refusal(code),
            Closed::Elsewhere { region, in_words: true } => {
                let asked = signed.region.unwrap_or_default();
                let said = format!(
                    "The authorization header is malformed; the region '{asked}' is wrong; expecting '{region}'"
                );
                S3Error::with_message(S3ErrorCode::AuthorizationHeaderMalformed, said)
            }
            Closed::Elsewhere { region, .. } => redirect(&region),
        })
    }
}

fn refusal(code: &'static str) -> S3Error {
    S3Error::new(S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError))
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

fn entry(key: String, stored: &Stored) -> Object {
    Object {
        key: Some(key),
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
