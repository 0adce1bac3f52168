//! The layouts in which AWS delivers logs to a bucket, told by the path of a folder and the name of an object.
//!
//! `…/AWSLogs/<account>/vpcflowlogs/<region>/<YYYY>/<MM>/<DD>/[<HH>/]`, the same with `key=value` folders (Hive-compatible),
//! and `…/AWSLogs/<account>/vpcdnsquerylogs/<vpc>/<YYYY>/<MM>/<DD>/`. An object of a flow log is called
//! `<account>_vpcflowlogs_<region>_<flow log>_<YYYYMMDDTHHmmZ>_<hash>.log.gz`.

/// The folder that AWS makes under the prefix of a delivery; a prefix itself may not hold one of that name.
const ROOT: &str = "AWSLogs";
const FLOW: &str = "vpcflowlogs";
const DNS: &str = "vpcdnsquerylogs";
/// Folders of other services directly below an account: what they deliver is no log that is read here.
const OTHERS: &[&str] = &[
    "CloudTrail",
    "CloudTrail-Digest",
    "CloudTrail-Insight",
    "Config",
    "elasticloadbalancing",
    "globalaccelerator",
    "GuardDuty",
    "network-firewall",
    "redshift",
    "WAFLogs",
];

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Folder {
    /// None that AWS laid out, as far as is known.
    Unknown,
    /// One whose folders are accounts, services, regions or years.
    Branch,
    /// Of a year, month, day or hour: `YYYY`, `YYYYMM`, `YYYYMMDD` or `YYYYMMDDHH`.
    Dated(String),
    /// Of another service of AWS, which is named.
    Foreign(&'static str),
}

/// What the folder of this path is, which ends with a slash or is empty.
pub(super) fn folder(path: &str) -> Folder {
    let mut parts = path.split_terminator('/');
    if !parts.any(|part| part == ROOT) {
        return Folder::Unknown;
    }
    below_root(parts).unwrap_or(Folder::Unknown)
}

fn below_root<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Folder> {
    let Some(account) = parts.next() else {
        return Some(Folder::Branch);
    };
    if !is_account(value(account, "aws-account-id")) {
        return None;
    }
    let Some(service) = parts.next() else {
        return Some(Folder::Branch);
    };
    if let Some(other) = OTHERS.iter().find(|other| **other == service) {
        return Some(Folder::Foreign(other));
    }
    let dates = match value(service, "aws-service") {
        FLOW => [("year", 4), ("month", 2), ("day", 2), ("hour", 2)].as_slice(),
        DNS => [("year", 4), ("month", 2), ("day", 2)].as_slice(),
        _ => return None,
    };
    match parts.next() {
        None => Some(Folder::Branch),
        Some(place) if is_place(value(place, "aws-region")) => dated(parts, dates),
        Some(_) => None,
    }
}

fn dated<'a>(mut parts: impl Iterator<Item = &'a str>, dates: &[(&str, usize)]) -> Option<Folder> {
    let mut date = String::new();
    for &(key, length) in dates {
        let Some(part) = parts.next() else { break };
        let digits = value(part, key);
        if digits.len() != length || !is_number(digits) {
            return None;
        }
        date.push_str(digits);
    }
    match (parts.next(), date.is_empty()) {
        (Some(_), _) => None,
        (None, true) => Some(Folder::Branch),
        (None, false) => Some(Folder::Dated(date)),
    }
}

/// What a folder says, with its key before it or without.
fn value<'a>(part: &'a str, key: &str) -> &'a str {
    let pair = part.split_once('=').filter(|(found, _)| *found == key);
    pair.map_or(part, |(_, value)| value)
}

fn is_account(text: &str) -> bool {
    (1..=12).contains(&text.len()) && is_number(text)
}

/// A region, or the id of a VPC.
fn is_place(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(plain)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The folder that a key or prefix is in: up to its last slash.
pub(super) fn parent(key: &str) -> &str {
    key.rfind('/').and_then(|slash| key.get(..=slash)).unwrap_or("")
}

/// The `…/AWSLogs/` that a key is in, if it lies below `prefix`.
pub(super) fn root<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let mut until = 0;
    for part in parent(key).split_inclusive('/') {
        until += part.len();
        if part.strip_suffix('/') == Some(ROOT) {
            return key.get(..until).filter(|_| until > prefix.len());
        }
    }
    None
}

