//! What a command prints: its field in a line shown in full, what may stand in it, and its place in a record.

use super::operator::{Class, Takes};
use super::slot::{Slot, Target};
use super::{Command, identity};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) struct Meaning {
    pub(in crate::format) field: String,
    pub(in crate::format) class: Class,
    pub(in crate::format) target: Option<Target>,
}

/// What a command means.
pub(in crate::format) fn of(command: &Command<'_>) -> Meaning {
    let target = target(command);
    let class = match (command.known.takes, command.known.class) {
        (Takes::Header, class) => header_class(command).unwrap_or(class),
        (Takes::Time, _) if command.arguments.is_none_or(is_epoch) => Class::Stamp,
        // Spaces are printed as underscores, unless it is said otherwise.
        (_, Class::Word) if command.arguments == Some("ALLOW_WHITESPACES") => Class::Ours,
        (_, class) => class,
    };
    Meaning {
        field: field(command),
        class,
        target,
    }
}

/// Whether the pattern of a time prints digits and dots alone.
fn is_epoch(pattern: &str) -> bool {
    matches!(pattern, "" | "%s" | "%s.%3f" | "%s.%6f" | "%s.%9f" | "%s.%f")
}

/// The first of a command's headers, in lower case.
fn header(command: &Command<'_>) -> Option<String> {
    if command.known.takes != Takes::Header {
        return None;
    }
    let first = command.arguments?.split('?').next()?;
    Some(first.to_ascii_lowercase())
}

fn is_of_the_request(command: &Command<'_>) -> bool {
    matches!(command.known.name, "REQ" | "REQUEST_HEADER")
}

/// Headers that Envoy checks or writes itself.
fn header_class(command: &Command<'_>) -> Option<Class> {
    let arguments = command.arguments?.to_ascii_lowercase();
    let class = match (is_of_the_request(command), arguments.as_str()) {
        (true, ":method" | ":authority" | ":scheme" | "host" | ":authority?host" | "host?:authority") => Class::Word,
        (true, ":path" | "x-envoy-original-path?:path" | ":path?x-envoy-original-path") => Class::Path,
        (false, ":status" | "x-envoy-upstream-service-time") => Class::Count,
        _ => return None,
    };
    Some(class)
}

/// The operator's name as a field's; headers by their own.
fn field(command: &Command<'_>) -> String {
    let words = match (header(command), command.known.name) {
        (Some(header), name) => {
            let header = header.trim_start_matches(':');
            match (is_of_the_request(command), header) {
                (true, "x-request-id") => "request_id".to_owned(),
                (true, "x-envoy-original-path") => "path".to_owned(),
                (true, "host") => "authority".to_owned(),
                (true, header) => header.to_owned(),
                (false, "x-envoy-upstream-service-time") => "upstream_service_time".to_owned(),
                (false, header) if name.contains("TRAILER") => format!("trailer_{header}"),
                (false, header) => format!("response_{header}"),
            }
        }
        (None, "UPSTREAM_CLUSTER_RAW") => "upstream_cluster".to_owned(),
        (None, "REQUESTED_SERVER_NAME") => "requested_server_name".to_owned(),
        (None, name) => match command.arguments.filter(|_| command.known.takes == Takes::Must) {
            Some(arguments) => format!("{name}_{arguments}"),
            None => name.to_owned(),
        },
    };
    let mut field = String::with_capacity(words.len());
    for c in words.chars() {
        let c = if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        };
        if c != '_' || !field.ends_with('_') {
            field.push(c);
        }
    }
    field.trim_matches('_').to_owned()
}

/// Where a record has a place for it.
fn target(command: &Command<'_>) -> Option<Target> {
    let Command {
        known,
        arguments,
        limit,
    } = *command;
    let (slot, rank) = match known.name {
        "START_TIME" => (Slot::StartTime, 0),
        "REQ" | "REQUEST_HEADER" => match header(command)?.as_str() {
            // In front of an alternative would stand what a client may forge.
            ":authority" | "host" => (Slot::Authority, 0),
            ":method" => (Slot::Method, 0),
            _ => return None,
        },
        "AUTHORITY" => (Slot::Authority, 0),
        // SNI_FIRST prints the authority where there is no SNI: a name of the same destination.
        "REQUESTED_SERVER_NAME" if matches!(arguments, None | Some("" | "SNI_ONLY" | "SNI_FIRST")) => (Slot::Sni, 0),
        "PROTOCOL" => (Slot::Protocol, 0),
        "RESPONSE_CODE" => (Slot::ResponseCode, 0),
        "RESPONSE_FLAGS" => (Slot::ResponseFlags, 0),
        "RESPONSE_FLAGS_LONG" => (Slot::ResponseFlags, 1),
        "RESPONSE_CODE_DETAILS" => (Slot::ResponseCodeDetails, 0),
        "ROUTE_NAME" => (Slot::RouteName, 0),
        "UPSTREAM_CLUSTER" => (Slot::UpstreamCluster, 0),
        "UPSTREAM_CLUSTER_RAW" => (Slot::UpstreamCluster, 1),
        "UPSTREAM_HOST" => (Slot::UpstreamHost, 0),
        "UPSTREAM_REMOTE_ADDRESS" => (Slot::UpstreamHost, 1),
        "UPSTREAM_LOCAL_ADDRESS" => (Slot::UpstreamLocal, 0),
        "DOWNSTREAM_LOCAL_ADDRESS" => (Slot::DownstreamLocal, 0),
        "DOWNSTREAM_REMOTE_ADDRESS" => (Slot::DownstreamRemote, 0),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" if arguments.is_none() => (Slot::DownstreamRemote, 1),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => (Slot::DownstreamDirectRemote, 0),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" if arguments.is_none() => (Slot::DownstreamDirectRemote, 1),
        "BYTES_RECEIVED" => (Slot::BytesReceived, 0),
        "BYTES_SENT" => (Slot::BytesSent, 0),
        "CONNECTION_ID" => (Slot::ConnectionId, 0),
        "STREAM_ID" => (Slot::StreamId, 0),
        "ACCESS_LOG_TYPE" => (Slot::AccessLogType, 0),
        name => (Slot::Identity, identity::rank(name, arguments.unwrap_or_default())?),
    };
    Some(Target { slot, rank, limit })
}
