use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair,
};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::EllipticCurve;
use zeroize::Zeroizing;

use super::jwk::{Jwk, decode};
use super::prepared::PreparedHmac;
use super::public::{PublicNumbers, not_for_secrets};
use super::{HmacKey, KeyError, KeyErrorKind, VerifyingKey, pem};
use crate::Algorithm;
use crate::algorithm::Family;

/// One key that signs tokens: its algorithm, a name (`kid`), and the half that verifies.
///
/// A private key names itself by its thumbprint (RFC 7638) until it is given another name; a secret has no name until it is
/// given one. No `Debug` shows the key.
///
/// ```
/// use portcullis_jwt::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("2026-01");
/// assert_eq!(key.verifying_key().kid(), Some("2026-01"));
/// ```
#[derive(Clone)]
pub struct SigningKey {
    secret: Arc<Secret>,
    verifying: VerifyingKey,
}

enum Secret {
    Hmac(PreparedHmac),
    Private(EncodingKey),
}

impl SigningKey {
    /// A secret for HS256. Any [`HmacKey`] is long enough.
    #[must_use]
    pub fn hs256(secret: &HmacKey) -> Self {
        match Self::hmac(Algorithm::Hs256, secret) {
            Ok(key) => key,
            Err(_) => unreachable!("an HmacKey has 32 bytes or more"),
        }
    }

    /// A secret for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// If the secret is shorter than the hash (32, 48, 64 bytes; RFC 7518 §3.2), or the algorithm takes no secret.
    pub fn hmac(algorithm: Algorithm, secret: &HmacKey) -> Result<Self, KeyError> {
        let hmac = PreparedHmac::new(algorithm, secret)?;
        Ok(Self {
            verifying: VerifyingKey::from_hmac(algorithm, hmac.clone()),
            secret: Arc::new(Secret::Hmac(hmac)),
        })
    }

