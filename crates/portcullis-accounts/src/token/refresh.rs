use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::{Family, RecordId};
use crate::secrets::{Secrets, Use, mac};

const PREFIX: &str = "rt_";
const VERSION: u8 = 1;

/// version 1, family 16, generation 4, MAC 32, checksum 4.
const LENGTH: usize = 57;
const SIGNED: usize = 21;
const CHECKED: usize = 53;

/// A refresh token, taken apart: `rt_` and 57 bytes in base64url.
///
/// It is computed from the server's key, the family and its generation, so that nothing usable is kept anywhere, and the same
/// generation always gives the same token (AC-R2). The checksum needs no key: scanners, and this server, tell garbage from a
/// token without asking anybody (AC-R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) family: RecordId,
    pub(crate) generation: u32,
}

impl RefreshToken {
    pub(crate) fn of(family: &Family) -> Self {
        Self {
            family: family.id,
            generation: family.generation,
        }
    }

    /// Writes the token. `begun` is when the family began: ids of families are not chosen by anybody, but if ever two were the
    /// same, their tokens are not.
    pub(crate) fn write(self, secrets: &Secrets, begun: Timestamp) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        bytes[..SIGNED].copy_from_slice(&self.signed());
        let key = secrets.key(Use::Refresh);
        bytes[SIGNED..CHECKED].copy_from_slice(&self.mac(&*key, begun));
        let checksum = checksum(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&checksum);
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 76));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        text
    }

    /// Takes a token apart whose checksum is right. Nothing is proved by it yet.
    pub(crate) fn read(text: &str) -> Option<Presented> {
        let encoded = text.strip_prefix(PREFIX)?;
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes).ok()?;
        let is_ours = length == LENGTH
            && bytes[0] == VERSION
            && bytes[CHECKED..] == checksum(&bytes[..CHECKED]);
        is_ours.then(|| Presented {
            token: Self {
                family: RecordId::from_bytes(copy(&bytes[1..17])),
                generation: u32::from_be_bytes(copy(&bytes[17..SIGNED])),
            },
            mac: copy(&bytes[SIGNED..CHECKED]),
        })
    }

    fn signed(self) -> [u8; SIGNED] {
        let mut bytes = [0; SIGNED];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(self.family.as_bytes());
        bytes[17..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    fn mac(self, key: &[u8], begun: Timestamp) -> [u8; 32] {
        mac(key, &[&self.signed(), &begun.unix_millis().to_be_bytes()])
    }
}

/// A token that somebody presents.
#[derive(Clone)]
pub(crate) struct Presented {
    pub(crate) token: RefreshToken,
    mac: [u8; 32],
}

impl Presented {
    /// Whether this server has issued it, under its secret of today or a former one.
    pub(crate) fn is_genuine(&self, secrets: &Secrets, begun: Timestamp) -> bool {
        let mut keys = secrets.keys(Use::Refresh);
        keys.any(|key| self.token.mac(&*key, begun).ct_eq(&self.mac).into())
    }
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    copy(&Sha256::digest(bytes)[..4])
}

fn copy<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut copy = [0; N];
    copy.copy_from_slice(bytes);
    copy
}
