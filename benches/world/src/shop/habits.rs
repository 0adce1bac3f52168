//! What each service of the shop does day by day, and where its destinations live.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::people::{CATALOG, CHECKOUT, LEDGER, LEDGER_DB, MEDIA, ORDERS_DB, PAYMENT, STOREFRONT};
use crate::host::Host;
use crate::network::{AwsService, IpRanges};
use crate::party::Speaks;

/// One thing that one service does.
pub(super) struct Habit {
    pub(super) service: usize,
    pub(super) target: Target,
    /// How likely on a day.
    pub(super) percent: u64,
    /// The day of the month, from 0, on which it begins.
    pub(super) since: u64,
    pub(super) lasts: u64,
    /// About how many bytes are sent and received.
    pub(super) out: u64,
    pub(super) back: u64,
}

/// Where it leads.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// Another service of the shop.
    Service(usize),
    /// A host on the internet.
    Host(fn() -> Host),
    /// A time server: the last octet of its address.
    Clock(u8),
    /// An address and port that the security group refuses.
    Refused(u8, u16),
}

use Target::{Clock, Host as To, Refused, Service};

pub(super) const HABITS: &[Habit] = &[
    habit(STOREFRONT, Service(CATALOG), 70, 3_000, 20_000),
    habit(STOREFRONT, Service(CHECKOUT), 60, 2_000, 4_000),
    habit(STOREFRONT, Service(MEDIA), 50, 800, 90_000),
    habit(CATALOG, To(supplier_one), 40, 600, 30_000),
    habit(CATALOG, To(supplier_two), 35, 600, 25_000),
    habit(CATALOG, To(dynamodb), 50, 2_000, 9_000),
    habit(CHECKOUT, Service(PAYMENT), 70, 1_500, 900),
    habit(CHECKOUT, Service(ORDERS_DB), 60, 4_000, 12_000),
    habit(CHECKOUT, To(card_payments), 60, 3_000, 5_000),
    habit(CHECKOUT, To(risk_check), 50, 2_500, 1_200),
    habit(CHECKOUT, To(queue), 50, 1_800, 700),
    habit(PAYMENT, Service(LEDGER), 75, 1_200, 800),
    habit(PAYMENT, To(credit_bureau), 75, 2_200, 6_000),
    habit(LEDGER, Service(LEDGER_DB), 60, 5_000, 8_000),
    habit(MEDIA, To(pictures), 60, 1_500, 150_000),
    habit(MEDIA, To(fonts), 45, 900, 60_000),
    habit(MEDIA, To(transcoding), 50, 400_000, 9_000),
    habit(MEDIA, To(analytics), 55, 5_000, 600),
    habit(MEDIA, To(bucket), 60, 250_000, 120_000),
    habit(MEDIA, To(thumbnails), 50, 700, 45_000),
    habit(MEDIA, To(news), 35, 600, 22_000),
    habit(MEDIA, To(nobody_knows), 20, 9_000, 3_000),
    habit(MEDIA, Clock(123), 30, 76, 76),
    habit(MEDIA, Refused(25, 25), 15, 60, 1),
    Habit {
        since: 26,
        lasts: 200,
        ..habit(MEDIA, To(paste), 90, 2_400_000, 3_000)
    },
];

const fn habit(service: usize, target: Target, percent: u64, out: u64, back: u64) -> Habit {
    Habit {
        service,
        target,
        percent,
        since: 0,
        lasts: 20,
        out,
        back,
    }
}

fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// The one destination outside that payment needs.
fn credit_bureau() -> Host {
    Host::named(
        "api.creditbureau.example",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 10), v4(192, 0, 2, 11)],
    )
}

fn card_payments() -> Host {
    Host::named(
        "api.cardpay.example",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 20), v4(192, 0, 2, 21)],
    )
}

/// One address, two names: the risk check that checkout needs and the analytics that media talks to.
const EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 80));

fn risk_check() -> Host {
    Host::named("fraud.riskcheck.example", 443, Speaks::Tls, vec![EDGE]).shared()
}

fn analytics() -> Host {
    Host::named("collect.pixelmetrics.example", 443, Speaks::Tls, vec![EDGE]).shared()
}

fn supplier_one() -> Host {
    Host::named(
        "feeds.supplier-one.example",
        80,
        Speaks::Http,
        vec![v4(198, 51, 100, 31)],
    )
}

fn supplier_two() -> Host {
    Host::named(
        "feeds.supplier-two.example",
        80,
        Speaks::Http,
        vec![v4(198, 51, 100, 32)],
    )
}

fn pictures() -> Host {
    let addresses = vec![v4(203, 0, 113, 20), v4(203, 0, 113, 21), v4(203, 0, 113, 22)];
    Host::named("images.fastcache.example", 443, Speaks::Tls, addresses)
}

fn fonts() -> Host {
    Host::named("static.edgehub.example", 443, Speaks::Tls, vec![v4(203, 0, 113, 40)])
}

pub(super) fn transcoding() -> Host {
    let v6 = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x7, 0, 0, 0, 0, last));
    Host::named(
        "api.transcode.example",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 40), v6(0x10), v6(0x11)],
    )
}

fn thumbnails() -> Host {
    Host::named(
        "thumbs.legacyhost.example",
        80,
        Speaks::Http,
        vec![v4(198, 51, 100, 60)],
    )
}

fn news() -> Host {
    Host::named("feeds.dailynews.example", 80, Speaks::Http, vec![v4(198, 51, 100, 61)])
}

fn paste() -> Host {
    Host::named("paste.example", 443, Speaks::Tls, vec![v4(203, 0, 113, 150)])
}

/// Within a range of EC2, which says whose machine it is on, and not whose it is.
fn nobody_knows() -> Host {
    Host::nameless(v4(203, 0, 113, 200), 8443, Speaks::Tcp).within(EC2)
}

fn bucket() -> Host {
    Host::named(
        "s3.eu-west-1.amazonaws.com",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 130), v4(192, 0, 2, 131)],
    )
    .within(S3)
}

fn queue() -> Host {
    Host::named(
        "sqs.eu-west-1.amazonaws.com",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 230)],
    )
    .within(AMAZON)
}

/// Catalog's proxy logs no SNI, so that the published range is all that names it.
fn dynamodb() -> Host {
    Host::named(
        "dynamodb.eu-west-1.amazonaws.com",
        443,
        Speaks::Tls,
        vec![v4(192, 0, 2, 195)],
    )
    .within(DYNAMODB)
}

const S3: AwsService = AwsService {
    service: "S3",
    region: "eu-west-1",
};
const DYNAMODB: AwsService = AwsService {
    service: "DYNAMODB",
    region: "eu-west-1",
};
const EC2: AwsService = AwsService {
    service: "EC2",
    region: "eu-west-1",
};
const AMAZON: AwsService = AwsService {
    service: "AMAZON",
    region: "eu-west-1",
};

/// The published ranges of the shop's world.
pub(crate) fn ranges() -> IpRanges {
    IpRanges::of(&[
        ("192.0.2.128/26", AMAZON),
        ("192.0.2.192/27", AMAZON),
        ("192.0.2.224/27", AMAZON),
        ("203.0.113.192/27", AMAZON),
        ("192.0.2.128/26", S3),
        ("192.0.2.192/27", DYNAMODB),
        ("203.0.113.192/27", EC2),
    ])
}
