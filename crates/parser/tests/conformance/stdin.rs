//! Standard input: of this very binary, run once more with a pipe.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use egressmap_parser::source::{self, Source, Wanted};

use crate::scenario::Scenario;
use crate::store::{self, Arrived, Reading, Store, Trouble};

/// Where the child writes what it read.
const REPORT: &str = "EGRESSMAP_TEST_STDIN";

/// The last object that was put is what comes over the pipe.
pub(crate) struct Pipe {
    name: String,
    text: String,
}

impl Store for Pipe {
    const NAME: &'static str = "stdin";
    const HOLDS_ONE: bool = true;

    fn declines(scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::EmptyPlace => Some("a pipe is always one object, be it an empty one"),
            Scenario::ManyObjects => Some("it is one object"),
            Scenario::OddNames => Some("it has no name"),
            Scenario::ReadTwice => Some("what was read is gone"),
            Scenario::Counted => Some("it has no lasting name, so no map is added to from it"),
            Scenario::Resets | Scenario::Cuts | Scenario::Stalls | Scenario::Drips => Some(
                "whoever writes to the pipe has the network; a pipe that ends early cannot be told from one that is done",
            ),
            Scenario::Unavailable | Scenario::Expired => Some("there is no server"),
            Scenario::Replaced | Scenario::Deleted => Some("what is in a pipe cannot be taken back"),
            _ => None,
        }
    }

    fn start() -> Self {
        Self {
            name: String::new(),
            text: String::new(),
        }
    }

    fn put(&mut self, name: &str, text: &str) {
        name.clone_into(&mut self.name);
        text.clone_into(&mut self.text);
    }

    fn delete(&mut self, _: &str) {
        unreachable!("nothing deletes from a pipe");
    }

    fn trouble(&mut self, trouble: Trouble) {
        unreachable!("a pipe has no {trouble:?}");
    }

    fn was_troubled(&self) -> bool {
        false
    }

    /// Of this process: for those scenarios that do not look at what comes.
    fn source(&self, wanted: &Wanted) -> Box<dyn Source> {
        source::open("-", wanted).unwrap()
    }

    fn name(&self, uri: &str) -> Option<String> {
        (uri == "-").then(|| self.name.clone())
    }

    fn read(&self) -> Reading {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["stdin::what_a_pipe_carries_is_one_object", "--exact"])
            .env(REPORT, &report)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        thread::scope(|threads| {
            threads.spawn(move || pipe.write_all(self.text.as_bytes()).unwrap());
            assert!(child.wait().unwrap().success());
        });
        let mut reading = Reading::default();
        for (name, fault) in [("body", None), ("fault", Some("it broke off".to_owned()))] {
            if let Ok(text) = fs::read(report.with_extension(name)) {
                reading.arrived.push(Arrived {
                    name: Ok(self.name.clone()),
                    text,
                    fault,
                });
            }
        }
        reading
    }
}

/// The child's part.
fn write_report(to: &Path) {
    let pipe = Pipe::start();
    let reading = store::read(&pipe, pipe.source(&Wanted::default()));
    assert_eq!((reading.arrived.len(), reading.faults.len()), (1, 0));
    let arrived = &reading.arrived[0];
    let name = if arrived.fault.is_none() { "body" } else { "fault" };
    let mut file = File::create(to.with_extension(name)).unwrap();
    file.write_all(&arrived.text).unwrap();
}

#[test]
fn what_a_pipe_carries_is_one_object() {
    if let Some(to) = std::env::var_os(REPORT) {
        return write_report(Path::new(&to));
    }
    let mut pipe = Pipe::start();
    pipe.put("-", "a line\n");
    assert_eq!(pipe.read().arrived[0].text, b"a line\n");
}
