//! What must not be shown: states, nonces, verifiers, tokens, client secrets.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{OauthError, OauthErrorKind};

/// A text that is wiped when dropped, not shown by `Debug`, and compared in constant time.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(Zeroizing<String>);

/// 256 bits, which nobody guesses.
const RANDOM_BYTES: usize = 32;

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// 256 bits from the operating system, in 43 characters of base64url.
    pub(crate) fn random() -> Result<Self, OauthError> {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
        getrandom::fill(&mut *bytes).map_err(|_| OauthErrorKind::RandomnessUnavailable)?;
        Ok(Self::new(URL_SAFE_NO_PAD.encode(*bytes)))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// How long either one is may be seen; what they say may not.
    pub(crate) fn equals(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
