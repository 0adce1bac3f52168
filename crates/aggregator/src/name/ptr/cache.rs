//! What reverse DNS said in earlier runs, kept in a file of JSON lines, so that nothing is asked twice.
//!
//! No clock is read: an answer is dated by the last day of the logs it was asked for, and holds for logs that end up to
//! [`HOLDS_DAYS`] later. What the resolver could not tell is not kept and is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Failure, Resolved};
use crate::identity::DnsName;
use crate::name::{Confirmation, PtrAnswer};

/// How many days after the logs that it was asked for an answer still holds.
pub const HOLDS_DAYS: i32 = 30;

/// Answers by address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cache {
    entries: BTreeMap<IpAddr, Entry>,
}

/// A line of the file. Without a name: there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    name: Option<DnsName>,
    /// Whether the name points back.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    confirmed: bool,
    /// The last day of the logs it was asked for.
    through: Day,
}

/// A day as `2026-08-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse().map(Day)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.0.to_string()
    }
}

/// A line of the file that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}: line {line}: expected an answer as `{{\"address\":…,\"name\":…,\"confirmed\":…,\"through\":…}}`: {why}\n  hint: without the file all is asked anew"
)]
pub struct CacheError {
    /// The file, as the caller named it.
    pub file: String,
    /// The 1-based line.
    pub line: usize,
    /// What the JSON reader met.
    pub why: String,
}

impl Cache {
    /// Reads what [`Cache::to_text`] wrote; `file` names it in errors.
    ///
    /// # Errors
    /// At the first line that is no answer.
    pub fn read(file: &str, text: &str) -> Result<Self, CacheError> {
        let mut entries = BTreeMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let entry: Entry = serde_json::from_str(line).map_err(|error| CacheError {
                file: file.to_owned(),
                line: index + 1,
                why: error.to_string(),
            })?;
            entries.insert(entry.address, entry);
        }
        Ok(Cache { entries })
    }

    /// One line an address, in order.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines = self.entries.values().map(serde_json::to_string);
        lines.flatten().fold(String::new(), |text, line| text + &line + "\n")
    }

    /// Whether anything is known of an address for logs that end on a day.
    #[must_use]
    pub fn knows(&self, address: &IpAddr, day: Date) -> bool {
        self.known(address, day).is_some()
    }

    /// Adds what is known of these addresses to what was asked; whatever is left counts as not asked where `resolved` has
    /// nothing of it.
    pub fn add_to(&self, resolved: &mut Resolved, addresses: &BTreeSet<IpAddr>, day: Date) {
        for address in addresses {
            let Some(entry) = self.known(address, day) else {
                continue;
            };
            resolved.report.remembered += 1;
            let answer = entry.name.clone().map(|name| PtrAnswer {
                name,
                confirmation: if entry.confirmed {
                    Confirmation::Forward
                } else {
                    Confirmation::None
                },
            });
            resolved.count(*address, answer.ok_or(Failure::NoName));
        }
    }

    /// Keeps what was answered for logs that end on a day.
    pub fn remember(&mut self, resolved: &Resolved, day: Date) {
        let named = resolved.answers.iter().map(|(address, answer)| Entry {
            address: *address,
            name: Some(answer.name.clone()),
            confirmed: answer.confirmation == Confirmation::Forward,
            through: Day(day),
        });
        let nameless = resolved.nameless.iter().map(|address| Entry {
            address: *address,
            name: None,
            confirmed: false,
            through: Day(day),
        });
        self.entries
            .extend(named.chain(nameless).map(|entry| (entry.address, entry)));
    }

    fn known(&self, address: &IpAddr, day: Date) -> Option<&Entry> {
        let holds = |entry: &&Entry| {
            let age = day.since(entry.through.0).map_or(i32::MAX, |age| age.get_days());
            // An answer for later logs is as good: names change slowly, and nobody could have asked earlier.
            age <= HOLDS_DAYS
        };
        self.entries.get(address).filter(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    const TEXT: &str = "{\"address\":\"203.0.113.7\",\"name\":\"api.example.test\",\"confirmed\":true,\"through\":\"2026-08-31\"}\n\
        {\"address\":\"203.0.113.8\",\"name\":\"liar.example.test\",\"through\":\"2026-08-31\"}\n\
        {\"address\":\"2001:db8::7\",\"through\":\"2026-07-01\"}\n";

    #[test]
    fn what_was_written_is_read_and_written_again_byte_for_byte() {
        assert_eq!(Cache::read("x", TEXT).unwrap().to_text(), TEXT);
    }

    #[test]
    fn an_answer_holds_for_a_month_of_logs_and_none_is_an_answer_too() {
        let cache = Cache::read("x", TEXT).unwrap();
        let addresses = ["203.0.113.7", "203.0.113.8", "2001:db8::7", "203.0.113.9"].map(ip);
        let mut resolved = Resolved::none(None);
        cache.add_to(&mut resolved, &addresses.into(), day("2026-07-31"));
        assert_eq!(resolved.report.remembered, 3);
        assert_eq!((resolved.report.confirmed, resolved.report.unconfirmed), (1, 1));
        assert_eq!(resolved.report.failed[&Failure::NoName], 1);
        assert!(
            cache.knows(&ip("203.0.113.7"), day("2026-09-30")) && !cache.knows(&ip("203.0.113.7"), day("2026-10-01"))
        );
        assert!(!cache.knows(&ip("2001:db8::7"), day("2026-08-01")));
    }

    #[test]
    fn answers_are_kept_and_failures_are_not() {
        let mut resolved = Resolved::none(None);
        let name = DnsName::try_from("api.example.test".to_owned()).unwrap();
        let confirmation = Confirmation::Forward;
        resolved.count(ip("203.0.113.7"), Ok(PtrAnswer { name, confirmation }));
        resolved.count(ip("203.0.113.8"), Err(Failure::NoName));
        resolved.count(ip("203.0.113.9"), Err(Failure::NoAnswer));
        resolved.count(ip("203.0.113.10"), Err(Failure::Refused));
        let mut cache = Cache::default();
        cache.remember(&resolved, day("2026-08-31"));
        let kept: Vec<String> = cache.entries.keys().map(ToString::to_string).collect();
        assert_eq!(kept, ["203.0.113.7", "203.0.113.8"]);
    }

    #[test]
    fn a_line_that_is_no_answer_is_named() {
        let says = |text: &str| Cache::read("ptr.jsonl", text).unwrap_err().to_string();
        for line in [
            "{",
            "{}",
            r#"{"address":"x","through":"2026-08-31"}"#,
            r#"{"address":"203.0.113.7","name":"a b","through":"2026-08-31"}"#,
        ] {
            let said = says(&format!("\n{line}\n"));
            assert!(
                said.starts_with("ptr.jsonl: line 2: expected an answer as `{\"address\""),
                "{said}"
            );
        }
    }
}
