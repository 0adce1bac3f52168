//! Tells what a JSON object delivers: events of an envelope, a line of a container, or itself.

use super::json;
use super::place::Stream;
use crate::format::moment_of;

/// The keys under which a shipper puts the line it ships.
const LINE_KEYS: [&[u8]; 3] = [b"log", b"message", b"msg"];

/// How long a name may be that becomes part of an origin.
const LONGEST_NAME: usize = 512;

/// What an object delivers. Strings are as written, between their quotes.
#[derive(Debug)]
pub(super) enum Delivers<'a> {
    /// The array of events of a CloudWatch Logs subscription.
    Events(&'a [u8]),
    /// A message of CloudWatch Logs to whoever subscribed, to see whether they listen.
    Control,
    /// A line, or part of one.
    Line(Line<'a>),
    /// Nothing but itself.
    Itself,
}

#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// Whether its other keys leave no doubt that a container's line is what it ships.
    pub(super) certain: bool,
    pub(super) part: Part,
    /// When it was written, in Unix seconds, where the shipper says so.
    pub(super) time: Option<u64>,
}

/// How a container runtime says that a line goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It never does.
    Whole,
    /// By leaving out the line end, as Docker's json-file does.
    UntilLineEnd(Stream),
    /// By keys of their own: this is one part, and whether it is the last.
    Marked { stream: Stream, last: bool },
}

/// What of an object's members is looked at; of two with one key the later counts, as for every other reader.
#[derive(Default)]
struct Members<'a> {
    message_type: Option<&'a [u8]>,
    events: Option<&'a [u8]>,
    lines: [Option<&'a [u8]>; 3],
    stream: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    partial: Option<&'a [u8]>,
    partial_last: Option<&'a [u8]>,
    tag: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    log_stream: Option<&'a [u8]>,
    cluster: Option<&'a [u8]>,
    definition: Option<&'a [u8]>,
    container: Option<&'a [u8]>,
    container_id: Option<&'a [u8]>,
    task: Option<&'a [u8]>,
    kubernetes: Option<&'a [u8]>,
}

/// What a valid JSON object delivers, and from where: names joined by `/`, empty where it does not say.
pub(super) fn read<'a>(object: &'a [u8], origin: &mut Vec<u8>) -> Delivers<'a> {
    let members = Members::of(object);
    let says = |value: Option<&[u8]>, expected: &[u8]| value.and_then(json::string) == Some(expected);
    origin.clear();
    if says(members.message_type, b"CONTROL_MESSAGE") && members.events.is_some() {
        return Delivers::Control;
    }
    if let Some(events) = members.events.filter(|events| events.starts_with(b"["))
        && members.message_type.is_some()
    {
        add_names([members.group, members.log_stream], origin);
        return Delivers::Events(events);
    }
    let mut lines = members.lines.iter().filter_map(|value| json::string((*value)?));
    let (Some(text), None) = (lines.next(), lines.next()) else {
        return Delivers::Itself;
    };
    let is_docker = members.lines[0].is_some() && members.time.is_some() && members.stream.is_some();
    let stream = if says(members.stream, b"stderr") {
        Stream::Stderr
    } else {
        Stream::Stdout
    };
    let part = if says(members.partial, b"true") {
        let last = says(members.partial_last, b"true");
        Part::Marked { stream, last }
    } else if members.tag.is_some() {
        let last = !says(members.tag, b"P");
        Part::Marked { stream, last }
    } else if is_docker && members.container_id.is_none() && members.kubernetes.is_none() {
        Part::UntilLineEnd(stream)
    } else {
        Part::Whole
    };
    let of_a_task = [members.cluster, members.definition, members.container, members.task];
    add_names(of_a_task, origin);
    if let Some(pod) = members.kubernetes {
        add_pod(pod, origin);
    }
    Delivers::Line(Line {
        text,
        certain: is_docker || !origin.is_empty() || members.container_id.is_some(),
        part,
        time: members.time.and_then(moment),
    })
}

impl<'a> Members<'a> {
    fn of(object: &'a [u8]) -> Self {
        let mut members = Members::default();
        for (key, value) in json::members(object) {
            let slot = match key.as_ref() {
                b"messageType" => &mut members.message_type,
                b"logEvents" => &mut members.events,
                b"logGroup" => &mut members.group,
                b"logStream" => &mut members.log_stream,
                // Docker's json-file says `stream`, its fluentd driver `source`.
                b"stream" | b"source" => &mut members.stream,
                b"time" => &mut members.time,
                b"partial_message" => &mut members.partial,
                b"partial_last" => &mut members.partial_last,
                // The tag of the container runtime, as Fluent Bit and Fluentd call it.
                b"_p" | b"logtag" => &mut members.tag,
                b"ecs_cluster" => &mut members.cluster,
                b"ecs_task_definition" => &mut members.definition,
                b"container_name" => &mut members.container,
                b"container_id" => &mut members.container_id,
                b"ecs_task_arn" => &mut members.task,
                b"kubernetes" => &mut members.kubernetes,
                key => match LINE_KEYS.iter().position(|line_key| *line_key == key) {
                    Some(at) => &mut members.lines[at],
                    None => continue,
                },
            };
            *slot = Some(value);
        }
        members
    }
}

/// A time as a shipper writes it: text, or seconds since 1970.
fn moment(value: &[u8]) -> Option<u64> {
    moment_of(json::string(value).unwrap_or(value))
}

/// What Fluent Bit's Kubernetes filter says of the pod.
fn add_pod(object: &[u8], origin: &mut Vec<u8>) {
    let mut names = [None; 3];
    for (key, value) in json::members(object) {
        match key.as_ref() {
            b"namespace_name" => names[0] = Some(value),
            b"pod_name" => names[1] = Some(value),
            b"container_name" => names[2] = Some(value),
            _ => {}
        }
    }
    add_names(names, origin);
}

fn add_names<const N: usize>(names: [Option<&[u8]>; N], origin: &mut Vec<u8>) {
    for name in names.into_iter().flatten().filter_map(json::string) {
        if !name.is_empty() && name.len() <= LONGEST_NAME {
            if !origin.is_empty() {
                origin.push(b'/');
            }
            json::unescape(name, origin);
        }
    }
}
