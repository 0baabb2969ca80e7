//! The headers in which proxies say for whom they forward. All are read from the right: what a client forged stands left.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Client, TrustedProxies};

/// One hop of a list: an address, or something that is none.
type Hop = Option<IpAddr>;

pub(super) fn x_forwarded_for(headers: &HeaderMap, trusted: &TrustedProxies) -> Option<Client> {
    static NAME: HeaderName = HeaderName::from_static("x-forwarded-for");
    let hops = lines(headers, &NAME).flat_map(|line| line.rsplit(|byte| *byte == b','));
    from_the_right(hops.map(parse_address), trusted)
}

pub(super) fn forwarded(headers: &HeaderMap, trusted: &TrustedProxies) -> Option<Client> {
    let hops = lines(headers, &header::FORWARDED).flat_map(|line| rsplit_unquoted(line, b','));
    from_the_right(hops.map(for_parameter), trusted)
}

pub(super) fn either(headers: &HeaderMap, trusted: &TrustedProxies) -> Option<Client> {
    match (
        x_forwarded_for(headers, trusted),
        forwarded(headers, trusted),
    ) {
        (Some(one), Some(other)) if one != other => Some(Client::Unresolvable),
        (one, other) => one.or(other),
    }
}

pub(super) fn single(headers: &HeaderMap, name: &HeaderName) -> Option<Client> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let address = parse_address(first.as_bytes()).filter(|_| values.next().is_none());
    Some(address.map_or(Client::Unresolvable, Client::Address))
}

/// The lines of a header, last first.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).iter().rev();
    lines.map(HeaderValue::as_bytes)
}

/// The first hop from the right that is no trusted proxy; if all are, the leftmost. A hop that cannot be read hides all that
/// stand left of it.
fn from_the_right(hops: impl Iterator<Item = Hop>, trusted: &TrustedProxies) -> Option<Client> {
    let mut leftmost = None;
    for hop in hops {
        match hop {
            None => return Some(Client::Unresolvable),
            Some(address) if !trusted.contains(address) => return Some(Client::Address(address)),
            Some(address) => leftmost = Some(Client::Address(address)),
        }
    }
    leftmost
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse_address(text: &[u8]) -> Hop {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .filter(|address| bare == text || address.is_ipv6());
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// The `for` of one element: `for="[2001:db8::1]:4711";proto=https` (RFC 7239 §4). `unknown` and hidden names are no address,
/// and neither are two `for` in one element.
fn for_parameter(element: &[u8]) -> Hop {
    let mut values = rsplit_unquoted(element, b';').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let name = pair[..equals].trim_ascii();
        name.eq_ignore_ascii_case(b"for")
            .then(|| pair[equals + 1..].trim_ascii())
    });
    let value = values.next().filter(|_| values.next().is_none())?;
    let unquoted = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    parse_address(unquoted.unwrap_or(value))
}

/// Splits at the separators that stand outside quoted strings, last piece first.
///
/// A proxy may quote what a client sent (`host="a, for=b"`), so what is quoted must not be read; and it writes at the right end,
/// so that reading from there, a quote which a client left open cannot swallow what the proxy says.
fn rsplit_unquoted(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = last_unquoted(text, separator);
        rest = cut.map(|at| &text[..at]);
        Some(cut.map_or(text, |at| &text[at + 1..]))
    })
}

fn last_unquoted(text: &[u8], separator: u8) -> Option<usize> {
    let mut quoted = false;
    (0..text.len()).rev().find(|&at| {
        if text[at] == b'"' && !(quoted && is_escaped(&text[..at])) {
            quoted = !quoted;
        }
        text[at] == separator && !quoted
    })
}

/// Whether an odd number of backslashes stands before.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}
