//! The parts of a record that most lines about connections lack, packed: a part that is not there takes no place, because
//! what is written once and read once costs as much time as it takes memory.

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

/// Where the parts of a record lie, and which there are: a bit each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    word: u32,
    text: u32,
    has: u32,
    response_code: u16,
}

/// The parts of a record.
pub(super) struct Parts<'t> {
    pub(super) response_code: u16,
    pub(super) number: Option<u64>,
    pub(super) local: Option<SocketAddr>,
    pub(super) upstream_host: Option<SocketAddr>,
    pub(super) downstream_local: Option<SocketAddr>,
    pub(super) downstream_remote: Option<SocketAddr>,
    pub(super) downstream_direct_remote: Option<SocketAddr>,
    pub(super) request: Option<&'t str>,
    pub(super) texts: [Option<&'t str>; TEXTS],
}

const NUMBER: u32 = 0;
/// The first of five sockets, which have two bits each: of which version.
const SOCKETS: u32 = 1;
/// The request, and the texts behind it.
const REQUEST: u32 = 11;

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
        local: Option<SocketAddr>,
        request: Option<&str>,
    ) -> Place {
        let mut place = Place {
            word: at(self.words.len()),
            text: at(self.text.len()),
            has: u32::from(number.is_some()) << NUMBER,
            response_code: record.response_code,
        };
        self.words.extend(number);
        for (bit, socket) in (SOCKETS..).step_by(2).zip(sockets(record, local)) {
            place.has |= self.socket(socket) << bit;
        }
        for (bit, text) in (REQUEST..).zip([request].into_iter().chain(texts(record))) {
            if let Some(text) = text {
                place.has |= 1 << bit;
                self.words.push(text.len() as u64);
                self.text.push_str(text);
            }
        }
        place
    }

    #[inline]
    fn socket(&mut self, socket: Option<SocketAddr>) -> u32 {
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
        local: Option<SocketAddr>,
        request: Option<&str>,
    ) {
        let (words, text) = (self.words.len(), self.text.len());
        let new = self.put(record, number, local, request);
        let old_text = self.text.get(place.text as usize..);
        let same = old_text.is_some_and(|old| old.starts_with(self.text.get(text..).unwrap_or_default()));
        if new.has == place.has && same {
            self.words.copy_within(words.., place.word as usize);
            self.words.truncate(words);
            self.text.truncate(text);
            place.response_code = new.response_code;
        } else {
            *place = new;
        }
    }

    /// The parts that lie there.
    #[inline]
    pub(super) fn get(&self, place: Place) -> Parts<'_> {
        let mut words = self.words.get(place.word as usize..).unwrap_or_default().iter();
        let mut word = || words.next().copied().unwrap_or_default();
        let number = (place.has & 1 != 0).then(&mut word);
        let [
            local,
            upstream_host,
            downstream_local,
            downstream_remote,
            downstream_direct_remote,
        ] = [0, 1, 2, 3, 4].map(|socket| match place.has >> (SOCKETS + 2 * socket) & 3 {
            0 => None,
            1 => Some(v4(word())),
            _ => Some(v6([word(), word(), word()])),
        });
        let mut from = place.text as usize;
        let mut text = |text: u32| {
            if place.has >> (REQUEST + text) & 1 == 0 {
                return None;
            }
            let end = from + usize::try_from(word()).unwrap_or_default();
            let text = self.text.get(from..end);
            from = end;
            text
        };
        Parts {
            response_code: place.response_code,
            number,
            local,
            upstream_host,
            downstream_local,
            downstream_remote,
            downstream_direct_remote,
            request: text(0),
            texts: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(text),
        }
    }
}

fn sockets(record: &AccessRecord<'_>, local: Option<SocketAddr>) -> [Option<SocketAddr>; 5] {
    [
        local,
        record.upstream_host,
        record.downstream_local,
        record.downstream_remote,
        record.downstream_direct_remote,
    ]
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

fn at(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
