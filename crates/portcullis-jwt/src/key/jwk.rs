//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::public::PublicNumbers;
use super::{HmacKey, KeyError, VerifyingKey};
use crate::Algorithm;

/// A JWK as it is written: everything that we read of one. Members that we do not know are allowed (RFC 7517 §4).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Jwk {
    pub(crate) kty: String,
    pub(crate) kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    pub(crate) n: Option<String>,
    pub(crate) e: Option<String>,
    pub(crate) x: Option<String>,
    pub(crate) y: Option<String>,
    pub(crate) k: Option<Zeroizing<String>>,
    pub(crate) d: Option<Zeroizing<String>>,
    pub(crate) p: Option<Zeroizing<String>>,
    pub(crate) q: Option<Zeroizing<String>>,
    pub(crate) dp: Option<Zeroizing<String>>,
    pub(crate) dq: Option<Zeroizing<String>>,
    pub(crate) qi: Option<Zeroizing<String>>,
}

impl Jwk {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, KeyError> {
        serde_json::from_slice(json).map_err(|_| KeyError::malformed("this is not a JWK"))
    }

    /// The algorithm that the JWK names, or the one that its kind leaves; `rsa` for an RSA key that names none.
    pub(crate) fn algorithm(&self, rsa: Algorithm) -> Result<Algorithm, KeyError> {
        let unsupported =
            || KeyError::unsuitable("the JWK is for an algorithm that is not supported");
        match (&self.alg, self.kty.as_str(), self.crv.as_deref()) {
            // RFC 9864 gives Ed25519 a name of its own; in tokens it is still EdDSA.
            (Some(name), "OKP", Some("Ed25519")) if name == "Ed25519" => Ok(Algorithm::EdDsa),
            (Some(name), _, _) => Algorithm::from_name(name).ok_or_else(unsupported),
            (None, "RSA", _) => Ok(rsa),
            (None, "oct", _) => Ok(Algorithm::Hs256),
            (None, "EC", Some("P-256")) => Ok(Algorithm::Es256),
            (None, "EC", Some("P-384")) => Ok(Algorithm::Es384),
            (None, "OKP", Some("Ed25519")) => Ok(Algorithm::EdDsa),
            _ => Err(unsupported()),
        }
    }

    /// Whether `use` and `key_ops` let the key do this (`sign` or `verify`).
    pub(crate) fn check_use(&self, operation: &str) -> Result<(), KeyError> {
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let operates = |operations: &Vec<String>| operations.iter().any(|name| name == operation);
        match signs && self.key_ops.as_ref().is_none_or(operates) {
            true => Ok(()),
            false => Err(KeyError::unsuitable("the JWK is meant for something else")),
        }
    }

    pub(crate) fn to_verifying_key(&self, rsa: Algorithm) -> Result<VerifyingKey, KeyError> {
        self.check_use("verify")?;
        let algorithm = self.algorithm(rsa)?;
        let key = match self.kty.as_str() {
            "oct" => VerifyingKey::hmac(algorithm, &self.secret()?)?,
            _ if self.d.is_some() => {
                return Err(KeyError::unsuitable(
                    "the JWK holds a private key: verify with its public half",
                ));
            }
            _ => VerifyingKey::from_public(algorithm, self.public_numbers(algorithm)?)?,
        };
        Ok(match &self.kid {
            Some(kid) => key.with_kid(kid.as_str()),
            None => key,
        })
    }

    pub(crate) fn secret(&self) -> Result<HmacKey, KeyError> {
        let secret = self.k.as_ref().ok_or_else(missing)?;
        HmacKey::from_base64url(secret)
    }

    pub(crate) fn public_numbers(&self, algorithm: Algorithm) -> Result<PublicNumbers, KeyError> {
        match self.kty.as_str() {
            "RSA" => Ok(PublicNumbers::Rsa {
                n: without_zeros(decode(self.n.as_deref())?.to_vec()),
                e: without_zeros(decode(self.e.as_deref())?.to_vec()),
            }),
            "EC" if self.crv.as_deref() == curve(algorithm) => Ok(PublicNumbers::EllipticCurve {
                x: decode(self.x.as_deref())?.to_vec(),
                y: decode(self.y.as_deref())?.to_vec(),
            }),
            "OKP" if self.crv.as_deref() == curve(algorithm) => Ok(PublicNumbers::Edwards {
                x: decode(self.x.as_deref())?.to_vec(),
            }),
            _ => Err(KeyError::unsuitable("the JWK does not fit its algorithm")),
        }
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Es256 => Some("P-256"),
        Algorithm::Es384 => Some("P-384"),
        Algorithm::EdDsa => Some("Ed25519"),
        _ => None,
    }
}

/// A number in base64url without padding.
pub(super) fn decode(text: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let decoded = URL_SAFE_NO_PAD.decode(text.ok_or_else(missing)?);
    decoded
        .map(Zeroizing::new)
        .map_err(|_| KeyError::malformed("a number of the JWK is not base64url without padding"))
}

/// Some issuers write the sign octet of ASN.1 in front of the modulus, against RFC 7518 §2.
fn without_zeros(number: Vec<u8>) -> Vec<u8> {
    match number.first() {
        Some(0) => number.into_iter().skip_while(|byte| *byte == 0).collect(),
        _ => number,
    }
}

fn missing() -> KeyError {
    KeyError::malformed("the JWK lacks a number of its key")
}
