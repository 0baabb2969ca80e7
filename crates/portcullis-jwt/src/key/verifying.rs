use std::fmt;
use std::sync::Arc;

use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use super::jwk::Jwk;
use super::prepared::{Prepared, PreparedHmac};
use super::public::{PublicNumbers, not_for_secrets};
use super::{HmacKey, KeyError, pem};
use crate::Algorithm;

/// One key that verifies tokens: its algorithm, fixed here and never taken from a token, and perhaps a name (`kid`).
///
/// The key is parsed once, when it is made; to clone it costs a reference count.
///
/// ```
/// use portcullis_jwt::{Algorithm, HmacKey, VerifyingKey};
///
/// let secret = HmacKey::generate().unwrap();
/// let key = VerifyingKey::hs256(&secret).with_kid("2026-01");
/// assert_eq!(key.algorithm(), Algorithm::Hs256);
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
    until: Option<Timestamp>,
    prepared: Arc<Prepared>,
    public: Option<Arc<PublicNumbers>>,
}

impl VerifyingKey {
    /// A secret for HS256. Any [`HmacKey`] is long enough.
    #[must_use]
    pub fn hs256(secret: &HmacKey) -> Self {
        match PreparedHmac::new(Algorithm::Hs256, secret) {
            Ok(hmac) => Self::from_hmac(Algorithm::Hs256, hmac),
            // The type holds at least the 32 bytes that are needed, and HMAC takes a key of any length.
            Err(_) => unreachable!("an HmacKey has 32 bytes or more"),
        }
    }

    /// A secret for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// If the secret is shorter than the hash (32, 48, 64 bytes; RFC 7518 §3.2), or the algorithm takes no secret.
    pub fn hmac(algorithm: Algorithm, secret: &HmacKey) -> Result<Self, KeyError> {
        PreparedHmac::new(algorithm, secret).map(|hmac| Self::from_hmac(algorithm, hmac))
    }

    /// A public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY` (PKCS#1). It must be of the algorithm's kind; RSA has at least
    /// 2048 bits.
    ///
    /// # Errors
    ///
    /// If it is not such a key, if it is a private key, or if the algorithm takes a secret.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let pem = pem::read(pem)?;
        match pem.label.as_str() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(algorithm, &*pem.der),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::unsuitable(
                "this is a private key: verify with its public half, or take SigningKey::verifying_key",
            )),
            _ => Err(KeyError::malformed("the PEM file holds no public key")),
        }
    }

    /// A public key in DER: `SubjectPublicKeyInfo`, or PKCS#1 for RSA.
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_pem`].
    pub fn from_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_public(algorithm, PublicNumbers::from_der(algorithm, der.as_ref())?)
    }

    /// A key from a JWK (RFC 7517): `RSA`, `EC`, `OKP`, or `oct` for a secret. Without `alg`, it is RS256 for RSA and HS256 for
    /// a secret, and what the curve says for the others.
    ///
    /// # Errors
    ///
    /// If the JWK is malformed, weak, meant for encryption (`use`, `key_ops`), for an algorithm that is not supported, or holds
    /// a private key.
    pub fn from_jwk(json: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Jwk::parse(json.as_ref())?.to_verifying_key(Algorithm::Rs256)
    }

    pub(crate) fn from_hmac(algorithm: Algorithm, hmac: PreparedHmac) -> Self {
        Self {
            algorithm,
            kid: None,
            until: None,
            prepared: Arc::new(Prepared::Hmac(hmac)),
            public: None,
        }
    }

    pub(crate) fn from_public(
        algorithm: Algorithm,
        public: PublicNumbers,
    ) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(not_for_secrets());
        }
        Ok(Self {
            algorithm,
            kid: None,
            until: None,
            prepared: Arc::new(public.prepare(algorithm)?),
            public: Some(Arc::new(public)),
        })
    }

    /// Names the key. A token with a `kid` is verified by the key of exactly that name and by no other.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<Arc<str>>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Sets the moment from which on the key verifies nothing any more.
    #[must_use]
    pub fn with_until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The moment from which on the key verifies nothing any more, where there is one.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether the key still verifies at this moment.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// The thumbprint of a public key (RFC 7638), which makes a good `kid`; `None` for a secret.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        self.public
            .as_ref()
            .map(|public| public.thumbprint(self.algorithm))
    }

    /// Whether `signature` is this key's for `message`. Constant time for HMAC.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.prepared.verify(message, signature)
    }

    /// The public key as a JWK; `None` for a secret, which is never published.
    pub(crate) fn to_public_jwk(&self) -> Option<Map<String, Value>> {
        let mut jwk = self.public.as_ref()?.to_jwk(self.algorithm);
        jwk.insert("use".into(), "sig".into());
        jwk.insert("alg".into(), self.algorithm.as_str().into());
        if let Some(kid) = self.kid() {
            jwk.insert("kid".into(), kid.into());
        }
        Some(jwk)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
