use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{KeyError, KeyErrorKind};

/// The shortest secret that is taken, in bytes (RFC 7518 §3.2: at least the size of the hash).
const SHORTEST: usize = 32;

/// The words of which placeholders are made: `your-256-bit-secret`, `change_me_in_production`, `supersecretkey123` …
///
/// A secret of these words and digits alone stands in some manual, template or old default.
const PLACEHOLDERS: [&str; 44] = [
    "a",
    "app",
    "at",
    "auth",
    "be",
    "bit",
    "bits",
    "bytes",
    "change",
    "changeit",
    "characters",
    "chars",
    "default",
    "dev",
    "do",
    "example",
    "for",
    "here",
    "hmac",
    "in",
    "insecure",
    "is",
    "jwt",
    "key",
    "least",
    "long",
    "me",
    "minimum",
    "must",
    "my",
    "not",
    "password",
    "please",
    "production",
    "random",
    "secret",
    "signing",
    "string",
    "super",
    "test",
    "that",
    "this",
    "token",
    "your",
];

/// A secret for HMAC, shared by those who sign and those who verify.
///
/// It is a type of its own, so that it can never stand where a public key must, nor the other way round. It is wiped from
/// memory when dropped, and no `Debug` shows it.
///
/// ```
/// use portcullis_jwt::{HmacKey, KeyErrorKind};
///
/// assert!(HmacKey::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0").is_ok());
/// assert_eq!(HmacKey::new("short").unwrap_err().kind(), KeyErrorKind::Weak);
/// let default = "your-secret-key-your-secret-key-here";
/// assert_eq!(HmacKey::new(default).unwrap_err().kind(), KeyErrorKind::Known);
/// ```
#[derive(Clone)]
pub struct HmacKey {
    secret: Zeroizing<Box<[u8]>>,
}

impl HmacKey {
    /// Takes a secret as it stands.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Weak`] for fewer than 32 bytes; [`KeyErrorKind::Known`] for a placeholder that stands in manuals and
    /// templates, and for a secret of fewer than four different bytes;
    /// [`KeyErrorKind::WrongKind`] for something that looks like a PEM file, an SSH key or a JWK.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = secret.as_ref();
        if looks_like_a_key_file(secret) {
            return Err(KeyError::new(
                KeyErrorKind::WrongKind,
                "this is a key file, not a secret: a public key must never serve as an HMAC secret",
            ));
        }
        if secret.len() < SHORTEST {
            return Err(KeyError::new(
                KeyErrorKind::Weak,
                "an HMAC secret has at least 32 bytes; make one with `openssl rand -base64 32`",
            ));
        }
        if is_known(secret) {
            return Err(KeyError::new(
                KeyErrorKind::Known,
                "everybody knows this secret; make one with `openssl rand -base64 32`",
            ));
        }
        Ok(Self {
            secret: Zeroizing::new(secret.into()),
        })
    }

    /// Takes a secret that is written in base64url without padding, as in the `k` of a JWK.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Malformed`] if it is not base64url; else as [`HmacKey::new`].
    pub fn from_base64url(text: &str) -> Result<Self, KeyError> {
        let secret = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new);
        Self::new(
            secret
                .map_err(|_| KeyError::malformed("the secret is not base64url without padding"))?
                .as_slice(),
        )
    }

    /// Makes a secret of 64 bytes, good for all three algorithms, from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Unavailable`] if the operating system has none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; 64].into_boxed_slice());
        getrandom::fill(&mut secret).map_err(|_| {
            KeyError::new(
                KeyErrorKind::Unavailable,
                "the operating system has no randomness",
            )
        })?;
        Ok(Self { secret })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(…)")
    }
}

fn looks_like_a_key_file(secret: &[u8]) -> bool {
    let text = secret.trim_ascii_start();
    let is_json = text.starts_with(b"{") && contains(text, b"\"kty\"");
    contains(text, b"-----BEGIN ") || text.starts_with(b"ssh-") || is_json
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn is_known(secret: &[u8]) -> bool {
    has_few_different_bytes(secret) || is_placeholder(secret)
}

/// Whether the secret is made of placeholders' words and digits alone, whatever stands between them.
fn is_placeholder(secret: &[u8]) -> bool {
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(
        secret
            .iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .map(u8::to_ascii_lowercase)
            .collect(),
    );
    let is_text = secret.iter().all(|byte| matches!(byte, b' '..=b'~'));
    // Up to which positions the text can be cut into such words.
    let mut cut = vec![false; text.len() + 1];
    cut[0] = true;
    for end in 1..cut.len() {
        cut[end] = PLACEHOLDERS.iter().any(|word| {
            let start = end.checked_sub(word.len());
            start.is_some_and(|start| cut[start] && text[start..end] == *word.as_bytes())
        });
    }
    is_text && text.len() >= 6 && cut[text.len()]
}

fn has_few_different_bytes(secret: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count() < 4
}
