//! Names of AWS services, and of services and clusters of ECS, as the logs write them, by number.

use hashbrown::HashMap;

use super::interfaces::index;

/// Names by number; 0 is none.
#[derive(Debug, Default)]
pub(super) struct Words {
    ids: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    list: Vec<Box<str>>,
}

impl Words {
    /// The number of a name. What is no word of letters, digits, `_` and `-` is no name.
    pub(super) fn intern(&mut self, word: &[u8]) -> u32 {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match std::str::from_utf8(word) {
            Ok(text) if (1..=255).contains(&text.len()) && word.iter().all(fits) => self.intern_valid(text),
            _ => 0,
        }
    }

    /// Of two names the one that sorts first; any name before none.
    pub(super) fn first(&self, one: u32, two: u32) -> u32 {
        match (self.get(one), self.get(two)) {
            (Some(name), Some(other)) if other < name => two,
            (None, _) => two,
            _ => one,
        }
    }

    pub(super) fn get(&self, id: u32) -> Option<&str> {
        self.list.get(index(id.checked_sub(1)?)).map(|word| &**word)
    }

    /// The number of a name that is here; 0 for one that is not.
    pub(super) fn number(&self, word: &str) -> u32 {
        self.ids.get(word).copied().unwrap_or_default()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|word| &**word)
    }

    /// Takes over the names of another thread; the new numbers stand in the order of its old ones, none first.
    pub(super) fn absorb(&mut self, other: &Words) -> Vec<u32> {
        let words = other.list.iter().map(|word| self.intern_valid(word));
        std::iter::once(0).chain(words).collect()
    }

    fn intern_valid(&mut self, word: &str) -> u32 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        self.list.push(word.into());
        let id = u32::try_from(self.list.len()).expect("four billion words do not fit in memory");
        self.ids.insert(word.into(), id);
        id
    }
}
