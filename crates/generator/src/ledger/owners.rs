//! Which team answers for a service: lines of `pattern team`, of which the last that matches wins.

use egressmap_aggregator::identity::ServiceName;

use super::LedgerError;
use crate::text::inert;

/// Teams by patterns over the names of services, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners(Vec<(String, String)>);

impl Owners {
    /// Reads a file of owners. `*` in a pattern stands for any characters; `#` begins a comment.
    ///
    /// # Errors
    /// A line that has a pattern and no team.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        let mut owners = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((pattern, team)) = line.split_once(char::is_whitespace) else {
                let found: String = line.chars().take(80).collect();
                return Err(LedgerError {
                    line: u64::try_from(at + 1).ok(),
                    message: format!("expected a pattern and a team, found \"{}\"", inert(&found)),
                });
            };
            owners.push((pattern.to_owned(), team.trim().to_owned()));
        }
        Ok(Owners(owners))
    }

    /// The team that answers for a service.
    #[must_use]
    pub fn of(&self, service: &ServiceName) -> Option<&str> {
        let mut last_first = self.0.iter().rev();
        let found = last_first.find(|(pattern, _)| matches(pattern.as_bytes(), service.as_str().as_bytes()));
        found.map(|(_, team)| team.as_str())
    }
}

/// Whether a pattern matches the whole text. Goes back to the last star alone, so its time is the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while let Some(&byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&wanted) if wanted == byte => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((stood, from)) = star else { return false };
                star = Some((stood, from + 1));
                (at, read) = (stood + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::service;

    fn owner(text: &str, name: &str) -> Option<String> {
        Owners::parse(text).unwrap().of(&service(name)).map(str::to_owned)
    }

    #[test]
    fn the_last_pattern_that_matches_names_the_team() {
        let text = "# teams\n*  platform\npay*\tteam-pay  # cards\n*-batch team batch\n";
        assert_eq!(owner(text, "shop").as_deref(), Some("platform"));
        assert_eq!(owner(text, "payment").as_deref(), Some("team-pay"));
        assert_eq!(owner(text, "payment-batch").as_deref(), Some("team batch"));
        assert_eq!(owner("pay team", "payment"), None);
    }

    #[test]
    fn a_pattern_without_a_team_is_an_error_with_its_line() {
        let error = Owners::parse("a b\n\npay*\n").unwrap_err().to_string();
        assert_eq!(error, "line 3: expected a pattern and a team, found \"pay*\"");
    }

    #[test]
    fn a_star_stands_for_any_characters_or_none() {
        for (pattern, text, expected) in [
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyyb", false),
            ("*", "", true),
            ("", "a", false),
            ("**a", "ba", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
