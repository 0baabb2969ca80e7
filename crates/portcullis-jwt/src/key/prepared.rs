//! A key in the form in which it verifies fastest: parsed, and for HMAC with the key's blocks hashed already.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    VerificationAlgorithm,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::{HmacKey, KeyError, KeyErrorKind};
use crate::Algorithm;

/// HMAC with the key's two blocks hashed. The sha2 crate does this in two thirds of the time that aws-lc-rs takes.
#[derive(Clone)]
pub(crate) enum PreparedHmac {
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl PreparedHmac {
    pub(crate) fn new(algorithm: Algorithm, key: &HmacKey) -> Result<Self, KeyError> {
        if key.bytes().len() < algorithm.hmac_key_bytes() {
            return Err(KeyError::new(
                KeyErrorKind::Weak,
                "an HMAC secret is at least as long as the hash: 32, 48 or 64 bytes",
            ));
        }
        let prepared = match algorithm {
            Algorithm::Hs256 => Hmac::new_from_slice(key.bytes()).map(Self::Sha256),
            Algorithm::Hs384 => {
                Hmac::new_from_slice(key.bytes()).map(|hmac| Self::Sha384(Box::new(hmac)))
            }
            Algorithm::Hs512 => {
                Hmac::new_from_slice(key.bytes()).map(|hmac| Self::Sha512(Box::new(hmac)))
            }
            _ => {
                return Err(KeyError::new(
                    KeyErrorKind::WrongKind,
                    "a secret is for HS256, HS384 and HS512 only",
                ));
            }
        };
        prepared.map_err(|_| KeyError::malformed("the secret has a length that HMAC cannot take"))
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha256(hmac) => hmac.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha384(hmac) => {
                let hmac = Hmac::clone(hmac).chain_update(message);
                hmac.verify_slice(tag).is_ok()
            }
            Self::Sha512(hmac) => {
                let hmac = Hmac::clone(hmac).chain_update(message);
                hmac.verify_slice(tag).is_ok()
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256(hmac) => {
                let hmac = hmac.clone().chain_update(message);
                hmac.finalize().into_bytes().to_vec()
            }
            Self::Sha384(hmac) => {
                let hmac = Hmac::clone(hmac).chain_update(message);
                hmac.finalize().into_bytes().to_vec()
            }
            Self::Sha512(hmac) => {
                let hmac = Hmac::clone(hmac).chain_update(message);
                hmac.finalize().into_bytes().to_vec()
            }
        }
    }
}

/// Checks signatures of one algorithm by one key.
pub(crate) enum Prepared {
    Hmac(PreparedHmac),
    Public(ParsedPublicKey),
}

impl Prepared {
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(hmac) => hmac.verify(message, signature),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared")
    }
}

/// The parameters of an RSA algorithm; keys of 2048 to 8192 bits.
pub(crate) fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

/// Parses a key of a curve: a point as it stands, or in a `SubjectPublicKeyInfo`.
pub(crate) fn curve_key(algorithm: Algorithm, bytes: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    let verification: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDsa => &ED25519,
        _ => {
            return Err(KeyError::new(
                KeyErrorKind::WrongKind,
                "a key on a curve is for ES256, ES384 and EdDSA only",
            ));
        }
    };
    ParsedPublicKey::new(verification, bytes)
        .map_err(|_| KeyError::malformed("this is not a public key on the algorithm's curve"))
}
