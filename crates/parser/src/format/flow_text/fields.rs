//! The fields of flow logs: the few that a record needs, and the names of all others.

/// A field that [`FlowRecord`](crate::FlowRecord) has, in the order in which a row's values are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Field {
    LogStatus,
    SrcAddr,
    DstAddr,
    PktSrcAddr,
    PktDstAddr,
    Protocol,
    SrcPort,
    DstPort,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    TcpFlags,
    FlowDirection,
    AccountId,
    InterfaceId,
    InstanceId,
    PktSrcAwsService,
    PktDstAwsService,
    InterfaceType,
    EcsClusterName,
    EcsServiceName,
}

/// How many there are.
pub(in crate::format) const FIELDS: usize = WANTED.len();

/// What is said about a field.
pub(in crate::format) struct Wanted {
    pub(in crate::format) field: Field,
    pub(in crate::format) name: &'static str,
    /// What its value should be.
    pub(in crate::format) expected: &'static str,
    /// The reason that a row with another value is set aside for.
    pub(in crate::format) malformed: crate::Reason,
    /// For a field without which no dependency is known: the reason that the rows of a format without it are set aside for.
    pub(in crate::format) lacking: Option<crate::Reason>,
}

macro_rules! wanted {
    ($field:ident, $name:literal, $expected:literal) => {
        Wanted {
            field: Field::$field,
            name: $name,
            expected: $expected,
            malformed: concat!("malformed:", $name),
            lacking: None,
        }
    };
    ($field:ident, $name:literal, $expected:literal, needed) => {
        Wanted {
            lacking: Some(concat!("lacking:", $name)),
            ..wanted!($field, $name, $expected)
        }
    };
}

/// Every wanted field, in the order of [`Field`].
pub(in crate::format) static WANTED: [Wanted; 23] = [
    wanted!(LogStatus, "log-status", "OK, NODATA or SKIPDATA"),
    wanted!(SrcAddr, "srcaddr", "an address", needed),
    wanted!(DstAddr, "dstaddr", "an address", needed),
    wanted!(PktSrcAddr, "pkt-srcaddr", "an address"),
    wanted!(PktDstAddr, "pkt-dstaddr", "an address"),
    wanted!(Protocol, "protocol", "a protocol number", needed),
    wanted!(SrcPort, "srcport", "a port", needed),
    wanted!(DstPort, "dstport", "a port", needed),
    wanted!(Packets, "packets", "a count"),
    wanted!(Bytes, "bytes", "a count"),
    wanted!(Start, "start", "a Unix time", needed),
    wanted!(End, "end", "a Unix time"),
    wanted!(Action, "action", "ACCEPT or REJECT"),
    wanted!(TcpFlags, "tcp-flags", "a set of TCP flags"),
    wanted!(FlowDirection, "flow-direction", "ingress or egress"),
    wanted!(AccountId, "account-id", "printable text"),
    wanted!(InterfaceId, "interface-id", "printable text"),
    wanted!(InstanceId, "instance-id", "printable text"),
    wanted!(PktSrcAwsService, "pkt-src-aws-service", "printable text"),
    wanted!(PktDstAwsService, "pkt-dst-aws-service", "printable text"),
    wanted!(InterfaceType, "interface-type", "printable text"),
    wanted!(EcsClusterName, "ecs-cluster-name", "printable text"),
    wanted!(EcsServiceName, "ecs-service-name", "printable text"),
];

/// The names of all other fields, which are known and not needed.
static OTHER: &[&str] = &[
    // Versions 2 to 5.
    "version",
    "vpc-id",
    "subnet-id",
    "type",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "traffic-path",
    // Version 6: Transit Gateway.
    "resource-type",
    "tgw-id",
    "tgw-attachment-id",
    "tgw-src-vpc-account-id",
    "tgw-dst-vpc-account-id",
    "tgw-src-vpc-id",
    "tgw-dst-vpc-id",
    "tgw-src-subnet-id",
    "tgw-dst-subnet-id",
    "tgw-src-eni",
    "tgw-dst-eni",
    "tgw-src-az-id",
    "tgw-dst-az-id",
    "tgw-pair-attachment-id",
    "packets-lost-no-route",
    "packets-lost-blackhole",
    "packets-lost-mtu-exceeded",
    "packets-lost-ttl-expired",
    // Version 7: ECS.
    "ecs-cluster-arn",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    // Versions 8 to 11.
    "reject-reason",
    "resource-id",
    "encryption-status",
    "instance-tag",
    "instance-tag-2",
    "interface-tag",
    "interface-tag-2",
    "asg-tag",
    "asg-tag-2",
    "next-hop-interface-id",
    "next-hop-subnet-id",
    "next-hop-az-id",
    "next-hop-vpc-id",
    "next-hop-interface-type",
];

impl Field {
    /// Where the field stands in [`WANTED`] and in a plan.
    pub(in crate::format) const fn index(self) -> usize {
        self as usize
    }

    pub(in crate::format) fn wanted(self) -> &'static Wanted {
        &WANTED[self.index()]
    }
}

/// What a name in a header or a definition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Name {
    Wanted(Field),
    /// A field that only a Transit Gateway's records have.
    Transit,
    Other,
    /// None of the names up to version 11: a newer field, or no field at all.
    Unknown,
}

/// Looks a name up, whichever way it is spelled: `log-status`, `log_status`, `LogStatus`, `${log-status}`.
pub(in crate::format) fn named(written: &str) -> Name {
    let same = |name: &&str| letters(name).eq(letters(written));
    if let Some(wanted) = WANTED.iter().find(|wanted| same(&wanted.name)) {
        return Name::Wanted(wanted.field);
    }
    match OTHER.iter().find(|name| same(name)) {
        Some(name) if name.starts_with("tgw-") => Name::Transit,
        Some(_) => Name::Other,
        None => Name::Unknown,
    }
}

/// The name of a field as the log's makers write it, whichever way it is spelled here.
pub(super) fn canonical(written: &str) -> Option<&'static str> {
    names().find(|name| letters(name).eq(letters(written)))
}

/// The names of all fields.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    WANTED.iter().map(|wanted| wanted.name).chain(OTHER.iter().copied())
}

/// What of a name matters.
fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{Field, Name, WANTED, named, names};

    #[test]
    fn every_wanted_field_stands_at_its_own_index() {
        for (index, wanted) in WANTED.iter().enumerate() {
            assert_eq!(wanted.field.index(), index, "{}", wanted.name);
        }
    }

    #[test]
    fn no_two_fields_are_spelled_alike() {
        for name in names() {
            let spelled = name.replace('-', "_").to_uppercase();
            assert_eq!(named(name), named(&spelled));
            assert_ne!(named(name), Name::Unknown);
        }
        // Versions 2 to 11 have 14, 7, 4, 4, 18, 10, 1, 1, 1 and 12 fields of their own.
        assert_eq!(names().count(), 72);
        assert_eq!(named("pktSrcAddr"), Name::Wanted(Field::PktSrcAddr));
        assert_eq!(named("${log-status}"), Name::Wanted(Field::LogStatus));
        assert_eq!(named("srcaddress"), Name::Unknown);
    }
}
