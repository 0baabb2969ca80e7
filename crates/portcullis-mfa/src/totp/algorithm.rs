use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The hash under the HMAC (RFC 6238 §1.2). Some authenticator apps ignore all but SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TotpAlgorithm {
    /// The default, which every authenticator app knows. HMAC does not need the collision resistance that SHA-1 has lost.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl TotpAlgorithm {
    /// The name in an `otpauth` URI: `SHA1`, `SHA256`, `SHA512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// How long a new secret is, in bytes: as long as the hash (RFC 6238 §5.1), 20, 32 or 64.
    #[must_use]
    pub const fn secret_length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The 31 bits that a step has under a secret: RFC 4226 §5.3, the dynamic truncation.
    pub(super) fn truncated(self, secret: &[u8], step: u64) -> u32 {
        match self {
            Self::Sha1 => truncated::<Sha1>(secret, step),
            Self::Sha256 => truncated::<Sha256>(secret, step),
            Self::Sha512 => truncated::<Sha512>(secret, step),
        }
    }
}

fn truncated<D: EagerHash>(secret: &[u8], step: u64) -> u32 {
    let Ok(mut mac) = Hmac::<D>::new_from_slice(secret) else {
        unreachable!("an HMAC takes a key of any length (RFC 2104 §3)")
    };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
    // The shortest hash has 20 bytes, and the offset is 15 at most.
    let four = &hash[offset..offset + 4];
    let word = four
        .iter()
        .fold(0, |word, byte| word << 8 | u32::from(*byte));
    word & 0x7fff_ffff
}
