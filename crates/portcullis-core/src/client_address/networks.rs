use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// The networks whose proxies are believed when they say for whom they forward.
///
/// Written as CIDRs separated by commas, such as `10.0.0.0/8, fd00::/8`; a bare address is a network of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// No proxy is believed: the client is whoever connects.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether this address is a trusted proxy's. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let networks = entries.map(network).collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }
}

fn network(entry: &str) -> Result<IpNet, InvalidNetwork> {
    let bare = || {
        entry
            .parse::<IpAddr>()
            .map(|address| IpNet::from(address.to_canonical()))
    };
    entry
        .parse()
        .or_else(|_| bare())
        .map_err(|_| InvalidNetwork(entry.to_owned()))
}

/// A text that is no network; the message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork(String);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no network: write it as 10.0.0.0/8, fd00::/8 or a single address",
            self.0
        )
    }
}

impl std::error::Error for InvalidNetwork {}
