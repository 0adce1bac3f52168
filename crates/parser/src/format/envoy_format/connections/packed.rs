//! The parts of a record that most lines about connections lack, packed: a part that is not there takes no place, because
//! what is written once and read once costs as much time as it takes memory.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::record::AccessRecord;

/// Texts of a record, without what tells a request from others.
const TEXTS: usize = 9;

/// Parts of many records.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// Numbers, sockets and the lengths of texts, in the order of their bits.
    words: Vec<u64>,
    text: String,
}

/// Where the parts of a record lie, and which there are.
// In whole words: what is written in small pieces and read in a large one is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The first word, and above it the first byte of the text.
    from: u64,
    /// A bit for each part, and above them the response code.
    has: u64,
}

/// What a record has no place for.
pub(super) struct Beside<'t> {
    pub(super) number: Option<u64>,
    pub(super) local: Option<SocketAddr>,
    pub(super) request: Option<&'t str>,
}

const NUMBER: u64 = 0;
/// The first of five sockets, which have two bits each: of which version.
const SOCKETS: u64 = 1;
/// The request, and the texts behind it.
const REQUEST: u64 = 11;
const PARTS: u64 = (1 << (REQUEST + 1 + TEXTS as u64)) - 1;

impl Packed {
    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.words.len() * size_of::<u64>()
    }

    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.text.clear();
    }

    /// Puts in the parts of a record.
    #[inline]
    pub(super) fn put(
        &mut self,
        record: &AccessRecord<'_>,
        number: Option<u64>,
        local: Option<&SocketAddr>,
        request: Option<&str>,
    ) -> Place {
        let from = at(self.words.len()) | at(self.text.len()) << 32;
        let mut has = u64::from(number.is_some()) << NUMBER | u64::from(record.response_code) << 32;
        self.words.extend(number);
        let sockets = [
            local,
            record.upstream_host.as_ref(),
            record.downstream_local.as_ref(),
            record.downstream_remote.as_ref(),
            record.downstream_direct_remote.as_ref(),
        ];
        for (bit, socket) in (SOCKETS..).step_by(2).zip(sockets) {
            has |= self.socket(socket) << bit;
        }
        for (bit, text) in (REQUEST..).zip([request].into_iter().chain(texts(record))) {
            if let Some(text) = text {
                has |= 1 << bit;
                self.words.push(text.len() as u64);
                self.text.push_str(text);
            }
        }
        Place { from, has }
    }

    #[inline]
    fn socket(&mut self, socket: Option<&SocketAddr>) -> u64 {
        match socket {
            None => 0,
            Some(SocketAddr::V4(socket)) => {
                self.words
                    .push(u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port()));
                1
            }
            Some(SocketAddr::V6(socket)) => {
                let [a, b, c, d, e, f, g, h] = socket.ip().segments().map(u64::from);
                self.words.push(a << 48 | b << 32 | c << 16 | d);
                self.words.push(e << 48 | f << 32 | g << 16 | h);
                self.words.push(u64::from(socket.port()));
                2
            }
        }
    }

    /// Puts in the parts of a record in place of those of another, and where they take no more place, where those were.
    pub(super) fn replace(
        &mut self,
        place: &mut Place,
        record: &AccessRecord<'_>,
        number: Option<u64>,
        local: Option<&SocketAddr>,
        request: Option<&str>,
    ) {
        let (words, text) = (self.words.len(), self.text.len());
        let new = self.put(record, number, local, request);
        let (old, added) = (self.text.get(place.text()..text), self.text.get(text..));
        let is_there = old.is_some_and(|old| old.starts_with(added.unwrap_or_default()));
        if (new.has ^ place.has) & PARTS == 0 && is_there {
            self.words.copy_within(words.., place.word());
            self.words.truncate(words);
            self.text.truncate(text);
            place.has = new.has;
        } else {
            *place = new;
        }
    }

    /// Has a record say what lies there, but for its time and its bytes.
    #[inline]
    pub(super) fn get<'t>(&'t self, place: Place, record: &mut AccessRecord<'t>) -> Beside<'t> {
        let mut words = Words {
            words: self.words.get(place.word()..).unwrap_or_default(),
            text: self.text.get(place.text()..).unwrap_or_default(),
            has: place.has,
        };
        let mut beside = Beside {
            number: (place.has >> NUMBER & 1 != 0).then(|| words.next()),
            local: None,
            request: None,
        };
        words.socket(0, &mut beside.local);
        words.socket(1, &mut record.upstream_host);
        words.socket(2, &mut record.downstream_local);
        words.socket(3, &mut record.downstream_remote);
        words.socket(4, &mut record.downstream_direct_remote);
        beside.request = words.text(0);
        let mut bit = 0;
        for text in [
            &mut record.response_flags,
            &mut record.response_code_details,
            &mut record.upstream_cluster,
            &mut record.route_name,
            &mut record.sni,
            &mut record.authority,
            &mut record.method,
            &mut record.protocol,
            &mut record.identity,
        ] {
            bit += 1;
            *text = words.text(bit).map(Cow::Borrowed);
        }
        record.response_code = u16::try_from(place.has >> 32).unwrap_or_default();
        beside
    }
}

