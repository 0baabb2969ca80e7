//! Addresses, and which of them may be used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use oauth2::url::{Host, Url};

/// An address that secrets may be sent to: `https`, or `http` to this very machine where the application allowed that.
pub(crate) fn endpoint(text: &str, insecure_loopback: bool) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => insecure_loopback && is_loopback(&url),
        _ => false,
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    (is_safe && !has_user && url.fragment().is_none() && url.has_host()).then_some(url)
}

/// `localhost`, `127.0.0.0/8` or `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether the host is one of the machine's own, or an address without a name: what a document from the network must not lead
/// to, unless it came from there itself.
pub(crate) fn is_inward(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => is_private(ip.into()),
        Some(Host::Ipv6(ip)) => is_private(ip.to_canonical()),
        None => true,
    }
}

/// What is not of the internet (RFC 6890): no provider for the world lives there.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

/// This host, private networks, those of a provider's customers, link-local, for protocols and for measuring, multicast and beyond.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    matches!(
        ip.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..128, ..]
            | [169, 254, ..]
            | [172, 16..32, ..]
            | [192, 168, ..]
            | [192, 0, 0, _]
            | [198, 18..20, ..]
    )
}

/// All but global unicast (2000::/3), and of that what stands for addresses of version 4: Teredo and its like, and 6to4.
fn is_private_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, 0..0x200, ..] | [0x2002, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

/// Whether two addresses are of one host, whatever the port.
pub(crate) fn is_same_host(one: &Url, other: &Url) -> bool {
    one.host() == other.host()
}