    /// A private key in PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC 1). RSA has at least
    /// 2048 bits.
    ///
    /// # Errors
    ///
    /// If it is not a private key of the algorithm's kind, or the algorithm takes a secret.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let pem = pem::read(pem)?;
        match pem.label.as_str() {
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                Self::from_der(algorithm, &*pem.der)
            }
            _ => Err(KeyError::malformed(
                "the PEM file holds no plain private key",
            )),
        }
    }

    /// A private key in DER: PKCS#8, PKCS#1 for RSA, or SEC 1 for elliptic curves.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::from_pem`].
    pub fn from_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let der = der.as_ref();
        let malformed =
            |_| KeyError::malformed("this is not a private key of the algorithm's kind");
        match algorithm.family() {
            Family::Hmac => Err(not_for_secrets()),
            Family::Rsa => {
                let inner = pem::pkcs8_content(der).unwrap_or(der);
                Self::from_encoding_key(algorithm, EncodingKey::from_rsa_der(inner))
            }
            Family::EllipticCurve => {
                let pair = EcdsaKeyPair::from_private_key_der(curve(algorithm), der);
                Self::from_pair(algorithm, &pair.map_err(malformed)?)
            }
            Family::Edwards => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(malformed)?;
                Self::from_edwards(&pair)
            }
        }
    }

    /// A key from a private JWK (RFC 7517), or from one of kind `oct`. The name is the JWK's `kid`, where it has one. Without
    /// `alg`, it is RS256 for RSA and HS256 for a secret, and what the curve says for the others.
    ///
    /// # Errors
    ///
    /// If the JWK is malformed, weak, meant for something else (`use`, `key_ops`), public only, or its numbers contradict each
    /// other.
    pub fn from_jwk(json: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let jwk = Jwk::parse(json.as_ref())?;
        jwk.check_use("sign")?;
        let algorithm = jwk.algorithm(Algorithm::Rs256)?;
        let key = match jwk.kty.as_str() {
            "oct" => Self::hmac(algorithm, &jwk.secret()?)?,
            "RSA" => Self::from_rsa_jwk(algorithm, &jwk)?,
            _ => Self::from_curve_jwk(algorithm, &jwk)?,
        };
        Ok(match jwk.kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    fn from_rsa_jwk(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        let secret =
            |number: &Option<Zeroizing<String>>| decode(number.as_deref().map(String::as_str));
        let numbers = [
            decode(jwk.n.as_deref())?,
            decode(jwk.e.as_deref())?,
            secret(&jwk.d)?,
            secret(&jwk.p)?,
            secret(&jwk.q)?,
            secret(&jwk.dp)?,
            secret(&jwk.dq)?,
            secret(&jwk.qi)?,
        ];
        let der = pem::rsa_private_key(&numbers);
        Self::from_encoding_key(algorithm, EncodingKey::from_rsa_der(&der))
    }

    fn from_curve_jwk(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        let private = decode(jwk.d.as_deref().map(String::as_str))?;
        let contradiction = |_| KeyError::malformed("the numbers of the JWK contradict each other");
        match jwk.public_numbers(algorithm)? {
            PublicNumbers::EllipticCurve { x, y } => {
                let point = [&[4], x.as_slice(), &y].concat();
                let (curve, private) = (curve(algorithm), private.as_slice());
                let pair = EcdsaKeyPair::from_private_key_and_public_key(curve, private, &point);
                Self::from_pair(algorithm, &pair.map_err(contradiction)?)
            }
            PublicNumbers::Edwards { x } => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(&private, &x);
                Self::from_edwards(&pair.map_err(contradiction)?)
            }
            PublicNumbers::Rsa { .. } => Err(not_for_secrets()),
        }
    }

    /// Makes a new key from the operating system's randomness: a secret of 64 bytes, an RSA key of 2048 bits, or a key on the
    /// algorithm's curve.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Unavailable`] if there is no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Self::hmac(algorithm, &HmacKey::generate()?),
            Family::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unavailable)?;
                Self::from_der(algorithm, pair.as_der().map_err(unavailable)?.as_ref())
            }
            Family::EllipticCurve => {
                let pair = EcdsaKeyPair::generate(curve(algorithm)).map_err(unavailable)?;
                Self::from_pair(algorithm, &pair)
            }
            Family::Edwards => {
                Self::from_edwards(&Ed25519KeyPair::generate().map_err(unavailable)?)
            }
        }
    }

    fn from_pair(algorithm: Algorithm, pair: &EcdsaKeyPair) -> Result<Self, KeyError> {
        let der = pair.to_pkcs8v1().map_err(unavailable)?;
        Self::from_encoding_key(algorithm, EncodingKey::from_ec_der(der.as_ref()))
    }

    fn from_edwards(pair: &Ed25519KeyPair) -> Result<Self, KeyError> {
        let der = pair.to_pkcs8v1().map_err(unavailable)?;
        Self::from_encoding_key(Algorithm::EdDsa, EncodingKey::from_ed_der(der.as_ref()))
    }

    fn from_encoding_key(algorithm: Algorithm, key: EncodingKey) -> Result<Self, KeyError> {
        let public = public_half(algorithm, &key)?;
        let kid = public.thumbprint(algorithm);
        Ok(Self {
            verifying: VerifyingKey::from_public(algorithm, public)?.with_kid(kid),
            secret: Arc::new(Secret::Private(key)),
        })
    }

    /// Names the key; the name goes into the header of each token.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<Arc<str>>) -> Self {
        self.verifying = self.verifying.with_kid(kid);
        self
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The name of the key, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.verifying.kid()
    }

    /// The half that verifies; for a secret, the secret itself in another type.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The private key in DER, as [`from_der`](Self::from_der) takes it, wiped when dropped; `None` for a secret.
    ///
    /// Whoever has these bytes signs tokens: seal them before they leave memory.
    #[must_use]
    pub fn to_private_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        match &*self.secret {
            Secret::Hmac(_) => None,
            Secret::Private(key) => Some(Zeroizing::new(key.as_bytes().to_vec())),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &*self.secret {
            Secret::Hmac(hmac) => Ok(hmac.sign(message)),
            Secret::Private(key) => {
                let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm().provided(), key);
                let signature = signer.map_err(unavailable)?.try_sign(message);
                signature.map_err(unavailable)
            }
        }
    }
}

fn public_half(algorithm: Algorithm, key: &EncodingKey) -> Result<PublicNumbers, KeyError> {
    let utilities = &DEFAULT_PROVIDER.key_utils;
    let malformed = |_| KeyError::malformed("this is not a private key of the algorithm's kind");
    match algorithm.family() {
        Family::Hmac => Err(not_for_secrets()),
        Family::Rsa => (utilities.rsa_pub_components_from_private_key)(key.as_bytes())
            .map(|(n, e)| PublicNumbers::Rsa { n, e })
            .map_err(malformed),
        Family::EllipticCurve => {
            (utilities.ec_pub_components_from_private_key)(key.as_bytes(), algorithm.provided())
                .map(|(_, x, y)| PublicNumbers::EllipticCurve { x, y })
                .map_err(malformed)
        }
        Family::Edwards => {
            let read = utilities.ed_pub_components_from_private_key;
            read(key.as_bytes(), &EllipticCurve::Ed25519)
                .map(|x| PublicNumbers::Edwards { x })
                .map_err(malformed)
        }
    }
}

fn curve(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

fn unavailable<E>(_: E) -> KeyError {
    KeyError::new(
        KeyErrorKind::Unavailable,
        "the crypto library could not do its work",
    )
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
