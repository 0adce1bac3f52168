//! The words for the closed sets of the map: how each is written on disk and on screen, and read back.

use std::fmt;
use std::str::FromStr;

use super::{Application, Certainty, Class, Grade, Protocol};

/// A word that is none of its set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct UnknownWord {
    /// What the set is.
    pub expected: &'static str,
    /// The word.
    pub found: String,
}

/// Gives an enum its words: the list in order, the word of each, and the way back.
macro_rules! words {
    ($set:ident, $expected:literal, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $set {
            /// Every member, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $set {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { expected: $expected, found: word.to_owned() }),
                }
            }
        }
    };
}

words!(Class, "a class", {
    Infrastructure => "infrastructure",
    Internal => "internal",
    Aws => "aws",
    Private => "private",
    External => "external",
});

words!(Application, "an application", {
    Http => "http",
    Tls => "tls",
    Tcp => "tcp",
    Udp => "udp",
    Icmp => "icmp",
    Other => "other",
});

words!(Certainty, "an initiator certainty", {
    Certain => "certain",
    Likely => "likely",
    Guess => "guess",
});

words!(Grade, "a naming grade", {
    Authority => "authority",
    Sni => "sni",
    Dns => "dns",
    DnsVpc => "dns-vpc",
    Aws => "aws",
    Fcrdns => "fcrdns",
    Ptr => "ptr",
    Address => "address",
});

/// `icmp`, `tcp`, `udp`, or the IANA number.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protocol::Icmp => f.pad("icmp"),
            Protocol::Tcp => f.pad("tcp"),
            Protocol::Udp => f.pad("udp"),
            Protocol::Other(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Protocol {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "icmp" => Ok(Protocol::Icmp),
            "tcp" => Ok(Protocol::Tcp),
            "udp" => Ok(Protocol::Udp),
            number => number.parse().map(Protocol::Other).map_err(|_| UnknownWord {
                expected: "a protocol",
                found: number.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word reads back, and is the word that serde writes.
    fn all_read_back<T>(all: &[T])
    where
        T: Copy + PartialEq + fmt::Debug + fmt::Display + FromStr<Err = UnknownWord> + serde::Serialize,
    {
        for member in all {
            assert_eq!(member.to_string().parse(), Ok(*member));
            assert_eq!(serde_json::to_value(member).unwrap(), member.to_string());
        }
    }

    #[test]
    fn every_word_reads_back_and_is_the_one_serde_writes() {
        all_read_back(Class::ALL);
        all_read_back(Application::ALL);
        all_read_back(Certainty::ALL);
        all_read_back(Grade::ALL);
        all_read_back(&[Protocol::Icmp, Protocol::Tcp, Protocol::Udp]);
    }

    #[test]
    fn a_protocol_without_a_name_is_its_number() {
        assert_eq!("47".parse(), Ok(Protocol::Other(47)));
        assert_eq!(Protocol::Other(47).to_string(), "47");
        assert_eq!(
            "sctp".parse::<Protocol>().unwrap_err().to_string(),
            r#"expected a protocol, found "sctp""#
        );
    }

    #[test]
    fn words_stand_in_the_order_of_their_members() {
        assert!(Class::ALL.is_sorted() && Grade::ALL.is_sorted() && Certainty::ALL.is_sorted());
    }
}
