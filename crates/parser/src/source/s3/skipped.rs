//! What a listing left out, and how the user is told.

use std::collections::BTreeMap;

use crate::source::aws::text::printable;

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    /// Folders of years, months, days and hours outside the window.
    pub(super) folders: u64,
    /// Objects outside it in the folders that were listed.
    pub(super) objects: u64,
    /// Folders of other services: how many, and the first.
    foreign: BTreeMap<&'static str, (u64, String)>,
}

impl Skipped {
    pub(super) fn foreign(&mut self, service: &'static str, uri: String) {
        let (count, first) = self.foreign.entry(service).or_insert_with(|| (0, uri.clone()));
        *count += 1;
        *first = uri.min(std::mem::take(first));
    }

    /// One sentence for each kind.
    pub(super) fn notes(self, source: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.folders + self.objects > 0 {
            notes.push(format!(
                "{}: {} folders of other dates were not listed, and {} objects of other times in those listed not read \
                 (--since, --until)",
                printable(source),
                self.folders,
                self.objects
            ));
        }
        for (service, (count, first)) in self.foreign {
            let others = match count {
                1 => String::new(),
                _ => format!(" and {} more like it", count - 1),
            };
            notes.push(format!(
                "{}{others} not read: AWS keeps logs of another kind there ({service}); name one as a source to read it",
                printable(&first)
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_told_in_one_sentence_a_kind() {
        let mut skipped = Skipped {
            folders: 30,
            objects: 200,
            ..Skipped::default()
        };
        for uri in ["s3://b/AWSLogs/2/Config/", "s3://b/AWSLogs/1/Config/"] {
            skipped.foreign("Config", uri.to_owned());
        }
        skipped.foreign("WAFLogs", "s3://b/AWSLogs/1/WAFLogs/".to_owned());
        let notes = skipped.notes("s3://b/");
        assert_eq!(notes.len(), 3);
        assert!(
            notes[0].starts_with("s3://b/: 30 folders of other dates"),
            "{}",
            notes[0]
        );
        assert!(
            notes[1].starts_with("s3://b/AWSLogs/1/Config/ and 1 more like it not read"),
            "{}",
            notes[1]
        );
        assert!(
            notes[2].starts_with("s3://b/AWSLogs/1/WAFLogs/ not read"),
            "{}",
            notes[2]
        );
        assert!(Skipped::default().notes("s3://b/").is_empty());
    }
}
