//! What access records come to, each kept once: many say the same of where they went, and reading names takes longer than
//! knowing them again.

use std::hash::BuildHasher as _;
use std::net::{IpAddr, SocketAddr};

use egressmap_parser::{AccessRecord, Reason};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::NO_DESTINATION;
use super::cluster::Cluster;
use super::numbered::Numbered;
use super::outcome::Outcome;
use super::target::Target;

/// How many records are remembered at once, and how long what one says may be.
const REMEMBERED: usize = 8192;
const LONGEST: usize = 1024;

/// What a record comes to, whoever sent it and whenever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somebody called the proxy's own application.
    Inbound,
    Aside(Reason),
    /// It went to one of [`Destinations`], which has this address, or was refused on the way.
    To(u32, Option<IpAddr>, Outcome),
}

/// Destinations by number.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    pub(super) all: Numbered<Target>,
    remembered: Remembered,
}

/// What records come to, by what they say of where they went.
#[derive(Debug, Default)]
struct Remembered {
    table: HashTable<Known>,
    hasher: RandomState,
    /// What is said, one behind the other: near to each other, they stay near to the processor. Behind the last of those
    /// that are known is that of the record at hand.
    said: Vec<u8>,
    /// Where that begins.
    end: usize,
}

#[derive(Debug)]
struct Known {
    /// Which part of what is said.
    from: u32,
    length: u32,
    fate: Fate,
}

impl Destinations {
    /// What a record comes to.
    pub(super) fn fate(&mut self, record: &AccessRecord<'_>) -> Fate {
        let known = &mut self.remembered;
        known.said.truncate(known.end);
        if say(record, &mut known.said).is_none() {
            return self.read(record);
        }
        let hash = match known.find() {
            Ok(fate) => return fate,
            Err(hash) => hash,
        };
        let fate = self.read(record);
        self.remembered.insert(hash, fate);
        fate
    }

    /// The destinations, without what was remembered of records.
    pub(super) fn into_numbered(self) -> Numbered<Target> {
        self.all
    }

    fn read(&mut self, record: &AccessRecord<'_>) -> Fate {
        let cluster = record.upstream_cluster.as_deref();
        let cluster = cluster.map_or(Cluster::default(), Cluster::read);
        let outcome = Outcome::of(record, &cluster);
        if outcome == Outcome::Inbound {
            return Fate::Inbound;
        }
        match Target::of(record, &cluster) {
            Err(reason) => Fate::Aside(reason),
            Ok(target) if target.host.is_none() && target.address.is_none() => Fate::Aside(NO_DESTINATION),
            Ok(target) => {
                let address = target.address;
                Fate::To(self.all.number(target), address, outcome)
            }
        }
    }
}

impl Remembered {
    /// What a record comes to that says what is said last; a hash of that where it is not known.
    fn find(&self) -> Result<Fate, u64> {
        let said = &self.said[self.end..];
        let hash = self.hasher.hash_one(said);
        let known = self.table.find(hash, |known| known.of(&self.said) == said);
        known.map(|known| known.fate).ok_or(hash)
    }

    fn insert(&mut self, hash: u64, fate: Fate) {
        if self.table.len() >= REMEMBERED {
            self.table.clear();
            self.said.drain(..self.end);
            self.end = 0;
        }
        let Self {
            table,
            hasher,
            said,
            end,
        } = self;
        let place = |at: usize| u32::try_from(at).expect("it is bounded by what is remembered at once");
        let known = Known {
            from: place(*end),
            length: place(said.len() - *end),
            fate,
        };
        *end = said.len();
        table.insert_unique(hash, known, |known| hasher.hash_one(known.of(said)));
    }
}

impl Known {
    fn of<'s>(&self, said: &'s [u8]) -> &'s [u8] {
        let from = self.from as usize;
        &said[from..from + self.length as usize]
    }
}

