//! What can be asked of a world without reading its logs the way the product does.
#![expect(
    clippy::disallowed_types,
    reason = "the tests read what the world wrote without the product"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use egressmap_world::{Container, Layout};

mod bulk;
mod city;
mod example;

const GZIP: Layout = Layout {
    container: Container::Gzip,
};

/// All files below a folder, by their path in it.
fn files_below(dir: &Path, within: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(within).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(dir, &path, found);
        } else {
            found.insert(path.strip_prefix(dir).unwrap().to_owned());
        }
    }
}
