use std::net::IpAddr;

/// How many bits of an address are kept in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Networks {
    ipv4: u8,
    ipv6: u8,
}

impl Default for Networks {
    /// All of them.
    fn default() -> Self {
        Self::new(32, 128)
    }
}

impl Networks {
    pub(crate) fn new(ipv4: u8, ipv6: u8) -> Self {
        Self {
            ipv4: ipv4.min(32),
            ipv6: ipv6.min(128),
        }
    }

    /// The address, or the network that it belongs to as `203.0.113.0/24`.
    pub(crate) fn write(self, address: IpAddr) -> String {
        match address.to_canonical() {
            IpAddr::V4(address) if self.ipv4 < 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.ipv4));
                let bits = address.to_bits() & mask.unwrap_or(0);
                format!("{}/{}", std::net::Ipv4Addr::from_bits(bits), self.ipv4)
            }
            IpAddr::V6(address) if self.ipv6 < 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.ipv6));
                let bits = address.to_bits() & mask.unwrap_or(0);
                format!("{}/{}", std::net::Ipv6Addr::from_bits(bits), self.ipv6)
            }
            whole => whole.to_string(),
        }
    }
}
