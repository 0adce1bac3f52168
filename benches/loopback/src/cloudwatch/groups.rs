//! What the server holds: groups of streams of events, what it was told to answer, and what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Asked;

/// How an answer to `FilterLogEvents` is cut into pages.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// Events of one page at most.
    pub events: usize,
    /// Bytes of messages of one page at most, unless a single event is larger.
    pub bytes: usize,
    /// Pages without an event, and with a token, before each that has some.
    pub empty: usize,
}

/// As AWS does it.
impl Default for Paging {
    fn default() -> Self {
        Self {
            events: 10_000,
            bytes: 1_048_576,
            empty: 0,
        }
    }
}

/// Every group, and all that was asked.
#[derive(Default)]
pub(super) struct Groups(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) groups: BTreeMap<String, Group>,
    paging: Paging,
    refused_next: VecDeque<&'static str>,
    refused: BTreeMap<String, &'static str>,
    /// How many more requests a session token is good for.
    expiring: BTreeMap<String, usize>,
    requests: Vec<Asked>,
    /// Tokens given out: the question they continue, and where.
    tokens: Vec<(Question, Place)>,
}

/// A group of streams.
#[derive(Default)]
pub(super) struct Group {
    pub(super) retention: Option<u32>,
    pub(super) streams: BTreeMap<String, Vec<Event>>,
}

#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: usize,
    pub(super) at: u64,
    pub(super) message: String,
}

/// What was asked of a group: all but the token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) group: String,
    pub(super) prefix: String,
    pub(super) from: u64,
    /// Inclusive.
    pub(super) until: u64,
}

/// Where the next page begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    event: usize,
    /// Empty pages given since the last event.
    empty: usize,
}

/// A page of events with their streams, and the token of the next one.
pub(super) struct Page {
    pub(super) events: Vec<(String, Event)>,
    pub(super) token: Option<String>,
}

impl Groups {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, group: &str, change: impl FnOnce(&mut Group)) {
        change(self.state().groups.entry(group.to_owned()).or_default());
    }

    pub(super) fn delete(&self, group: &str) {
        self.state().groups.remove(group);
    }

    pub(super) fn page_by(&self, paging: Paging) {
        self.state().paging = paging;
    }

    pub(super) fn refuse_next(&self, requests: usize, code: &'static str) {
        self.state().refused_next.extend(std::iter::repeat_n(code, requests));
    }

    pub(super) fn refuse(&self, operation: &str, code: &'static str) {
        self.state().refused.insert(operation.to_owned(), code);
    }

    pub(super) fn expire(&self, session_token: &str, after: usize) {
        self.state().expiring.insert(session_token.to_owned(), after);
    }

    pub(super) fn requests(&self) -> Vec<Asked> {
        self.state().requests.clone()
    }
}

impl State {
    /// Whether a request is to be answered at all, or with which code it is refused.
    pub(super) fn admit(&mut self, operation: &str, session_token: Option<&str>) -> Result<(), &'static str> {
        if let Some(code) = self.refused_next.pop_front() {
            return Err(code);
        }
        if let Some(left) = session_token.and_then(|token| self.expiring.get_mut(token)) {
            if *left == 0 {
                return Err("ExpiredTokenException");
            }
            *left -= 1;
        }
        self.refused.get(operation).map_or(Ok(()), |code| Err(code))
    }

    pub(super) fn note(&mut self, asked: Asked) {
        self.requests.push(asked);
    }

    /// The next page of an answer; `None` if the token is none of this question's.
    pub(super) fn page(&mut self, question: Question, token: Option<&str>) -> Option<Page> {
        let begin = match token {
            None => Place::default(),
            Some(token) => {
                let nth: usize = token.strip_prefix("token-")?.parse().ok()?;
                let (asked, place) = self.tokens.get(nth)?;
                (*asked == question).then_some(*place)?
            }
        };
        let found = self.groups.get(&question.group)?.found(&question);
        let rest = found.get(begin.event..).unwrap_or_default();
        if begin.empty < self.paging.empty && !rest.is_empty() {
            let next = Place {
                empty: begin.empty + 1,
                ..begin
            };
            let token = Some(self.token(question, next));
            return Some(Page { events: vec![], token });
        }
        let mut bytes = 0;
        let fits = |(_, event): &&(&String, &Event)| {
            bytes += event.message.len();
            bytes <= self.paging.bytes
        };
        let count = rest.iter().take(self.paging.events).take_while(fits).count();
        // A single event that is larger has a page of its own.
        let count = count.max(1).min(rest.len());
        let events = rest
            .iter()
            .take(count)
            .map(|(stream, event)| ((*stream).clone(), (*event).clone()));
        let events = events.collect();
        let next = Place {
            event: begin.event + count,
            empty: 0,
        };
        let token = (count < rest.len()).then(|| self.token(question, next));
        Some(Page { events, token })
    }

    fn token(&mut self, question: Question, next: Place) -> String {
        self.tokens.push((question, next));
        format!("token-{}", self.tokens.len() - 1)
    }
}

impl Group {
    pub(super) fn retain(&mut self, days: u32) {
        self.retention = Some(days);
    }

    pub(super) fn stream(&mut self, stream: &str) {
        self.streams.entry(stream.to_owned()).or_default();
    }

    pub(super) fn put(&mut self, stream: &str, at: u64, message: &str) {
        let id = self.streams.values().map(Vec::len).sum();
        self.streams.entry(stream.to_owned()).or_default().push(Event {
            id,
            at,
            message: message.to_owned(),
        });
    }

    /// The events of a question: by time, and as they were put where times are equal.
    fn found(&self, question: &Question) -> Vec<(&String, &Event)> {
        let streams = self.streams.iter();
        let streams = streams.filter(|(name, _)| name.starts_with(&question.prefix));
        let mut found: Vec<(&String, &Event)> = streams
            .flat_map(|(name, events)| events.iter().map(move |event| (name, event)))
            .filter(|(_, event)| (question.from..=question.until).contains(&event.at))
            .collect();
        found.sort_by_key(|(_, event)| (event.at, event.id));
        found
    }
}
