//! The three operations that a reader of logs needs, over JSON 1.1.

use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::groups::{Group, Groups, Question, State};
use super::{Asked, CloudWatchServer};

/// How such an operation is named in its header.
const TARGET: &str = "Logs_20140328.";

/// Streams and groups of one page.
const LISTED: usize = 50;

/// An error code, and what to say with it.
type Refusal = (&'static str, String);

pub(super) async fn answer(groups: &Groups, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let target = text("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix(TARGET).unwrap_or_default().to_owned();
    let Ok(body) = body.collect().await else {
        return refuse(&("SerializationException", "the request broke off".to_owned()));
    };
    let input = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let mut state = groups.state();
    let answer = admit(
        &mut state,
        &operation,
        &parts.headers,
        text("x-amz-security-token").as_deref(),
    )
    .and_then(|()| operate(&mut state, &operation, &input));
    state.note(Asked {
        at: Instant::now(),
        region: credential(&parts.headers).nth(2).unwrap_or_default().to_owned(),
        operation,
        input,
        refused: answer.as_ref().err().map(|(code, _)| (*code).to_owned()),
    });
    match answer {
        Ok(output) => respond(StatusCode::OK, output.to_string()),
        Err(refusal) => refuse(&refusal),
    }
}

/// The parts of `Credential=KEY/DATE/REGION/logs/aws4_request`.
fn credential(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let scope = header.and_then(|header| header.split_once("Credential=")?.1.split(',').next());
    scope.unwrap_or_default().split('/')
}

fn admit(state: &mut State, operation: &str, headers: &HeaderMap, session: Option<&str>) -> Result<(), Refusal> {
    if credential(headers).next() != Some(CloudWatchServer::ACCESS_KEY) {
        let why = "The security token included in the request is invalid.";
        return Err(("UnrecognizedClientException", why.to_owned()));
    }
    let refused = |code| (code, format!("{operation} is refused"));
    state.admit(operation, session).map_err(refused)
}

fn operate(state: &mut State, operation: &str, input: &str) -> Result<Value, Refusal> {
    let input: Value = serde_json::from_str(input).map_err(|why| ("SerializationException", why.to_string()))?;
    match operation {
        "FilterLogEvents" => filter(state, &input),
        "DescribeLogStreams" => streams(state, &input),
        "DescribeLogGroups" => Ok(listed_groups(state, &input)),
        _ => Err(("UnknownOperationException", operation.to_owned())),
    }
}

fn filter(state: &mut State, input: &Value) -> Result<Value, Refusal> {
    let name = named(state, input)?.0;
    let question = Question {
        group: name,
        prefix: text(input, "logStreamNamePrefix").to_owned(),
        from: input["startTime"].as_u64().unwrap_or_default(),
        until: input["endTime"].as_u64().unwrap_or(u64::MAX),
    };
    let page = state.page(question, input["nextToken"].as_str());
    let page = page.ok_or_else(|| {
        (
            "InvalidParameterException",
            "The specified nextToken is invalid.".to_owned(),
        )
    })?;
    let events = page.events.into_iter().map(|(stream, event)| {
        json!({"logStreamName": stream, "timestamp": event.at, "message": event.message, "ingestionTime": event.at, "eventId": event.id.to_string()})
    });
    let mut output = json!({"events": events.collect::<Vec<_>>(), "searchedLogStreams": []});
    if let Some(token) = page.token {
        output["nextToken"] = token.into();
    }
    Ok(output)
}

fn streams(state: &State, input: &Value) -> Result<Value, Refusal> {
    let (name, group) = named(state, input)?;
    let all = group
        .streams
        .iter()
        .filter(|(stream, _)| stream.starts_with(text(input, "logStreamNamePrefix")));
    let listed = all.map(|(stream, events)| {
        let arn = format!("{}:log-stream:{stream}", arn(&name));
        let mut listed = json!({"logStreamName": stream, "arn": arn, "creationTime": 0, "storedBytes": 0});
        if let Some(first) = events.iter().map(|event| event.at).min() {
            listed["firstEventTimestamp"] = first.into();
            listed["creationTime"] = first.into();
        }
        listed
    });
    Ok(page("logStreams", listed.collect(), input))
}

fn listed_groups(state: &State, input: &Value) -> Value {
    let all = state
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(text(input, "logGroupNamePrefix")));
    let listed = all.map(|(name, group)| {
        let mut listed = json!({"logGroupName": name, "arn": format!("{}:*", arn(name)), "creationTime": 0});
        if let Some(days) = group.retention {
            listed["retentionInDays"] = days.into();
        }
        listed
    });
    page("logGroups", listed.collect(), input)
}

fn arn(group: &str) -> String {
    let (region, account) = (CloudWatchServer::REGION, CloudWatchServer::ACCOUNT);
    format!("arn:aws:logs:{region}:{account}:log-group:{group}")
}

/// A page of a listing; its token is the index of the next one.
fn page(key: &str, all: Vec<Value>, input: &Value) -> Value {
    let begin = text(input, "nextToken").parse().unwrap_or(0);
    let more = all.len() > begin + LISTED;
    let listed: Vec<Value> = all.into_iter().skip(begin).take(LISTED).collect();
    let mut output = json!({ key: listed });
    if more {
        output["nextToken"] = (begin + LISTED).to_string().into();
    }
    output
}

fn named<'s>(state: &'s State, input: &Value) -> Result<(String, &'s Group), Refusal> {
    let name = text(input, "logGroupName");
    let group = state.groups.get(name);
    let missing = || {
        (
            "ResourceNotFoundException",
            "The specified log group does not exist.".to_owned(),
        )
    };
    Ok((name.to_owned(), group.ok_or_else(missing)?))
}

fn text<'v>(input: &'v Value, key: &str) -> &'v str {
    input[key].as_str().unwrap_or_default()
}

fn refuse((code, message): &Refusal) -> Response<Full<Bytes>> {
    let status = match *code {
        "ServiceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
        "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    respond(status, json!({"__type": code, "message": message}).to_string())
}

fn respond(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
