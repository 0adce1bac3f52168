//! An inventory as the JSON that the platform's own tools print: what is in it is told by its keys.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::{InventoryError, printable};
use super::row::{Net, Row, TIME, net, seconds};
use super::runners::Runner;
use crate::identity::ServiceName;
use crate::map::ServiceFacts;

mod instances;
mod interfaces;
mod owners;
mod pods;
mod tasks;
#[cfg(test)]
mod tests;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) rows: Vec<Row>,
    /// Interfaces with addresses of their own.
    pub(super) stated: Vec<(String, IpAddr)>,
    /// Interfaces of NAT gateways.
    pub(super) gateways: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// One answer of one tool.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "NetworkInterfaces")]
    interfaces: Option<Vec<interfaces::Interface>>,
    tasks: Option<Vec<tasks::Task>>,
    kind: Option<String>,
    items: Option<Vec<pods::Object>>,
    #[serde(rename = "Instances")]
    instances: Option<Vec<instances::Instance>>,
}

/// Who owns addresses, and when, before names that several have are told apart.
#[derive(Debug, Default)]
struct Entry {
    /// As chosen by whoever made the service.
    service: String,
    /// The namespace or cluster that the name is unique in.
    scope: Option<String>,
    facts: ServiceFacts,
    addresses: Vec<Net>,
    instance: Option<String>,
    runner: Option<Runner>,
    /// Unix seconds.
    from: Option<u64>,
    until: Option<u64>,
}

/// The entries of a file as they are found.
#[derive(Debug, Default)]
struct Found {
    entries: Vec<Entry>,
    stated: Vec<(String, IpAddr)>,
    gateways: Vec<String>,
    remarks: Vec<String>,
}

/// # Errors
/// At the first fault: where it is no JSON, no such answer, or an answer with a value that is none.
pub(super) fn read(file: &str, text: &[u8]) -> Result<Read, InventoryError> {
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(unknown(&Place::root(file, 0), "a list"));
    }
    let mut found = Found::default();
    let mut objects = Vec::new();
    for (index, answer) in serde_json::Deserializer::from_slice(text).into_iter().enumerate() {
        let answer: Answer = answer.map_err(|error| no_answer(file, &error))?;
        let place = Place::root(file, index);
        let any = answer.interfaces.is_some()
            || answer.tasks.is_some()
            || answer.items.is_some()
            || answer.instances.is_some();
        if !any {
            return Err(unknown(&place, &keys(text, index)));
        }
        interfaces::read(answer.interfaces.unwrap_or_default(), &place, &mut found)?;
        tasks::read(answer.tasks.unwrap_or_default(), &place, &mut found)?;
        instances::read(answer.instances.unwrap_or_default(), &place, &mut found)?;
        let list = pods::List {
            kind: answer.kind,
            items: answer.items.unwrap_or_default(),
        };
        objects.push((place, list));
    }
    pods::read(objects, &mut found)?;
    Ok(found.told_apart(file))
}

impl Found {
    /// A name that stands for one service each in several namespaces or clusters is written with them.
    fn told_apart(self, file: &str) -> Read {
        let mut scopes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in &self.entries {
            let scopes = scopes.entry(&entry.service).or_default();
            scopes.extend(entry.scope.as_deref());
        }
        scopes.retain(|_, scopes| scopes.len() > 1);
        let shared: BTreeSet<String> = scopes.keys().map(|name| (*name).to_owned()).collect();
        let mut remarks = self.remarks;
        for (name, scopes) in scopes {
            let scopes: Vec<String> = scopes
                .into_iter()
                .map(|scope| printable(&format!("{scope}/{name}")))
                .collect();
            let name = printable(name);
            remarks.push(format!(
                "{name} runs in several namespaces or clusters: each is a service of its own, {}",
                scopes.join(", ")
            ));
        }
        Read {
            rows: self.entries.into_iter().flat_map(|entry| entry.rows(&shared)).collect(),
            stated: self.stated,
            gateways: self.gateways,
            remarks: remarks.into_iter().map(|remark| format!("{file}: {remark}")).collect(),
        }
    }
}

