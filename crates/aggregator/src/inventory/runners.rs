//! Entries by the task or pod that runs a service, as the origin of a log names it.

use hashbrown::HashMap;

use super::names::{Names, ServiceId};
use super::spans::{Span, Spans};

/// A task or pod by what no other is called.
#[derive(Debug)]
pub(super) struct Runner {
    /// The id of the task or the name of the pod.
    pub(super) name: String,
    /// The namespace of the pod.
    pub(super) namespace: Option<String>,
}

/// Tasks and pods with their entries.
#[derive(Debug, Default)]
pub(super) struct Runners(HashMap<Box<str>, Vec<(Option<Box<str>>, Spans)>, foldhash::fast::RandomState>);

impl Runners {
    pub(super) fn insert(&mut self, runner: Runner, span: Span, names: &Names) {
        let namespace = runner.namespace.map(String::into_boxed_str);
        self.of(runner.name.into_boxed_str(), namespace).insert(span, names);
    }

    pub(super) fn absorb(&mut self, other: Runners, ids: &[ServiceId], names: &Names) {
        for (name, entries) in other.0 {
            for (namespace, spans) in entries {
                self.of(name.clone(), namespace).absorb(spans, ids, names);
            }
        }
    }

    /// The entries of tasks and pods that an origin names: `ecs/envoy/0123…`, `shop/cart-0/envoy`, and the names of files
    /// below `/var/log/pods` and `/var/log/containers`. A pod counts where its namespace is named as well.
    pub(super) fn matching<'s>(&'s self, origin: &str) -> impl Iterator<Item = &'s Span> {
        let parts: Vec<&str> = if self.0.is_empty() {
            Vec::new()
        } else {
            origin.split(['/', ':', '_']).collect()
        };
        let mut found = Vec::new();
        for part in &parts {
            for (namespace, spans) in self.0.get(*part).into_iter().flatten() {
                if namespace.as_deref().is_none_or(|namespace| parts.contains(&namespace)) {
                    found.push(spans);
                }
            }
        }
        found.into_iter().flat_map(Spans::iter)
    }

    fn of(&mut self, name: Box<str>, namespace: Option<Box<str>>) -> &mut Spans {
        let entries = self.0.entry(name).or_default();
        let at = entries.iter().position(|(known, _)| *known == namespace);
        let at = at.unwrap_or_else(|| {
            entries.push((namespace, Spans::default()));
            entries.len() - 1
        });
        &mut entries[at].1
    }
}
