//! What every source is put through.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::mpsc::sync_channel;
use std::thread;

use egressmap_parser::source::{Delivery, Wanted};

use crate::law::{Put, all_is_there, no_silent_hole_and_no_double_count};
use crate::store::{self, Store, Trouble};

/// One thing that a source must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    EmptyPlace,
    OneObject,
    EmptyObject,
    LargeObject,
    ManyObjects,
    OddNames,
    ReadTwice,
    Counted,
    HangUp,
    BodyDropped,
    Resets,
    Cuts,
    Stalls,
    Drips,
    Unavailable,
    Expired,
    Replaced,
    Deleted,
}

impl Scenario {
    /// Plays it in an empty store.
    pub(crate) fn play<S: Store>(self, store: &mut S) {
        match self {
            Self::EmptyPlace => empty_place(store),
            Self::OneObject => whole(store, &[("one", &text(3_000))]),
            Self::EmptyObject if S::HOLDS_ONE => whole(store, &[("empty", "")]),
            Self::EmptyObject => whole(store, &[("a", &text(10)), ("empty", ""), ("z", &text(20))]),
            Self::LargeObject => whole(store, &[("large", &text(12_000_000))]),
            Self::ManyObjects => many(store),
            Self::OddNames => odd_names(store),
            Self::ReadTwice => read_twice(store),
            Self::Counted => counted(store),
            Self::HangUp => hang_up(store),
            Self::BodyDropped => body_dropped(store),
            Self::Resets => broken(store, Trouble::Reset),
            Self::Cuts => broken(store, Trouble::Cut),
            Self::Stalls => broken(store, Trouble::Stall),
            Self::Drips => {
                let put = filled(store);
                store.trouble(Trouble::Drip);
                all_is_there(&borrowed(&put), &store.read());
                assert!(store.was_troubled());
            }
            Self::Unavailable => broken(store, Trouble::Unavailable),
            Self::Expired => broken(store, Trouble::Expired),
            Self::Replaced => changed(store, true),
            Self::Deleted => changed(store, false),
        }
    }
}

/// So many bytes or a few more, of lines that no two places share.
fn text(least: usize) -> String {
    let mut text = String::with_capacity(least + 100);
    let mut state = least as u64 ^ 0x9e37_79b9_7f4a_7c15;
    while text.len() < least {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{} {state:x} \"é\\\" {:150}|\n", text.len(), ""));
    }
    text
}

type Owned = Vec<(String, String)>;

fn borrowed(put: &Owned) -> Put<'_> {
    put.iter()
        .map(|(name, text)| (name.clone(), vec![text.as_str()]))
        .collect()
}

/// Puts a dozen objects of different sizes.
fn filled<S: Store>(store: &mut S) -> Owned {
    let put: Owned = (1..=12).map(|n| (format!("o{n:02}"), text(n * n * 1_500))).collect();
    for (name, text) in &put {
        store.put(name, text);
    }
    put
}

fn whole<S: Store>(store: &mut S, objects: &[(&str, &str)]) {
    for (name, text) in objects {
        store.put(name, text);
    }
    let put = objects
        .iter()
        .map(|(name, text)| ((*name).to_owned(), vec![*text]))
        .collect();
    all_is_there(&put, &store.read());
}

fn empty_place<S: Store>(store: &mut S) {
    let reading = store.read();
    assert_eq!(reading.arrived, []);
    // A folder that is named and empty is a slip; a prefix may be of a day that has no log yet.
    assert!(
        reading
            .faults
            .iter()
            .all(|fault| fault.contains("there is no file in it")),
        "{:?}",
        reading.faults
    );
    assert!(
        reading.notes.iter().all(|note| note.contains("there is no")),
        "{:?}",
        reading.notes
    );
}

fn many<S: Store>(store: &mut S) {
    let put: Owned = (0..1_100)
        .map(|n| (format!("o{n:04}"), format!("object {n}\n")))
        .collect();
    for (name, text) in &put {
        store.put(name, text);
    }
    all_is_there(&borrowed(&put), &store.read());
}

fn odd_names<S: Store>(store: &mut S) {
    let names = [
        "a b+c%20d",
        "tab\tnewline\n",
        "€ ü 🦀",
        "&<>\"'",
        "?q=1#f",
        "%2F%",
        "[x]{y}",
        "-",
        "...",
    ];
    let objects: Vec<(&str, String)> = names.iter().map(|name| (*name, format!("{name:?}\n"))).collect();
    let objects: Vec<(&str, &str)> = objects.iter().map(|(name, text)| (*name, text.as_str())).collect();
    whole(store, &objects);
}