/// All that [`Destinations::read`] looks at, so that no two records that differ in it are written alike; `None` where it is
/// too long.
fn say(record: &AccessRecord<'_>, to: &mut Vec<u8>) -> Option<()> {
    let from = to.len();
    let texts = [
        &record.authority,
        &record.sni,
        &record.upstream_cluster,
        &record.response_flags,
        &record.response_code_details,
        &record.route_name,
    ];
    let sockets = [&record.upstream_host, &record.downstream_local];
    to.push(u8::from(record.is_http()));
    to.extend_from_slice(&sockets.map(|socket| match socket {
        None => 0,
        Some(SocketAddr::V4(_)) => 4,
        Some(SocketAddr::V6(_)) => 6,
    }));
    for text in texts {
        let length = text.as_ref().map_or(0, |text| text.len() + 1);
        to.extend_from_slice(&u16::try_from(length).ok()?.to_le_bytes());
    }
    for socket in sockets.into_iter().flatten() {
        to.extend_from_slice(&socket.port().to_le_bytes());
        match socket {
            SocketAddr::V4(socket) => to.extend_from_slice(&socket.ip().octets()),
            SocketAddr::V6(socket) => to.extend_from_slice(&socket.ip().octets()),
        }
    }
    for text in texts.into_iter().flatten() {
        to.extend_from_slice(text.as_bytes());
    }
    (to.len() - from <= LONGEST).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &[Option<&str>] = &[
        None,
        Some(""),
        Some("a.test"),
        Some("a.testb.test"),
        Some("b.test:80"),
        Some("*"),
        Some("192.0.2.7"),
    ];
    const SNI: &[Option<&str>] = &[
        None,
        Some(""),
        Some("b.test"),
        Some("a.test"),
        Some("outbound_.80_._.a.test"),
        Some("*"),
    ];
    const CLUSTERS: &[Option<&str>] = &[
        None,
        Some("inbound|80||"),
        Some("outbound|80||a.test"),
        Some("outbound|81||a.test"),
        Some("BlackHoleCluster"),
    ];
    const FLAGS: &[Option<&str>] = &[None, Some("NR"), Some("UH"), Some("UF,UH")];
    const DETAILS: &[Option<&str>] = &[None, Some("route_not_found"), Some("via_upstream")];
    const ROUTES: &[Option<&str>] = &[None, Some("block_all"), Some("a")];

    /// A record of few different texts, so that what is alike but for one of them comes up.
    fn records() -> impl Strategy<Value = AccessRecord<'static>> {
        let text =
            |all: &'static [Option<&'static str>]| prop::sample::select(all).prop_map(|text| text.map(Into::into));
        let sockets = [
            None,
            Some("127.0.0.1:80"),
            Some("192.0.2.7:80"),
            Some("192.0.2.7:81"),
            Some("[::ffff:192.0.2.7]:80"),
        ];
        let sockets = || {
            prop::sample::select(
                sockets
                    .map(|text| text.map(|text: &str| text.parse().unwrap()))
                    .to_vec(),
            )
        };
        let texts = (
            text(NAMES),
            text(SNI),
            text(CLUSTERS),
            text(FLAGS),
            text(DETAILS),
            text(ROUTES),
        );
        (texts, sockets(), sockets(), prop::sample::select(&[0, 200][..])).prop_map(
            |((authority, sni, cluster, flags, details, route), upstream_host, downstream_local, response_code)| {
                AccessRecord {
                    authority,
                    sni,
                    upstream_cluster: cluster,
                    response_flags: flags,
                    response_code_details: details,
                    route_name: route,
                    upstream_host,
                    downstream_local,
                    response_code,
                    ..AccessRecord::default()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_is_read(records in prop::collection::vec(records(), 1..200)) {
            let told = |all: &Destinations, fate| match fate {
                Fate::To(number, address, outcome) => {
                    let target = all.all.get(number).clone();
                    assert_eq!(target.address, address);
                    (Some(target), Some(outcome), None)
                }
                Fate::Aside(reason) => (None, None, Some(reason)),
                Fate::Inbound => (None, Some(Outcome::Inbound), None),
            };
            let mut all = Destinations::default();
            for record in records {
                let fate = all.fate(&record);
                let mut alone = Destinations::default();
                let read = alone.read(&record);
                prop_assert_eq!(told(&all, fate), told(&alone, read));
            }
        }
    }

    #[test]
    fn no_more_is_remembered_than_is_allowed() {
        let mut all = Destinations::default();
        let host = |number| format!("{number}.test");
        for number in 0..REMEMBERED + 10 {
            let host = host(number);
            let record = AccessRecord {
                authority: Some(host.as_str().into()),
                ..AccessRecord::default()
            };
            assert_eq!(
                all.fate(&record),
                Fate::To(u32::try_from(number).unwrap(), None, Outcome::Passed)
            );
        }
        assert_eq!(all.remembered.table.len(), 10);
        assert!(all.remembered.said.len() < 10 * 64);
        let long = AccessRecord {
            authority: Some("a".repeat(2 * LONGEST).into()),
            ..AccessRecord::default()
        };
        assert_eq!(all.fate(&long), Fate::Aside("malformed:authority"));
        assert_eq!(all.remembered.table.len(), 10);
    }
}
