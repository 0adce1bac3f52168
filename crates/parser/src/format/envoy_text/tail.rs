//! The right end of a line, from the authority on: the part that no client can forge.

use super::fault::{Fault, Part};
use crate::format::envoy_value::{peer, socket, text};
use crate::record::AccessRecord;

/// The columns from the authority to the end of the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail<'a> {
    authority: &'a [u8],
    upstream_host: &'a [u8],
    proxy: Option<Proxy<'a>>,
}

/// What Istio adds behind Envoy's own columns.
#[derive(Debug, Clone, Copy)]
struct Proxy<'a> {
    cluster: &'a [u8],
    downstream_local: &'a [u8],
    downstream_remote: &'a [u8],
    sni: &'a [u8],
    route: &'a [u8],
}

/// Whose format a line is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Envoy's default: it ends with the upstream host.
    Envoy,
    /// Istio's default of any version.
    Istio,
}

/// Splits a line, from behind the quote that opens the request, into what a client may have written and the tail.
pub(super) fn split(rest: &[u8]) -> Result<(&[u8], Tail<'_>), Fault<'_>> {
    // No column behind the upstream host has quotes.
    let (rest, bare) = around_quote(rest).ok_or(Fault::part(Part::UpstreamHost, rest))?;
    let proxy = proxy(bare)?;
    let (rest, upstream_host) = around_quote(rest).ok_or(Fault::part(Part::UpstreamHost, rest))?;
    let rest = rest
        .strip_suffix(b"\" ")
        .ok_or(Fault::part(Part::Authority, last_word(rest)))?;
    let (rest, authority) = around_quote(rest).ok_or(Fault::part(Part::Authority, last_word(rest)))?;
    let client = rest.strip_suffix(b" ").ok_or(Fault::part(Part::Authority, authority))?;
    if upstream_host.contains(&b' ') {
        return Err(Fault::part(Part::UpstreamHost, upstream_host));
    }
    if authority.contains(&b' ') {
        return Err(Fault::part(Part::Authority, authority));
    }
    Ok((
        client,
        Tail {
            authority,
            upstream_host,
            proxy,
        },
    ))
}

/// What stands before the last quote, and behind it.
fn around_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b'"', text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn last_word(text: &[u8]) -> &[u8] {
    text.rsplit(|byte| *byte == b' ').next().unwrap_or_default()
}

/// The columns behind the upstream host, each behind a single space; `omit_empty_values` leaves them empty.
fn proxy(bare: &[u8]) -> Result<Option<Proxy<'_>>, Fault<'_>> {
    if bare.is_empty() {
        return Ok(None);
    }
    let mut columns: [&[u8]; 6] = [b""; 6];
    let mut count = 0;
    for column in bare
        .strip_prefix(b" ")
        .ok_or(Fault::part(Part::Columns, bare))?
        .split(|byte| *byte == b' ')
    {
        *columns.get_mut(count).ok_or(Fault::part(Part::Columns, bare))? = column;
        count += 1;
    }
    // Up to version 1.4 there was no route.
    if count < 5 {
        return Err(Fault::part(Part::Columns, bare));
    }
    let [
        cluster,
        _upstream_local,
        downstream_local,
        downstream_remote,
        sni,
        route,
    ] = columns;
    Ok(Some(Proxy {
        cluster,
        downstream_local,
        downstream_remote,
        sni,
        route,
    }))
}

impl<'a> Tail<'a> {
    pub(super) fn layout(&self) -> Layout {
        if self.proxy.is_some() {
            Layout::Istio
        } else {
            Layout::Envoy
        }
    }

    /// The record that the head began, with the tail's fields.
    pub(super) fn onto(self, head: AccessRecord<'a>) -> AccessRecord<'a> {
        let record = AccessRecord {
            authority: text(self.authority),
            upstream_host: socket(self.upstream_host),
            ..head
        };
        match self.proxy {
            None => record,
            Some(proxy) => AccessRecord {
                upstream_cluster: text(proxy.cluster),
                downstream_local: socket(proxy.downstream_local),
                downstream_remote: peer(proxy.downstream_remote),
                sni: text(proxy.sni),
                route_name: text(proxy.route),
                ..record
            },
        }
    }
}
