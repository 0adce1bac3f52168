//! The operators of Envoy 1.40: what each takes, and what may stand in what it prints.

/// What is known of an operator.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::format) struct Known {
    pub(in crate::format) name: &'static str,
    pub(in crate::format) takes: Takes,
    /// Whether a length may follow it.
    pub(in crate::format) takes_length: bool,
    pub(in crate::format) class: Class,
}

/// The arguments of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Takes {
    Nothing,
    May,
    Must,
    /// A header's name, and one alternative.
    Header,
    /// The pattern of a time, or none: percent signs are part of it.
    Time,
}

/// What may stand in a value, and so what may end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Class {
    /// Digits.
    Count,
    /// No space, no quote, no control character: from sockets, from configuration, or checked by Envoy.
    Word,
    /// A time as Envoy prints it by default, or since the epoch.
    Stamp,
    /// A time in a pattern; it may have spaces.
    Time,
    /// A request's path: quotes, but no space and no control character.
    Path,
    /// Written by Envoy alone, but with spaces, perhaps: it ends where its quotes end.
    Ours,
    /// Whatever a client or a server pleases, but for control characters; tabs are allowed.
    Free,
}

impl Class {
    /// Whether the byte cannot stand in such a value.
    pub(in crate::format) fn excludes(self, byte: u8) -> bool {
        let control = byte < b' ' || byte == 0x7f;
        match self {
            Class::Count | Class::Word => control || byte == b' ' || byte == b'"',
            Class::Stamp => !(byte.is_ascii_digit() || b"-:.TZ".contains(&byte)),
            Class::Path => control || byte == b' ',
            Class::Time | Class::Ours => control || byte == b'"',
            Class::Free => control && byte != b'\t',
        }
    }

    /// Whether a value may be this.
    pub(in crate::format) fn fits(self, value: &[u8]) -> bool {
        match self {
            Class::Count => matches!(value, b"-") || value.iter().all(u8::is_ascii_digit),
            _ => !value.iter().any(|byte| self.excludes(*byte)),
        }
    }
}

/// The operator of that name.
pub(in crate::format) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The operator whose name was meant, if any is near.
pub(in crate::format) fn nearest(name: &str) -> Option<String> {
    let names: Vec<String> = KNOWN.iter().map(|known| known.name.to_lowercase()).collect();
    crate::near::nearest(name, names.iter().map(String::as_str)).map(str::to_uppercase)
}

const fn row(name: &'static str, takes: Takes, class: Class) -> Known {
    // Of those whose length is of use, Envoy takes one behind what has arguments, but for times and addresses.
    let takes_length = matches!(
        (takes, class),
        (Takes::Header, _) | (Takes::Must, Class::Free | Class::Ours) | (Takes::May, Class::Free)
    );
    Known {
        name,
        takes,
        takes_length,
        class,
    }
}

