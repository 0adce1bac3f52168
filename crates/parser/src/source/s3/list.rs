//! The keys of a bucket, page by page.

use std::sync::Arc;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::types::{EncodingType, Object};
use tokio::sync::mpsc::Sender;

use super::client::Bucket;
use super::error::{self, Asked};
use crate::source::SourceError;

/// A key that was listed, or the text of one that cannot be understood.
pub(super) type Listed = Result<String, String>;

/// One answer to the question for keys.
pub(super) struct Page(ListObjectsV2Output);

type Refused = SdkError<ListObjectsV2Error, HttpResponse>;

/// The first page, and the bucket in the region where it is: logs of several regions are often read in one run.
pub(super) async fn begin(bucket: Bucket, prefix: &str) -> Result<(Bucket, Page), SourceError> {
    let explained = |bucket: &Bucket, error: &Refused| error::explain(Asked::List(prefix), bucket, error);
    let refused = match page(&bucket, prefix, None).await {
        Ok(first) => return Ok((bucket, first)),
        Err(refused) => refused,
    };
    let home = refused
        .raw_response()
        .and_then(error::home)
        .filter(|home| *home != bucket.region);
    let home = home.ok_or_else(|| explained(&bucket, &refused))?;
    let bucket = bucket.moved_to(home);
    let first = page(&bucket, prefix, None)
        .await
        .map_err(|refused| explained(&bucket, &refused))?;
    Ok((bucket, first))
}

/// Sends every key under a prefix, from the first page on, until nobody takes them.
pub(super) async fn list(
    bucket: Arc<Bucket>,
    prefix: String,
    first: Page,
    keys: Sender<Listed>,
) -> Result<(), SourceError> {
    let mut current = first;
    let mut token = None;
    loop {
        for key in current.keys() {
            if keys.send(key).await.is_err() {
                return Ok(());
            }
        }
        if current.0.is_truncated != Some(true) {
            return Ok(());
        }
        let next = current.0.next_continuation_token;
        if next.is_none() || next == token {
            return Err(error::endless_listing(&bucket, &prefix));
        }
        token = next;
        let answer = page(&bucket, &prefix, token.as_deref()).await;
        current = answer.map_err(|refused| error::explain(Asked::List(&prefix), &bucket, &refused))?;
    }
}

async fn page(bucket: &Bucket, prefix: &str, token: Option<&str>) -> Result<Page, Refused> {
    // Keys may hold characters that XML cannot.
    let request = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .encoding_type(EncodingType::Url);
    let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
    request
        .set_prefix(prefix)
        .set_continuation_token(token.map(str::to_owned))
        .send()
        .await
        .map(Page)
}

impl Page {
    fn keys(&self) -> impl Iterator<Item = Listed> {
        let encoded = self.0.encoding_type() == Some(&EncodingType::Url);
        // What consoles leave behind for an empty folder.
        let marker = |object: &&Object| object.size() == Some(0) && object.key().is_some_and(|key| key.ends_with('/'));
        let objects = self.0.contents().iter().filter(move |object| !marker(object));
        objects.filter_map(Object::key).map(move |key| match encoded {
            true => url_decoded(key).ok_or_else(|| key.to_owned()),
            false => Ok(key.to_owned()),
        })
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