fn read_twice<S: Store>(store: &mut S) {
    let put = filled(store);
    let first = store.read();
    all_is_there(&borrowed(&put), &first);
    assert_eq!(store.read().arrived, first.arrived);
}

fn counted<S: Store>(store: &mut S) {
    let put = filled(store);
    let (to, deliveries) = sync_channel(100);
    let source = store.source(&Wanted::default());
    let every: BTreeSet<String> = thread::scope(|threads| {
        threads.spawn(move || source.deliver(&to));
        deliveries.iter().filter_map(|delivery| uri_of(&delivery)).collect()
    });
    assert_eq!(every.len(), put.len());
    let some: BTreeSet<String> = every.iter().step_by(2).cloned().collect();
    let reading = store::read(store, store.source(&store::counted(some.clone())));
    let known: BTreeSet<String> = some.iter().filter_map(|uri| store.name(uri)).collect();
    let text = |(name, text): &(String, String)| match known.contains(name) {
        true => (name.clone(), String::new()),
        false => (name.clone(), text.clone()),
    };
    let expected: Owned = put.iter().map(text).collect();
    all_is_there(&borrowed(&expected), &reading);
}

fn uri_of(delivery: &Delivery) -> Option<String> {
    match delivery {
        Delivery::Object(object) => Some(object.id.uri.clone()),
        _ => None,
    }
}

fn hang_up<S: Store>(store: &mut S) {
    filled(store);
    for taken in [0, 1, 2] {
        let (to, deliveries) = sync_channel(0);
        let source = store.source(&Wanted::default());
        thread::scope(|threads| {
            let delivering = threads.spawn(move || source.deliver(&to));
            drop(deliveries.iter().take(taken).collect::<Vec<_>>());
            drop(deliveries);
            assert_eq!(delivering.join().unwrap(), Ok(()), "after {taken}");
        });
    }
}

/// Takes every object, reads a byte of each, and drops it.
fn body_dropped<S: Store>(store: &mut S) {
    let put = filled(store);
    let (to, deliveries) = sync_channel(0);
    let source = store.source(&Wanted::default());
    thread::scope(|threads| {
        let delivering = threads.spawn(move || source.deliver(&to));
        let mut objects = 0;
        for delivery in &deliveries {
            if let Delivery::Object(mut object) = delivery {
                // What is in it is not looked at here.
                let _ = object.body.read(&mut [0]);
                objects += 1;
            }
        }
        assert_eq!(
            (delivering.join().unwrap(), objects),
            (Ok(()), if S::HOLDS_ONE { 1 } else { put.len() })
        );
    });
}

fn broken<S: Store>(store: &mut S, trouble: Trouble) {
    let put = filled(store);
    store.trouble(trouble);
    no_silent_hole_and_no_double_count(&borrowed(&put), &store.read());
    assert!(store.was_troubled(), "nothing was tried");
}

/// Takes the first object, changes the others, and reads on.
fn changed<S: Store>(store: &mut S, replaced: bool) {
    let put = filled(store);
    let new = text(555);
    let (to, deliveries) = sync_channel(0);
    let source = store.source(&Wanted::default());
    let mut reading = store::Reading::default();
    let mut expected = borrowed(&put);
    thread::scope(|threads| {
        let delivering = threads.spawn(move || source.deliver(&to));
        for delivery in &deliveries {
            if reading.arrived.is_empty() && reading.faults.is_empty() {
                for (name, _) in &put {
                    if replaced {
                        store.put(name, &new);
                        expected.entry(name.clone()).or_default().push(&new);
                    } else {
                        store.delete(name);
                    }
                }
            }
            match delivery {
                Delivery::Failed(error) => reading.faults.push(error.to_string()),
                Delivery::Note(note) => reading.notes.push(note),
                Delivery::Object(mut object) => {
                    let mut bytes = Vec::new();
                    let fault = object.body.read_to_end(&mut bytes).err().map(|why| why.to_string());
                    reading.arrived.push(store::Arrived {
                        name: store.name(&object.id.uri).ok_or(object.id.uri),
                        text: store.text(bytes),
                        fault,
                    });
                }
            }
        }
        let ended = delivering.join().unwrap();
        reading.faults.extend(ended.err().map(|error| error.to_string()));
    });
    no_silent_hole_and_no_double_count(&expected, &reading);
}
