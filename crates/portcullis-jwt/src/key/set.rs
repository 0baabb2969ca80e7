use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use super::jwk::Jwk;
use super::{KeyError, KeyErrorKind, VerifyingKey};
use crate::Algorithm;
use crate::verify::KnownHeader;

/// How many different headers a set remembers. An issuer writes the same few bytes into all its tokens.
const REMEMBERED_HEADERS: usize = 8;

/// The keys that verify at one moment: immutable, and cheap to clone.
///
/// A token's `kid` is looked up exactly. A token without a `kid` is verified only where the set holds one key. Secrets and
/// public keys are never in one set (OWASP ASVS 9.1.2).
///
/// ```
/// use portcullis_jwt::KeySet;
///
/// let jwks = r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"AKP","alg":"ML-DSA-44","kid":"b","pub":"…"}
/// ]}"#;
/// let keys = KeySet::from_jwks(jwks).unwrap();
/// assert_eq!((keys.len(), keys.skipped()), (1, 1));
/// assert!(keys.get("a").is_some());
/// ```
#[derive(Clone)]
pub struct KeySet {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Box<[VerifyingKey]>,
    by_kid: HashMap<Arc<str>, usize>,
    skipped: usize,
    /// Headers of tokens that were verified, so that strangers cannot fill it.
    headers: [OnceLock<KnownHeader>; REMEMBERED_HEADERS],
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// A set without a key: nothing is verified by it.
    #[must_use]
    pub fn empty() -> Self {
        Self::unchecked(Vec::new(), 0)
    }

    /// A set of these keys.
    ///
    /// # Errors
    ///
    /// If two keys have the same `kid`, or secrets and public keys are mixed.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<VerifyingKey> = keys.into_iter().collect();
        let secrets = keys.iter().filter(|key| key.algorithm().is_symmetric());
        if ![0, keys.len()].contains(&secrets.count()) {
            return Err(KeyError::new(
                KeyErrorKind::WrongKind,
                "secrets and public keys do not go into one set",
            ));
        }
        let count = keys.len();
        let set = Self::unchecked(keys, 0);
        let named = set.iter().filter(|key| key.kid().is_some()).count();
        match named == set.inner.by_kid.len() {
            true => Ok(set),
            false => Err(KeyError::new(
                KeyErrorKind::DuplicateKid,
                if count == 2 {
                    "both keys have the same kid"
                } else {
                    "two keys have the same kid"
                },
            )),
        }
    }

    /// The public keys of a JWK set (RFC 7517 §5).
    ///
    /// A key that is odd is skipped, and the rest is used (RFC 7517 §5 asks for that): another kind or algorithm, one for
    /// encryption, a weak or malformed one, a private key, a secret (which has no business in a public document), and a second
    /// one of the same `kid`. [`skipped`](Self::skipped) says how many there were. An RSA key without `alg` is for RS256.
    ///
    /// # Errors
    ///
    /// If the text is not JSON or has no list of `keys`.
    pub fn from_jwks(json: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_jwks_with_rsa(json, Algorithm::Rs256)
    }

    /// As [`from_jwks`](Self::from_jwks), for issuers that leave `alg` out and sign by another RSA algorithm than RS256.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks), and if `rsa` is no RSA algorithm.
    pub fn from_jwks_with_rsa(json: impl AsRef<[u8]>, rsa: Algorithm) -> Result<Self, KeyError> {
        if super::prepared::rsa_parameters(rsa).is_none() {
            return Err(KeyError::new(
                KeyErrorKind::WrongKind,
                "the algorithm for RSA keys without `alg` is an RSA algorithm",
            ));
        }
        let document: Document = serde_json::from_slice(json.as_ref())
            .map_err(|_| KeyError::malformed("this is not a JWK set"))?;
        let count = document.keys.len();
        let mut keys: Vec<VerifyingKey> = Vec::with_capacity(count);
        for key in document.keys {
            match public_key(key, rsa) {
                Ok(key) if !has_kid(&keys, key.kid()) => keys.push(key),
                Ok(_) => tracing::debug!("skipped a key of a JWK set: its kid is there already"),
                Err(error) => tracing::debug!(%error, "skipped a key of a JWK set"),
            }
        }
        let skipped = count - keys.len();
        Ok(Self::unchecked(keys, skipped))
    }

    fn unchecked(keys: Vec<VerifyingKey>, skipped: usize) -> Self {
        let by_kid = keys
            .iter()
            .enumerate()
            .filter_map(|(position, key)| Some((Arc::from(key.kid()?), position)))
            .collect();
        Self {
            inner: Arc::new(Inner {
                keys: keys.into(),
                by_kid,
                skipped,
                headers: Default::default(),
            }),
        }
    }

    /// The key of exactly this name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.inner
            .by_kid
            .get(kid)
            .map(|position| &self.inner.keys[*position])
    }

    /// The key for a token: by its `kid`, exactly; for a token without one, the only key there is.
    ///
    /// An only key that was given no name answers to every `kid`, for there is nothing to choose: a secret shared with an
    /// issuer who names it in a way of its own.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match (kid, &*self.inner.keys) {
            (Some(_), [only]) if only.kid().is_none() => Some(only),
            (Some(kid), _) => self.get(kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// The keys, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.inner.keys.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys of the JWK set were left out because they were odd.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.inner.skipped
    }

    /// The public keys as a JWK set (RFC 7517 §5), in JSON. Secrets are never in it.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let keys: Vec<_> = self
            .iter()
            .filter_map(VerifyingKey::to_public_jwk)
            .collect();
        serde_json::json!({ "keys": keys }).to_string()
    }

    /// What is known of a header in its encoded form.
    pub(crate) fn known_header(&self, encoded: &[u8]) -> Option<&KnownHeader> {
        let known = self.inner.headers.iter().map_while(OnceLock::get);
        known.into_iter().find(|known| known.is(encoded))
    }

    /// Keeps a header whose token was verified by a key of this set; where there is no room left, it is parsed again each time.
    pub(crate) fn remember_header(&self, mut header: KnownHeader) {
        for slot in &self.inner.headers {
            match slot.set(header) {
                Ok(()) => return,
                Err(back) => header = back,
            }
        }
    }
}

fn public_key(key: Value, rsa: Algorithm) -> Result<VerifyingKey, KeyError> {
    let jwk: Jwk =
        serde_json::from_value(key).map_err(|_| KeyError::malformed("this is not a JWK"))?;
    match jwk.kty == "oct" {
        true => Err(KeyError::unsuitable(
            "a secret has no business in a JWK set",
        )),
        false => jwk.to_verifying_key(rsa),
    }
}

fn has_kid(keys: &[VerifyingKey], kid: Option<&str>) -> bool {
    kid.is_some() && keys.iter().any(|key| key.kid() == kid)
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self::unchecked(vec![key], 0)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("keys", &self.inner.keys)
            .field("skipped", &self.inner.skipped)
            .finish()
    }
}
