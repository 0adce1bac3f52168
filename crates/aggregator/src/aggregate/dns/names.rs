//! Host names by number, as DNS logs write them in any case.

use crate::aggregate::interfaces::index;
use crate::aggregate::plane::Table;
use crate::identity::DnsName;

/// The longest host name, with its final dot.
const LONGEST: usize = 254;

/// Names by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: Table<DnsName, u32>,
    list: Vec<DnsName>,
    /// The name at hand as it is kept: a buffer, so that nothing is allocated for a name that is known.
    normal: String,
}

impl Names {
    /// The number of a name; `None` for what is no host name.
    pub(super) fn intern(&mut self, logged: &str) -> Option<u32> {
        let name = logged.strip_suffix('.').unwrap_or(logged);
        if name.len() >= LONGEST || name.ends_with('.') {
            return None;
        }
        self.normal.clear();
        self.normal.push_str(name);
        self.normal.make_ascii_lowercase();
        if let Some(id) = self.ids.get(self.normal.as_str()) {
            return Some(*id);
        }
        DnsName::try_from(self.normal.clone()).ok().map(|name| self.add(name))
    }

    pub(super) fn get(&self, id: u32) -> &DnsName {
        &self.list[index(id)]
    }

    /// Takes over the names of another thread; the new numbers stand in the order of its old ones.
    pub(super) fn absorb(&mut self, other: Names) -> Vec<u32> {
        let names = other.list.into_iter();
        names.map(|name| self.number(name)).collect()
    }

    /// The number of a valid name.
    pub(super) fn number(&mut self, name: DnsName) -> u32 {
        match self.ids.get(&name) {
            Some(id) => *id,
            None => self.add(name),
        }
    }

    fn add(&mut self, name: DnsName) -> u32 {
        let id = u32::try_from(self.list.len()).expect("four billion names do not fit in memory");
        self.ids.insert(name.clone(), id);
        self.list.push(name);
        id
    }
}