impl Entry {
    fn rows(self, shared: &BTreeSet<String>) -> Vec<Row> {
        let written = match &self.scope {
            Some(scope) if shared.contains(&self.service) => format!("{scope}/{}", self.service),
            _ => self.service,
        };
        let Some(service) = ServiceName::inert(&written) else {
            return Vec::new();
        };
        let row = |address: Option<Net>| Row {
            service: service.clone(),
            address,
            eni: None,
            instance: None,
            account: None,
            origin: None,
            runner: None,
            from: self.from.unwrap_or(0),
            until: self.until.unwrap_or(u64::MAX),
            facts: self.facts.clone(),
        };
        let whole = Row {
            instance: self.instance,
            runner: self.runner,
            ..row(None)
        };
        let addresses = self.addresses.into_iter().map(|address| row(Some(address)));
        let rows = std::iter::once(whole).chain(addresses);
        rows.filter(|row| row.from < row.until).collect()
    }
}

/// A moment as the tools print it: text, or seconds in older versions of the AWS CLI.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Text(String),
    Seconds(f64),
}

/// Where in a file something stands.
#[derive(Debug, Clone)]
struct Place<'f> {
    file: &'f str,
    path: String,
}

impl<'f> Place<'f> {
    fn root(file: &'f str, index: usize) -> Self {
        let path = match index {
            0 => String::new(),
            later => format!("answer {}: ", later + 1),
        };
        Place { file, path }
    }

    /// A member of a list.
    fn item(&self, list: &str, index: usize) -> Self {
        Place {
            file: self.file,
            path: format!("{}{list}[{index}]", self.path),
        }
    }

    fn fault(&self, key: &str, expected: &str, found: Option<&str>) -> InventoryError {
        let found = found.map_or_else(|| "nothing".to_owned(), printable);
        InventoryError {
            file: self.file.to_owned(),
            place: if self.path.ends_with(']') {
                format!("{}.{key}", self.path)
            } else {
                format!("{}{key}", self.path)
            },
            what: format!("expected {expected}, found {found}"),
            hint: None,
        }
    }

    /// An address, or a prefix.
    fn net(&self, key: &str, text: &str) -> Result<Net, InventoryError> {
        net(text).map_err(|refused| self.fault(key, &refused.expected, Some(text)))
    }

    /// Unix seconds, rounded up.
    fn moment(&self, key: &str, moment: Option<&Moment>) -> Result<Option<u64>, InventoryError> {
        let time = match moment {
            None => return Ok(None),
            Some(Moment::Text(text)) => seconds(text).ok_or_else(|| self.fault(key, TIME, Some(text)))?,
            Some(Moment::Seconds(number)) => {
                let whole = number.ceil().to_string();
                let time = whole.parse();
                time.map_err(|_| self.fault(key, "a time in Unix seconds", Some(&whole)))?
            }
        };
        Ok(Some(time))
    }
}

fn no_answer(file: &str, error: &serde_json::Error) -> InventoryError {
    let (line, column) = (error.line(), error.column());
    let what = error.to_string();
    let place = format!(" at line {line} column {column}");
    InventoryError {
        file: file.to_owned(),
        place: format!("line {line} column {column}"),
        what: what.strip_suffix(&place).unwrap_or(&what).to_owned(),
        hint: None,
    }
}

/// The keys of an answer, as they are shown.
fn keys(text: &[u8], index: usize) -> String {
    let mut answers = serde_json::Deserializer::from_slice(text).into_iter::<BTreeMap<String, IgnoredAny>>();
    let keys = answers.nth(index).and_then(Result::ok).unwrap_or_default();
    let keys: Vec<String> = keys.keys().take(8).map(|key| printable(key)).collect();
    if keys.is_empty() {
        "none".to_owned()
    } else {
        keys.join(", ")
    }
}

/// The error for JSON that is none of the answers.
fn unknown(place: &Place<'_>, found: &str) -> InventoryError {
    InventoryError {
        file: place.file.to_owned(),
        place: format!("{}its keys", place.path),
        what: format!("expected one of NetworkInterfaces, tasks, items, Instances, found {found}"),
        hint: Some(
            "give the whole answer (without --query) of `aws ec2 describe-network-interfaces`, `aws ecs describe-tasks`, \
             `kubectl get pods -A -o json` or `aws servicediscovery discover-instances`"
                .to_owned(),
        ),
    }
}
