//! Which operators and keys tell whom a proxy works for, and how well: the client that its mesh names, then its own
//! workload, then its node, then its pod.

/// What a peer is called that the mesh knows: at an egress gateway it is the sidecar that called.
const PEER: u8 = 0;
/// The workload of the proxy itself.
const WORKLOAD: u8 = 1;
/// The id of its node, which has the workload in it.
const NODE: u8 = 2;
/// Its pod.
const POD: u8 = 3;
/// The certificate that it shows, which is a service account's.
const CERTIFICATE: u8 = 4;
/// What its node is counted among, which some set and some leave as it comes.
const CLUSTER: u8 = 5;
/// The name of the machine, which is the pod's in Kubernetes.
const HOST: u8 = 6;

/// How well an operator tells it.
pub(in crate::format) fn rank(operator: &str, arguments: &str) -> Option<u8> {
    match operator {
        "HOSTNAME" => Some(HOST),
        "DOWNSTREAM_PEER_URI_SAN" | "UPSTREAM_LOCAL_URI_SAN" => Some(CERTIFICATE),
        "ENVIRONMENT" => match arguments {
            "APPMESH_VIRTUAL_NODE_NAME" | "APPMESH_RESOURCE_ARN" => Some(NODE),
            "ISTIO_META_WORKLOAD_NAME" | "WORKLOAD_NAME" | "SERVICE_NAME" | "OTEL_SERVICE_NAME" | "DD_SERVICE" => {
                Some(WORKLOAD)
            }
            "POD_NAME" => Some(POD),
            "HOSTNAME" => Some(HOST),
            _ => None,
        },
        "FILTER_STATE" if arguments.contains("downstream_peer") => {
            let is_whole = !arguments.contains(":FIELD:");
            (is_whole || arguments.ends_with(":workload")).then_some(PEER)
        }
        "CEL" | "TYPED_CEL" if arguments.contains("downstream_peer") => arguments
            .trim_end_matches(['\'', '"', ']'])
            .ends_with("workload")
            .then_some(PEER),
        "CEL" | "TYPED_CEL" => {
            let node = arguments.strip_prefix("xds.node.")?;
            let letters = node.bytes().filter(u8::is_ascii_alphanumeric);
            let letters: Vec<u8> = letters.map(|byte| byte.to_ascii_lowercase()).collect();
            rank_within(Whom::Node, letters.strip_prefix(b"metadata").unwrap_or(&letters))
        }
        _ => None,
    }
}

/// How well a key of a JSON log tells it, by its letters.
pub(in crate::format) fn rank_of_key(letters: &[u8]) -> Option<u8> {
    match letters {
        b"downstreampeer" | b"downstreampeerid" | b"downstreampeerworkload" | b"sourceworkload" => Some(PEER),
        b"workload" | b"workloadname" => Some(WORKLOAD),
        b"nodeid" | b"envoynodeid" | b"virtualnode" | b"virtualnodename" | b"appmeshvirtualnode" => Some(NODE),
        b"pod" | b"podname" => Some(POD),
        b"nodecluster" | b"servicecluster" => Some(CLUSTER),
        _ => None,
    }
}

/// Whom an object is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Whom {
    /// The proxy's own node.
    Node,
    /// The peer that called it.
    Peer,
}

/// How well a key tells it within such an object.
pub(in crate::format) fn rank_within(whom: Whom, letters: &[u8]) -> Option<u8> {
    match (whom, letters) {
        (Whom::Peer, b"workload" | b"workloadname") => Some(PEER),
        (Whom::Node, b"workload" | b"workloadname") => Some(WORKLOAD),
        (Whom::Node, b"id") => Some(NODE),
        (Whom::Node, b"name") => Some(POD),
        (Whom::Node, b"cluster") => Some(CLUSTER),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_that_tell_whom_a_proxy_works_for_are_ranked() {
        assert_eq!(rank("FILTER_STATE", "downstream_peer:FIELD:workload"), Some(PEER));
        assert_eq!(rank("FILTER_STATE", "wasm.downstream_peer_id:PLAIN"), Some(PEER));
        assert_eq!(rank("CEL", "filter_state.downstream_peer.workload"), Some(PEER));
        assert_eq!(rank("CEL", "xds.node.metadata['WORKLOAD_NAME']"), Some(WORKLOAD));
        assert_eq!(rank("CEL", "xds.node.metadata.NAME"), Some(POD));
        assert_eq!(rank("CEL", "xds.node.id"), Some(NODE));
        assert_eq!(rank("ENVIRONMENT", "APPMESH_VIRTUAL_NODE_NAME"), Some(NODE));
        assert_eq!(rank("HOSTNAME", ""), Some(HOST));
    }

    #[test]
    fn operators_about_the_far_end_or_the_request_tell_nothing_of_it() {
        for (operator, arguments) in [
            ("FILTER_STATE", "upstream_peer:FIELD:workload"),
            ("FILTER_STATE", "downstream_peer:FIELD:namespace"),
            ("CEL", "request.headers['x-workload']"),
            ("CEL", "xds.cluster_name"),
            ("ENVIRONMENT", "AWS_REGION"),
            ("UPSTREAM_PEER_URI_SAN", ""),
            ("REQ", "X-WORKLOAD"),
        ] {
            assert_eq!(rank(operator, arguments), None, "{operator} {arguments}");
        }
    }
}