impl Place {
    fn word(self) -> usize {
        usize::try_from(self.from & u64::from(u32::MAX)).unwrap_or(usize::MAX)
    }

    fn text(self) -> usize {
        usize::try_from(self.from >> 32).unwrap_or(usize::MAX)
    }
}

/// The parts of one record that were not read yet.
struct Words<'t> {
    words: &'t [u64],
    text: &'t str,
    has: u64,
}

impl<'t> Words<'t> {
    #[inline(always)]
    fn next(&mut self) -> u64 {
        let Some((word, rest)) = self.words.split_first() else {
            return 0;
        };
        self.words = rest;
        *word
    }

    // Written where it is to be: see [`Place`].
    #[inline(always)]
    fn socket(&mut self, number: u64, to: &mut Option<SocketAddr>) {
        match self.has >> (SOCKETS + 2 * number) & 3 {
            0 => *to = None,
            1 => *to = Some(v4(self.next())),
            _ => *to = Some(v6([self.next(), self.next(), self.next()])),
        }
    }

    #[inline(always)]
    fn text(&mut self, number: u64) -> Option<&'t str> {
        if self.has >> (REQUEST + number) & 1 == 0 {
            return None;
        }
        let length = usize::try_from(self.next()).unwrap_or(usize::MAX);
        let (text, rest) = self.text.split_at_checked(length)?;
        self.text = rest;
        Some(text)
    }
}

/// In the order in which they tell which of two lines says more.
#[inline]
pub(super) fn texts<'r>(record: &'r AccessRecord<'_>) -> [Option<&'r str>; TEXTS] {
    [
        record.response_flags.as_deref(),
        record.response_code_details.as_deref(),
        record.upstream_cluster.as_deref(),
        record.route_name.as_deref(),
        record.sni.as_deref(),
        record.authority.as_deref(),
        record.method.as_deref(),
        record.protocol.as_deref(),
        record.identity.as_deref(),
    ]
}

fn at(length: usize) -> u64 {
    u64::from(u32::try_from(length).unwrap_or(u32::MAX))
}

fn port(word: u64) -> u16 {
    u16::try_from(word & 0xffff).unwrap_or_default()
}

fn v4(word: u64) -> SocketAddr {
    let address = u32::try_from(word >> 16 & 0xffff_ffff).unwrap_or_default();
    (Ipv4Addr::from_bits(address), port(word)).into()
}

fn v6([high, low, last]: [u64; 3]) -> SocketAddr {
    let address = u128::from(high) << 64 | u128::from(low);
    (Ipv6Addr::from_bits(address), port(last)).into()
}
