//! Gathers lines into log objects, named and cut as the platform would.

use std::collections::BTreeMap;

use crate::clock::{compact, folder};
use crate::flow::{ACCOUNT, REGION};
use crate::prng::Prng;
use crate::recorder::Recorder;

/// Seconds that one flow log object covers, by the end of its records.
const PUBLISHED_EVERY: u64 = 300;

/// One object of the logs, before compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogObject {
    /// Its path below the folder of the logs, without an ending that depends on compression.
    pub key: String,
    /// Its text.
    pub text: String,
    /// Whether the platform compresses it.
    pub(crate) delivered_compressed: bool,
    pub(crate) lines: u64,
}

/// All objects of a world. Headers of flow log objects are entered as set aside.
pub(crate) fn gather(recorder: &mut Recorder) -> Vec<LogObject> {
    let mut objects = flow_objects(recorder);
    for (path, mut lines) in std::mem::take(&mut recorder.access_lines) {
        lines.sort_by_key(|(written, _)| *written);
        let mut object = LogObject::new(format!("envoy/{path}"), false);
        for (_, line) in lines {
            object.push(&line);
        }
        objects.push(object);
    }
    objects
}

fn flow_objects(recorder: &mut Recorder) -> Vec<LogObject> {
    let mut lines = std::mem::take(&mut recorder.flow_lines);
    lines.sort_by_key(|(end, _)| *end);
    let mut slots: BTreeMap<u64, LogObject> = BTreeMap::new();
    for (end, line) in lines {
        let slot = end / PUBLISHED_EVERY * PUBLISHED_EVERY;
        let object = slots.entry(slot).or_insert_with(|| {
            let mut object = LogObject::new(key(slot), true);
            object.push(&recorder.format.header());
            recorder.ledger.set_aside("header");
            object
        });
        object.push(&line);
    }
    let mut objects: Vec<LogObject> = slots.into_values().collect();
    // The last line of a delivered object often has no line end.
    for object in objects
        .iter_mut()
        .step_by(3)
        .filter(|object| !object.text.ends_with("\n\n"))
    {
        object.text.pop();
    }
    objects
}

fn key(slot: u64) -> String {
    let hash = Prng::new(slot).next() >> 32;
    let name = format!(
        "{ACCOUNT}_vpcflowlogs_{REGION}_fl-0c5d7e9a1b3f2468a_{}_{hash:08x}",
        compact(slot)
    );
    format!(
        "flow/AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{}/{name}.log",
        folder(slot)
    )
}

impl LogObject {
    fn new(key: String, delivered_compressed: bool) -> Self {
        LogObject {
            key,
            text: String::new(),
            delivered_compressed,
            lines: 0,
        }
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
    }
}