/// Every operator (Envoy documentation, "Access logging", command operators).
pub(in crate::format) static KNOWN: &[Known] = &[
    row("START_TIME", Takes::Time, Class::Time),
    row("START_TIME_LOCAL", Takes::Time, Class::Time),
    row("EMIT_TIME", Takes::Time, Class::Time),
    row("EMIT_TIME_LOCAL", Takes::Time, Class::Time),
    row("REQ", Takes::Header, Class::Free),
    row("REQUEST_HEADER", Takes::Header, Class::Free),
    row("RESP", Takes::Header, Class::Free),
    row("RESPONSE_HEADER", Takes::Header, Class::Free),
    row("TRAILER", Takes::Header, Class::Free),
    row("RESPONSE_TRAILER", Takes::Header, Class::Free),
    row("AUTHORITY", Takes::Nothing, Class::Word),
    row("PATH", Takes::May, Class::Free),
    row("QUERY_PARAM", Takes::Must, Class::Free),
    row("QUERY_PARAMS", Takes::May, Class::Free),
    row("PROTOCOL", Takes::Nothing, Class::Word),
    row("UPSTREAM_PROTOCOL", Takes::Nothing, Class::Word),
    row("REQUESTED_SERVER_NAME", Takes::May, Class::Word),
    row("RESPONSE_CODE", Takes::Nothing, Class::Count),
    row("RESPONSE_CODE_DETAILS", Takes::May, Class::Word),
    row("RESPONSE_FLAGS", Takes::Nothing, Class::Word),
    row("RESPONSE_FLAGS_LONG", Takes::Nothing, Class::Word),
    row("CONNECTION_TERMINATION_DETAILS", Takes::Nothing, Class::Word),
    row("UPSTREAM_TRANSPORT_FAILURE_REASON", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_TRANSPORT_FAILURE_REASON", Takes::Nothing, Class::Ours),
    row("UPSTREAM_DETECTED_CLOSE_TYPE", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_DETECTED_CLOSE_TYPE", Takes::Nothing, Class::Word),
    row("UPSTREAM_LOCAL_CLOSE_REASON", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_CLOSE_REASON", Takes::Nothing, Class::Ours),
    row("BYTES_RECEIVED", Takes::Nothing, Class::Count),
    row("BYTES_SENT", Takes::Nothing, Class::Count),
    row("BYTES_RETRANSMITTED", Takes::Nothing, Class::Count),
    row("PACKETS_RETRANSMITTED", Takes::Nothing, Class::Count),
    row("REQUEST_HEADERS_BYTES", Takes::Nothing, Class::Count),
    row("RESPONSE_HEADERS_BYTES", Takes::Nothing, Class::Count),
    row("RESPONSE_TRAILERS_BYTES", Takes::Nothing, Class::Count),
    row("UPSTREAM_WIRE_BYTES_SENT", Takes::Nothing, Class::Count),
    row("UPSTREAM_WIRE_BYTES_RECEIVED", Takes::Nothing, Class::Count),
    row("UPSTREAM_HEADER_BYTES_SENT", Takes::Nothing, Class::Count),
    row("UPSTREAM_HEADER_BYTES_RECEIVED", Takes::Nothing, Class::Count),
    row("UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Takes::Nothing, Class::Count),
    row(
        "UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
        Takes::Nothing,
        Class::Count,
    ),
    row("DOWNSTREAM_WIRE_BYTES_SENT", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_WIRE_BYTES_RECEIVED", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_HEADER_BYTES_SENT", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_HEADER_BYTES_RECEIVED", Takes::Nothing, Class::Count),
    row(
        "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT",
        Takes::Nothing,
        Class::Count,
    ),
    row(
        "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
        Takes::Nothing,
        Class::Count,
    ),
    row("UPSTREAM_REQUEST_ATTEMPT_COUNT", Takes::Nothing, Class::Count),
    row("DURATION", Takes::Nothing, Class::Count),
    row("COMMON_DURATION", Takes::Must, Class::Count),
    row("REQUEST_DURATION", Takes::Nothing, Class::Count),
    row("REQUEST_TX_DURATION", Takes::Nothing, Class::Count),
    row("RESPONSE_DURATION", Takes::Nothing, Class::Count),
    row("RESPONSE_TX_DURATION", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_HANDSHAKE_DURATION", Takes::Nothing, Class::Count),
    row("ROUNDTRIP_DURATION", Takes::Nothing, Class::Count),
    row("UPSTREAM_CONNECTION_POOL_READY_DURATION", Takes::Nothing, Class::Count),
    row("ROUTE_NAME", Takes::Nothing, Class::Word),
    row("VIRTUAL_CLUSTER_NAME", Takes::Nothing, Class::Word),
    row("FILTER_CHAIN_NAME", Takes::Nothing, Class::Ours),
    row("UPSTREAM_CLUSTER", Takes::Nothing, Class::Word),
    row("UPSTREAM_CLUSTER_RAW", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOST", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOST_NAME", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOST_NAME_WITHOUT_PORT", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOSTS_ATTEMPTED", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", Takes::Nothing, Class::Word),
    row("UPSTREAM_HOST_NAMES_ATTEMPTED", Takes::Nothing, Class::Word),
    row(
        "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
        Takes::Nothing,
        Class::Word,
    ),
    row("UPSTREAM_CONNECTION_IDS_ATTEMPTED", Takes::Nothing, Class::Word),
    row("UPSTREAM_CONNECTION_ID", Takes::Nothing, Class::Count),
    row("UPSTREAM_LOCAL_ADDRESS", Takes::Nothing, Class::Word),
    row("UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("UPSTREAM_LOCAL_PORT", Takes::Nothing, Class::Count),
    row("UPSTREAM_REMOTE_ADDRESS", Takes::Nothing, Class::Word),
    row("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("UPSTREAM_REMOTE_PORT", Takes::Nothing, Class::Count),
    row("UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID", Takes::Nothing, Class::Word),
    row("UPSTREAM_SERVER_NAME", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_REMOTE_ADDRESS", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("DOWNSTREAM_REMOTE_PORT", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("DOWNSTREAM_DIRECT_REMOTE_PORT", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_LOCAL_ADDRESS", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("DOWNSTREAM_LOCAL_PORT", Takes::Nothing, Class::Count),
    row("DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_DIRECT_LOCAL_ADDRESS", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT", Takes::May, Class::Word),
    row("DOWNSTREAM_DIRECT_LOCAL_PORT", Takes::Nothing, Class::Count),
    row("CONNECTION_ID", Takes::Nothing, Class::Count),
    row("STREAM_ID", Takes::Nothing, Class::Word),
    row("UNIQUE_ID", Takes::Nothing, Class::Word),
    row("TRACE_ID", Takes::Nothing, Class::Word),
    row("SPAN_ID", Takes::Nothing, Class::Word),
    row("ACCESS_LOG_TYPE", Takes::Nothing, Class::Word),
    row("HOSTNAME", Takes::Nothing, Class::Word),
    row("ENVIRONMENT", Takes::Must, Class::Ours),
    row("GRPC_STATUS", Takes::May, Class::Word),
    row("GRPC_STATUS_NUMBER", Takes::Nothing, Class::Count),
    row("CUSTOM_FLAGS", Takes::Nothing, Class::Word),
    row("LOCAL_REPLY_BODY", Takes::Nothing, Class::Free),
    row("DYNAMIC_METADATA", Takes::Must, Class::Free),
    row("CLUSTER_METADATA", Takes::Must, Class::Ours),
    row("UPSTREAM_METADATA", Takes::Must, Class::Ours),
    row("ROUTE_METADATA", Takes::Must, Class::Ours),
    row("METADATA", Takes::Must, Class::Free),
    row("FILTER_STATE", Takes::Must, Class::Free),
    row("UPSTREAM_FILTER_STATE", Takes::Must, Class::Free),
    row("CEL", Takes::Must, Class::Free),
    row("TYPED_CEL", Takes::Must, Class::Free),
    row("COALESCE", Takes::Must, Class::Free),
    row("TLS_JA3_FINGERPRINT", Takes::Nothing, Class::Word),
    row("TLS_JA4_FINGERPRINT", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_TLS_SESSION_ID", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_TLS_CIPHER", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_TLS_VERSION", Takes::Nothing, Class::Word),
    row("UPSTREAM_TLS_SESSION_ID", Takes::Nothing, Class::Word),
    row("UPSTREAM_TLS_CIPHER", Takes::Nothing, Class::Word),
    row("UPSTREAM_TLS_VERSION", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_URI_SAN", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_DNS_SAN", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_IP_SAN", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_EMAIL_SAN", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_OTHERNAME_SAN", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_SUBJECT", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_ISSUER", Takes::Nothing, Class::Free),
    row("DOWNSTREAM_PEER_CERT", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_SERIAL", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_FINGERPRINT_1", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_FINGERPRINT_256", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_CHAIN_SERIALS", Takes::Nothing, Class::Word),
    row("DOWNSTREAM_PEER_CERT_V_START", Takes::Time, Class::Time),
    row("DOWNSTREAM_PEER_CERT_V_END", Takes::Time, Class::Time),
    row("DOWNSTREAM_LOCAL_URI_SAN", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_DNS_SAN", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_IP_SAN", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_EMAIL_SAN", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_OTHERNAME_SAN", Takes::Nothing, Class::Ours),
    row("DOWNSTREAM_LOCAL_SUBJECT", Takes::Nothing, Class::Ours),
    row("UPSTREAM_PEER_URI_SAN", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_DNS_SAN", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_IP_SAN", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_EMAIL_SAN", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_OTHERNAME_SAN", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_SUBJECT", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_ISSUER", Takes::Nothing, Class::Free),
    row("UPSTREAM_PEER_CERT", Takes::Nothing, Class::Word),
    row("UPSTREAM_PEER_CERT_V_START", Takes::Time, Class::Time),
    row("UPSTREAM_PEER_CERT_V_END", Takes::Time, Class::Time),
    row("UPSTREAM_LOCAL_URI_SAN", Takes::Nothing, Class::Ours),
    row("UPSTREAM_LOCAL_DNS_SAN", Takes::Nothing, Class::Ours),
    row("UPSTREAM_LOCAL_IP_SAN", Takes::Nothing, Class::Ours),
    row("UPSTREAM_LOCAL_EMAIL_SAN", Takes::Nothing, Class::Ours),
    row("UPSTREAM_LOCAL_OTHERNAME_SAN", Takes::Nothing, Class::Ours),
    row("UPSTREAM_LOCAL_SUBJECT", Takes::Nothing, Class::Ours),
];
