//! A folder.

use std::fs;

use egressmap_parser::source::{self, Source, Wanted};

use crate::scenario::Scenario;
use crate::store::{Store, Trouble};

pub(crate) struct Folder(tempfile::TempDir);

impl Store for Folder {
    const NAME: &'static str = "local";

    fn declines(scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Counted => Some("opening a file costs nothing: whoever has counted it does not read it"),
            Scenario::Resets | Scenario::Cuts | Scenario::Stalls | Scenario::Drips => Some("there is no network"),
            Scenario::Unavailable | Scenario::Expired => Some("there is no server"),
            _ => None,
        }
    }

    fn start() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// As log rotation does it: the new file takes the old one's name.
    fn put(&mut self, name: &str, text: &str) {
        let new = self.0.path().with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.0.path().join(name)).unwrap();
    }

    fn delete(&mut self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }

    fn trouble(&mut self, trouble: Trouble) {
        unreachable!("a folder has no {trouble:?}");
    }

    fn was_troubled(&self) -> bool {
        false
    }

    fn source(&self, wanted: &Wanted) -> Box<dyn Source> {
        source::open(self.0.path().to_str().unwrap(), wanted).unwrap()
    }

    fn name(&self, uri: &str) -> Option<String> {
        let below = uri.strip_prefix(self.0.path().to_str()?)?;
        below.strip_prefix('/').map(str::to_owned)
    }
}
