//! How Kubernetes finds the pods of a caller: their namespace, and their label `app`.

use serde_json::{Value, json};

use super::callers::{Caller, callers};
use super::draft::Draft;
use super::file;
use super::losses::Losses;
use crate::proposal::{Code, Proposal};
use crate::text::hash;
use crate::yaml;

/// The pods of a caller.
#[derive(Debug)]
pub(super) struct Pods<'a> {
    /// What the objects that select them are called.
    pub(super) name: String,
    pub(super) namespace: &'a str,
    label: &'a str,
}

impl<'a> Pods<'a> {
    /// The pods, or the loss of a caller that no selector can find.
    pub(super) fn of(caller: &Caller<'a>, losses: &mut Losses) -> Option<Self> {
        let service = caller.service.as_str();
        let namespace = caller.namespace.unwrap_or("default");
        if !is_label_value(service) || !is_dns_label(namespace) {
            for allowed in &caller.grants {
                losses.add(Code::UnselectableCaller, allowed);
            }
            return None;
        }
        if caller.namespace.is_none() {
            losses.note(Code::NamespaceAssumed, Some(service), format!("label app={service}"));
        }
        Some(Pods {
            name: object_name("egress-", service),
            namespace,
            label: service,
        })
    }

    pub(super) fn labels(&self) -> Value {
        json!({"app": self.label})
    }

    pub(super) fn metadata(&self) -> Value {
        json!({"name": self.name, "namespace": self.namespace})
    }

    /// The file of its objects.
    pub(super) fn path(&self) -> String {
        format!("{}/{}.yaml", self.namespace, self.name)
    }
}

/// One object a caller, in a file of its own: as `policy` makes it.
pub(super) fn draft<'a>(
    proposal: &'a Proposal,
    tool: &'static str,
    policy: impl Fn(&Pods<'_>, &Caller<'a>, &mut Draft<'a>) -> Value,
) -> Draft<'a> {
    let mut draft = Draft::of(tool);
    for caller in &callers(proposal) {
        if let Some(pods) = Pods::of(caller, &mut draft.losses) {
            let text = yaml::document(&policy(&pods, caller, &mut draft));
            draft.files.push(file(pods.path(), text));
        }
    }
    draft
}

/// A name of an object for a service: lower-case letters, digits and `-`, and no two texts share one.
pub(super) fn object_name(prefix: &str, text: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let whole = text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
    named(prefix, text, whole)
}

/// The same for a host or an address: hyphens for its dots.
pub(super) fn host_object_name(prefix: &str, host: &str) -> String {
    let whole = host
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.');
    named(prefix, host, whole)
}

/// What is not whole as it is gets its hash after two hyphens, which nothing whole has.
fn named(prefix: &str, text: &str, whole: bool) -> String {
    const LONGEST: usize = 120;
    let letter = |c: char| {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            c
        } else {
            '-'
        }
    };
    let kept: String = text.chars().map(letter).take(LONGEST).collect();
    if whole && text.len() <= LONGEST {
        return format!("{prefix}{kept}");
    }
    format!("{prefix}{}--{:016x}", kept.trim_matches('-'), hash(text))
}

/// At most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_label_value(text: &str) -> bool {
    let at_the_ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && at_the_ends(text.chars().next())
        && at_the_ends(text.chars().next_back())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// At most 63 lower-case letters, digits and `-`, with a letter or digit at both ends.
fn is_dns_label(text: &str) -> bool {
    is_label_value(text)
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
