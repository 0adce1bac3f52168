//! What a user may say about log formats where the lines do not say it themselves.

use std::collections::BTreeMap;
use std::fmt;

use super::{FormatKind, Formats, REGISTRY};

/// What the lines themselves do not tell. The default is to tell everything from content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The fields of flow logs without a header, as in the flow log's definition: `${version} ${account-id} …`, or the
    /// names alone. Of several formats that share a log each has another number of fields. Empty: the default formats of
    /// version 2 and of Transit Gateways. A header in the log wins.
    pub flow_format: Vec<String>,
    /// The keys of Envoy's JSON, each with the operator it was defined with: `authority` to `%REQ(:AUTHORITY)%`, the
    /// percent signs left out or not, nested keys joined by dots. Empty: the common names are known.
    pub envoy_json: BTreeMap<String, String>,
    /// The format string of Envoy's text, as in its configuration: `%START_TIME(%s)%\t%REQ(:AUTHORITY)%…`. `None`: the
    /// defaults of Envoy, App Mesh and Istio are known, as they are beside a given one.
    pub envoy_format: Option<String>,
    /// The name of the one kind that every object is read as.
    pub kind: Option<String>,
}

/// An option that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsError {
    /// The field of [`Options`].
    pub option: &'static str,
    /// What was expected and what was found.
    pub why: String,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.why)
    }
}

impl std::error::Error for OptionsError {}

impl Options {
    /// Whether they can be followed; [`scan`](crate::scan()) says the same, once for every object.
    ///
    /// # Errors
    /// The first option that cannot.
    pub fn check(&self) -> Result<(), OptionsError> {
        self.kinds()?;
        for kind in REGISTRY {
            (kind.start)(self)?;
        }
        Ok(())
    }

    /// A parser for each kind that an object may be.
    pub(crate) fn start(&self) -> Result<Formats, OptionsError> {
        let started = self.kinds()?.iter().map(|kind| Ok((kind.name, (kind.start)(self)?)));
        Ok(Formats::new(started.collect::<Result<_, _>>()?))
    }

    /// The forced kind, or all.
    fn kinds(&self) -> Result<&'static [&'static FormatKind], OptionsError> {
        let Some(name) = &self.kind else {
            return Ok(REGISTRY);
        };
        match REGISTRY.iter().position(|kind| kind.name == name) {
            Some(at) => Ok(REGISTRY.get(at..=at).unwrap_or_default()),
            None => {
                let known = REGISTRY.iter().map(|kind| kind.name);
                let why = format!(
                    "expected {}, found {}",
                    crate::near::one_of(name, known),
                    crate::printable::quoted(name.as_bytes())
                );
                Err(OptionsError { option: "kind", why })
            }
        }
    }
}
