//! What the server holds: buckets of objects, and what it was told to answer.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Every bucket, and every request so far.
#[derive(Default)]
pub(super) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    requests: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Stored>,
    region: Option<String>,
    refusals: BTreeMap<&'static str, &'static str>,
}

/// An object: a copy shares its bytes, so that a download goes on with what it began.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) crc32: Option<String>,
}

/// Why a bucket does not answer.
pub(super) enum Closed {
    Missing,
    Elsewhere(String),
    Refused(&'static str),
}

/// One page of a listing, and whether there is more.
pub(super) struct Page {
    pub(super) objects: Vec<(String, Stored)>,
    pub(super) more: bool,
}

impl Store {
    pub(super) fn create(&self, bucket: &str) {
        self.buckets().entry(bucket.to_owned()).or_default();
    }

    pub(super) fn put(&self, bucket: &str, key: &str, bytes: Bytes) {
        let etag = etag(&bytes);
        let mut buckets = self.buckets();
        buckets.entry(bucket.to_owned()).or_default().objects.insert(
            key.to_owned(),
            Stored {
                bytes,
                etag,
                crc32: None,
            },
        );
    }

    pub(super) fn claim_checksum(&self, bucket: &str, key: &str, crc32: &str) {
        if let Some(stored) = self
            .buckets()
            .get_mut(bucket)
            .and_then(|bucket| bucket.objects.get_mut(key))
        {
            stored.crc32 = Some(crc32.to_owned());
        }
    }

    pub(super) fn delete(&self, bucket: &str, key: &str) {
        if let Some(bucket) = self.buckets().get_mut(bucket) {
            bucket.objects.remove(key);
        }
    }

    pub(super) fn refuse(&self, bucket: &str, operation: &'static str, code: &'static str) {
        self.buckets()
            .entry(bucket.to_owned())
            .or_default()
            .refusals
            .insert(operation, code);
    }

    pub(super) fn relocate(&self, bucket: &str, region: &str) {
        self.buckets().entry(bucket.to_owned()).or_default().region = Some(region.to_owned());
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note(&self, request: String) {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
    }

    /// Whether an operation signed for `region` may go on.
    pub(super) fn admit(&self, bucket: &str, operation: &str, region: Option<&str>) -> Result<(), Closed> {
        let buckets = self.buckets();
        let found = buckets.get(bucket).ok_or(Closed::Missing)?;
        if let Some(home) = &found.region
            && region != Some(home.as_str())
        {
            return Err(Closed::Elsewhere(home.clone()));
        }
        found
            .refusals
            .get(operation)
            .map_or(Ok(()), |code| Err(Closed::Refused(code)))
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Stored> {
        self.buckets().get(bucket)?.objects.get(key).cloned()
    }

    /// At most `most` objects under a prefix, after a key.
    pub(super) fn page(&self, bucket: &str, prefix: &str, after: Option<&str>, most: usize) -> Page {
        let buckets = self.buckets();
        let from = after
            .filter(|after| *after >= prefix)
            .map_or(Bound::Included(prefix), Bound::Excluded);
        let mut objects = buckets.get(bucket).into_iter().flat_map(|bucket| {
            let range = bucket.objects.range::<str, _>((from, Bound::Unbounded));
            range
                .take_while(|(key, _)| key.starts_with(prefix))
                .map(|(key, stored)| (key.clone(), stored.clone()))
        });
        let page = objects.by_ref().take(most).collect();
        Page {
            objects: page,
            more: objects.next().is_some(),
        }
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Like S3's: the same bytes have the same tag.
fn etag(bytes: &Bytes) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}{:016x}", hasher.finish(), bytes.len())
}
