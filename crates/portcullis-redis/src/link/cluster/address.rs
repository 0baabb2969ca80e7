use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo};

/// Where a node of a cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::link) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// As a redirection says it: `host:port`, or `:port` where it is the host that says so.
    pub(super) fn parse(text: &str, teller: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Self::new(host, port.parse().ok()?, teller)
    }

    /// A host that is not named, or is every one, is the one that tells it; a question mark is nobody.
    pub(super) fn new(host: &str, port: u16, teller: &str) -> Option<Self> {
        let host = match host {
            "?" => return None,
            "" | "0.0.0.0" | "::" => teller,
            host => host,
        };
        Some(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The host that a URL names.
    pub(super) fn host_of(info: &ConnectionInfo) -> &str {
        match info.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
            _ => "",
        }
    }

    /// The same as a connection to another node, but for where it leads.
    pub(in crate::link) fn reached_like(&self, info: &ConnectionInfo) -> ConnectionInfo {
        let (host, port) = (self.host.clone(), self.port);
        let address = match info.addr() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        info.clone().set_addr(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
