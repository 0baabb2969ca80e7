//! The public half of a key: its numbers, and how it is written as a JWK.

use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use serde_json::{Map, Value, json};

use super::prepared::{Prepared, curve_key, rsa_parameters};
use super::{KeyError, KeyErrorKind};
use crate::Algorithm;
use crate::algorithm::Family;

/// The shortest and longest RSA modulus in bits; the lower bound is RFC 7518 §3.3.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The numbers of a public key, as a JWK has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicNumbers {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// `x` then `y`, of one length.
    EllipticCurve {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Edwards {
        x: Vec<u8>,
    },
}

impl PublicNumbers {
    /// Reads a public key in DER: `SubjectPublicKeyInfo`, or PKCS#1 for RSA.
    pub(crate) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Err(not_for_secrets()),
            Family::Rsa => {
                let read = DEFAULT_PROVIDER
                    .key_utils
                    .rsa_pub_components_from_public_key;
                let (n, e) = read(der)
                    .map_err(|_| KeyError::malformed("this is not an RSA public key in DER"))?;
                Ok(Self::Rsa { n, e })
            }
            // The library would also take a bare point, or any 32 bytes for Ed25519: that is no DER.
            _ if der.first() != Some(&0x30) || der.len() < 44 => {
                Err(KeyError::malformed("this is not a public key in DER"))
            }
            Family::EllipticCurve => Self::from_point(curve_key(algorithm, der)?.as_ref()),
            Family::Edwards => {
                let key = curve_key(algorithm, der)?;
                Ok(Self::Edwards {
                    x: last(key.as_ref(), 32)?.to_vec(),
                })
            }
        }
    }

    /// An uncompressed point (SEC 1 §2.3.3), by itself or at the end of a `SubjectPublicKeyInfo`.
    fn from_point(bytes: &[u8]) -> Result<Self, KeyError> {
        let length = match bytes.len() {
            65 | 91 => 32,
            97 | 120 => 48,
            _ => return Err(KeyError::malformed("the point is not an uncompressed one")),
        };
        let (x, y) = last(bytes, 2 * length)?.split_at(length);
        Ok(Self::EllipticCurve {
            x: x.to_vec(),
            y: y.to_vec(),
        })
    }

    /// Checks the numbers and makes the form that verifies.
    pub(crate) fn prepare(&self, algorithm: Algorithm) -> Result<Prepared, KeyError> {
        let key = match self {
            Self::Rsa { n, e } => {
                let parameters = rsa_parameters(algorithm).ok_or_else(wrong_kind)?;
                check_rsa(n, e)?;
                RsaPublicKeyComponents { n, e }
                    .to_parsed_public_key(parameters)
                    .map_err(|_| KeyError::malformed("these numbers are no RSA key"))?
            }
            Self::EllipticCurve { x, y } if algorithm.family() == Family::EllipticCurve => {
                curve_key(algorithm, &[&[4], x.as_slice(), y].concat())?
            }
            Self::Edwards { x } if algorithm.family() == Family::Edwards => {
                curve_key(algorithm, x)?
            }
            _ => return Err(wrong_kind()),
        };
        Ok(Prepared::Public(key))
    }

    /// The members of the JWK that say what the key is.
    pub(crate) fn to_jwk(&self, algorithm: Algorithm) -> Map<String, Value> {
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let jwk = match self {
            Self::Rsa { n, e } => json!({"kty": "RSA", "n": text(n), "e": text(e)}),
            Self::EllipticCurve { x, y } => {
                let curve = if algorithm == Algorithm::Es384 {
                    "P-384"
                } else {
                    "P-256"
                };
                json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
            }
            Self::Edwards { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": text(x)}),
        };
        match jwk {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The key's thumbprint (RFC 7638, RFC 8037 §2): SHA-256 over the members that make the key, sorted, in base64url.
    pub(crate) fn thumbprint(&self, algorithm: Algorithm) -> String {
        use sha2::Digest as _;
        // A map of serde_json is sorted unless someone turned on `preserve_order`: sort here.
        let sorted: std::collections::BTreeMap<_, _> = self.to_jwk(algorithm).into_iter().collect();
        let canonical = serde_json::to_vec(&sorted).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(canonical))
    }
}

/// The length of the modulus, and an odd public exponent of 3 or more.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let first = n.first().copied().unwrap_or_default();
    let bits = (n.len() * 8).saturating_sub(first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::new(
            KeyErrorKind::Weak,
            "an RSA key has 2048 to 8192 bits",
        ));
    }
    let is_odd = e.last().is_some_and(|last| last % 2 == 1);
    match is_odd && e != [1] {
        true => Ok(()),
        false => Err(KeyError::new(
            KeyErrorKind::Weak,
            "the public exponent of an RSA key is odd and greater than 1",
        )),
    }
}

fn last(bytes: &[u8], length: usize) -> Result<&[u8], KeyError> {
    bytes
        .len()
        .checked_sub(length)
        .and_then(|start| bytes.get(start..))
        .ok_or(KeyError::malformed("the public key is too short"))
}

fn wrong_kind() -> KeyError {
    KeyError::new(
        KeyErrorKind::WrongKind,
        "the key is of another kind than its algorithm needs",
    )
}

pub(super) fn not_for_secrets() -> KeyError {
    KeyError::new(
        KeyErrorKind::WrongKind,
        "HS256, HS384 and HS512 take an HmacKey, never the bytes of a public key",
    )
}
