//! Names that are valid by construction: of a service of ours, and of a host.

use std::borrow::Borrow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a service as the inventory writes it: 1 to 255 bytes, no control characters, no space at either end.
/// Cheap to clone: every dependency of a service carries it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(Arc<str>);

/// A host name in lower case without its final dot: 1 to 253 bytes of labels of letters, digits, `-` and `_` (met in
/// practice), 1 to 63 bytes each, and a last label that is not all digits, so that an address literal is never a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);

const UNATTRIBUTED: &str = "unattributed/";

/// Why a text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not a service name.
    #[error("expected a service name of 1 to 255 bytes without control characters")]
    Service,
    /// Not a host name.
    #[error("expected a host name of at most 253 letters, digits, dots, hyphens and underscores")]
    Host,
}

impl ServiceName {
    /// The service that stands for an address (or object) that nothing in the inventory owns.
    #[must_use]
    pub fn unattributed(what: impl fmt::Display) -> Self {
        let mut name: String = format!("{UNATTRIBUTED}{what}")
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        while name.len() > 255 {
            name.pop();
        }
        ServiceName(name.trim_end().into())
    }

    /// A name that somebody chose elsewhere, as far as it can be one: without control characters and what is too long, and
    /// not one that is reserved. `None` where nothing is left.
    #[must_use]
    pub fn inert(written: &str) -> Option<Self> {
        let name = ServiceName::unattributed(written.trim());
        let name = name.0.strip_prefix(UNATTRIBUTED).unwrap_or_default();
        let name = name.trim_start().replace(UNATTRIBUTED, "unattributed-");
        ServiceName::try_from(name).ok()
    }

    /// Whether nothing in the inventory owns it.
    #[must_use]
    pub fn is_unattributed(&self) -> bool {
        self.0.starts_with(UNATTRIBUTED)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DnsName {
    /// Reads the host of an `:authority` or an SNI as it stands in a log: without user information, port, final dot and
    /// upper case. `None` for an address literal or an invalid name. The port is the authority's own.
    #[must_use]
    pub fn from_authority(text: &str) -> Option<(Self, Option<u16>)> {
        let (host, port) = split_authority(text)?;
        DnsName::try_from(host.to_owned()).ok().map(|name| (name, port))
    }

    /// Reads a host name as a person writes it: letters beyond ASCII become what DNS has in their place (UTS 46), so that
    /// `bücher.example` is `xn--bcher-kva.example`. What stands in a log is never read so: no proxy takes the one for the other.
    ///
    /// # Errors
    /// When it is no host name.
    pub fn from_person(text: &str) -> Result<Self, IdentityError> {
        if text.is_ascii() {
            return DnsName::try_from(text.to_owned());
        }
        DnsName::try_from(idna::domain_to_ascii(text).map_err(|_| IdentityError::Host)?)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is `suffix` or stands below it.
    #[must_use]
    pub fn is_under(&self, suffix: &str) -> bool {
        self.0
            .strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// Splits an authority into host and port: `user@host:80`, `host`, `[2001:db8::1]:443`. `None` where the port is no port.
#[must_use]
pub fn split_authority(text: &str) -> Option<(&str, Option<u16>)> {
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => text.parse::<IpAddr>().ok().map(|_| (text, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((text, None)),
    }
}

impl TryFrom<String> for ServiceName {
    type Error = IdentityError;

    fn try_from(name: String) -> Result<Self, IdentityError> {
        let fits = (1..=255).contains(&name.len()) && name.trim() == name && !name.chars().any(char::is_control);
        if fits {
            Ok(ServiceName(name.into()))
        } else {
            Err(IdentityError::Service)
        }
    }
}

impl TryFrom<String> for DnsName {
    type Error = IdentityError;

    fn try_from(mut name: String) -> Result<Self, IdentityError> {
        if name.ends_with('.') {
            name.pop();
        }
        name.make_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let numeric_end = name
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if name.len() <= 253 && name.split('.').all(label) && !numeric_end {
            Ok(DnsName(name))
        } else {
            Err(IdentityError::Host)
        }
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> String {
        (*name.0).to_owned()
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> String {
        name.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ServiceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for DnsName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<(String, Option<u16>)> {
        DnsName::from_authority(text).map(|(name, port)| (name.into(), port))
    }

    #[test]
    fn an_authority_loses_user_port_case_and_final_dot() {
        assert_eq!(
            host("User@API.Example.test.:8443"),
            Some(("api.example.test".into(), Some(8443)))
        );
        assert_eq!(host("ledger"), Some(("ledger".into(), None)));
    }

    #[test]
    fn an_address_literal_is_never_a_name() {
        for literal in [
            "203.0.113.7",
            "203.0.113.7:80",
            "[2001:db8::1]:443",
            "2001:db8::1",
            "1.2.3",
        ] {
            assert_eq!(host(literal), None, "{literal}");
        }
    }

    #[test]
    fn hostile_names_are_no_names() {
        let long = "a".repeat(4096);
        for hostile in [
            "",
            ".",
            "${path.module}",
            "%{for x}",
            "a\"b",
            "a b",
            "a\nb",
            "../etc",
            "<script>",
            "host:99999",
            "a..b",
            "*.x",
            &long,
        ] {
            assert_eq!(host(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn a_name_that_a_person_writes_in_their_letters_is_the_one_that_dns_has() {
        let name = |text| DnsName::from_person(text).map(String::from);
        assert_eq!(name("Bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(name("api.example").as_deref(), Ok("api.example"));
        assert!(name("b\u{202e}cher.example").is_err() && name("bü cher.example").is_err());
        assert_eq!(host("bücher.example"), None);
    }

    #[test]
    fn a_name_is_under_its_own_suffix_and_not_under_a_lookalike() {
        let name = DnsName::try_from("s3.eu-west-1.amazonaws.com".to_owned()).unwrap();
        assert!(name.is_under("amazonaws.com"));
        assert!(!name.is_under("mazonaws.com"));
    }

    #[test]
    fn an_unattributed_service_is_a_valid_service() {
        let name = ServiceName::unattributed(format!("x\u{7}{}", "é".repeat(300)));
        assert!(name.is_unattributed() && ServiceName::try_from(String::from(name)).is_ok());
    }
}
