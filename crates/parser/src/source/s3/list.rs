//! The keys of a bucket, page by page.

use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::EncodingType;
use tokio::sync::mpsc::Sender;

use super::client::Bucket;
use super::error::{self, Asked};
use crate::source::SourceError;

/// A key that was listed, or the text of one that cannot be understood.
pub(super) type Listed = Result<String, String>;

/// Sends every key under a prefix, until nobody takes them.
pub(super) async fn list(bucket: Arc<Bucket>, prefix: String, keys: Sender<Listed>) -> Result<(), SourceError> {
    let mut token: Option<String> = None;
    loop {
        let page = page(&bucket, &prefix, token.as_deref()).await?;
        // Keys may hold characters that XML cannot.
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        for object in page.contents() {
            let Some(key) = object.key() else { continue };
            // What consoles leave behind for an empty folder.
            if key.ends_with('/') && object.size() == Some(0) {
                continue;
            }
            let key = if encoded {
                url_decoded(key).ok_or_else(|| key.to_owned())
            } else {
                Ok(key.to_owned())
            };
            if keys.send(key).await.is_err() {
                return Ok(());
            }
        }
        let next = page.next_continuation_token.filter(|_| page.is_truncated == Some(true));
        if next.is_none() && page.is_truncated != Some(true) {
            return Ok(());
        }
        if next.is_none() || next == token {
            return Err(error::endless_listing(&bucket, &prefix));
        }
        token = next;
    }
}

async fn page(bucket: &Bucket, prefix: &str, token: Option<&str>) -> Result<ListObjectsV2Output, SourceError> {
    let request = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .encoding_type(EncodingType::Url);
    let prefix_given = (!prefix.is_empty()).then(|| prefix.to_owned());
    let request = request
        .set_prefix(prefix_given)
        .set_continuation_token(token.map(str::to_owned));
    request
        .send()
        .await
        .map_err(|error| error::explain(Asked::List(prefix), bucket, &error))
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