/// The name of a flow log's object, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// The key up to the time: what all objects of one flow log in one folder have in common.
    pub(super) series: &'a str,
    /// `YYYYMMDD`.
    pub(super) day: &'a str,
    /// `HHMM`.
    pub(super) minute: &'a str,
}

impl<'a> Name<'a> {
    /// Of a key whose folder is dated; `None` if its name is not that of a flow log's object.
    pub(super) fn of(key: &'a str) -> Option<Self> {
        let folder = parent(key);
        let mut parts = key.get(folder.len()..)?.splitn(6, '_');
        let (account, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        let (log, time, _hash) = (parts.next()?, parts.next()?, parts.next()?);
        let (day, minute) = time.strip_suffix('Z')?.split_once('T')?;
        let known = is_account(account) && service == FLOW && is_number(day) && is_number(minute);
        if !known || (day.len(), minute.len()) != (8, 4) {
            return None;
        }
        let lengths = [account, service, region, log].map(|part| part.len() + 1);
        let series = key.get(..folder.len() + lengths.iter().sum::<usize>())?;
        Some(Self { series, day, minute })
    }

    /// `YYYYMMDDHHMM`.
    pub(super) fn time(&self) -> String {
        format!("{}{}", self.day, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(digits: &str) -> Folder {
        Folder::Dated(digits.to_owned())
    }

    #[test]
    fn a_folder_is_told_by_its_path() {
        for (path, expected) in [
            ("", Folder::Unknown),
            ("envoy/2026/08/", Folder::Unknown),
            ("AWSLogs/", Folder::Branch),
            ("a/b/AWSLogs/123456789012/", Folder::Branch),
            ("AWSLogs/123456789012/vpcflowlogs/", Folder::Branch),
            ("AWSLogs/123456789012/vpcflowlogs/us-east-1/", Folder::Branch),
            ("AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/", date("2026")),
            ("AWSLogs/1/vpcflowlogs/us-east-1/2026/08/01/23/", date("2026080123")),
            ("AWSLogs/1/vpcflowlogs/us-east-1/2026/08/01/23/x/", Folder::Unknown),
            ("AWSLogs/1/vpcflowlogs/us-east-1/latest/", Folder::Unknown),
            ("AWSLogs/1/vpcdnsquerylogs/vpc-0a1b/2026/08/01/", date("20260801")),
            ("AWSLogs/1/vpcdnsquerylogs/vpc-0a1b/2026/08/01/02/", Folder::Unknown),
            ("AWSLogs/1/CloudTrail/", Folder::Foreign("CloudTrail")),
            ("AWSLogs/1/CloudTrail/us-east-1/", Folder::Foreign("CloudTrail")),
            ("AWSLogs/1/something-new/", Folder::Unknown),
            ("AWSLogs/o-abc/", Folder::Unknown),
            ("AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/", Folder::Branch),
            (
                "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=08/day=01/hour=02/",
                date("2026080102"),
            ),
        ] {
            assert_eq!(folder(path), expected, "{path}");
        }
    }

    #[test]
    fn the_root_of_a_delivery_is_found_below_the_prefix_alone() {
        assert_eq!(root("a/AWSLogs/1/x", ""), Some("a/AWSLogs/"));
        assert_eq!(root("a/AWSLogs/1/x", "a/"), Some("a/AWSLogs/"));
        assert_eq!(root("a/AWSLogs/1/x", "a/AWSLogs/"), None);
        assert_eq!(root("a/AWSLogs", ""), None, "an object of that name");
        assert_eq!(root("a/b/c", ""), None);
    }

    #[test]
    fn a_name_is_taken_apart_and_a_foreign_one_is_none() {
        let key = "x/1_vpcflowlogs_us-east-1_fl-1_20260801T1205Z_ab_c.log.gz";
        let name = Name::of(key).unwrap();
        assert_eq!(name.series, "x/1_vpcflowlogs_us-east-1_fl-1_");
        assert_eq!(name.time(), "202608011205");
        for foreign in [
            "x/test_file.log.gz",
            "x/1_vpcdnsquerylogs_vpc-1_fl-1_20260801T1205Z_ab.log.gz",
            "x/1_vpcflowlogs_us-east-1_fl-1_20260801T12Z_ab.log.gz",
            "x/1_vpcflowlogs_us-east-1_fl-1_20260801T1205Z",
        ] {
            assert_eq!(Name::of(foreign), None, "{foreign}");
        }
    }
}
