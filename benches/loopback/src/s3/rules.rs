//! What a bucket was told to refuse, and why it does not answer.

use std::collections::{BTreeMap, BTreeSet};

/// The difficulties that a bucket makes.
#[derive(Default)]
pub(super) struct Rules {
    /// The region it was moved to.
    pub(super) region: Option<String>,
    /// Whether it says in words alone that a request was for another region.
    pub(super) in_words: bool,
    pub(super) requester_pays: bool,
    /// By operation: an error code, and how many answers it is for.
    pub(super) refusals: BTreeMap<&'static str, (&'static str, usize)>,
    /// By prefix: an error code for the listing of it.
    pub(super) closed: BTreeMap<String, &'static str>,
    /// Access keys that have expired.
    pub(super) expired: BTreeSet<String>,
    /// Access keys that expire after so many more answers.
    pub(super) expiring: BTreeMap<String, usize>,
}

/// What a request says of itself.
pub(super) struct Signed<'a> {
    pub(super) operation: &'static str,
    /// The key or prefix that it is about.
    pub(super) of: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) access_key: &'a str,
    pub(super) pays: bool,
}

/// Why a bucket does not answer.
pub(super) enum Closed {
    Missing,
    Elsewhere { region: String, in_words: bool },
    Refused(&'static str),
}

impl Rules {
    /// Whether a request may go on.
    pub(super) fn admit(&mut self, request: &Signed<'_>) -> Result<(), Closed> {
        if let Some(home) = &self.region
            && request.region != Some(home.as_str())
        {
            return Err(Closed::Elsewhere {
                region: home.clone(),
                in_words: self.in_words,
            });
        }
        if self.expired.contains(request.access_key) {
            return Err(Closed::Refused("ExpiredToken"));
        }
        if self.requester_pays && !request.pays {
            return Err(Closed::Refused("AccessDenied"));
        }
        if request.operation == "ListObjectsV2"
            && let Some(code) = self.closed.get(request.of)
        {
            return Err(Closed::Refused(code));
        }
        if let Some((code, times)) = self.refusals.get_mut(request.operation)
            && *times > 0
        {
            *times -= 1;
            return Err(Closed::Refused(code));
        }
        if let Some(left) = self.expiring.get_mut(request.access_key) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.expired.insert(request.access_key.to_owned());
            }
        }
        Ok(())
    }
}
