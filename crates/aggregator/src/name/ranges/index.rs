//! Published ranges as the stretches of addresses that they part the whole into: one search finds the longest prefix.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{AwsRanges, Range};

/// Ranges to look addresses up in.
pub(in crate::name) struct Index<'a> {
    ranges: Vec<(&'a IpNet, &'a Range)>,
    v4: Vec<(u32, Stretch)>,
    v6: Vec<(u128, Stretch)>,
}

/// The range, by its number, that speaks for all addresses up to the next stretch.
type Stretch = Option<usize>;

impl<'a> Index<'a> {
    pub(in crate::name) fn of(ranges: &'a AwsRanges) -> Self {
        let ranges: Vec<(&IpNet, &Range)> = ranges.by_prefix.iter().collect();
        let bits = |net: &IpNet| match net {
            IpNet::V4(net) => {
                let [first, last] = [net.network(), net.broadcast()].map(|end| u128::from(end.to_bits()));
                (true, first, last)
            }
            IpNet::V6(net) => (false, net.network().to_bits(), net.broadcast().to_bits()),
        };
        let of_family = |v4: bool| {
            let all = ranges.iter().enumerate().map(|(number, (net, _))| (number, bits(net)));
            let mine = all.filter(move |(_, (is_v4, ..))| *is_v4 == v4);
            stretches(mine.map(|(number, (_, first, last))| (first, last, number)))
        };
        let v4 = of_family(true).into_iter();
        Index {
            v4: v4
                .filter_map(|(first, stretch)| Some((u32::try_from(first).ok()?, stretch)))
                .collect(),
            v6: of_family(false),
            ranges,
        }
    }

    /// The longest prefix that holds an address.
    pub(super) fn longest(&self, address: IpAddr) -> Option<(&'a IpNet, &'a Range)> {
        let number = match address {
            IpAddr::V4(address) => found(&self.v4, address.to_bits()),
            IpAddr::V6(address) => found(&self.v6, address.to_bits()),
        };
        self.ranges.get(number?).copied()
    }
}

fn found<N: Ord>(stretches: &[(N, Stretch)], address: N) -> Stretch {
    let after = stretches.partition_point(|(first, _)| *first <= address);
    stretches[after.checked_sub(1)?].1
}

/// Where another range begins to speak. Prefixes lie within each other or apart, and come in the order of their first
/// addresses, the wider one first.
fn stretches(prefixes: impl Iterator<Item = (u128, u128, usize)>) -> Vec<(u128, Stretch)> {
    let mut stretches: Vec<(u128, Stretch)> = Vec::new();
    let mut around: Vec<(u128, usize)> = Vec::new();
    let mut from = |first: u128, stretch| {
        stretches.pop_if(|(other, _)| *other == first);
        stretches.push((first, stretch));
    };
    let close = |around: &mut Vec<(u128, usize)>, from: &mut dyn FnMut(u128, Stretch)| {
        let ended = around.pop().and_then(|(last, _)| last.checked_add(1));
        if let Some(next) = ended {
            from(next, around.last().map(|(_, number)| *number));
        }
    };
    for (first, last, number) in prefixes {
        while around.last().is_some_and(|(last, _)| *last < first) {
            close(&mut around, &mut from);
        }
        from(first, Some(number));
        around.push((last, number));
    }
    while !around.is_empty() {
        close(&mut around, &mut from);
    }
    stretches
}
