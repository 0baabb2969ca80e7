//! Addresses, and which of them may be used.

use std::net::IpAddr;

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

/// RFC 1918, RFC 3927, RFC 4193, RFC 4291 and RFC 6598: no provider for the world lives there.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || first == 0 || is_shared
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}

/// Two addresses of one place: scheme, host and port.
pub(crate) fn is_same_host(one: &Url, other: &Url) -> bool {
    one.host() == other.host()
}
