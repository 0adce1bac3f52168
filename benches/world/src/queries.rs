//! The Resolver query log of a world: who asked for which name, as far as no cache answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::json;

use crate::clock::rfc3339;
use crate::flow::{ACCOUNT, REGION};
use crate::party::Text;
use crate::prng::Prng;

/// Of so many names that a service calls one stands in its file of hosts, and is never asked for.
const ONE_IS_STATIC: u64 = 40;
/// Of so many clients one keeps what it was told for as long as it lives.
const ONE_KEEPS: u64 = 10;

/// A connection to a named host.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub(crate) service: Text,
    pub(crate) client: IpAddr,
    pub(crate) name: Text,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) at: u64,
}

/// The log, in order of time.
pub(crate) fn log(mut dials: Vec<Dial>) -> String {
    dials.sort_by_key(|dial| dial.at);
    let mut asked: BTreeMap<(IpAddr, Text), u64> = BTreeMap::new();
    let mut log = String::new();
    for dial in dials {
        let Some(keeps) = keeps(&dial) else { continue };
        let last = asked.get(&(dial.client, dial.name.clone())).copied();
        if last.is_some_and(|last| dial.at - last < keeps) {
            continue;
        }
        for (kind, v6) in [("A", false), ("AAAA", true)] {
            line(&dial, kind, v6, &mut log);
        }
        asked.insert((dial.client, dial.name), dial.at);
    }
    log
}

/// How long the client keeps an answer; `None` where it asks nobody within the window: the name is static, or it asked
/// before and keeps what it was told.
fn keeps(dial: &Dial) -> Option<u64> {
    let mut of_both = Prng::new(seed(&format!("{} {}", dial.service, dial.name)));
    if of_both.below(ONE_IS_STATIC) == 0 {
        return None;
    }
    let mut of_client = Prng::new(seed(&dial.client.to_string()));
    if of_client.below(ONE_KEEPS) == 0 {
        return of_client.chance(50).then_some(u64::MAX);
    }
    Some(of_both.between(60, 3_600))
}

/// A number for a text.
fn seed(text: &str) -> u64 {
    let add = |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
    text.bytes().fold(7, add)
}

fn line(dial: &Dial, kind: &str, v6: bool, log: &mut String) {
    let addresses = dial.addresses.iter().filter(|address| address.is_ipv6() == v6);
    let answers: Vec<_> = addresses
        .map(|address| json!({"Rdata": address, "Type": kind, "Class": "IN"}))
        .collect();
    let line = json!({
        "version": "1.100000", "account_id": ACCOUNT, "region": REGION, "vpc_id": "vpc-0c17e2",
        "query_timestamp": rfc3339(dial.at.saturating_sub(1)), "query_name": format!("{}.", dial.name), "query_type": kind,
        "query_class": "IN", "rcode": "NOERROR", "answers": answers, "srcaddr": dial.client, "srcport": "40000",
        "transport": "UDP", "srcids": {},
    });
    let _ = writeln!(log, "{line}");
}
