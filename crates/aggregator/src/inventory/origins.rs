//! Entries by the object a log line stands in: globs over its URI or its key.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::names::{Names, ServiceId};
use super::spans::{Span, Spans};

/// Globs with their entries.
#[derive(Debug, Default)]
pub(super) struct Origins {
    globs: BTreeMap<String, (GlobSet, Spans)>,
}

/// A glob as the inventory writes it, compiled.
///
/// A `*` crosses `/`, as in S3 policies. The glob matches the whole URI, or any part of it that begins after a `/` and
/// reaches to its end, so that neither bucket nor working directory must be named.
#[derive(Debug)]
pub(super) struct OriginGlob {
    text: String,
    matcher: GlobSet,
}

impl OriginGlob {
    /// # Errors
    /// What is wrong with the glob, in the words of the library that reads it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let below = format!("**/{}", text.trim_start_matches('/'));
        let mut matcher = GlobSetBuilder::new();
        for form in [text, &below] {
            matcher.add(Glob::new(form).map_err(|error| error.kind().to_string())?);
        }
        Ok(OriginGlob {
            text: text.to_owned(),
            matcher: matcher.build().map_err(|error| error.kind().to_string())?,
        })
    }
}

/// The entries that match one object, in the order in which they win.
#[derive(Debug, Default)]
pub(crate) struct ObjectOwners(Vec<Span>);

impl ObjectOwners {
    /// Who owns the object's lines at a moment.
    pub(crate) fn at(&self, at: u64) -> ServiceId {
        self.0
            .iter()
            .find(|span| span.covers(at))
            .map_or(ServiceId::NOBODY, |span| span.service)
    }
}

impl Origins {
    pub(super) fn insert(&mut self, glob: OriginGlob, span: Span, names: &Names) {
        let (_, spans) = self
            .globs
            .entry(glob.text)
            .or_insert_with(|| (glob.matcher, Spans::default()));
        spans.insert(span, names);
    }

    pub(super) fn absorb(&mut self, other: Origins, ids: &[ServiceId], names: &Names) {
        for (text, (matcher, entries)) in other.globs {
            let (_, spans) = self.globs.entry(text).or_insert_with(|| (matcher, Spans::default()));
            spans.absorb(entries, ids, names);
        }
    }

    /// The globs that match, the longest first, then what names a task or a pod.
    pub(super) fn matching<'s>(
        &self,
        uri: &str,
        runners: impl Iterator<Item = &'s Span>,
        names: &Names,
    ) -> ObjectOwners {
        let mut spans: Vec<(usize, Span)> = self
            .globs
            .iter()
            .filter(|(_, (matcher, _))| matcher.is_match(uri))
            .flat_map(|(text, (_, spans))| spans.iter().map(|span| (text.len(), *span)))
            .chain(runners.map(|span| (0, *span)))
            .collect();
        spans.sort_by_key(|(length, span)| (Reverse(*length), Reverse(span.from), names.get(span.service)));
        ObjectOwners(spans.into_iter().map(|(_, span)| span).collect())
    }
}
