//! What the server holds: buckets of objects, and what it was told to answer.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::rules::{Closed, Rules, Signed};

/// Every bucket, and every request so far.
#[derive(Default)]
pub(super) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    requests: Mutex<Vec<String>>,
}

#[derive(Default)]
pub(super) struct Bucket {
    pub(super) objects: BTreeMap<String, Stored>,
    pub(super) rules: Rules,
    /// What happens to objects as soon as they were listed: replaced by bytes, or deleted.
    pub(super) after_listing: BTreeMap<String, Option<Bytes>>,
}

/// An object: a copy shares its bytes, so that a download goes on with what it began.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) crc32: Option<String>,
}

impl Stored {
    fn new(bytes: Bytes) -> Self {
        let etag = etag(&bytes);
        let crc32 = None;
        Self { bytes, etag, crc32 }
    }
}

/// What a listing asks for.
pub(super) struct Question<'a> {
    pub(super) prefix: &'a str,
    pub(super) by_folder: bool,
    /// Behind this key, or behind all of this folder if that is what a page ended with.
    pub(super) after: Option<&'a str>,
    pub(super) most: usize,
}

/// One page of a listing, and whether there is more.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<(String, Stored)>,
    pub(super) folders: Vec<String>,
    /// What the page ended with, if there is more.
    pub(super) more: Option<String>,
}

impl Store {
    /// Changes a bucket, which is made if there is none.
    pub(super) fn change(&self, bucket: &str, change: impl FnOnce(&mut Bucket)) {
        change(self.buckets().entry(bucket.to_owned()).or_default());
    }

    pub(super) fn put(&self, bucket: &str, key: &str, bytes: Bytes) {
        let stored = Stored::new(bytes);
        self.change(bucket, |bucket| drop(bucket.objects.insert(key.to_owned(), stored)));
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

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note(&self, request: String) {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
    }

    /// Whether a request may go on.
    pub(super) fn admit(&self, bucket: &str, request: &Signed<'_>) -> Result<(), Closed> {
        let mut buckets = self.buckets();
        let found = buckets.get_mut(bucket).ok_or(Closed::Missing)?;
        found.rules.admit(request)
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Stored> {
        self.buckets().get(bucket)?.objects.get(key).cloned()
    }

    /// One page; what was to happen once its objects were listed happens.
    pub(super) fn page(&self, bucket: &str, question: &Question<'_>) -> Page {
        let mut buckets = self.buckets();
        let Some(bucket) = buckets.get_mut(bucket) else {
            return Page::default();
        };
        let page = bucket.page(question);
        for (key, _) in &page.objects {
            match bucket.after_listing.remove(key) {
                Some(Some(bytes)) => drop(bucket.objects.insert(key.clone(), Stored::new(bytes))),
                Some(None) => drop(bucket.objects.remove(key)),
                None => {}
            }
        }
        page
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn page(&self, question: &Question<'_>) -> Page {
        let Question { prefix, after, .. } = *question;
        let from = after
            .filter(|after| *after >= prefix)
            .map_or(Bound::Included(prefix), Bound::Excluded);
        let keys = self.objects.range::<str, _>((from, Bound::Unbounded));
        let mut page = Page::default();
        let mut last = None;
        for (key, stored) in keys.take_while(|(key, _)| key.starts_with(prefix)) {
            let folder = question.folder(key);
            let seen = |seen: &str| folder == Some(seen);
            if page.folders.last().is_some_and(|last| seen(last)) || after.is_some_and(seen) {
                continue;
            }
            if page.objects.len() + page.folders.len() == question.most {
                page.more = last;
                break;
            }
            match folder {
                Some(folder) => page.folders.push(folder.to_owned()),
                None => page.objects.push((key.clone(), stored.clone())),
            }
            last = Some(folder.unwrap_or(key).to_owned());
        }
        page
    }
}

impl Question<'_> {
    /// The folder that stands for a key in this listing.
    fn folder<'k>(&self, key: &'k str) -> Option<&'k str> {
        let slash = key.get(self.prefix.len()..)?.find('/').filter(|_| self.by_folder)?;
        key.get(..=self.prefix.len() + slash)
    }
}

/// Like S3's: the same bytes have the same tag.
fn etag(bytes: &Bytes) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}{:016x}", hasher.finish(), bytes.len())
}
