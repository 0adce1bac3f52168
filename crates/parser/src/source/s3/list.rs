//! One page of a bucket's keys.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::types::{EncodingType, Object};

use super::client::Bucket;
use crate::source::ObjectId;

/// An object that was listed, or the text of a key that cannot be understood.
pub(super) type Listed = Result<Entry, String>;

/// An object as a listing shows it; it may have changed since.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// As the server wrote it, quotes and all.
    pub(super) etag: Option<String>,
    pub(super) size: Option<u64>,
}

impl Entry {
    pub(super) fn id(&self, bucket: &Bucket) -> ObjectId {
        ObjectId {
            uri: bucket.uri(&self.key),
            version: self.etag.as_deref().map(version),
            size: self.size,
        }
    }
}

/// An ETag without its quotes.
pub(super) fn version(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// What a page begins behind.
#[derive(Debug, Clone)]
pub(super) enum After {
    Nothing,
    /// The page that gave this token.
    Token(String),
    /// This key.
    Key(String),
}

/// One answer to the question for keys.
pub(super) struct Page {
    /// Objects, but for what consoles leave behind for an empty folder.
    pub(super) objects: Vec<Listed>,
    /// Folders, where the question was for them: prefixes that end with a slash, or their undecodable text.
    pub(super) folders: Vec<Result<String, String>>,
    /// The token of the next page; an inner `None` where there is more and the server does not give one.
    pub(super) more: Option<Option<String>>,
}

/// Asks for a page of what begins with `prefix`: down to the next slash where `by_folder`, else all the way.
pub(super) async fn page(
    bucket: &Bucket,
    prefix: &str,
    by_folder: bool,
    after: &After,
) -> Result<Page, SdkError<ListObjectsV2Error, HttpResponse>> {
    let (token, key) = match after {
        After::Nothing => (None, None),
        After::Token(token) => (Some(token.clone()), None),
        After::Key(key) => (None, Some(key.clone())),
    };
    let answer = bucket.ask(|client| {
        client
            .list_objects_v2()
            .bucket(&bucket.name)
            .set_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
            .set_delimiter(by_folder.then(|| "/".to_owned()))
            .set_continuation_token(token.clone())
            .set_start_after(key.clone())
            .set_request_payer(bucket.payer())
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url)
            .send()
    });
    answer.await.map(Page::of)
}

impl Page {
    fn of(answer: ListObjectsV2Output) -> Self {
        let encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let text = |text: &str| match encoded {
            true => url_decoded(text).ok_or_else(|| text.to_owned()),
            false => Ok(text.to_owned()),
        };
        let marker = |object: &&Object| object.size() == Some(0) && object.key().is_some_and(|key| key.ends_with('/'));
        let entry = |object: &Object| {
            let key = object.key()?;
            Some(text(key).map(|key| Entry {
                key,
                etag: object.e_tag().map(str::to_owned),
                size: object.size().and_then(|size| u64::try_from(size).ok()),
            }))
        };
        let objects = answer.contents().iter().filter(|object| !marker(object));
        let folders = answer.common_prefixes().iter().filter_map(|folder| folder.prefix());
        Self {
            objects: objects.filter_map(entry).collect(),
            folders: folders.map(text).collect(),
            more: (answer.is_truncated == Some(true)).then(|| answer.next_continuation_token.clone()),
        }
    }
}

/// Undoes S3's URL encoding; `None` if it is not one, or not of UTF-8.
fn url_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => nibble(rest.next()?)? << 4 | nibble(rest.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_decoded_as_s3_encodes_it() {
        let decoded = |text| url_decoded(text);
        assert_eq!(decoded("a/b%2Bc+d%25%0a").as_deref(), Some("a/b+c d%\n"));
        assert_eq!(decoded("%E2%82%AC").as_deref(), Some("€"));
    }

    #[test]
    fn what_is_no_encoding_of_utf8_is_no_key() {
        for text in ["%", "%2", "%zz", "%FF"] {
            assert_eq!(url_decoded(text), None, "{text}");
        }
    }
}
