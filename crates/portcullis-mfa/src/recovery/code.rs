use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::crockford;
use crate::random::fill;
use crate::{RandomnessUnavailable, SecretText};

/// A recovery code in the clear: 80 random bits, `7zk3-m0qp-x2vd-9a4h`.
///
/// It is shown to its owner once, and typed once; only its [digest](super::RecoveryKeys::digest) is kept. It is wiped when
/// dropped, `Debug` does not show it, there is no `Display` and no `Serialize`.
///
/// Reading one does not mind case, spaces, hyphens, and the letters that are taken for digits:
///
/// ```
/// use portcullis_mfa::RecoveryCode;
///
/// let code: RecoveryCode = "7ZK3 MOQP x2vd 9a4h".parse()?;
/// assert_eq!(code.expose(), "7zk3-m0qp-x2vd-9a4h");
/// assert_eq!(format!("{code:?}"), "RecoveryCode(redacted)");
/// # Ok::<(), portcullis_mfa::InvalidRecoveryCode>(())
/// ```
#[derive(Clone)]
pub struct RecoveryCode(SecretText);

impl RecoveryCode {
    pub(super) fn generate() -> Result<Self, RandomnessUnavailable> {
        let mut bytes = Zeroizing::new([0; crockford::BYTES]);
        fill(&mut *bytes)?;
        Ok(Self(SecretText::new(crockford::encode(&bytes))))
    }

    /// The code, in lower case with hyphens. Show it to its owner once; do not write it down anywhere.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for RecoveryCode {
    type Err = InvalidRecoveryCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = crockford::read(text).ok_or(InvalidRecoveryCode(()))?;
        Ok(Self(SecretText::new(text)))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

/// The text does not have the form of a recovery code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRecoveryCode(());

impl fmt::Display for InvalidRecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a recovery code is 16 letters and digits")
    }
}

impl std::error::Error for InvalidRecoveryCode {}
