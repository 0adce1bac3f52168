//! Every object is read exactly once, whatever the threads, the sources and the readers do.

use std::collections::BTreeMap;
use std::io::Cursor;

use super::*;
use crate::source::Deliveries;

/// A source that delivers what it was made of, then fails or panics if it was told to.
struct Memory {
    uri: String,
    objects: Vec<(ObjectId, Vec<u8>)>,
    end: End,
}

enum End {
    Done,
    Error,
    Panic,
    Unopened,
}

impl Source for Memory {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError> {
        for (id, bytes) in &self.objects {
            let body = Box::new(Cursor::new(bytes.clone()));
            if to.send(Delivery::Object(Object::new(id.clone(), body))).is_err() {
                return Ok(());
            }
        }
        let error = SourceError {
            what: format!("cannot list {}", self.uri),
            why: "gone".to_owned(),
            hint: None,
        };
        match self.end {
            End::Done => Ok(()),
            End::Error => Err(error),
            End::Panic => panic!("out of memory objects"),
            End::Unopened => {
                to.send(Delivery::Failed(error)).unwrap();
                Ok(())
            }
        }
    }
}

fn id(uri: &str, version: &str) -> ObjectId {
    ObjectId {
        uri: uri.to_owned(),
        version: Some(version.to_owned()),
        size: None,
    }
}

fn memory(name: &str, objects: usize, end: End) -> Box<dyn Source> {
    let objects = (0..objects)
        .map(|n| (id(&format!("{name}/{n}"), "1"), vec![b'x'; n]))
        .collect();
    Box::new(Memory {
        uri: name.to_owned(),
        objects,
        end,
    })
}

/// How often each object was read, and how many bytes it had.
type Reads = BTreeMap<String, (usize, usize)>;

fn run(sources: &[Box<dyn Source>], threads: usize) -> (Reads, Outcome<Reads, String>, Progress) {
    let progress = Progress::default();
    let read = |mut object: Object, sink: &mut Reads, counters: &mut Counters| {
        let mut bytes = Vec::new();
        object.body.read_to_end(&mut bytes).map_err(|why| why.to_string())?;
        counters.set_aside("blank");
        let entry = sink.entry(object.id.uri.clone()).or_default();
        *entry = (entry.0 + 1, bytes.len());
        assert!(!object.id.uri.ends_with("/panic"), "this object is cursed");
        if object.id.uri.ends_with("/error") {
            Err("bad/error: this object is bad".to_owned())
        } else {
            Ok(())
        }
    };
    let outcome = drive(sources, threads.try_into().unwrap(), Reads::new, read, &progress);
    let mut all = Reads::new();
    for (uri, (times, bytes)) in outcome.sinks.iter().flatten() {
        let entry = all.entry(uri.clone()).or_default();
        *entry = (entry.0 + times, *bytes);
    }
    (all, outcome, progress)
}

fn texts(outcome: &Outcome<Reads, String>) -> Vec<String> {
    outcome.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn every_object_is_read_exactly_once_with_any_number_of_threads() {
    for threads in [1, 2, 8] {
        let sources = [
            memory("a", 300, End::Done),
            memory("b", 0, End::Done),
            memory("c", 100, End::Done),
        ];
        let (reads, outcome, progress) = run(&sources, threads);
        assert_eq!(reads.len(), 400);
        assert!(reads.values().all(|&(times, _)| times == 1));
        assert_eq!(reads["a/299"], (1, 299));
        assert_eq!(outcome.sinks.len(), threads);
        assert_eq!((outcome.counters.lines, outcome.counters.objects), (400, 400));
        assert_eq!(outcome.objects.len(), 400);
        assert_eq!((outcome.duplicates, outcome.faults.len()), (0, 0));
        assert_eq!(
            (progress.objects(), progress.bytes()),
            (400, 299 * 300 / 2 + 99 * 100 / 2)
        );
    }
}

#[test]
fn a_source_that_fails_or_panics_does_not_stop_the_others() {
    let sources = [
        memory("d", 50, End::Done),
        memory("c", 3, End::Error),
        memory("b", 0, End::Panic),
        memory("a", 2, End::Unopened),
    ];
    let (reads, outcome, _) = run(&sources, 2);
    assert_eq!(reads.len(), 55);
    assert_eq!(
        texts(&outcome),
        [
            "cannot list c: gone",
            "cannot read b: the source panicked: out of memory objects",
            "cannot list a: gone"
        ]
    );
    assert!(matches!(outcome.faults[2], Fault::Unopened(_)));
}

#[test]
fn an_object_delivered_twice_is_read_once_and_is_no_fault() {
    let known_size = ObjectId {
        size: Some(7),
        ..id("s3://logs/x", "etag")
    };
    let objects = vec![
        (known_size, Vec::new()),
        (id("s3://logs/x", "etag"), Vec::new()),
        (id("s3://logs/x", "other"), Vec::new()),
    ];
    let one: Box<dyn Source> = Box::new(Memory {
        uri: "one".to_owned(),
        objects,
        end: End::Done,
    });
    let (reads, outcome, _) = run(&[one, memory("a", 9, End::Done), memory("a", 9, End::Done)], 8);
    assert_eq!(reads["s3://logs/x"].0, 2, "two versions are two objects");
    assert_eq!(outcome.duplicates, 10);
    assert_eq!(outcome.objects.len(), 11);
    assert!(outcome.faults.is_empty());
}

#[test]
fn an_object_whose_reader_errs_or_panics_costs_itself_only() {
    for threads in [1, 8] {
        let bad = ["bad/panic", "bad/error"]
            .map(|uri| (id(uri, "1"), Vec::new()))
            .to_vec();
        let bad: Box<dyn Source> = Box::new(Memory {
            uri: "bad".to_owned(),
            objects: bad,
            end: End::Done,
        });
        let (reads, outcome, progress) = run(&[bad, memory("a", 100, End::Done)], threads);
        assert_eq!(reads.len(), 102, "what was read before the fault stands");
        assert_eq!(progress.objects(), 102);
        let expected = [
            "bad/error: this object is bad",
            "cannot read bad/panic: the reader panicked: this object is cursed",
        ];
        assert_eq!(texts(&outcome), expected);
    }
}
