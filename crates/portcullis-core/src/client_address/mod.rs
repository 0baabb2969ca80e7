//! From which address a request really came.

mod forwarded;
mod networks;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderName};

pub use self::networks::{InvalidNetwork, TrustedProxies};
use crate::Head;

/// The address of the connection's other end; a server puts it into each request's extensions.
///
/// With axum use feature `axum-connect-info` and `into_make_service_with_connect_info::<SocketAddr>()` instead; with tonic,
/// [`ClientAddress::peer_from`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Which header the trusted proxies write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, counted from the right.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), counted from the right.
    Forwarded,
    /// Either of the two; where both are present and disagree, the client is unresolvable.
    Either,
    /// A header with the client's address alone, such as `CF-Connecting-IP`.
    Single(HeaderName),
}

/// Where a request came from, as far as it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// The client's address; IPv4-mapped IPv6 addresses are given as IPv4.
    Address(IpAddr),
    /// The peer is unknown, or a trusted proxy sent a header that cannot be read. All such requests count as one client:
    /// never as no client.
    Unresolvable,
}

impl Client {
    /// The network that counts as one client: the whole address for IPv4, the first `ipv6_prefix` bits for IPv6 (0–128;
    /// 64 is what one customer gets).
    #[must_use]
    pub fn network(self, ipv6_prefix: u8) -> Self {
        match self {
            Self::Address(IpAddr::V6(address)) => {
                Self::Address(IpAddr::V6(masked(address, ipv6_prefix)))
            }
            other => other,
        }
    }
}

fn masked(address: Ipv6Addr, prefix: u8) -> Ipv6Addr {
    let cut = 128_u32.saturating_sub(prefix.into());
    let mask = u128::MAX.checked_shl(cut).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unresolvable => f.write_str("unresolvable"),
        }
    }
}

/// Finds the client's address: the peer's, unless the peer is a trusted proxy; then the last address in the proxy's header
/// that is not itself a trusted proxy.
///
/// ```
/// use http::Request;
/// use portcullis_core::{Client, PeerAddress, TrustedProxies, client_address};
///
/// let resolver = client_address("10.0.0.0/8".parse::<TrustedProxies>().unwrap());
/// let (mut parts, ()) = Request::builder().header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.7").body(()).unwrap().into_parts();
/// parts.extensions.insert(PeerAddress("10.0.0.1:4000".parse().unwrap()));
/// assert_eq!(resolver.resolve(&parts), Client::Address("203.0.113.9".parse().unwrap()));
/// ```
#[must_use]
pub fn client_address(trusted: TrustedProxies) -> ClientAddress {
    ClientAddress {
        trusted,
        header: ProxyHeader::default(),
        peer: None,
    }
}

/// What [`client_address`] makes.
#[derive(Clone)]
pub struct ClientAddress {
    trusted: TrustedProxies,
    header: ProxyHeader,
    peer: Option<PeerOf>,
}

type PeerOf = Arc<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;

impl ClientAddress {
    /// Says which header the trusted proxies write; `X-Forwarded-For` unless said. Only trusted peers' headers are read.
    #[must_use]
    pub fn proxy_header(mut self, header: ProxyHeader) -> Self {
        self.header = header;
        self
    }

    /// Says how to find the peer's address, where the server neither inserts [`PeerAddress`] nor axum's `ConnectInfo`.
    #[must_use]
    pub fn peer_from(
        mut self,
        peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer = Some(Arc::new(peer));
        self
    }

    /// Finds the client's address, by a request's [`Head`] or `Parts`.
    #[must_use]
    pub fn resolve<'a>(&self, request: impl Into<Head<'a>>) -> Client {
        let request = request.into();
        let Some(peer) = self
            .peer(request.extensions())
            .map(|peer| peer.to_canonical())
        else {
            warn_once_about_missing_peer();
            return Client::Unresolvable;
        };
        match self.trusted.contains(peer) {
            false => Client::Address(peer),
            true => self.behind_proxies(peer, request.headers()),
        }
    }

    fn behind_proxies(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let client = match &self.header {
            ProxyHeader::XForwardedFor => forwarded::x_forwarded_for(headers, &self.trusted),
            ProxyHeader::Forwarded => forwarded::forwarded(headers, &self.trusted),
            ProxyHeader::Either => forwarded::either(headers, &self.trusted),
            ProxyHeader::Single(name) => forwarded::single(headers, name),
        };
        // A trusted proxy that names nobody speaks for itself: a health check, for example.
        client.unwrap_or(Client::Address(peer))
    }

    fn peer(&self, extensions: &Extensions) -> Option<IpAddr> {
        if let Some(peer) = &self.peer {
            return peer(extensions);
        }
        let inserted = extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        inserted.or_else(|| from_connect_info(extensions))
    }
}

#[cfg(feature = "axum-connect-info")]
fn from_connect_info(extensions: &Extensions) -> Option<IpAddr> {
    extensions
        .get::<::axum::extract::ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip())
}

#[cfg(not(feature = "axum-connect-info"))]
fn from_connect_info(_extensions: &Extensions) -> Option<IpAddr> {
    None
}

fn warn_once_about_missing_peer() {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "no peer address in the request's extensions: all clients share one bucket. Insert `PeerAddress`, or serve axum \
             with `into_make_service_with_connect_info::<SocketAddr>()` and the feature `axum-connect-info`"
        );
    });
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress")
            .field("trusted", &self.trusted)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
