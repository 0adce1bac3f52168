//! Keeps where the lines at hand come from, as their envelopes say it.

/// The names of the envelopes around a line, from the outermost in.
#[derive(Debug, Default)]
pub(super) struct Origin {
    names: Vec<Vec<u8>>,
    /// All of them, joined by `/`.
    whole: String,
}

impl Origin {
    pub(super) fn whole(&self) -> &str {
        &self.whole
    }

    /// The envelope at a depth has this name, and none is known to stand within it; false if that is nothing new.
    pub(super) fn set(&mut self, depth: usize, name: &[u8]) -> bool {
        let same = self.names.get(depth).map_or(b"" as &[u8], Vec::as_slice) == name;
        let deeper = self.names.iter().skip(depth + 1).any(|name| !name.is_empty());
        if same && !deeper {
            return false;
        }
        self.names.truncate(depth);
        self.names.resize(depth, Vec::new());
        self.names.push(name.to_vec());
        let names = self.names.iter().filter(|name| !name.is_empty());
        let whole: Vec<_> = names.map(|name| String::from_utf8_lossy(name)).collect();
        self.whole = whole.join("/");
        true
    }
}
